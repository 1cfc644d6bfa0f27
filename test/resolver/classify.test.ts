/** What a reply means: denials that say so in odd ways. */
import t from 'tap'
import { DENIAL_RRSETS_KEPT_MAX, SIGNATURES_PER_RRSET_MAX } from '../../src/base/limits.ts'
import { classify } from '../../src/resolver/classify.ts'
import { classifyForwarded } from '../../src/resolver/forwarded.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { recordsFrom } from '../support/records.ts'

const question = { name: nameFrom('www.z.test.'), type: TYPE.A, class: CLASS.IN }
const zone = nameFrom('z.test.')

/** A reply with this authority section. */
function reply(authority: string, change: Partial<Message> = {}): Message {
  const empty = parseMessage(writeQuery({ id: 1, question, rd: false, cd: false }))
  return { ...empty, qr: true, authority: recordsFrom(authority), ...change }
}

t.test('a proof is an answer, without AA and SOA too', async (t) => {
  const proof = 'www.z.test. 300 NSEC z.test. MX RRSIG NSEC\n'
  t.match(classify(reply(proof), question, zone), { kind: 'negative', rcode: RCODE.NOERROR })
  t.match(classify(reply(''), question, zone), { kind: 'negative', doubt: 'second-hand' })
})

t.test('name servers of the zone itself: an empty answer with AA, a way up without', async (t) => {
  const own = 'z.test. 300 NS ns.z.test.\n'
  t.match(classify(reply(own, { aa: true }), question, zone), { kind: 'negative', authority: [] })
  t.match(classify(reply(own), question, zone), { kind: 'lame', reason: 'stray referral' })
  const above = 'test. 300 NS ns.test.\n'
  t.match(classify(reply(above, { aa: true }), question, zone), { kind: 'lame', reason: 'stray referral' })
})

t.test('errors that say something of the zone, and errors that do not', async (t) => {
  for (const rcode of [RCODE.REFUSED, RCODE.NOTAUTH])
    t.match(classify(reply('', { rcode }), question, zone), { kind: 'lame', lasting: true, failed: false })
  for (const rcode of [RCODE.SERVFAIL, RCODE.FORMERR, RCODE.NOTIMP])
    t.match(classify(reply('', { rcode }), question, zone), { kind: 'lame', lasting: false, failed: true })
})

t.test('an NSEC record whose range ends in another zone answers nobody (A14)', async (t) => {
  const asking = { ...question, type: TYPE.NSEC }
  const answering = (nsec: string): unknown =>
    classify(reply('', { aa: true, answer: recordsFrom(`www.z.test. 300 NSEC ${nsec} A`) }), asking, zone)
  t.match(answering('x.z.test.'), { kind: 'records' })
  t.match(answering('b.zz.test.'), { kind: 'negative' })
  // In a proof it stays, so that the proof is told to be wrong rather than missing.
  const proof = classify(reply('a.z.test. 300 NSEC b.zz.test. A\n', { aa: true }), question, zone)
  t.equal(proof.kind === 'negative' && proof.authority.length, 1)
})

t.test('of hundreds of signatures over a set, no more than are worth a look are taken (C01)', async (t) => {
  const rrsig = (i: number): string =>
    `www.z.test. 300 RRSIG A 13 3 300 20300101000000 20200101000000 ${i} z.test. AAAA\n`
  const signatures = Array.from({ length: 500 }, (_, i) => rrsig(i))
  const answer = recordsFrom(`www.z.test. 300 A 192.0.2.1\n${signatures.join('')}`)
  const message = reply('', { aa: true, answer })
  for (const found of [classify(message, question, zone), classifyForwarded(message, question, zone)]) {
    const [set] = found.kind === 'records' ? found.answer : []
    t.equal(set?.signatures.length, SIGNATURES_PER_RRSET_MAX)
    t.same(set?.signatures[0], answer[1]?.rdata)
  }
})

t.test('of thousands of proofs no more are taken than may be looked at', async (t) => {
  const nsecs = Array.from({ length: 3_000 }, (_, i) => `n${i}.z.test. 300 NSEC n${i}a.z.test. A\n`).join('')
  const denial = classify(reply(nsecs, { aa: true }), question, zone)
  t.equal(denial.kind === 'negative' && denial.authority.length, DENIAL_RRSETS_KEPT_MAX)
  const answer = recordsFrom('www.z.test. 300 CNAME www.test.')
  const alias = classify(reply(nsecs, { aa: true, answer }), question, zone)
  t.ok('authority' in alias && alias.authority.length <= DENIAL_RRSETS_KEPT_MAX)
})
