/** Signatures that prove nothing, by what is wrong with them (RFC 4035 5.3). */
import type { Reason } from '../../dnssec/reasons.ts'
import type { BogusRrset } from '../../dnssec/rrset-signature.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { isRoot } from '../../wire/name.ts'
import { EVERYTHING_FAILS, type FaultCode } from '../faults.ts'
import { type Finding, finding } from '../finding.ts'
import { type Judged, signaturesOf } from '../judged.ts'
import { nameText, rrsetText, serverTexts, waitText } from '../text.ts'
import type { ZoneView } from '../zone-view.ts'

type Broken = Judged & { readonly verdict: BogusRrset }

/** How each fault is told: what is wrong, and how it is mended. */
const KINDS: Partial<Record<FaultCode, { readonly problem: string; fix(view: ZoneView): string }>> = {
  'signature-expired': {
    problem: 'Signatures have expired',
    fix: (view) =>
      `Sign the zone again now${resign(view)}, raise the serial, and find out why the signer stopped. ${wayOut(view)}`,
  },
  'signature-not-yet-valid': {
    problem: 'Signatures are not valid yet',
    fix: (view) =>
      `Set the clock of the signer (or wait until they become valid), and sign the zone again${resign(view)}. If other zones look the same from here, it is the clock of this machine that is wrong. ${wayOut(view)}`,
  },
  'signature-inverted': {
    problem: 'Signatures expire before they become valid',
    fix: (view) =>
      `Correct the validity in the configuration of the signer, and sign the zone again${resign(view)}.`,
  },
  'signature-missing': {
    problem: 'Records are not signed',
    fix: (view) =>
      `Sign the zone again${resign(view)}. If only some servers are concerned, they have an unsigned copy, or something in front of them strips signatures: have them transfer the zone from the signer. ${wayOut(view)}`,
  },
  'signature-wrong': {
    problem: 'Signatures do not match the data',
    fix: (view) =>
      `The records were changed after they were signed, or signed with another key of the same tag: sign the zone again with the published keys${resign(view)}. ${wayOut(view)}`,
  },
  'signature-key-missing': {
    problem: 'Signatures are by keys that the zone does not publish',
    fix: (view) =>
      `Put the keys back into the DNSKEY set, or sign again with keys that are in it${resign(view)}. In a key roll a key stays published for one TTL after its last signature is gone${ttlOfKeys(view)}.`,
  },
  'signature-key-unfit': {
    problem: 'Signatures are by keys that may not sign',
    fix: (view) =>
      `Sign the zone with a key of flags 256 or 257, protocol 3, that is not revoked${resign(view)}.`,
  },
  'signature-foreign': {
    problem: 'Signatures are in the name of another zone',
    fix: (view) => `Sign the records with the keys and in the name of ${view.name}${resign(view)}.`,
  },
  'signature-malformed': {
    problem: 'Signature records are malformed',
    fix: (view) => `Update the signer, and sign the zone again${resign(view)}.`,
  },
  'dnskey-unusable': {
    problem: 'Signatures are by keys that cannot be used',
    fix: () => 'Make new keys with the signer, publish them, and sign the zone with them.',
  },
}

const CODES: Partial<Record<Reason, FaultCode>> = {
  'signature-expired': 'signature-expired',
  'signature-not-yet-valid': 'signature-not-yet-valid',
  'signature-expired-before-valid': 'signature-inverted',
  'signature-missing': 'signature-missing',
  'signature-wrong': 'signature-wrong',
  'signature-malformed': 'signature-malformed',
  'dnskey-missing': 'signature-key-missing',
  'dnskey-unusable': 'dnskey-unusable',
  'no-zone-key': 'signature-key-unfit',
  'key-revoked': 'signature-key-unfit',
}

/** Everything that does not verify, one finding a fault. */
export function findSignatures(view: ZoneView, judged: readonly Judged[]): Finding[] {
  const broken = judged.filter((one): one is Broken => one.verdict.status === 'bogus')
  return Object.entries(KINDS).flatMap(([code, kind]) => {
    const these = broken.filter((one) => codeOf(one, view) === code)
    if (these.length === 0) return []
    const servers = [...new Set(these.map(({ server }) => server))]
    const isEverywhere = servers.length === view.speaking.length
    const names = [...new Set(these.map(({ rrset }) => rrsetText(rrset)))]
    return [
      finding(code as FaultCode, {
        ...(these.some(({ rrset }) => rrset.type === TYPE.DNSKEY) ? { impact: EVERYTHING_FAILS } : {}),
        problem: `${kind.problem} in ${view.name}: ${names.slice(0, NAMES_TOLD_MAX).join(', ')}${names.length > NAMES_TOLD_MAX ? ' and others' : ''}.`,
        evidence: these.map(({ verdict }) => verdict.detail),
        servers: isEverywhere ? [] : serverTexts(servers),
        fix: kind.fix(view),
      }),
    ]
  })
}

/** RRsets named in the sentence; the evidence has more. */
const NAMES_TOLD_MAX = 4

function codeOf({ verdict, rrset }: Broken, { zone }: ZoneView): FaultCode | undefined {
  // A signature by another zone counts as none, but is a fault of its own.
  const isForeign = rrset.signatures.length > 0 && signaturesOf(rrset, zone).length === 0
  return verdict.reason === 'signature-missing' && isForeign ? 'signature-foreign' : CODES[verdict.reason]
}

function resign({ zone }: ZoneView): string {
  const name = isRoot(zone) ? '.' : nameText(zone)
  return ` (BIND: "rndc sign ${name}"; Knot DNS: "knotc zone-sign ${name}"; elsewhere run the signer)`
}

/** What helps when the signer cannot be mended soon. */
function wayOut({ ds, name }: ZoneView): string {
  if (ds === undefined) return ''
  return `If that cannot be done soon, have the registrar take the DS records of ${name} away: the zone works unsigned ${waitText(ds.ttlSeconds)} later.`
}

function ttlOfKeys({ keySets }: ZoneView): string {
  const ttlSeconds = keySets[0]?.rrset.ttlSeconds
  return ttlSeconds === undefined ? '' : `, here ${waitText(ttlSeconds)}`
}
