import { deepStrictEqual, equal, ok } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { Memory } from '../../src/base/memory.ts'
import {
  type AnswerParts,
  answerOctets,
  copyAnswer,
  entryAgeSeconds,
  entryAnswerCount,
  entryAuthenticated,
  entryAuthorityCount,
  entryEdeCode,
  entryEdeEnd,
  entryEdeStart,
  entryEdes,
  entryExpiresMs,
  entryLink,
  entryOctets,
  entryPolicySequence,
  entryQuestion,
  entryQuestionEnd,
  entryQuestionKey,
  entryRcode,
  entryReason,
  entryRotateCount,
  entryStatus,
  entryStoredMs,
  entryTtlSeconds,
  parseAnswerEntry,
  rotateAddresses,
  writeAnswerEntry,
} from '../../src/cache/answer-entry.ts'
import { edeOption } from '../../src/wire/edns.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { readU16 } from '../../src/wire/integers.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { foldName, isSubdomainOf, type Name, nameFromLabels } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import type { ResourceRecord, Rrset } from '../../src/wire/record.ts'
import { addresses, name, rrset, rrsig, soa } from './records.ts'

const STORED_MS = 1_234_567.25

function parts(overrides: Partial<AnswerParts>): AnswerParts {
  return {
    question: { name: name('www.example.'), type: TYPE.A, class: CLASS.IN },
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [],
    status: 'secure',
    reason: 1,
    ede: [],
    policySequence: 7,
    ttlSeconds: 300,
    authenticated: true,
    ...overrides,
  }
}

function signed(set: Rrset): Rrset {
  return { ...set, signatures: [rrsig(set.type, set.ttlSeconds)] }
}

/** Copies the reply out of an entry and reads it. */
function reply(entry: Uint8Array, dnssec: boolean, nowMs = STORED_MS, at = 0): Message {
  const out = new Uint8Array(65_535).fill(0xee)
  const length = copyAnswer(
    Memory.of(entry),
    at,
    new Memory(out),
    dnssec,
    entryAgeSeconds(entry, at, Float64Array.of(nowMs)),
  )
  equal(length, answerOctets(entry, at, dnssec))
  ok(
    out.subarray(length).every((octet) => octet === 0xee),
    'nothing is written behind the reply',
  )
  const message = parseMessage(out.subarray(0, length))
  equal(message.trailingOctets, 0)
  return message
}

/** `owner type ttl` of each record. */
function summary(records: readonly ResourceRecord[]): string[] {
  return records.map(({ owner, type, ttlSeconds }) => `${formatName(owner)} ${type} ${ttlSeconds}`)
}

const positive = parts({
  answer: [
    signed(rrset('www.example.', TYPE.CNAME, 600, [name('web.example.')])),
    signed(addresses('web.example.', 300, 1, 2, 3)),
  ],
  authority: [
    signed(rrset('example.', TYPE.NS, 900, [name('ns.example.')])),
    signed(rrset('v.example.', TYPE.NSEC, 60, [name('x.example.')])),
  ],
})

t.test('the reply with DO has plain records first, then those of DNSSEC, in each section', async (t) => {
  const message = reply(writeAnswerEntry(positive, STORED_MS), true)
  t.same(summary(message.answer), [
    'www.example. 5 600',
    'web.example. 1 300',
    'web.example. 1 300',
    'web.example. 1 300',
    'www.example. 46 600',
    'web.example. 46 300',
  ])
  t.same(summary(message.authority), [
    'example. 2 900',
    'example. 46 900',
    'v.example. 47 60',
    'v.example. 46 60',
  ])
  t.match(message, {
    id: 0,
    qr: true,
    ra: true,
    aa: false,
    tc: false,
    rd: false,
    ad: false,
    cd: false,
    rcode: 0,
  })
  t.same(message.questions, [positive.question])
})

t.test('the reply without DO has only the plain ones', async (t) => {
  const entry = writeAnswerEntry(positive, STORED_MS)
  const message = reply(entry, false)
  t.same(summary(message.answer), ['www.example. 5 600', ...Array(3).fill('web.example. 1 300')])
  t.same(summary(message.authority), ['example. 2 900'])
  t.same(message.answer[0]!.rdata, name('web.example.'))
  t.same(message.answer[2]!.rdata, Uint8Array.of(192, 0, 2, 2))
  t.same(message.authority[0]!.rdata, name('ns.example.'))
  t.equal(entryAnswerCount(entry, 0, false), 4)
  t.equal(entryAnswerCount(entry, 0, true), 6)
  t.equal(entryAuthorityCount(entry, 0, false), 1)
  t.equal(entryAuthorityCount(entry, 0, true), 4)
  t.equal(entryQuestionEnd(entry, 0), 12 + positive.question.name.length + 4)
})

t.test('DNSSEC records asked for by type are plain in the answer', async (t) => {
  const types = (records: readonly ResourceRecord[]) => records.map(({ type }) => type)
  const nsec = signed(rrset('www.example.', TYPE.NSEC, 60, [name('x.example.')]))
  const plainTypes = (qtype: number, answer: readonly Rrset[]) => {
    const question = { ...positive.question, type: qtype }
    const message = reply(writeAnswerEntry(parts({ question, answer, authority: [nsec] }), STORED_MS), false)
    t.same(message.authority, [])
    return types(message.answer)
  }
  t.same(plainTypes(TYPE.NSEC, [nsec]), [TYPE.NSEC])
  t.same(plainTypes(TYPE.NSEC3, [signed(rrset('h.example.', TYPE.NSEC3, 60, [Uint8Array.of(1)]))]), [
    TYPE.NSEC3,
  ])
  t.same(plainTypes(TYPE.RRSIG, [rrset('www.example.', TYPE.RRSIG, 60, [rrsig(1, 60)])]), [TYPE.RRSIG])
  t.same(plainTypes(TYPE.ANY, [signed(addresses('www.example.', 60, 1)), nsec]), [1, 46, 47, 46])
  t.same(plainTypes(TYPE.A, [signed(addresses('www.example.', 60, 1)), nsec]), [1])
  t.same(plainTypes(TYPE.DNSKEY, [signed(rrset('www.example.', TYPE.DNSKEY, 60, [new Uint8Array(8)]))]), [48])
})

t.test('TTLs run down in both forms, each by itself, and stop at 0', async (t) => {
  const entry = writeAnswerEntry(positive, STORED_MS)
  const ttls = (dnssec: boolean, ms: number) => {
    const { answer, authority } = reply(entry, dnssec, STORED_MS + ms)
    return [...answer, ...authority].map(({ ttlSeconds }) => ttlSeconds)
  }
  t.same(ttls(true, 999), [600, 300, 300, 300, 600, 300, 900, 900, 60, 60])
  t.same(ttls(true, 1000), [599, 299, 299, 299, 599, 299, 899, 899, 59, 59])
  t.same(ttls(false, 1000), [599, 299, 299, 299, 899])
  t.same(ttls(true, 301_500), [299, 0, 0, 0, 299, 0, 599, 599, 0, 0])
  t.same(ttls(false, -5000), [600, 300, 300, 300, 900], 'a clock reading from before')
})

t.test('what is known of the answer is beside it', async (t) => {
  const ede = [
    { code: 7, text: 'example. RRSIG 12345 expired 2026-01-01' },
    { code: 6, text: 'å'.repeat(150) },
    { code: 0, text: 'a third is left out' },
  ]
  const entry = writeAnswerEntry(
    parts({
      ...positive,
      rcode: RCODE.BADVERS,
      status: 'bogus',
      reason: 33,
      ede,
      policySequence: 0xffff_fffe,
      authenticated: false,
    }),
    STORED_MS,
  )
  const at = 16
  const memory = new Uint8Array(entry.length + 40).fill(0xee)
  memory.set(entry, at)
  t.equal(entryOctets(memory, at), entry.length)
  t.equal(entryStatus(memory, at), 'bogus')
  t.equal(entryReason(memory, at), 33)
  t.equal(entryRcode(memory, at), 16)
  t.equal(entryPolicySequence(memory, at), 0xffff_fffe)
  t.equal(entryStoredMs(memory, at), STORED_MS)
  t.equal(entryExpiresMs(memory, at), STORED_MS + 300_000)
  t.equal(entryTtlSeconds(memory, at), 300)
  t.equal(entryAuthenticated(memory, at), false)
  t.equal(entryEdeCode(memory, at), 7)
  t.same(
    entryEdes(memory, at),
    [ede[0], { code: 6, text: 'å'.repeat(100) }],
    '200 octets of each, whole characters',
  )
  const option = edeOption(7, ede[0]!.text).octets
  const options = memory.slice(entryEdeStart(memory, at), entryEdeEnd(memory, at))
  t.equal(readU16(options, 0), 15)
  t.equal(readU16(options, 2), option.length)
  t.same(options.slice(4, 4 + option.length), option, 'ready to be copied into OPT')
  t.equal(reply(memory, true, STORED_MS, at).rcode, 0, 'the header has the lower four bits')

  const good = writeAnswerEntry(positive, STORED_MS)
  t.equal(entryStatus(good, 0), 'secure')
  t.equal(entryAuthenticated(good, 0), true)
  t.equal(entryEdeCode(good, 0), -1)
  t.same(entryEdes(good, 0), [])
})

t.test('A and AAAA sets rotate, and nothing else moves', async (t) => {
  const turned = (answer: readonly Rrset[], turn: number, dnssec: boolean) => {
    const entry = writeAnswerEntry(parts({ answer }), STORED_MS)
    const out = new Uint8Array(65_535)
    const length = copyAnswer(Memory.of(entry), 0, new Memory(out), dnssec, 0)
    rotateAddresses(entry, 0, out, turn)
    return parseMessage(out.subarray(0, length)).answer
  }
  const lastOctets = (records: readonly ResourceRecord[]) =>
    records.map(({ rdata }) => rdata[rdata.length - 1])
  for (const dnssec of [false, true]) {
    const set = signed(addresses('www.example.', 300, 1, 2, 3))
    t.same(lastOctets(turned([set], 0, dnssec)).slice(0, 3), [1, 2, 3])
    t.same(lastOctets(turned([set], 1, dnssec)).slice(0, 3), [2, 3, 1])
    t.same(lastOctets(turned([set], 5, dnssec)).slice(0, 3), [3, 1, 2])
  }
  // The first record of the set writes its owner out, the others point at it.
  const alias = rrset('www.example.', TYPE.CNAME, 300, [name('a.other.')])
  t.same(lastOctets(turned([alias, addresses('a.other.', 300, 1, 2)], 1, true)).slice(1), [2, 1])
  const aaaa = rrset('new.other.', TYPE.AAAA, 300, [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)])
  const records = turned([addresses('www.example.', 300, 1, 2), aaaa], 1, true)
  t.same(lastOctets(records), [1, 2, 2, 1], 'the last set')
  t.same(
    records.map(({ owner }) => formatName(owner)),
    ['www.example.', 'www.example.', 'new.other.', 'new.other.'],
  )

  const rotates = (answer: readonly Rrset[]) =>
    entryRotateCount(writeAnswerEntry(parts({ answer }), STORED_MS), 0)
  t.equal(rotates([addresses('www.example.', 300, 1, 2, 3)]), 3)
  t.equal(rotates([addresses('www.example.', 300, 1)]), 0)
  t.equal(rotates([]), 0)
  t.equal(rotates([rrset('www.example.', TYPE.TXT, 300, [Uint8Array.of(1, 65), Uint8Array.of(1, 66)])]), 0)
  t.equal(rotates([rrset('www.example.', TYPE.A, 300, [Uint8Array.of(1), Uint8Array.of(1, 2, 3, 4)])]), 0)
})

t.test('a denial and a failure', async (t) => {
  const nsec = (owner: string) => signed(rrset(owner, TYPE.NSEC, 300, [name('zz.example.')]))
  const authority = [signed(soa('example.', 300)), nsec('a.example.'), nsec('example.')]
  const denied = writeAnswerEntry(parts({ rcode: RCODE.NXDOMAIN, authority }), STORED_MS)
  t.same(summary(reply(denied, false).authority), ['example. 6 300'])
  t.same(
    reply(denied, true).authority.map(({ type }) => type),
    [6, 46, 47, 46, 47, 46],
  )
  const unsigned = parts({
    rcode: RCODE.NXDOMAIN,
    authority: authority.map((set) => ({ ...set, signatures: [] })),
  })
  const rrsigOctets =
    answerOctets(denied, 0, true) - answerOctets(writeAnswerEntry(unsigned, STORED_MS), 0, true)
  t.equal(rrsigOctets, 3 * (2 + 10 + rrsig(TYPE.NSEC, 300).length), 'the owner of each RRSIG is a pointer')
  t.equal(reply(denied, true).rcode, RCODE.NXDOMAIN)
  const failed = writeAnswerEntry(
    parts({ rcode: RCODE.SERVFAIL, status: 'indeterminate', ttlSeconds: 5 }),
    STORED_MS,
  )
  t.match(reply(failed, true), { rcode: RCODE.SERVFAIL, answer: [], authority: [] })
})

t.test('an answer larger than a message becomes a failure that says so', async (t) => {
  const rdatas = Array.from({ length: 70 }, (_, i) => new Uint8Array(1000).fill(i))
  const fits = writeAnswerEntry(
    parts({ answer: [rrset('www.example.', TYPE.NULL, 300, rdatas.slice(0, 64))] }),
    0,
  )
  t.equal(reply(fits, true).answer.length, 64)
  const entry = writeAnswerEntry(
    parts({ answer: [rrset('www.example.', TYPE.NULL, 300, rdatas)] }),
    STORED_MS,
  )
  t.equal(entryRcode(entry, 0), RCODE.SERVFAIL)
  t.equal(entryStatus(entry, 0), 'indeterminate')
  t.equal(entryAuthenticated(entry, 0), false)
  t.equal(entryTtlSeconds(entry, 0), 5)
  t.same(entryEdes(entry, 0), [{ code: 0, text: 'the answer exceeds 65535 octets' }])
  t.same(reply(entry, true).answer, [])
})

t.test('can be read back', async (t) => {
  const ede = [{ code: 6, text: 'why' }]
  const full = { ...positive, ede }
  const entry = writeAnswerEntry(full, STORED_MS)
  t.same(parseAnswerEntry(entry, 0, STORED_MS), full)
  const later = parseAnswerEntry(entry, 0, STORED_MS + 10_000)
  t.equal(later.ttlSeconds, 290)
  t.equal(later.answer[1]!.ttlSeconds, 290)
})

t.test('both forms of any answer hold exactly its records', async () => {
  // A few labels, so that names share ends with each other and with the question.
  const label = fc.constantFrom('a', 'B', 'www', 'example', 'x'.repeat(40)).map((text) => Buffer.from(text))
  const anyName = fc.array(label, { maxLength: 5 }).map((labels) => nameFromLabels(labels)!)
  const target: fc.Arbitrary<[number, Uint8Array]> = fc.tuple(
    fc.constantFrom(TYPE.NS, TYPE.CNAME, TYPE.PTR, TYPE.NSEC),
    anyName,
  )
  const opaque: fc.Arbitrary<[number, Uint8Array]> = fc.tuple(
    fc.constantFrom(TYPE.A, TYPE.NSEC3, TYPE.DNSKEY, 65_280),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  )
  const oneSet = fc
    .tuple(
      anyName,
      fc.array(fc.oneof(target, opaque), { minLength: 1, maxLength: 3 }),
      fc.nat(100_000),
      fc.nat(2),
    )
    .map(([owner, kinds, ttlSeconds, signatures]): Rrset => {
      const type = kinds[0]![0]
      const rdatas = kinds.filter(([other]) => other === type).map(([, rdata]) => rdata)
      const rrsigs = Array.from({ length: signatures }, (_, i) => rrsig(type, i, 'www.example.'))
      return { owner, type, class: CLASS.IN, ttlSeconds, rdatas, signatures: rrsigs }
    })
  const sets = fc.array(oneSet, { maxLength: 6 })
  const qtype = fc.constantFrom(TYPE.A, TYPE.ANY, TYPE.NSEC, TYPE.RRSIG)
  fc.assert(
    fc.property(anyName, qtype, sets, sets, fc.nat(200_000_000), (qname, type, answer, authority, ms) => {
      const question = { name: qname, type, class: CLASS.IN }
      const entry = writeAnswerEntry(parts({ question, answer, authority }), STORED_MS)
      for (const dnssec of [true, false]) {
        const message = reply(entry, dnssec, STORED_MS + ms)
        deepStrictEqual(sorted(message.answer), expected(answer, dnssec, type, ms))
        deepStrictEqual(sorted(message.authority), expected(authority, dnssec, 0, ms))
      }
      ok(entryOctets(entry, 0) === entry.length)
    }),
    { numRuns: 300 },
  )
})

function line(owner: Name, type: number, ttlSeconds: number, rdata: Uint8Array): string {
  const known = rdata.length > 0 && [TYPE.NS, TYPE.CNAME, TYPE.PTR].includes(type as never)
  const folded = known ? foldName(rdata as Name) : rdata
  return `${formatName(foldName(owner))} ${type} ${ttlSeconds} ${Buffer.from(folded).toString('hex')}`
}

function sorted(records: readonly ResourceRecord[]): string[] {
  return records.map(({ owner, type, ttlSeconds, rdata }) => line(owner, type, ttlSeconds, rdata)).sort()
}

/** The records that a form must hold, by the rule and not by the layout. */
function expected(sets: readonly Rrset[], dnssec: boolean, qtype: number, ms: number): string[] {
  const lines: string[] = []
  const shown = (type: number): boolean =>
    dnssec ||
    ![TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3].includes(type as never) ||
    qtype === type ||
    qtype === TYPE.ANY
  for (const { owner, type, ttlSeconds, rdatas, signatures } of sets) {
    const left = Math.max(0, ttlSeconds - Math.floor(ms / 1000))
    if (shown(type)) lines.push(...rdatas.map((rdata) => line(owner, type, left, rdata)))
    if (shown(TYPE.RRSIG)) lines.push(...signatures.map((rdata) => line(owner, TYPE.RRSIG, left, rdata)))
  }
  return lines.sort()
}

t.test('the spelling that data came with does not keep names from being compressed', async (t) => {
  const mixed = parts({
    question: { name: name('wwW.eXample.'), type: TYPE.A, class: CLASS.IN },
    answer: [addresses('WWW.example.', 300, 1, 2, 3)],
    authority: [rrset('Sub.EXAMPLE.', TYPE.NS, 900, [name('NS.Sub.example.')])],
  })
  const lower = parts({
    answer: [addresses('www.example.', 300, 1, 2, 3)],
    authority: [rrset('sub.example.', TYPE.NS, 900, [name('ns.sub.example.')])],
  })
  const entry = writeAnswerEntry(mixed, STORED_MS)
  const { authority } = reply(entry, true)
  t.equal(formatName(authority[0]!.owner), 'Sub.example.', 'the rest keeps its spelling')
  t.same(authority[0]!.rdata, name('NS.Sub.example.'), 'and so does RDATA')
  const owners = (octets: Uint8Array) => answerOctets(octets, 0, true) - authority[0]!.rdata.length
  t.ok(owners(entry) < owners(writeAnswerEntry(lower, STORED_MS)) + 15)
  t.same(reply(entry, true).answer, reply(writeAnswerEntry(lower, STORED_MS), true).answer)
})

t.test('names in a reply may take the spelling of the question', async (t) => {
  const entry = writeAnswerEntry(positive, STORED_MS)
  const out = new Uint8Array(65_535)
  const length = copyAnswer(Memory.of(entry), 0, new Memory(out), false, 0)
  out.set(name('wWw.eXample.'), 12)
  const message = parseMessage(out.subarray(0, length))
  t.equal(formatName(message.answer[0]!.owner), 'wWw.eXample.')
  t.ok(isSubdomainOf(message.answer[1]!.owner, name('example.')))
})

t.test('the broken link is behind all that clients get', (t) => {
  const link = { zone: name('Bank.se.'), type: TYPE.DNSKEY }
  const bogus = parts({ status: 'bogus', ede: [{ code: 6, text: 'wrong' }] })
  const told = writeAnswerEntry({ ...bogus, link }, 0)
  const untold = writeAnswerEntry(bogus, 0)
  t.equal(entryOctets(told, 0), told.length)
  t.equal(entryOctets(untold, 0), untold.length)
  t.same(entryLink(told, 0), { zone: name('bank.se.'), type: TYPE.DNSKEY })
  t.equal(entryLink(untold, 0), undefined)
  t.equal(entryEdeEnd(told, 0), entryEdeEnd(untold, 0))
  t.same(parseAnswerEntry(told, 0, 0).link, entryLink(told, 0))
  t.same(entryQuestion(told, 0), { name: name('www.example.'), type: TYPE.A })
  const inMemory = new Uint8Array(told.length + 32).fill(0xff)
  inMemory.set(told, 16)
  t.same(entryLink(inMemory, 16), entryLink(told, 0), 'wherever the entry lies')
  t.equal(entryQuestionKey(inMemory, 16), entryQuestionKey(untold, 0))
  t.end()
})
