/** What replies mean whose records stand where they should not, or are less than they should be. */
import t from 'tap'
import { type Classified, classify } from '../../src/resolver/classify.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'

const RRSIG = '20300101000000 20200101000000 1 example. AAAA'

type Sections = Partial<Record<'answer' | 'authority' | 'additional', string>> & { readonly rcode?: number }

/** The meaning of a reply to `name type` of a server for `example.`. */
function meaning(
  question: string,
  { answer = '', authority = '', additional = '', ...header }: Sections,
): Classified {
  const [name, type] = question.split(' ') as [string, string]
  const asked = { name: nameFrom(name), type: parseType(type)!, class: 1 }
  const records = (text: string): ReturnType<typeof readZone> =>
    readZone(text.replaceAll(/^ +/gm, ''), { path: '' })
  const message = {
    rcode: RCODE.NOERROR,
    aa: false,
    ra: false,
    questions: [asked],
    answer: records(answer),
    authority: records(authority),
    additional: records(additional),
    ...header,
  } as unknown as Message
  return classify(message, asked, nameFrom('example.'))
}

function shown(sets: readonly Rrset[]): string[] {
  return sets.map((set) => `${formatName(set.owner)} ${formatType(set.type)} ${set.signatures.length}`)
}

t.test('an RRSIG proves its RRset from any section', async (t) => {
  const found = meaning('www.example. A', {
    answer: `www.example. 60 A 192.0.2.1\nns.example. 60 RRSIG A 8 2 60 ${RRSIG}`,
    authority: `example. 60 NS ns.example.\nexample. 60 RRSIG NS 8 1 60 ${RRSIG}`,
    additional: `www.example. 60 RRSIG A 8 2 60 ${RRSIG}\nwww.other. 60 RRSIG A 8 2 60 ${RRSIG}`,
  })
  t.equal(found.kind, 'records')
  t.same('answer' in found && shown(found.answer), ['www.example. A 1'])
})

t.test('a proof is a denial without SOA and AA', async (t) => {
  const authority = `*.example. 60 NSEC example. RRSIG NSEC\n*.example. 60 RRSIG NSEC 8 1 60 ${RRSIG}`
  const found = meaning('www.example. A', { authority })
  t.match(found, { kind: 'negative', rcode: RCODE.NOERROR })
  t.same('authority' in found && shown(found.authority), ['*.example. NSEC 1'])
})

t.test('a referral that answers a question for DS', async (t) => {
  const ns = 'sub.example. 60 NS ns.sub.example.'
  const ds = `sub.example. 60 DS 1 8 2 ${'00'.repeat(32)}\nsub.example. 60 RRSIG DS 8 2 60 ${RRSIG}`
  const found = meaning('sub.example. DS', { authority: `${ns}\n${ds}` })
  t.equal(found.kind, 'records')
  t.same('answer' in found && shown(found.answer), ['sub.example. DS 1'])
  t.match(meaning('sub.example. DS', { authority: ns }), { kind: 'negative', authority: [] })
  t.match(meaning('www.sub.example. A', { authority: `${ns}\n${ds}` }), {
    kind: 'referral',
    ds: { type: TYPE.DS },
  })
})

t.test('YXDOMAIN is believed of a DNAME only', async (t) => {
  const rcode = RCODE.YXDOMAIN
  t.match(meaning('www.example. A', { rcode, answer: 'www.example. 60 A 192.0.2.66' }), { kind: 'lame' })
  t.match(meaning('www.example. A', { rcode }), { kind: 'lame' })
  const long = Array.from({ length: 4 }, () => 'a'.repeat(60)).join('.')
  const dname = `tree.example. 60 DNAME ${long}.`
  t.match(meaning(`${'b'.repeat(20)}.tree.example. A`, { rcode, answer: dname }), {
    kind: 'alias',
    target: undefined,
  })
})

t.test('behind a signed alias what is not signed is asked for', async (t) => {
  const cname = 'www.example. 60 CNAME web.example.'
  const further = (...lines: string[]): string[] | false => {
    const found = meaning('www.example. A', { answer: lines.join('\n') })
    return 'further' in found && shown(found.further)
  }
  const signed = `www.example. 60 RRSIG CNAME 8 2 60 ${RRSIG}`
  const address = 'web.example. 60 A 192.0.2.1'
  t.same(further(cname, address), ['web.example. A 0'])
  t.same(further(cname, signed, address), [])
  t.same(further(cname, signed, address, `web.example. 60 RRSIG A 8 2 60 ${RRSIG}`), ['web.example. A 1'])
})

t.test('an NSEC that leads out of the zone of its server is none', async (t) => {
  const nsec = (next: string): Sections => ({
    answer: `www.example. 60 NSEC ${next} A NSEC\nwww.example. 60 RRSIG NSEC 8 2 60 ${RRSIG}`,
  })
  t.match(meaning('www.example. NSEC', nsec('example.')), { kind: 'records' })
  t.match(meaning('www.example. NSEC', nsec('www.test.')), { kind: 'negative', authority: [] })
})
