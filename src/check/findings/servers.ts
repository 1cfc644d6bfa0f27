/** The servers one by one: are they there, do they have the zone, do they speak UDP and TCP, do they keep to themselves. */
import { octetsEqual } from '../../base/octets.ts'
import { formatRcode, RCODE } from '../../wire/iana/rcode.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import type { Message } from '../../wire/message.ts'
import { namesEqual } from '../../wire/name.ts'
import type { FaultCode } from '../faults.ts'
import { type Finding, finding } from '../finding.ts'
import type { Reply, ServerView, Trial } from '../observations.ts'
import { inMixedCase } from '../server-questions.ts'
import { nameText, serverText, serverTexts } from '../text.ts'
import { apexMessage, messageOf, setOf, type ZoneView } from '../zone-view.ts'

/** A server without authority over the zone, and why. */
interface Useless {
  readonly server: ServerView
  readonly code: FaultCode
  readonly evidence: string
}

/** All servers. */
export function findServers(view: ZoneView): Finding[] {
  if (view.seen.absent !== undefined) return []
  const useless = view.seen.servers
    .filter((server) => !view.working.includes(server) && !view.outOfReach.includes(server))
    .map((server) => whyUseless(server, view))
  if (view.working.length === 0)
    return view.outOfReach.length > 0 && useless.length === 0 ? [] : [noServer(view, useless)]
  const seen = useless.filter(({ server, code }) => code !== 'server-silent' || !isHidden(server, view))
  return [...tellUseless(view, seen), ...transports(view), ...manners(view)]
}

function noServer(view: ZoneView, useless: readonly Useless[]): Finding {
  return finding('no-server-answers', {
    problem: `None of the servers of ${view.name} answers for it.`,
    evidence:
      useless.length === 0
        ? view.seen.nameServers.map(({ name }) => `no address of ${nameText(name)} is known`)
        : useless.map(({ evidence }) => evidence),
    fix:
      useless.length === 0
        ? `Give the name servers of ${view.name} addresses, or have the registrar delegate it to servers that have some.`
        : `Start the servers, load the zone on them and open port 53 for UDP and TCP; or have the registrar delegate ${view.name} to the servers that have it.`,
  })
}

function whyUseless(server: ServerView, view: ZoneView): Useless {
  const replies = [apexMessage(server, view.zone, TYPE.SOA), ...[...server.trials.values()].map(messageOf)]
  const message = replies.find((reply) => reply !== undefined)
  const told = (code: FaultCode, what: string): Useless => {
    return { server, code, evidence: `${serverText(server)}: ${what}` }
  }
  if (message === undefined) {
    const garbled = [...server.trials.values()].find((reply) => reply.kind === 'garbled')
    if (garbled !== undefined) return told('reply-garbled', garbled.fault)
    return told(
      'server-silent',
      `${reasonText(server.trials.get('udp'))} by UDP, ${reasonText(server.trials.get('tcp'))} by TCP`,
    )
  }
  const rcode = formatRcode(message.rcode)
  if (message.rcode === RCODE.REFUSED || message.rcode === RCODE.NOTAUTH)
    return told('server-refuses', `${rcode} for the SOA record`)
  if (message.rcode !== RCODE.NOERROR) return told('server-fails', `${rcode} for the SOA record`)
  return told('server-not-authoritative', withoutAuthority(message, view))
}

function withoutAuthority(message: Message, { zone }: ZoneView): string {
  if (setOf(message.answer, zone, TYPE.SOA) !== undefined) return 'the SOA record without the AA flag'
  const ns = message.authority.find(({ type }) => type === TYPE.NS)
  if (ns === undefined) return 'no SOA record'
  return namesEqual(ns.owner, zone) ? 'a referral to the zone itself' : 'a referral elsewhere'
}

function reasonText(reply: Reply | undefined): string {
  if (reply === undefined || reply.kind !== 'none') return 'nothing of use'
  const texts: Partial<Record<typeof reply.reason, string>> = {
    timeout: 'no reply',
    refused: 'nothing listens',
    unreachable: 'no route',
    'not-asked': 'not asked',
  }
  return texts[reply.reason] ?? reply.reason
}

function isHidden({ endpoint }: ServerView, { seen }: ZoneView): boolean {
  const address = endpoint.address.join()
  return seen.nameServers.some(({ hidden }) => hidden.some((other) => other.join() === address))
}

const USELESS: readonly [FaultCode, problem: string, fix: string][] = [
  [
    'server-silent',
    'do not answer',
    'Start the server, or open its firewall for UDP and TCP port 53; or take it out of the NS set, in the zone and at the registrar.',
  ],
  [
    'server-refuses',
    'refuse to answer for the zone',
    'Configure the zone on the server; or take the server out of the NS set, in the zone and at the registrar.',
  ],
  [
    'server-fails',
    'fail to answer for the zone',
    'Look at the log of the server: a secondary that cannot reach its primary lets the zone expire; mend the transfer (addresses, TSIG key, firewall) and have it fetched anew.',
  ],
  [
    'server-not-authoritative',
    'answer for the zone without being an authority for it',
    'Configure the zone on the server as primary or secondary, not as forwarded or cached; or take the server out of the NS set.',
  ],
  [
    'reply-garbled',
    'send replies that cannot be read',
    'Update the name server software, and look for a middlebox that rewrites DNS on the way.',
  ],
]

function tellUseless(view: ZoneView, useless: readonly Useless[]): Finding[] {
  return USELESS.flatMap(([code, what, fix]) => {
    const these = useless.filter((one) => one.code === code)
    if (these.length === 0) return []
    return [
      finding(code, {
        problem: `Servers of ${view.name} ${what}.`,
        evidence: these.map(({ evidence }) => evidence),
        servers: these.map(({ server }) => serverText(server)),
        fix,
      }),
    ]
  })
}

/** True when the trial brought a message that can be read. */
function answered(server: ServerView, trial: Trial): boolean {
  return server.trials.get(trial)?.kind === 'message'
}

/** True when the name came back in the letters in which it was asked. */
function repeatsLetters(server: ServerView): boolean {
  const name = messageOf(server.trials.get('mixed-case'))?.questions[0]?.name
  return name !== undefined && octetsEqual(name, inMixedCase(name))
}

function transports(view: ZoneView): Finding[] {
  const byUdp = (server: ServerView): boolean => answered(server, 'udp') || answered(server, 'plain')
  const withoutTcp = view.working.filter((server) => answered(server, 'udp') && !answered(server, 'tcp'))
  const withoutUdp = view.working.filter((server) => answered(server, 'tcp') && !byUdp(server))
  const alwaysTruncated = view.working.filter((server) => {
    const message = messageOf(server.trials.get('udp'))
    return message?.tc === true && message.answer.length === 0
  })
  const found: Finding[] = []
  if (withoutTcp.length > 0) {
    found.push(
      finding('tcp-missing', {
        problem: `Servers of ${view.name} do not answer by TCP.`,
        servers: serverTexts(withoutTcp),
        fix: 'Open TCP port 53 in the firewall in front of the server, and have the server listen on it.',
      }),
    )
  }
  if (withoutUdp.length > 0) {
    found.push(
      finding('udp-missing', {
        problem: `Servers of ${view.name} answer by TCP, but not by UDP.`,
        servers: serverTexts(withoutUdp),
        fix: 'Open UDP port 53 in the firewall in front of the server, replies included.',
      }),
    )
  }
  if (alwaysTruncated.length > 0) {
    found.push(
      finding('truncates-everything', {
        problem: `Servers of ${view.name} truncate even small answers by UDP.`,
        evidence: alwaysTruncated.map(
          (server) => `${serverText(server)}: TC in the reply for the SOA record`,
        ),
        servers: serverTexts(alwaysTruncated),
        fix: 'Allow answers of up to 1232 octets by UDP; where rate limiting or protection against floods truncates, except resolvers from it or raise the limit.',
      }),
    )
  }
  return found
}

function manners(view: ZoneView): Finding[] {
  const recursive = view.working.filter((server) => messageOf(server.trials.get('recursion'))?.ra === true)
  const open = view.working.filter(({ transfer }) => {
    const message = messageOf(transfer)
    return message?.rcode === RCODE.NOERROR && message.answer[0]?.type === TYPE.SOA
  })
  const folding = view.working.filter((server) => answered(server, 'udp') && !repeatsLetters(server))
  const found: Finding[] = []
  if (recursive.length > 0) {
    found.push(
      finding('recursion-offered', {
        problem: `Servers of ${view.name} offer to resolve other names for anybody.`,
        evidence: recursive.map((server) => `${serverText(server)}: RA in a reply`),
        servers: serverTexts(recursive),
        fix: 'Switch recursion off on servers that are authorities ("recursion no;" in BIND), and run resolvers apart.',
      }),
    )
  }
  if (open.length > 0) {
    found.push(
      finding('transfer-open', {
        problem: `Servers of ${view.name} give the whole zone to anybody (AXFR).`,
        servers: serverTexts(open),
        fix: 'Allow zone transfers only to the secondaries, by address or TSIG key ("allow-transfer" in BIND, "acl" in Knot DNS, "provide-xfr" in NSD).',
      }),
    )
  }
  if (folding.length > 0) {
    found.push(
      finding('case-changed', {
        problem: `Servers of ${view.name} do not repeat a name in mixed case as it was written.`,
        servers: serverTexts(folding),
        fix: 'Update the name server software, or take away the middlebox that rewrites the question.',
      }),
    )
  }
  return found
}
