/** The whole root zone with digests that somebody else's program made: ldns-signzone of NLnet Labs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../../bench/processes.ts'
import { findProgram } from '../../bench/programs.ts'
import { PackedZone } from '../../src/authority/packed-zone.ts'
import { prepareZone } from '../../src/daemon/root-copy/prepare.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { formatZone, readZone } from '../../src/wire/zone-text.ts'
import { testFolder } from '../support/folder.ts'
import { recordsFrom } from '../support/records.ts'
import { absent, sharedOctets } from '../support/shared-data.ts'

const FILE = 'root/root-2020101902-signed.zone.gz'
const TOOLS = ['ldns-keygen', 'ldns-signzone']
const missing = TOOLS.find((tool) => findProgram(tool) === undefined)
const skip = missing === undefined ? absent(FILE) : `${missing} is not installed`
/** What the signer makes anew. */
const MADE: ReadonlySet<number> = new Set([TYPE.RRSIG, TYPE.NSEC, TYPE.DNSKEY])

t.test('the root zone of 2020-10-19, signed and digested by ldns', { skip, timeout: 90_000 }, async (t) => {
  const folder = testFolder(t)
  const content = readZone(sharedOctets(FILE), { path: FILE }).filter(({ type }) => !MADE.has(type))
  writeFileSync(join(folder, 'zone'), formatZone(content))
  const key = async (...args: string[]): Promise<string> =>
    (await runProgram('ldns-keygen', ['-a', 'ECDSAP256SHA256', ...args, '.'], folder)).trim()
  const [ksk, zsk] = [await key('-k'), await key()]
  const anchors = anchorsFromRecords(recordsFrom(readFileSync(join(folder, `${ksk}.ds`), 'utf8')))
  const terms = {
    anchors,
    nowSeconds: Math.floor(Date.now() / 1000),
    // It signs from now on.
    skewSecondsMin: 3_600,
    skewSecondsMax: 3_600,
    algorithms: selfTest(),
    digests: selfTestDigests(),
  }
  for (const hashes of [['1:1'], ['1:2']]) {
    const digests = hashes.flatMap((hash) => ['-z', hash])
    await runProgram('ldns-signzone', ['-o', '.', '-f', 'signed', ...digests, 'zone', ksk, zsk], folder)
    const octets = readFileSync(join(folder, 'signed'))
    const prepared = prepareZone({ kind: 'text', octets }, terms)
    if ('fault' in prepared) throw new Error(prepared.fault)
    t.equal(prepared.serial, 2020101902)
    const zone = new PackedZone(ROOT, prepared.packed)
    t.ok(zone.rrset(nameFrom('com.'), TYPE.DS)?.signatures.length === 1)
    const text = octets.toString('latin1')
    const damaged = Buffer.from(text.replace('\t192.5.6.30\n', '\t192.5.6.31\n'), 'latin1')
    t.not(damaged.toString('latin1'), text, 'one address is another')
    t.match(prepareZone({ kind: 'text', octets: damaged }, terms), { fault: /its records are not those/ })
  }
})
