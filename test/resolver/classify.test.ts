/** What a reply means: denials that say so in odd ways. */
import t from 'tap'
import { classify } from '../../src/resolver/classify.ts'
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
  t.match(classify(reply(''), question, zone), { kind: 'lame' })
})

t.test('name servers of the zone itself: an empty answer with AA, a way up without', async (t) => {
  const own = 'z.test. 300 NS ns.z.test.\n'
  t.match(classify(reply(own, { aa: true }), question, zone), { kind: 'negative', authority: [] })
  t.match(classify(reply(own), question, zone), { kind: 'lame', reason: 'upward referral' })
  const above = 'test. 300 NS ns.test.\n'
  t.match(classify(reply(above, { aa: true }), question, zone), { kind: 'lame', reason: 'upward referral' })
})

t.test('errors that say something of the zone, and errors that do not', async (t) => {
  for (const rcode of [RCODE.REFUSED, RCODE.NOTAUTH])
    t.match(classify(reply('', { rcode }), question, zone), { kind: 'lame', lasting: true, failed: false })
  for (const rcode of [RCODE.SERVFAIL, RCODE.FORMERR, RCODE.NOTIMP])
    t.match(classify(reply('', { rcode }), question, zone), { kind: 'lame', lasting: false, failed: true })
})

t.test("an NSEC record whose range ends in another zone is nobody's (A14)", async (t) => {
  const soa = 'z.test. 300 SOA ns.z.test. host.z.test. 1 1 1 1 300\n'
  const kept = classify(reply(`${soa}a.z.test. 300 NSEC x.z.test. A\n`, { aa: true }), question, zone)
  t.equal(kept.kind === 'negative' && kept.authority.length, 2)
  const dropped = classify(reply(`${soa}a.z.test. 300 NSEC b.zz.test. A\n`, { aa: true }), question, zone)
  t.equal(dropped.kind === 'negative' && dropped.authority.length, 1)
})
