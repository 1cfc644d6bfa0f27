/**
 * Validations that another validator (dnsjava) recorded from the real Internet, 2013 to 2020, replayed at their own
 * time: good and deliberately bad zones, and what that validator made of them.
 *
 * The recordings hold the answers of a public resolver. Here one server answers everything with them, so the engine
 * takes each for the answer of an authority; delegations do not occur.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import type { Clock } from '../../src/base/clock.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import type { Upstream } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage, type Question } from '../../src/wire/message.ts'
import { isStrictSubdomainOf, type Name, nameKey, namesEqual, ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { targetName } from '../../src/wire/rdata/target.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { authoritative } from '../support/authoritative.ts'
import { makeEngine } from '../support/engine.ts'

const PATH = '../shared/data/dnsjava-recordings.jsonl.gz'
const skip = existsSync(PATH) ? false : `${PATH} is not there`

interface Recording {
  readonly test: string
  readonly now: number
  readonly query: string | null
  readonly expect: {
    readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL'
    readonly ad: boolean
    readonly reason?: string
  } | null
  readonly responses: readonly RecordedResponse[]
}

interface RecordedResponse {
  readonly qname: string
  readonly qtype: string
  readonly rcode: string
  readonly answer: readonly string[]
  readonly authority: readonly string[]
}

interface Reply {
  readonly name: Name
  readonly type: number
  readonly rcode: number
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
}

/** KSK-2010 and KSK-2017: the root's anchors in those years. */
const ANCHORS = `
. IN DS 19036 8 2 49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
`
const WRONG_ANCHOR = '. IN DS 19036 8 2 00000000000000000000000000000000000000000000000000000000000000FF'

/** Recordings whose test replaced the anchors: with which. */
const OTHER_ANCHORS: Readonly<Record<string, string>> = {
  'TestPriming.testDnskeyPrimeResponseWithWeirdHashIsBad': WRONG_ANCHOR,
  'TestTrustAnchorLoading.testLoadRootTrustAnchorWithInvalidDS': WRONG_ANCHOR,
  'TestTrustAnchorLoading.testInsecureWithEmptyTrustAnchor': '',
  'TestNSEC3NoData.testNoDSProofCanExistForRoot':
    '. IN DS 16758 7 1 EC88DF5E2902FD4AB9E9C246BEEA9B822BD7BCF7',
  'TestNSEC3NoData.testNodataNsec3ForDSMustNotHaveSOA':
    'bogus. IN DS 16758 7 1 A5D56841416AB42DC39629E42D12C98B0E94232A',
}

/**
 * Where this resolver is right to differ, and by which paragraph.
 */
const DIFFERENCES: Readonly<
  Record<string, { readonly rcode: number; readonly ad: boolean; readonly why: string }>
> = {
  'TestNSEC3NoData.testNodataNsec3ForDSMustNotHaveSOA': {
    rcode: RCODE.NOERROR,
    ad: false,
    why: 'RFC 4035 3.1.4.1: DS is the parent side of a cut, and above the only anchor (bogus.) nothing is proven',
  },
}

/** Recordings whose question is not the first that was recorded. */
const QUERIES: Readonly<Record<string, string>> = {
  'TestNSEC3NoData.testNodataNsec3_4': 'a.unsigned.nsec3.ingotronic.ch./DS',
}

function records(lines: readonly string[]): ResourceRecord[] {
  return readZone(lines.join('\n'), { path: PATH })
}

function recordings(): Recording[] {
  const lines = gunzipSync(readFileSync(PATH)).toString().trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Recording)
}

function repliesOf(recording: Recording): Reply[] {
  return recording.responses.map((response) => ({
    name: nameFrom(response.qname),
    type: parseType(response.qtype)!,
    rcode: RCODE[response.rcode as keyof typeof RCODE],
    answer: records(response.answer),
    authority: records(response.authority),
  }))
}

/** The recorded reply, or the end of one whose aliases lead to the name: it was asked as one question then. */
function replyFor(replies: readonly Reply[], { name, type }: Question): Reply | undefined {
  const exact = replies.find((reply) => reply.type === type && namesEqual(reply.name, name))
  if (exact !== undefined) return exact
  for (const reply of replies) {
    if (reply.type !== type) continue
    const leads = reply.answer.some(
      (record) => record.type === TYPE.CNAME && namesEqual(targetName(record.rdata) ?? ROOT, name),
    )
    if (leads) return { ...reply, name, answer: reply.answer.filter((record) => relevant(record, name)) }
  }
  return undefined
}

function relevant(record: ResourceRecord, name: Name): boolean {
  if (namesEqual(record.owner, name)) return true
  return isStrictSubdomainOf(name, record.owner)
}

function replayed(replies: readonly Reply[], clock: Clock, missing: Set<string>): Upstream {
  return {
    ask: ({ message, timeoutMs }) => {
      const query = parseMessage(message)
      const question = query.questions[0]!
      const reply = isPriming(question) ? PRIMING : replyFor(replies, question)
      if (reply === undefined) missing.add(`${question.type} ${nameKey(question.name)}`)
      return new Promise((resolve) => {
        clock.after(reply === undefined ? timeoutMs : 5, () => {
          if (reply === undefined) resolve({ kind: 'failure', reason: 'timeout' })
          else resolve({ kind: 'reply', rttMs: 5, message: write(query.id, question, reply) })
        })
      })
    },
  }
}

function isPriming({ name, type }: Question): boolean {
  return name.length === 1 && type === TYPE.NS
}

const SERVER = nameFrom('a.root-servers.net')
const PRIMING: Reply = {
  name: ROOT,
  type: TYPE.NS,
  rcode: 0,
  answer: records(['. 86400 IN NS a.root-servers.net.']),
  authority: [],
}

function write(id: number, question: Question, { rcode, answer, authority }: Reply): Uint8Array {
  const writer = new MessageWriter()
  writer.header(authoritative(id, rcode))
  writer.question(question)
  for (const { owner, type, class: rrclass, ttlSeconds, rdata } of answer) {
    writer.record('answer', owner, type, rrclass, ttlSeconds, rdata)
  }
  for (const { owner, type, class: rrclass, ttlSeconds, rdata } of authority) {
    writer.record('authority', owner, type, rrclass, ttlSeconds, rdata)
  }
  return writer.finish()
}

function anchorsFor(recording: Recording): TrustAnchor[] {
  const text = OTHER_ANCHORS[recording.test] ?? ANCHORS
  return anchorsFromRecords(readZone(text, { path: 'anchors', defaultTtlSeconds: 0 }))
}

t.test('what dnsjava expected', { skip }, async (t) => {
  let judged = 0
  for (const recording of recordings()) {
    const { expect } = recording
    if (expect?.rcode === undefined) continue
    const replies = repliesOf(recording)
    const missing = new Set<string>()
    const { ask } = makeEngine({
      unixSeconds: recording.now,
      anchors: anchorsFor(recording),
      rootHints: [{ name: SERVER, addresses: [parseAddress('198.41.0.4')!] }],
      network: (clock) => replayed(replies, clock, missing),
      settings: { qnameMinimisation: 'off' },
    })
    const first = recording.responses[0]!
    const [name, type] = (recording.query ?? QUERIES[recording.test])?.split('/') ?? [
      first.qname,
      first.qtype,
    ]
    const reply = await ask(name!, parseType(type!)!)
    const got = { rcode: reply.status === 'bogus' ? RCODE.SERVFAIL : reply.rcode, ad: reply.authenticated }
    const difference = DIFFERENCES[recording.test]
    const want = difference ?? { rcode: RCODE[expect.rcode], ad: expect.ad }
    const lacks = missing.size === 0 ? '' : ` (not recorded: ${[...missing].join(', ')})`
    const why = `${reply.status} ${reply.reason} ${reply.ede?.text ?? ''}${lacks}`
    t.same(
      got,
      { rcode: want.rcode, ad: want.ad },
      `${recording.test} ${name} ${type}: ${expect.reason ?? ''} | ${why}`,
    )
    judged++
  }
  t.equal(judged, 56, 'every recording with an expectation')
})
