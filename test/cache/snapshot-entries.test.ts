/** What a file of this version holds: an entry that looks otherwise tomorrow must not be read as one of today. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RANK, RrsetCache } from '../../src/cache/rrset-cache.ts'
import { SECTION, SNAPSHOT_ENTRY_VERSION } from '../../src/cache/snapshot.ts'
import { tableSource } from '../../src/cache/snapshot-source.ts'
import { REASONS } from '../../src/dnssec/reasons.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { answerEntry } from './answers.ts'
import { addresses, name, rrset, soa } from './records.ts'

const HASH_KEY = [1, 2] as const
const SECURE = { status: 'secure', reason: REASONS.secure.number, policySequence: 1 } as const

t.test('entries are what version 1 says: whoever changes them raises SNAPSHOT_ENTRY_VERSION', async (t) => {
  const answers = new AnswerCache({ bytesMax: 100_000, hashKey: HASH_KEY })
  const ede = [{ code: 7, text: 'example. expired' }]
  answers.put(name('Www.example.'), TYPE.A, answerEntry('Www.example.', { ede }), 0)
  const rrsets = new RrsetCache({ bytesMax: 100_000, hashKey: HASH_KEY, nowMs: () => 0 })
  rrsets.put(addresses('Www.example.', 300, 1, 2), { rank: RANK.ANSWER_AA, detail: 'no DS', ...SECURE })
  const authority = [soa('example.', 100)]
  rrsets.putNegative(name('a.example.'), TYPE.A, {
    rcode: RCODE.NOERROR,
    authority,
    ttlSeconds: 100,
    ...SECURE,
  })
  rrsets.putNegative(name('b.example.'), TYPE.A, {
    rcode: RCODE.NXDOMAIN,
    authority,
    ttlSeconds: 100,
    ...SECURE,
  })
  rrsets.putDelegation(rrset('example.', TYPE.NS, 300, [name('ns.example.')]))
  rrsets.putGlue(addresses('ns.example.', 300, 9), name('example.'))
  const found: string[] = []
  for (const [section, reader] of [
    [SECTION.ANSWERS, answers.reader()],
    [SECTION.RRSETS, rrsets.reader()],
  ] as const) {
    tableSource(section, reader, () => 0).scan(0, (record) => {
      const { octets, keyStart, keyEnd, valueStart, valueEnd, expiresMs } = record
      const [key, value] = [octets.subarray(keyStart, keyEnd), octets.subarray(valueStart, valueEnd)]
      found.push([Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'), expiresMs].join(' '))
      return true
    })
  }
  t.equal(found.length, 6)
  const digest = createHash('sha256').update(found.sort().join('\n')).digest('hex').slice(0, 16)
  t.equal(`${SNAPSHOT_ENTRY_VERSION} ${digest}`, '1 79927ec9c0b36046')
})
