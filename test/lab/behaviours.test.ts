/** Misbehaving servers and falsified answers: each does what its name says, and nothing else. */
import t from 'tap'
import { octetsEqual } from '../../src/base/octets.ts'
import { seededRandom } from '../../src/base/random.ts'
import { type Authority, authorityOf, type Transport } from '../../src/lab/authority.ts'
import {
  answeringEvery,
  type Behaviour,
  delayed,
  dropsEdns,
  failing,
  formErrOnEdns,
  ignoresEdns,
  inOrder,
  lame,
  losing,
  lowercasing,
  silent,
  tcpOnly,
  udpOnly,
  wrongIdsFirst,
} from '../../src/lab/behaviours.ts'
import {
  compactDenial,
  denied,
  referringTo,
  replayedWildcard,
  strippedDenial,
  strippedSignatures,
  withExtra,
} from '../../src/lab/rewrites.ts'
import { buildZone, combinedKey } from '../../src/lab/zone.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isReplyTo, type Message, parseMessage } from '../../src/wire/message.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseNsec } from '../../src/wire/rdata/nsec.ts'
import { bitmapTypes } from '../../src/wire/rdata/type-bitmap.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { readZone } from '../../src/wire/zone-text.ts'

const APEX = nameFrom('lab.se')
const SPAN = { inception: 1_790_000_000, expiration: 1_792_000_000 }
const KEYS = combinedKey('lab.se', ALGORITHM.ED25519)
const CONTENT =
  '@ SOA ns hostmaster 1 2 3 4 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n*.w A 192.0.2.66\nh.w A 192.0.2.82'
const ZONE = buildZone({
  apex: APEX,
  records: readZone(CONTENT, { path: 'test', origin: APEX, defaultTtlSeconds: 300 }),
  signing: { keys: KEYS, denial: { kind: 'nsec' }, span: SPAN },
})
const HONEST = authorityOf([ZONE])

function query(name: string, type: number = TYPE.A, edns = true): Uint8Array {
  return writeQuery({
    id: 77,
    question: { name: nameFrom(name), type, class: CLASS.IN },
    rd: false,
    cd: false,
    ...(edns ? { edns: { version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] } } : {}),
  })
}

const WITH_EDNS = query('WWW.lab.se')
const WITHOUT = query('WWW.lab.se', TYPE.A, false)

function first(authority: Authority, octets: Uint8Array, transport: Transport = 'udp'): Message {
  return parseMessage(authority(octets, transport)[0]!.message)
}

function unchanged(behaviour: Behaviour, octets: Uint8Array, transport: Transport = 'udp'): boolean {
  return octetsEqual(behaviour(HONEST)(octets, transport)[0]!.message, HONEST(octets, transport)[0]!.message)
}

t.test('servers that say little', async (t) => {
  t.same(silent(HONEST)(WITH_EDNS, 'udp'), [])
  t.match(first(lame(HONEST), WITH_EDNS), { rcode: RCODE.REFUSED, answer: [] })
  t.match(first(failing(RCODE.SERVFAIL)(HONEST), WITH_EDNS), { rcode: RCODE.SERVFAIL, qr: true, id: 77 })
  t.ok(isReplyTo(WITH_EDNS, failing(RCODE.SERVFAIL)(HONEST)(WITH_EDNS, 'udp')[0]!.message))
})

t.test('one transport only', async (t) => {
  t.match(first(tcpOnly(HONEST), WITH_EDNS), { tc: true, answer: [], rcode: RCODE.NOERROR })
  t.ok(isReplyTo(WITH_EDNS, tcpOnly(HONEST)(WITH_EDNS, 'udp')[0]!.message))
  t.ok(unchanged(tcpOnly, WITH_EDNS, 'tcp'))
  t.same(udpOnly(HONEST)(WITH_EDNS, 'tcp'), [])
  t.ok(unchanged(udpOnly, WITH_EDNS))
})

t.test('trouble with EDNS', async (t) => {
  t.match(first(formErrOnEdns(HONEST), WITH_EDNS), { rcode: RCODE.FORMERR, edns: undefined })
  t.same(dropsEdns(HONEST)(WITH_EDNS, 'udp'), [])
  for (const behaviour of [formErrOnEdns, dropsEdns, ignoresEdns]) t.ok(unchanged(behaviour, WITHOUT))
  const ignored = first(ignoresEdns(HONEST), WITH_EDNS)
  t.match(ignored, { rcode: RCODE.NOERROR, edns: undefined })
  t.same(
    ignored.answer.map(({ type }) => type),
    [TYPE.A],
    'no signatures without DO',
  )
})

t.test('time, chance and spelling', async (t) => {
  t.same(
    delayed(250)(delayed(50)(HONEST))(WITH_EDNS, 'udp').map(({ delayMs }) => delayMs),
    [300],
  )
  const forged = wrongIdsFirst(3)(HONEST)(WITH_EDNS, 'udp')
  t.same(
    forged.map(({ message }) => isReplyTo(WITH_EDNS, message)),
    [false, false, false, true],
  )
  const every = answeringEvery(3)(HONEST)
  t.same(
    [1, 2, 3, 4, 5, 6].map(() => every(WITH_EDNS, 'udp').length),
    [0, 0, 1, 0, 0, 1],
  )
  const lossy = losing(500, seededRandom(3))(HONEST)
  const answered = Array.from({ length: 200 }, () => lossy(WITH_EDNS, 'udp').length).filter(
    (n) => n === 1,
  ).length
  t.ok(answered > 60 && answered < 140, `${answered} of 200 answered`)
  const [lowered] = lowercasing(HONEST)(WITH_EDNS, 'udp')
  t.ok(isReplyTo(WITH_EDNS, lowered!.message))
  t.notOk(octetsEqual(lowered!.message, HONEST(WITH_EDNS, 'udp')[0]!.message), 'but in other letters')
  t.ok(unchanged(lowercasing, query('www.lab.se')))
  const both = inOrder(tcpOnly, delayed(10))(HONEST)(WITH_EDNS, 'udp')
  t.match(parseMessage(both[0]!.message), { tc: true })
  t.equal(both[0]!.delayMs, 10)
})

t.test('stripped answers', async (t) => {
  const nxdomain = query('none.lab.se')
  const types = (message: Message): number[] => message.authority.map(({ type }) => type)
  t.ok(types(first(HONEST, nxdomain)).includes(TYPE.NSEC))
  t.same(types(first(authorityOf([ZONE], [strippedDenial]), nxdomain)), [TYPE.SOA, TYPE.RRSIG])
  const unsigned = first(authorityOf([ZONE], [strippedSignatures(TYPE.A)]), WITH_EDNS)
  t.same(
    unsigned.answer.map(({ type }) => type),
    [TYPE.A],
  )
  t.same(types(first(authorityOf([ZONE], [strippedSignatures()]), nxdomain)).includes(TYPE.RRSIG), false)
})

t.test('falsified answers', async (t) => {
  const victim = nameFrom('h.w.lab.se')
  const replay = authorityOf([ZONE], [replayedWildcard(victim, nameFrom('*.w.lab.se'), undefined)])
  const replayed = first(replay, query('h.w.lab.se'))
  t.same([...replayed.answer.find(({ type }) => type === TYPE.A)!.rdata], [192, 0, 2, 66])
  t.same(replayed.authority, [])
  t.ok(
    octetsEqual(replay(WITH_EDNS, 'udp')[0]!.message, HONEST(WITH_EDNS, 'udp')[0]!.message),
    'other names are left alone',
  )
  const deny = authorityOf([ZONE], [denied(victim, RCODE.NXDOMAIN, [APEX])])
  t.match(first(deny, query('h.w.lab.se')), { rcode: RCODE.NXDOMAIN, answer: [] })
  const refer = first(authorityOf([ZONE], [referringTo(APEX, [nameFrom('ns.lab.se')])]), WITH_EDNS)
  t.match(refer, { aa: false, answer: [] })
  t.same(
    refer.authority.map(({ type }) => type),
    [TYPE.NS],
  )
  const poison = {
    owner: nameFrom('bank.se'),
    type: TYPE.A,
    class: CLASS.IN,
    ttlSeconds: 300,
    rdatas: [],
    signatures: [],
  }
  const extra = authorityOf(
    [ZONE],
    [withExtra({ additional: [{ ...poison, rdatas: [Uint8Array.of(192, 0, 2, 13)] }] })],
  )
  t.ok(first(extra, WITH_EDNS).additional.some(({ owner }) => namesEqual(owner, nameFrom('bank.se'))))
})

t.test('compact denial (RFC 9824)', async (t) => {
  const authority = authorityOf([ZONE], [compactDenial(APEX, KEYS[0]!.key, SPAN)])
  const nxname = first(authority, query('none.lab.se'))
  t.match(nxname, { rcode: RCODE.NOERROR, answer: [] })
  const nsec = nxname.authority.find(({ type }) => type === TYPE.NSEC)!
  t.ok(namesEqual(nsec.owner, nameFrom('none.lab.se')))
  const { next, types } = parseNsec(nsec.rdata)!
  t.ok(namesEqual(next, nameFrom('\\000.none.lab.se')))
  t.same(bitmapTypes(types), [TYPE.RRSIG, TYPE.NSEC, TYPE.NXNAME])
  const noData = first(authority, query('www.lab.se', TYPE.MX)).authority.find(
    ({ type }) => type === TYPE.NSEC,
  )!
  t.same(bitmapTypes(parseNsec(noData.rdata)!.types), [TYPE.A, TYPE.RRSIG, TYPE.NSEC])
})
