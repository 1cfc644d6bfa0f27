/** From observations to findings: pure, and the same whenever it is asked again. */
import { shellName } from '../base/shell-word.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { FaultCode, Severity } from './faults.ts'
import { type Finding, finding } from './finding.ts'
import { findAbove, findOurselves } from './findings/above.ts'
import { findCds } from './findings/cds.ts'
import { findDelegation } from './findings/delegation.ts'
import { findDenial } from './findings/denial.ts'
import { findEdns } from './findings/edns.ts'
import { findKeys } from './findings/keys.ts'
import { findLifetimes } from './findings/lifetimes.ts'
import { findNsec3 } from './findings/nsec3.ts'
import { findServers } from './findings/servers.ts'
import { findSignatures } from './findings/signatures.ts'
import { findSoa } from './findings/soa.ts'
import { findTrust } from './findings/trust.ts'
import { judgeRrsets } from './judged.ts'
import type { Observations } from './observations.ts'
import { nameText } from './text.ts'
import { messageOf, type Verifiable, viewZone, type ZoneView } from './zone-view.ts'

/** Faults that follow from another one and are not told beside it: mending that mends them. */
const CONSEQUENCES: readonly (readonly [cause: FaultCode, ...effects: FaultCode[]])[] = [
  ['ds-key-revoked', 'signature-key-unfit'],
  ['ds-key-no-zone-key', 'signature-key-unfit', 'ds-key-not-sep'],
  ['dnskey-unusable', 'ds-key-not-signing'],
  ['algorithm-unknown', 'ds-unsupported', 'signature-missing', 'algorithm-incomplete'],
  ['algorithm-forbidden', 'ds-unsupported', 'signature-missing', 'algorithm-incomplete'],
  ['nsec3-hash-unknown', 'name-denial-wrong', 'type-denial-wrong', 'wildcard-proof-wrong'],
  ['nsec3-hash-unknown', 'name-denial-missing', 'type-denial-missing', 'wildcard-proof-missing'],
  ['signature-expired', 'signatures-expire-together', 'signature-expiring'],
  ['signature-expiring', 'signatures-expire-together'],
  ['dnskey-differs', 'cds-differs'],
  ['no-server-answers', 'single-server', 'ns-without-address'],
  ['chain-above-broken', 'ds-missing', 'not-signed'],
]

const GRAVITY: Readonly<Record<Severity, number>> = { error: 0, warning: 1, notice: 2 }

/** Everything that is wrong, the gravest first. */
export function judge(seen: Observations, verifiable: Verifiable): Finding[] {
  const view = viewZone(seen, verifiable)
  // Through a resolver that fails everything looks broken.
  const ourselves = findOurselves(view)
  if (ourselves.length > 0) return ourselves
  const judged = judgeRrsets(view)
  const found = [
    ...findAbove(view),
    ...findTrust(view),
    ...findKeys(view),
    ...findSignatures(view, judged),
    ...findDenial(view),
    ...findNsec3(view),
    ...findLifetimes(view, judged),
    ...findCds(view),
    ...findServers(view),
    ...findEdns(view),
    ...findSoa(view),
    ...findDelegation(view),
  ]
  const explained = found.some(({ severity }) => severity === 'error')
  const rest = explained ? [] : failingDomain(view)
  const causes = withoutConsequences([...found, ...rest, ...incomplete(view)])
  return causes.sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity])
}

function withoutConsequences(found: readonly Finding[]): Finding[] {
  const codes = new Set(found.map(({ code }) => code))
  const explained = new Set(CONSEQUENCES.flatMap(([cause, ...effects]) => (codes.has(cause) ? effects : [])))
  return found.filter(({ code }) => !explained.has(code))
}

/** The zone is in order, and the name fails all the same: behind an alias, or only at names that were not looked at. */
function failingDomain({ seen, working }: ZoneView): Finding[] {
  const { domain, verdicts } = seen
  const { status, rcode, reason, detail } = verdicts.domain
  if (status !== 'bogus' && rcode !== RCODE.SERVFAIL) return []
  const name = nameText(domain)
  const answers = working.flatMap(({ data }) => data.flatMap(({ reply }) => messageOf(reply)?.answer ?? []))
  const alias = answers.find(({ owner, type }) => type === TYPE.CNAME && namesEqual(owner, domain))
  const target = alias && targetName(alias.rdata)
  return [
    finding('domain-fails', {
      problem: `${name} does not resolve here, although nothing is wrong with its zone${target === undefined ? '' : `: it is an alias of ${nameText(target)}`}.`,
      evidence: [detail === '' ? reason : `${reason}: ${detail}`],
      fix: `Check the name where it fails: ${target === undefined ? `\`sigill lookup ${shellName(formatName(domain))} --trace\` shows it` : `\`sigill check ${shellName(formatName(target))}\``}.`,
    }),
  ]
}

/** What was left out must not look like health. */
function incomplete({ seen, parameters, outOfReach }: ZoneView): Finding[] {
  const { exceeded } = parameters.budget
  if (seen.unasked === 0 && exceeded === undefined && outOfReach.length === 0) return []
  const evidence = [
    ...(outOfReach.length === 0
      ? []
      : [`IPv6 addresses were not asked (${outOfReach.length}): no way leads to them from here`]),
    ...(seen.unasked === 0
      ? []
      : [
          `${seen.unasked} questions were not asked: the check had used up its time or its number of questions`,
        ]),
    ...(exceeded === undefined ? [] : [`signatures or proofs were not tried: limit ${exceeded}`]),
  ]
  return [
    finding('check-incomplete', {
      problem: 'Not everything was looked at.',
      evidence,
      fix: 'Mend what was found and check again; servers that do not answer cost most of the time. Check from a machine with IPv6, or set resolution.ipv6 to false where there is none.',
    }),
  ]
}
