/**
 * What the servers of .se and nic.se were recorded to say, judged at its own time by this engine and by Debian's Unbound.
 * Each recorded packet is served, in its turn, by every server of its zone; around it stands the rest of what was recorded
 * then. The verdicts must be the same.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { peersSkipReason } from '../../bench/programs.ts'
import { mapKey } from '../../src/base/octets.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import { type Authority, type Transport, writeReply } from '../../src/lab/authority.ts'
import { truncated } from '../../src/lab/behaviours.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { recordedInternet } from '../../src/lab/recorded.ts'
import { isReferral } from '../../src/lab/recorded-answers.ts'
import { type Recording, readPackets } from '../../src/lab/recordings.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { serveAuthorities } from '../../src/lab/server.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { foldName, isSubdomainOf, nameKey, namesEqual } from '../../src/wire/name.ts'
import { skipName } from '../../src/wire/name-reader.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type ResourceRecord } from '../../src/wire/record.ts'
import { formatZone, readZone } from '../../src/wire/zone-text.ts'
import { ask } from '../support/dns-client.ts'
import { makeEngine } from '../support/engine.ts'
import { rootKeys } from '../support/recorded-root-keys.ts'
import { rememberedKeys } from '../support/remembered-keys.ts'
import { forgetAll, type RunningServer, startUnbound } from '../support/resolvers.ts'
import { absent, sharedLines, sharedOctets } from '../support/shared-data.ts'

const FILES = ['real-se-2025-11-14', 'real-nic-se-2024'].map((name) => `zonemaster/${name}.jsonl.gz`)
const ROOT_DS = 'root/anchors/root.ds'
const SE = nameFrom('se.')
const HEADER_OCTETS = 12
/** Packets further apart were recorded on different occasions. */
const OCCASION_SECONDS = 3600
/** Second octet of the recorded servers' addresses. */
const NETWORK = 97

interface Line {
  readonly time: number
  readonly ns: string
  readonly ip: string
  readonly wire: string
}

/** All that was recorded on one occasion. */
interface Occasion {
  readonly unixSeconds: number
  readonly own: readonly Recording[]
  /** With what is needed to get there from the root. */
  readonly all: readonly Recording[]
}

/** What several packets say alike. */
interface Content {
  readonly recording: Recording
  readonly packets: number
}

type Verdict = 'secure' | 'insecure' | 'SERVFAIL'

const skip = absent('zonemaster') || (await peersSkipReason(['unbound']))

function occasions(): Occasion[] {
  const lines = FILES.flatMap((file) => sharedLines<Line>(file)).sort((a, b) => a.time - b.time)
  const groups: Line[][] = []
  for (const line of lines) {
    const last = groups.at(-1)
    if (last === undefined || line.time - last.at(-1)!.time > OCCASION_SECONDS) groups.push([line])
    else last.push(line)
  }
  return groups.map((group, i) => {
    // An occasion without the root is reached by what was recorded before it.
    const rooted = group.some(({ ns }) => ns.endsWith('.root-servers.net'))
    const more = rooted ? [] : groups[i - 1]!
    const unixSeconds = Math.round(group[0]!.time)
    const [own, way] = [group, more].map((lines) =>
      readPackets(lines.map((line) => JSON.stringify(line)).join('\n')),
    )
    const day = new Date(unixSeconds * 1000).toISOString().slice(0, 10).replaceAll('-', '')
    const recordings = [...own!, ...way!]
    return { unixSeconds, own: own!, all: [...recordings, ...rootKeys(`${day}99`, recordings)] }
  })
}

/** The different answers and denials about names of .se. */
function contentsOf(recordings: readonly Recording[]): { contents: Content[]; referrals: number } {
  const contents = new Map<string, Content>()
  let referrals = 0
  for (const recording of recordings) {
    if (!isSubdomainOf(recording.question.name, SE)) continue
    if (isReferral(recording)) {
      referrals++
      continue
    }
    const key = contentKey(recording)
    contents.set(key, { recording, packets: (contents.get(key)?.packets ?? 0) + 1 })
  }
  return { contents: [...contents.values()], referrals }
}

function contentKey({ question, message }: Recording): string {
  const text = (records: readonly ResourceRecord[]): string =>
    records
      .map(({ owner, type, rdata }) => `${nameKey(owner)} ${type} ${mapKey(rdata)}`)
      .sort()
      .join()
  const head = [nameKey(foldName(question.name)), question.type, message.rcode, message.aa, message.edns?.do]
  return [...head, text(message.answer), text(message.authority)].join('|')
}

/** Servers that give this packet wherever they would answer its question themselves. */
function pinned(inner: Authority, pin: () => Recording | undefined): Authority {
  return (query, transport) => {
    const replies = inner(query, transport)
    const recording = pin()
    const [reply] = replies
    if (recording === undefined || reply === undefined) return replies
    const { questions } = parseMessage(query)
    const { name, type } = recording.question
    if (questions[0]!.type !== type || !namesEqual(questions[0]!.name, name)) return replies
    const said = parseMessage(reply.message)
    if (!said.aa && said.answer.length === 0 && said.authority.some((record) => record.type === TYPE.NS)) {
      return replies
    }
    return [{ message: underQuery(recording, query, transport), delayMs: 0 }]
  }
}

/** The packet as a reply to this query; without the addresses of servers, which are elsewhere now. */
function underQuery({ octets, message }: Recording, query: Uint8Array, transport: Transport): Uint8Array {
  const asked = parseMessage(query)
  if (message.additional.length > 0) {
    const [answer, authority] = [groupRrsets(message.answer), groupRrsets(message.authority)]
    const { rcode, aa: authoritative } = message
    return writeReply(asked, asked, { rcode, authoritative, answer, authority, additional: [] }, transport)
  }
  const end = skipName(query, HEADER_OCTETS) + 4
  const reply = octets.slice()
  reply.set(query.subarray(0, 2))
  reply.set(query.subarray(HEADER_OCTETS, end), HEADER_OCTETS)
  const fits = transport === 'tcp' || reply.length <= Math.max(512, asked.edns?.udpPayloadOctets ?? 0)
  return fits ? reply : truncated(reply)
}

t.test('.se and nic.se', { skip, timeout: 170_000 }, async (t) => {
  for (const occasion of occasions()) await judgeOccasion(t, occasion)
})

async function judgeOccasion(t: Test, { unixSeconds, own, all }: Occasion): Promise<void> {
  const date = new Date(unixSeconds * 1000).toISOString().slice(0, 10)
  let pin: Recording | undefined
  const internet = recordedInternet(all, [127, NETWORK])
  const authorities = new Map([...internet.authorities].map(([at, one]) => [at, pinned(one, () => pin)]))
  const anchors = [
    ...readZone(sharedOctets(ROOT_DS), { path: ROOT_DS, defaultTtlSeconds: 0 }),
    ...nicKeys(all),
  ]
  const folder = await mkdtemp(join(tmpdir(), 'sigill-se-'))
  const [hintsFile, anchorFile] = [join(folder, 'hints.zone'), join(folder, 'anchors')]
  await writeFile(hintsFile, formatZone(internet.rootHints))
  await writeFile(anchorFile, formatZone(anchors))
  const lab = await serveAuthorities(authorities, 53)
  const network = `127.${NETWORK}.200`
  const world = { folder, network, hintsFile, anchorFile, unixSeconds, changing: true } as const
  let judge: RunningServer | undefined
  try {
    judge = await startUnbound(world)
    const tally = new Map<string, number>()
    const differing: string[] = []
    const { contents, referrals } = contentsOf(own)
    const importKey = rememberedKeys()
    for (const { recording, packets } of contents) {
      pin = recording
      const name = formatName(recording.question.name)
      const type = formatType(recording.question.type)
      await forgetAll(world)
      const judged = await ask(judge.server, { name, type, do: true })
      const theirs = verdictOf(judged)
      const engine = makeEngine({
        unixSeconds,
        anchors: anchorsFromRecords(anchors),
        rootHints: hintsOf(internet.rootHints),
        importKey,
        // Names on the way were not asked for when these packets were recorded.
        settings: { qnameMinimisation: 'off' },
        network: (clock) => {
          const simulated = new LabNetwork({ clock })
          for (const [address, authority] of authorities) simulated.attach(address, authority)
          return simulated
        },
      })
      const reply = await engine.ask(name, recording.question.type)
      const failed = reply.status === 'bogus' || reply.rcode === RCODE.SERVFAIL
      const ours: Verdict = failed ? 'SERVFAIL' : reply.authenticated ? 'secure' : 'insecure'
      tally.set(ours, (tally.get(ours) ?? 0) + packets)
      if (ours === theirs) continue
      const why = [reply.reason, reply.ede?.text, 'judge', theirs, ...judged.ede.map(({ text }) => text)]
      differing.push(`${name} ${type} (${packets} packets): ours ${ours} ${why.join(' ')}`)
    }
    const counts = [...tally].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
    t.same(differing, [], `${date}: ${counts} in ${contents.length} contents; ${referrals} referrals`)
  } finally {
    await judge?.process.stop()
    await lab.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The DS of nic.se was not always recorded, so its own keys are anchors, as whoever judged the recordings had it. */
function nicKeys(recordings: readonly Recording[]): ResourceRecord[] {
  const name = nameFrom('nic.se.')
  const keys = recordings.find(({ question, message }) => {
    return question.type === TYPE.DNSKEY && namesEqual(question.name, name) && message.answer.length > 0
  })
  return (keys?.message.answer ?? []).filter(({ type }) => type === TYPE.DNSKEY)
}

function verdictOf({ rcode, ad }: { readonly rcode: string; readonly ad: boolean }): Verdict {
  if (rcode === 'SERVFAIL') return 'SERVFAIL'
  return ad ? 'secure' : 'insecure'
}
