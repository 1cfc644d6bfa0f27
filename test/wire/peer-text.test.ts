/** Text of records against BIND's: what it writes we read, what we write it reads. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { formatType } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatZone, readZone } from '../../src/wire/zone-text.ts'
import { RDATA_SAMPLES } from './rdata-samples.ts'

const PROGRAM = 'named-compilezone'
const missing = spawnSync(PROGRAM, ['-v']).error === undefined ? false : `no ${PROGRAM} here`

/** What BIND 9.18 to 9.20 refuses in a zone or does not know, and names that may stand only once or nowhere. */
const OTHERWISE =
  /^(?:SOA|CNAME|DNAME|MD|MF|SIG|NXT|DSYNC|HHIT|BRID|CLA|IPN|RESINFO|WALLET) |NXNAME|ohttp|dohpath/

/** The zone as BIND writes it after reading `text`. */
function throughBind(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sigill-text-'))
  try {
    const [source, result] = [join(folder, 'in'), join(folder, 'out')]
    writeFileSync(source, text)
    const checks = ['-i', 'none', '-k', 'ignore', '-m', 'ignore', '-n', 'ignore', '-r', 'ignore']
    const formats = ['-f', 'text', '-F', 'text', '-s', 'full', '-o', result]
    const run = spawnSync(PROGRAM, [...checks, ...formats, 'example.', source], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`${PROGRAM}: ${run.stdout}${run.stderr}`)
    return readFileSync(result, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

t.test('BIND and we read the same octets from the same text', { skip: missing }, async (t) => {
  const lines = RDATA_SAMPLES.filter(([type, text]) => !OTHERWISE.test(`${type} ${text}`)).map(
    ([type, text], i) => `n${i} 300 IN ${type} ${text}`,
  )
  const head = '$ORIGIN example.\n@ 300 IN SOA ns host 1 2 3 4 5\n@ 300 IN NS ns\nns 300 IN A 192.0.2.53\n'
  const ours = readZone(head + lines.join('\n'), { path: 'ours' })
  t.ok(new Set(ours.map((record) => record.type)).size > 60, 'most types take part')
  const key = (record: ResourceRecord): string =>
    `${formatName(record.owner)} ${formatType(record.type)} ${formatHex(record.rdata)}`
  const expected = ours.map(key).sort()
  // BIND lists the SOA record once more at the end of some forms; a set compares both.
  const theirs = (text: string): string[] =>
    [...new Set(readZone(throughBind(text), { path: 'theirs' }).map(key))].sort()
  t.same(theirs(head + lines.join('\n')), expected, 'its text of the samples')
  t.same(theirs(formatZone(ours)), expected, 'its text of our text')
})
