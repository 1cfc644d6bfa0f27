/** The questions that every address of a zone's servers is asked. */
import type { Endpoint } from '../base/address.ts'
import { UDP_PAYLOAD_OCTETS, UDP_PAYLOAD_OCTETS_MIN } from '../base/limits.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  isSubdomainOf,
  labelsOf,
  type Name,
  nameFromLabels,
  nameKey,
  namesEqual,
  parentOf,
} from '../wire/name.ts'
import type { DataReply, Reply, ServerView, Trial } from './observations.ts'
import { type Asked, type Prober, USUAL_EDNS } from './prober.ts'

/** A label that no zone has. */
export type MissingLabel = Uint8Array

/** A question about the zone's data. */
export type DataQuestion = Pick<DataReply, 'name' | 'type' | 'about'>

/** Nobody has assigned it (RFC 6895 3.1: private use), so no zone has it at its apex. */
const MISSING_TYPE = 65_399
/** For local use (RFC 6891 9). */
const UNKNOWN_OPTION = 65_100
/** The lowest of the reserved flags. */
const UNKNOWN_FLAGS = 0x0001
/** What servers and resolvers offered before the flag day of 2020. */
const LARGE_PAYLOAD_OCTETS = 4_096

const APEX_TYPES = [
  TYPE.SOA,
  TYPE.NS,
  TYPE.DNSKEY,
  TYPE.CDS,
  TYPE.CDNSKEY,
  TYPE.NSEC3PARAM,
  TYPE.A,
  TYPE.AAAA,
  TYPE.MX,
]

/** What is asked about the zone that holds `domain`. */
export function dataQuestions(domain: Name, zone: Name, missing: MissingLabel): DataQuestion[] {
  const questions: DataQuestion[] = APEX_TYPES.map((type) => ({ name: zone, type, about: 'apex' }))
  questions.push({ name: zone, type: MISSING_TYPE, about: 'missing-type' })
  for (const [name, type] of samplesOf(domain, zone)) questions.push({ name, type, about: 'sample' })
  const above = parentOf(domain)
  const isDeep = !namesEqual(domain, zone) && !namesEqual(above, zone) && isSubdomainOf(above, zone)
  if (isDeep) questions.push({ name: above, type: TYPE.A, about: 'ancestor' })
  for (const name of isDeep ? [zone, above] : [zone]) {
    const absent = below(missing, name)
    if (absent !== undefined) questions.push({ name: absent, type: TYPE.A, about: 'missing-name' })
  }
  return questions
}

/** The domain and, where that is the zone itself, the name that most zones have. */
function samplesOf(domain: Name, zone: Name): [Name, number][] {
  const www = below(Buffer.from('www', 'latin1'), zone)
  const names = [domain, ...(www === undefined ? [] : [www])].filter((name) => !namesEqual(name, zone))
  const distinct = new Map(names.map((name) => [nameKey(name), name]))
  return [...distinct.values()].flatMap((name): [Name, number][] => [
    [name, TYPE.A],
    [name, TYPE.AAAA],
  ])
}

function below(label: Uint8Array, name: Name): Name | undefined {
  return nameFromLabels([label, ...labelsOf(name)])
}

/** What is asked of one address. */
export interface ServerQuestions {
  readonly endpoint: Endpoint
  readonly names: readonly Name[]
  readonly zone: Name
  readonly questions: readonly DataQuestion[]
}

/** Asks one address everything; one that says nothing by UDP and TCP is asked no more. */
export async function viewServer(prober: Prober, server: ServerQuestions): Promise<ServerView> {
  const { endpoint, names, zone } = server
  const soa = (asked: Partial<Asked>): Promise<Reply> =>
    prober.ask(endpoint, { name: zone, type: TYPE.SOA, transport: 'udp', edns: USUAL_EDNS, ...asked })
  // A server may lose or refuse every question with OPT.
  const [udp, tcp, plain] = await Promise.all([soa({}), soa({ transport: 'tcp' }), soa({ edns: undefined })])
  const trials = new Map<Trial, Reply>([
    ['udp', udp],
    ['tcp', tcp],
    ['plain', plain],
  ])
  const isSilent = [udp, tcp, plain].every(({ kind }) => kind === 'none')
  if (isSilent) return { endpoint, names, trials, data: [], sizes: [], transfer: NOT_ASKED }
  const needsPlain = hasAnswer(plain) && !hasAnswer(udp) && !hasAnswer(tcp)
  const [tried, data, sizes, transfer] = await Promise.all([
    tryOut(soa, zone),
    askData(prober, server, needsPlain),
    askSizes(prober, endpoint, zone),
    prober.ask(endpoint, { name: zone, type: TYPE.AXFR, transport: 'tcp', edns: undefined }),
  ])
  for (const [trial, reply] of tried) trials.set(trial, reply)
  return { endpoint, names, trials, data, sizes, transfer }
}

const NOT_ASKED: Reply = { kind: 'none', reason: 'not-asked' }

type AskSoa = (asked: Partial<Asked>) => Promise<Reply>

function hasAnswer(reply: Reply): boolean {
  return reply.kind === 'message' && reply.message.answer.length > 0
}

async function tryOut(soa: AskSoa, zone: Name): Promise<[Trial, Reply][]> {
  const usual = USUAL_EDNS
  const unknown = { code: UNKNOWN_OPTION, octets: Uint8Array.of(0x73, 0x69, 0x67) }
  const trials: [Trial, Partial<Asked>][] = [
    ['edns-version', { edns: { ...usual, version: 1 } }],
    ['edns-option', { edns: { ...usual, options: [unknown] } }],
    ['edns-flags', { edns: { ...usual, flags: UNKNOWN_FLAGS } }],
    ['mixed-case', { name: inMixedCase(zone) }],
    ['recursion', { recursionDesired: true }],
  ]
  return Promise.all(trials.map(async ([trial, asked]): Promise<[Trial, Reply]> => [trial, await soa(asked)]))
}

/** Every second letter in capitals. */
export function inMixedCase(name: Name): Name {
  const mixed = name.slice()
  let letters = 0
  for (let i = 0; i < mixed.length; i++) {
    const folded = mixed[i]! | 0x20
    if (folded < 0x61 || folded > 0x7a || mixed[i]! < 0x41) continue
    mixed[i] = letters++ % 2 === 0 ? folded & ~0x20 : folded
  }
  return mixed as Name
}

function askData(
  prober: Prober,
  { endpoint, questions }: ServerQuestions,
  plain: boolean,
): Promise<DataReply[]> {
  const edns = plain ? undefined : USUAL_EDNS
  return Promise.all(
    questions.map(async (question): Promise<DataReply> => {
      const { name, type } = question
      return { ...question, reply: await prober.fetch(endpoint, { name, type, edns }) }
    }),
  )
}

function askSizes(prober: Prober, endpoint: Endpoint, zone: Name): Promise<ServerView['sizes']> {
  const offers = [UDP_PAYLOAD_OCTETS_MIN, UDP_PAYLOAD_OCTETS, LARGE_PAYLOAD_OCTETS]
  return Promise.all(
    offers.map(async (offeredOctets) => {
      const edns = { ...USUAL_EDNS, udpPayloadOctets: offeredOctets }
      const reply = await prober.ask(endpoint, { name: zone, type: TYPE.DNSKEY, transport: 'udp', edns })
      return { offeredOctets, reply }
    }),
  )
}
