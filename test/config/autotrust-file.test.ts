import { join } from 'node:path'
import t from 'tap'
import { isAutotrust, readAutotrust } from '../../src/config/autotrust-file.ts'
import { readAnchors } from '../../src/config/record-files.ts'
import { anchorKeyTag } from '../../src/dnssec/trust-anchors.ts'
import { testFolder } from '../support/folder.ts'

const KEY = (letter: string): string =>
  `example. 3600 IN DNSKEY 257 3 8 ${Buffer.alloc(66, letter).toString('base64')} ;{id = 1 (ksk)}`
const STATE = (number: number, name: string): string =>
  ` ;;state=${number} [ ${name} ] ;;count=3 ;;lastchange=1700000000 ;;Tue Nov 14 22:13:20 2023`
const FILE = [
  '; autotrust trust anchor file',
  ';;id: example. 1',
  ';;last_queried: 1700000100 ;;Tue Nov 14 22:15:00 2023',
  ';;query_interval: 5400',
  KEY('a') + STATE(1, 'ADDPEND'),
  KEY('b') + STATE(2, ' VALID '),
  KEY('c') + STATE(3, 'MISSING'),
  KEY('d').replace('257', '385') + STATE(4, 'REVOKED'),
  KEY('e') + STATE(0, ' START '),
  KEY('f'),
  '',
].join('\n')

t.test("of Unbound's file, only what is believed there is an anchor", async (t) => {
  t.ok(isAutotrust(FILE))
  const { keys, numbers } = readAutotrust(FILE, 'x')
  t.same(
    keys.map(({ state, sightings, sinceSeconds }) => [state, sightings, sinceSeconds]),
    [
      ['add-pending', 3, 1_700_000_000],
      ['valid', 3, 1_700_000_000],
      ['missing', 3, 1_700_000_000],
      ['revoked', 3, 1_700_000_000],
      ['start', 3, 1_700_000_000],
      [undefined, 0, 0],
    ],
  )
  t.equal(numbers.get('query_interval'), 5_400)
  const path = join(testFolder(t, { 'root.key': FILE }), 'root.key')
  const believed = [keys[1], keys[2], keys[5]].map((key) => anchorKeyTag(key!.anchor))
  t.same(readAnchors(path).map(anchorKeyTag), believed)
})

t.test('other files of records are what they were', async (t) => {
  const plain = `; state=1 of something\n${KEY('a')}\n`
  t.notOk(isAutotrust(plain))
  t.equal(readAnchors(join(testFolder(t, { f: plain }), 'f')).length, 1)
  const pending = join(testFolder(t, { f: `${KEY('a')}${STATE(1, 'ADDPEND')}\n` }), 'f')
  t.throws(() => readAnchors(pending), /holds no DS and no DNSKEY record/)
  const broken = join(testFolder(t, { f: `${FILE}example. DNSKEY 257 3 nonsense x\n` }), 'f')
  t.match(faultOf(broken), { problem: { path: broken, line: 11 } })
})

function faultOf(path: string): unknown {
  try {
    return readAnchors(path)
  } catch (error) {
    return error
  }
}
