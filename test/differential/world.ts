/** The lab Internet with its broken zones, and zones whose servers have faults, on port 53 of loopback addresses. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyedHash } from '../../src/base/keyed-hash.ts'
import {
  type Behaviour,
  delayed,
  dropsEdns,
  failing,
  lame,
  lowercasing,
  silent,
  truncated,
  udpOnly,
  wrongIdsFirst,
} from '../../src/lab/behaviours.ts'
import { LAB_ZONES } from '../../src/lab/catalogue.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import type { LabZone, NameServer } from '../../src/lab/lab-zone.ts'
import { type LabServer, serveAuthorities } from '../../src/lab/server.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { skipName } from '../../src/wire/name-reader.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatZone } from '../../src/wire/zone-text.ts'
import type { ResolverWorld } from '../support/resolvers.ts'

/** A running world. */
export interface DifferentialWorld extends ResolverWorld {
  /** The records of every zone, by name. */
  readonly zones: ReadonlyMap<string, readonly ResourceRecord[]>
  close(): Promise<void>
}

const PORT = 53
/** Second octets tried for the addresses of the authorities. */
const NETWORK_FIRST = 77
const NETWORK_COUNT = 20

const HEADER_OCTETS = 12

/** A number below `bound` that depends on the question and on `key`: the same whoever asks, and whenever. */
function questionDraw(query: Uint8Array, key: number, bound: number): number {
  const end = skipName(query, HEADER_OCTETS) + 4
  const question = query
    .slice(HEADER_OCTETS, end)
    .map((octet) => (octet >= 65 && octet <= 90 ? octet + 32 : octet))
  return keyedHash([key, key], question, 0, question.length) % bound
}

/** Never hears some questions, and says of others that TCP is needed. Which ones hangs on the question and on the key. */
function faulty(key: number): Behaviour {
  return (inner) => (query, transport) => {
    const draw = questionDraw(query, key, 8)
    if (transport === 'udp' && draw === 0) return []
    const replies = inner(query, transport)
    if (transport === 'tcp' || draw > 2) return replies
    return replies.map(({ message, delayMs }) => ({ message: truncated(message), delayMs }))
  }
}

const CONTENT = `
www A 192.0.2.80
www AAAA 2001:db8::80
mail MX 10 www
alias CNAME www
gone CNAME none
tree DNAME www.nsec.se.
*.wild A 192.0.2.81
large TXT ${Array.from({ length: 12 }, (_, i) => `"${i} ${'x'.repeat(200)}"`).join(' ')}
`

function faultZone(name: string, about: string, servers: readonly NameServer[], signed = true): LabZone {
  const signing = signed ? { signing: { algorithm: ALGORITHM.ECDSAP256SHA256 } } : {}
  return { name, about, content: CONTENT, servers, questions: [], ...signing }
}

/** Zones whose servers have faults that resolvers live with, or do not. */
export const FAULT_ZONES: readonly LabZone[] = [
  faultZone('lossy.se.', 'each server never hears some questions', [
    { name: 'ns1', behaviour: faulty(1) },
    { name: 'ns2', behaviour: faulty(2) },
    { name: 'ns3', behaviour: faulty(3) },
  ]),
  faultZone('half-lame.se.', 'one server refuses', [{ name: 'ns1', behaviour: lame }, { name: 'ns2' }]),
  faultZone('half-silent.se.', 'one server is silent', [{ name: 'ns1', behaviour: silent }, { name: 'ns2' }]),
  faultZone('half-servfail.se.', 'one server fails', [
    { name: 'ns1', behaviour: failing(RCODE.SERVFAIL) },
    { name: 'ns2' },
  ]),
  faultZone('half-formerr.se.', 'one server calls everything malformed', [
    { name: 'ns1', behaviour: failing(RCODE.FORMERR) },
    { name: 'ns2' },
  ]),
  faultZone('half-notimp.se.', 'one server implements nothing', [
    { name: 'ns1', behaviour: failing(RCODE.NOTIMP) },
    { name: 'ns2' },
  ]),
  faultZone('late.se.', 'answers after 120 ms', [{ name: 'ns', behaviour: delayed(120) }]),
  faultZone('lowercase.se.', 'writes questions back in lower case', [{ name: 'ns', behaviour: lowercasing }]),
  faultZone('forged.se.', 'two wrong ids before each reply', [{ name: 'ns', behaviour: wrongIdsFirst(2) }]),
  faultZone('no-tcp.se.', 'does not listen on TCP', [{ name: 'ns', behaviour: udpOnly }]),
  faultZone('drops-edns.se.', 'loses queries with EDNS', [{ name: 'ns', behaviour: dropsEdns }], false),
  faultZone('one-drops-edns.se.', 'one server loses queries with EDNS', [
    { name: 'ns1', behaviour: dropsEdns },
    { name: 'ns2' },
  ]),
]

/** Starts the authorities and writes the files that resolvers need. */
export async function startWorld(): Promise<DifferentialWorld> {
  const [server, internet, network] = await serve()
  const folder = await mkdtemp(join(tmpdir(), 'sigill-differential-'))
  const [hintsFile, anchorFile] = [join(folder, 'hints.zone'), join(folder, 'root.ds')]
  await writeFile(hintsFile, formatZone(internet.rootHints))
  await writeFile(anchorFile, formatZone(internet.trustAnchors))
  return {
    folder,
    network: `127.${network}.200`,
    hintsFile,
    anchorFile,
    zones: internet.zones,
    close: async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function serve(): Promise<[LabServer, ReturnType<typeof buildInternet>, number]> {
  const zones = [...LAB_ZONES, ...FAULT_ZONES]
  const nowSeconds = Math.floor(Date.now() / 1000)
  for (let network = NETWORK_FIRST; ; network++) {
    const internet = buildInternet({ nowSeconds, zones, network: [127, network] })
    try {
      return [await serveAuthorities(internet.authorities, PORT), internet, network]
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!taken || network === NETWORK_FIRST + NETWORK_COUNT) throw error
    }
  }
}
