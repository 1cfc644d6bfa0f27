/** Proofs that something does not exist: a missing name, a missing type, a wildcard (RFC 4035 5.4, RFC 5155 8). */
import {
  type DenialRecord,
  type DenialVerdict,
  proveNameError,
  proveNoData,
  proveWildcardAnswer,
} from '../../dnssec/denial.ts'
import { signedLabelCount } from '../../dnssec/signed-data.ts'
import { RCODE } from '../../wire/iana/rcode.ts'
import { formatType, TYPE } from '../../wire/iana/rrtype.ts'
import type { Message } from '../../wire/message.ts'
import { isStrictSubdomainOf, isSubdomainOf, lastLabels, type Name, namesEqual } from '../../wire/name.ts'
import { parseNsec } from '../../wire/rdata/nsec.ts'
import { bitmapHas } from '../../wire/rdata/type-bitmap.ts'
import { groupRrsets, type Rrset } from '../../wire/record.ts'
import type { FaultCode } from '../faults.ts'
import { type Finding, finding } from '../finding.ts'
import { signaturesOf } from '../judged.ts'
import type { DataReply, ServerView } from '../observations.ts'
import { nameText, serverTexts } from '../text.ts'
import { apexSet, messageOf, type ZoneView } from '../zone-view.ts'

type Kind = 'name' | 'type' | 'wildcard'

interface Failed {
  readonly code: FaultCode
  readonly server: ServerView
  readonly detail: string
}

const CODES: Readonly<Record<Kind, { readonly missing: FaultCode; readonly wrong: FaultCode }>> = {
  name: { missing: 'name-denial-missing', wrong: 'name-denial-wrong' },
  type: { missing: 'type-denial-missing', wrong: 'type-denial-wrong' },
  wildcard: { missing: 'wildcard-proof-missing', wrong: 'wildcard-proof-wrong' },
}

const PROBLEMS: readonly [FaultCode, string][] = [
  ['name-denial-missing', 'gives no proof that a missing name does not exist'],
  ['name-denial-wrong', 'gives a wrong proof that a missing name does not exist'],
  ['type-denial-missing', 'gives no proof that a name lacks a type'],
  ['type-denial-wrong', 'gives a wrong proof that a name lacks a type'],
  ['wildcard-proof-missing', 'does not prove that its wildcard may answer'],
  ['wildcard-proof-wrong', 'gives a wrong proof that its wildcard may answer'],
]

const FIX =
  'Sign the zone again so that its NSEC or NSEC3 chain is made anew; see that every server has the signed zone, runs software that knows the proofs of its kind, and that nothing in front of it takes records out of answers.'

/** Proofs of all servers. */
export function findDenial(view: ZoneView): Finding[] {
  if (view.keys.length === 0) return [...deniedAncestors(view)]
  const failed = view.speaking.flatMap((server) =>
    server.data.flatMap((asked) => failureOf(server, asked, view)),
  )
  const proofs = PROBLEMS.flatMap(([code, problem]) => {
    const these = failed.filter((one) => one.code === code)
    if (these.length === 0) return []
    const servers = [...new Set(these.map(({ server }) => server))]
    return [
      finding(code, {
        problem: `${view.name} ${problem}.`,
        evidence: these.map(({ detail }) => detail),
        servers: servers.length === view.speaking.length ? [] : serverTexts(servers),
        fix: FIX,
      }),
    ]
  })
  return [...proofs, ...lyingBitmaps(view), ...deniedAncestors(view)]
}

/** What one reply had to prove and did not. Signatures are judged elsewhere. */
function failureOf(server: ServerView, asked: DataReply, view: ZoneView): Failed[] {
  const message = messageOf(asked.reply)
  if (message?.aa !== true || !isSubdomainOf(asked.name, view.zone)) return []
  // A name between is judged by what lies below it.
  if (asked.about === 'ancestor' && message.rcode === RCODE.NXDOMAIN) return []
  const proof = provenBy(message, asked, view)
  if (proof === undefined || proof.verdict.status !== 'bogus') return []
  const { reason, detail } = proof.verdict
  if (reason === 'too-much-work') return []
  const code = CODES[proof.kind][reason === 'denial-wrong' ? 'wrong' : 'missing']
  return [{ code, server, detail }]
}

function provenBy(
  message: Message,
  { name, type }: DataReply,
  view: ZoneView,
): { readonly kind: Kind; readonly verdict: DenialVerdict } | undefined {
  const { zone, parameters } = view
  const proofs = denialRecords(message, zone)
  if (message.rcode === RCODE.NXDOMAIN && message.answer.length === 0)
    return { kind: 'name', verdict: proveNameError(name, zone, proofs, parameters) }
  if (message.rcode !== RCODE.NOERROR) return undefined
  if (message.answer.length === 0) {
    const isDelegated = message.authority.some(
      (record) => record.type === TYPE.NS && isStrictSubdomainOf(record.owner, zone),
    )
    return isDelegated
      ? undefined
      : { kind: 'type', verdict: proveNoData(name, type, zone, proofs, parameters) }
  }
  const expanded = groupRrsets(message.answer).find((set) => wildcardOf(set, zone) !== undefined)
  const encloser = expanded && wildcardOf(expanded, zone)
  if (expanded === undefined || encloser === undefined) return undefined
  return {
    kind: 'wildcard',
    verdict: proveWildcardAnswer(expanded.owner, encloser, zone, proofs, parameters),
  }
}

/** The closest encloser, where an RRset was made from a wildcard (RFC 4035 5.3.4). */
function wildcardOf(set: Rrset, zone: Name): Name | undefined {
  const labels = signaturesOf(set, zone)[0]?.labels
  return labels === undefined || labels >= signedLabelCount(set.owner)
    ? undefined
    : lastLabels(set.owner, labels)
}

function denialRecords({ authority }: Message, zone: Name): DenialRecord[] {
  return groupRrsets(authority)
    .filter(({ type, owner }) => (type === TYPE.NSEC || type === TYPE.NSEC3) && isSubdomainOf(owner, zone))
    .map((rrset) => ({ rrset, wildcard: wildcardOf(rrset, zone) }))
}

/** An NSEC at the apex without the bit of a type that the apex has. */
function lyingBitmaps(view: ZoneView): Finding[] {
  const lies = view.speaking.flatMap((server) => {
    const sets = server.data.flatMap(({ reply }) => groupRrsets(messageOf(reply)?.authority ?? []))
    const nsec = sets.find((set) => set.type === TYPE.NSEC && namesEqual(set.owner, view.zone))
    const types = nsec && parseNsec(nsec.rdatas[0]!)?.types
    if (types === undefined || bitmapHas(types, TYPE.NXNAME)) return []
    const present = APEX_TYPES.filter((type) => apexSet(server, view.zone, type) !== undefined)
    // RFC 9824 3: who makes the record for the question may leave the others out, but never SOA and NS.
    return present
      .filter((type) => !bitmapHas(types, type))
      .map((type) => ({
        server,
        detail: `the NSEC of ${view.name} does not have ${formatType(type)}, which is there`,
      }))
  })
  if (lies.length === 0) return []
  const servers = [...new Set(lies.map(({ server }) => server))]
  return [
    finding('bitmap-denies-type', {
      problem: `The NSEC record of ${view.name} denies types that are there.`,
      evidence: lies.map(({ detail }) => detail),
      servers: servers.length === view.speaking.length ? [] : serverTexts(servers),
      fix: FIX,
    }),
  ]
}

const APEX_TYPES = [TYPE.SOA, TYPE.NS, TYPE.DNSKEY, TYPE.A, TYPE.AAAA, TYPE.MX]

/** NXDOMAIN for a name that has something below it. */
function deniedAncestors(view: ZoneView): Finding[] {
  const { domain } = view.seen
  const denying = view.working.filter((server) => {
    const above = server.data.find(({ about }) => about === 'ancestor')
    const isDenied = messageOf(above?.reply)?.rcode === RCODE.NXDOMAIN
    const exists = server.data.some(({ name, reply }) => {
      const message = messageOf(reply)
      return namesEqual(name, domain) && message?.rcode === RCODE.NOERROR && message.answer.length > 0
    })
    return isDenied && exists
  })
  const above = view.working.flatMap(({ data }) => data).find(({ about }) => about === 'ancestor')
  if (denying.length === 0 || above === undefined) return []
  return [
    finding('empty-non-terminal-denied', {
      problem: `Servers of ${view.name} say that ${nameText(above.name)} does not exist, although ${nameText(domain)} below it does.`,
      evidence: [`${nameText(above.name)} ${formatType(above.type)}: NXDOMAIN`],
      servers: serverTexts(denying),
      fix: 'Update the name server software: a name with something below it exists, and is answered with NOERROR and no data (RFC 4592 2.2.2).',
    }),
  ]
}
