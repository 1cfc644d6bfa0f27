/** EDNS as servers do it, and the sizes of what they send. */
import { UDP_PAYLOAD_OCTETS } from '../../base/limits.ts'
import { formatRcode, RCODE } from '../../wire/iana/rcode.ts'
import type { Message } from '../../wire/message.ts'
import type { FaultCode } from '../faults.ts'
import { type Finding, finding } from '../finding.ts'
import type { ServerView, Trial } from '../observations.ts'
import { serverText, serverTexts } from '../text.ts'
import { messageOf, type ZoneView } from '../zone-view.ts'

/** All working servers. */
export function findEdns(view: ZoneView): Finding[] {
  const faults = view.working.map((server) => ({ server, fault: ednsFault(server) }))
  const whole = faults.filter(({ fault }) => fault === undefined).map(({ server }) => server)
  return [
    ...KINDS.flatMap(([code, what]) => {
      const these = faults.filter(({ fault }) => fault === code).map(({ server }) => server)
      return these.length === 0 ? [] : [withoutEdns(view, code, what, these)]
    }),
    ...details(view, whole),
    ...sizes(view),
  ]
}

const KINDS: readonly [FaultCode, string][] = [
  ['edns-rejected', 'call a question with EDNS malformed'],
  ['edns-ignored', 'answer as if they did not know EDNS'],
  ['edns-dropped', 'do not answer a question with EDNS'],
]

function ednsFault(server: ServerView): FaultCode | undefined {
  // A truncated reply may lack OPT for want of room.
  const reply = wholeReply(server, 'udp') ?? wholeReply(server, 'tcp')
  const plain = messageOf(server.trials.get('plain'))
  if (reply === undefined) return plain === undefined ? undefined : 'edns-dropped'
  if (reply.edns !== undefined) return undefined
  const rejects = reply.rcode === RCODE.FORMERR || reply.rcode === RCODE.NOTIMP
  return rejects ? 'edns-rejected' : 'edns-ignored'
}

function wholeReply(server: ServerView, trial: Trial): Message | undefined {
  const message = messageOf(server.trials.get(trial))
  return message?.tc === true ? undefined : message
}

function withoutEdns(view: ZoneView, code: FaultCode, what: string, servers: readonly ServerView[]): Finding {
  const isSigned = view.ds !== undefined || view.keys.length > 0
  return finding(code, {
    // What cannot carry signatures harms only who has some.
    severity: isSigned ? 'error' : 'warning',
    problem: `Servers of ${view.name} ${what}.`,
    servers: serverTexts(servers),
    fix: 'Update the name server software, or take away the firewall that meddles with DNS: EDNS has been required for DNSSEC since 2005.',
  })
}

function details(view: ZoneView, servers: readonly ServerView[]): Finding[] {
  const tell = (
    code: FaultCode,
    trial: 'edns-version' | 'edns-option' | 'edns-flags',
    problem: string,
    fix: string,
    isRight: (server: ServerView) => boolean,
  ): Finding[] => {
    const wrong = servers.filter((server) => wholeReply(server, 'udp') !== undefined && !isRight(server))
    if (wrong.length === 0) return []
    const outcome = (server: ServerView): string => {
      const message = messageOf(server.trials.get(trial))
      return `${serverText(server)}: ${message === undefined ? 'no reply' : formatRcode(message.rcode)}`
    }
    const names = serverTexts(wrong)
    return [finding(code, { problem, fix, servers: names, evidence: wrong.map(outcome) })]
  }
  const update = 'Update the name server software, or the firewall in front of it.'
  return [
    ...tell(
      'edns-version',
      'edns-version',
      `Servers of ${view.name} do not answer EDNS version 1 with BADVERS.`,
      update,
      (server) => messageOf(server.trials.get('edns-version'))?.rcode === RCODE.BADVERS,
    ),
    ...tell(
      'edns-option',
      'edns-option',
      `Servers of ${view.name} do not pass over an EDNS option that they do not know.`,
      update,
      (server) => messageOf(server.trials.get('edns-option'))?.rcode === RCODE.NOERROR,
    ),
    ...tell(
      'edns-flags',
      'edns-flags',
      `Servers of ${view.name} do not pass over an EDNS flag that they do not know, or send it back.`,
      update,
      (server) => {
        const message = messageOf(server.trials.get('edns-flags'))
        return message?.rcode === RCODE.NOERROR && message.edns?.flags === 0
      },
    ),
  ]
}

/** What was sent for the DNSKEY set by UDP, at each size offered. */
function sizes(view: ZoneView): Finding[] {
  const found: Finding[] = []
  const replies = view.working.flatMap((server) =>
    server.sizes.flatMap(({ offeredOctets, reply }) =>
      reply.kind === 'message'
        ? [{ server, offeredOctets, octets: reply.octets, message: reply.message }]
        : [],
    ),
  )
  const line = ({ server, offeredOctets, octets }: (typeof replies)[number]): string =>
    `${serverText(server)}: ${octets} octets where ${offeredOctets} were offered`
  const oversize = replies.filter(({ offeredOctets, octets }) => octets > offeredOctets)
  if (oversize.length > 0) {
    found.push(
      finding('udp-oversize', {
        problem: `Servers of ${view.name} send more octets by UDP than they were offered.`,
        evidence: oversize.map(line),
        servers: [...new Set(oversize.map(({ server }) => serverText(server)))],
        fix: 'Update the name server software: a reply that does not fit is to be truncated, with TC set.',
      }),
    )
    return found
  }
  const fragments = replies.filter(({ octets }) => octets > UDP_PAYLOAD_OCTETS)
  if (fragments.length > 0) {
    found.push(
      finding('udp-fragments', {
        problem: `Servers of ${view.name} send datagrams of more than ${UDP_PAYLOAD_OCTETS} octets.`,
        evidence: fragments.map(line),
        servers: [...new Set(fragments.map(({ server }) => serverText(server)))],
        fix: `Set the largest UDP answer to ${UDP_PAYLOAD_OCTETS} octets ("max-udp-size" in BIND, "udp-max-payload" in Knot DNS, "ipv4-edns-size" and "ipv6-edns-size" in NSD).`,
      }),
    )
    return found
  }
  return [...found, ...largeKeys(view, replies)]
}

function largeKeys(
  view: ZoneView,
  replies: readonly {
    readonly server: ServerView
    readonly offeredOctets: number
    readonly message: { readonly tc: boolean }
  }[],
): Finding[] {
  const truncated = replies.filter(
    ({ offeredOctets, message }) => offeredOctets === UDP_PAYLOAD_OCTETS && message.tc,
  )
  const someFit = view.working.some((server) => messageOf(server.trials.get('udp'))?.tc === false)
  if (truncated.length === 0 || !someFit || view.keys.length === 0) return []
  // Who truncates everything does not say anything of the keys.
  const telling = truncated.filter(({ server }) => messageOf(server.trials.get('udp'))?.tc === false)
  if (telling.length === 0) return []
  return [
    finding('dnskey-large', {
      problem: `The DNSKEY answer of ${view.name} does not fit into ${UDP_PAYLOAD_OCTETS} octets.`,
      evidence: view.keys.map((key) => `key tag ${key.keyTag}: ${key.rdata.length} octets`),
      fix: 'Use ECDSA P-256 (algorithm 13) or Ed25519 (algorithm 15), take away keys that are no longer used, and sign the DNSKEY set with the key-signing key alone.',
    }),
  ]
}
