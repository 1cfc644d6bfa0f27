/** Internets whose answers are known: the lab's, and those that were recorded. Each is built once and asked often. */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { mapKey } from '../../src/base/octets.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import type { Authority, LabReply } from '../../src/lab/authority.ts'
import { LAB_ZONES } from '../../src/lab/catalogue.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { recordedInternet } from '../../src/lab/recorded.ts'
import { composeRecording, type Recording, readRecordings } from '../../src/lab/recordings.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import type { Upstream } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameKey, ROOT } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { makeEngine, type TestEngine } from '../support/engine.ts'
import { rememberedKeys } from '../support/remembered-keys.ts'
import { rootAnchors } from '../support/root-anchors.ts'

/** One question, in text and number. */
export type Asked = readonly [name: string, type: number]

/** An Internet with what can be asked of it. */
export interface Subject {
  readonly what: string
  readonly questions: readonly Asked[]
  /** A fresh engine on it. */
  engine(seed: number, change?: (network: Upstream) => Upstream): TestEngine
}

const LAB_SECONDS = Date.parse('2026-11-21T12:00:00Z') / 1000
export const DATA = '../shared/data'
const SE = `${DATA}/zonemaster/real-se-2025-11-14.jsonl.gz`
const CAPTURES = `${DATA}/captures-2026-10-04`
const ROOT_KEYS = `${DATA}/root/dnskey-history-2023-2025.jsonl.gz`
const importKey = rememberedKeys()

/** All zones of the lab and all that is written of them. */
export function labSubject(): Subject {
  const internet = buildInternet({ nowSeconds: LAB_SECONDS, zones: LAB_ZONES })
  const questions = LAB_ZONES.flatMap((zone) => zone.questions)
  return subject(
    'the lab',
    internet.authorities,
    hintsOf(internet.rootHints),
    anchorsFromRecords(internet.trustAnchors),
    LAB_SECONDS,
    unique(questions.map(({ name, type }) => [name, parseType(type)!] as const)),
  )
}

/** The root and com as they were captured, and everything that was asked then. */
export function captureSubject(): Subject {
  const recordings = readRecordings(CAPTURES)
  return recordedSubject('root and com, 2026-10-04', recordings, recordings, '2026-10-04T14:15:00Z')
}

/** se as it was recorded: what was asked of the registry itself. */
export function seSubject(): Subject {
  const recordings = readRecordings(SE)
  const asked = recordings.filter(({ question }) => formatName(question.name).toLowerCase() === 'se.')
  return recordedSubject(
    'se, 2025-11-14',
    [...recordings, ...rootKeys(recordings)],
    asked,
    '2025-11-14T10:13:53Z',
  )
}

/** Every packet that was recorded. */
export function recordedPackets(): Recording[] {
  const files = ['real-se-2025-11-14', 'real-nic-se-2024', 'lab-xa-broken-servers-2025']
  const paths = [CAPTURES, ...files.map((name) => `${DATA}/zonemaster/${name}.jsonl.gz`)]
  return paths.flatMap((path) => readRecordings(path))
}

function recordedSubject(
  what: string,
  recordings: readonly Recording[],
  asked: readonly Recording[],
  clock: string,
): Subject {
  const internet = recordedInternet(recordings)
  const questions = asked
    .filter(({ question }) => question.class === CLASS.IN && !ODD_TYPES.has(question.type))
    .map(({ question }): Asked => [formatName(question.name).toLowerCase(), question.type])
  return subject(
    what,
    internet.authorities,
    hintsOf(internet.rootHints),
    rootAnchors(),
    Date.parse(clock) / 1000,
    unique(questions),
  )
}

/** Types that an engine is never asked for. */
const ODD_TYPES: ReadonlySet<number> = new Set([TYPE.AXFR, TYPE.IXFR, TYPE.ANY])

/** The root's DNSKEY set of that day, from the archive of the root zone. */
function rootKeys(recordings: readonly Recording[]): Recording[] {
  const lines = gunzipSync(readFileSync(ROOT_KEYS)).toString('utf8').trim().split('\n')
  const sets = lines.map(
    (line) => JSON.parse(line) as { serial: string; ttl: number; dnskey: string[]; rrsig: string[] },
  )
  const { ttl, dnskey, rrsig } = sets.filter((set) => set.serial <= '2025111000').at(-1)!
  const text = [
    ...dnskey.map((rdata) => `. ${ttl} IN DNSKEY ${rdata}`),
    ...rrsig.map((rdata) => `. ${ttl} IN RRSIG ${rdata}`),
  ]
  const records = readZone(text.join('\n'), { path: ROOT_KEYS })
  const question = { name: ROOT, type: TYPE.DNSKEY, class: CLASS.IN }
  const servers = new Map(recordings.map(({ server, host }) => [server, host]))
  const roots = [...servers].filter(([, host]) => host.endsWith('.root-servers.net'))
  return roots.map(([server, host]) => composeRecording(server, host, question, records))
}

function unique(questions: readonly Asked[]): Asked[] {
  return [...new Map(questions.map((asked) => [asked.join(' '), asked])).values()]
}

function subject(
  what: string,
  authorities: ReadonlyMap<string, Authority>,
  rootHints: ReturnType<typeof hintsOf>,
  anchors: readonly TrustAnchor[],
  unixSeconds: number,
  questions: readonly Asked[],
): Subject {
  const known = new Map<string, readonly LabReply[]>()
  const remembered = [...authorities].map(([address, authority]): [string, Authority] => [
    address,
    remembering(address, authority, known),
  ])
  return {
    what,
    questions,
    engine: (seed, change = (network) => network) =>
      makeEngine({
        unixSeconds,
        anchors,
        rootHints,
        seed,
        importKey,
        network: (clock) => {
          const network = new LabNetwork({ clock })
          for (const [address, authority] of remembered) network.attach(address, authority)
          return change(network)
        },
      }),
  }
}

/** The same question gets the same reply, so it is made once. */
function remembering(
  address: string,
  authority: Authority,
  known: Map<string, readonly LabReply[]>,
): Authority {
  return (query, transport) => {
    const key = `${address} ${transport} ${mapKey(query.subarray(2))}`
    const replies = known.get(key) ?? authority(query, transport)
    known.set(key, replies)
    return replies.map(({ message, delayMs }) => {
      const copy = message.slice()
      copy.set(query.subarray(0, 2))
      return { message: copy, delayMs }
    })
  }
}

/** What an answer comes to: verdict, rcode and every record of the answer, in whatever order and letters they came. */
export function outcomeOf(reply: Awaited<ReturnType<TestEngine['ask']>>): string {
  const records = reply.message.answer.map(
    ({ owner, type, rdata }) => `${nameKey(owner)} ${type} ${mapKey(rdata).toLowerCase()}`,
  )
  return `${reply.status} ${reply.rcode} ${reply.authenticated} ${records.sort().join('|')}`
}
