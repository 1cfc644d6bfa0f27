/** What is to be done about a domain that fails: by the operator of the resolver, and by who keeps the zone. */
import { shellName, shellWord } from '../../base/shell-word.ts'
import type { Reason } from '../../dnssec/reasons.ts'
import { isRoot, parentOf } from '../../wire/name.ts'
import { formatName, nameFrom } from '../../wire/name-text.ts'
import { formatDuration } from './duration.ts'
import type { Fault } from './report-data.ts'

/** What is known of a failing domain when somebody has to act. */
export interface Situation {
  readonly domain: string
  /** The one that most answers had. */
  readonly fault: Fault
  /** Distinct clients. */
  readonly clients: number
  readonly failing: 'yes' | 'no' | 'unknown'
  /** Seconds since it was last seen to fail. */
  readonly quietSeconds: number
  /** Who broke it on purpose. */
  readonly knownTest: string | undefined
  /** To whom the zone's SOA record sends mail. */
  readonly contact: string | undefined
  /** Where the fault is this resolver's: what says so. */
  readonly ourFault: string | undefined
  /** Some of its addresses give data that validates. */
  readonly goodServers: number
  readonly badServers: number
}

/** One sentence for the operator of the resolver. */
export function proposedAction(situation: Situation): string {
  const { domain, fault, clients, failing, quietSeconds, knownTest, contact, ourFault, ...servers } =
    situation
  const { goodServers, badServers } = servers
  if (knownTest !== undefined) return `Nothing: ${fault.zone} is broken on purpose (${knownTest}).`
  if (failing === 'no')
    return `Nothing: it validates again, and last failed ${formatDuration(quietSeconds)} ago.`
  if (ourFault !== undefined) return `Blame nobody yet, the fault is here: ${ourFault}`
  const who = contact === undefined ? `the owner of ${fault.zone}` : `the owner of ${fault.zone} (${contact})`
  if (goodServers > 0 && badServers > 0)
    return `Tell ${who} that ${badServers} of ${goodServers + badServers} of its server addresses give wrong data.`
  const told = `Tell ${who} with the text given here`
  if (fault.reason === 'dnskey-unreachable')
    return `See whether the servers of ${fault.zone} answer from elsewhere before you blame them; then ${lower(told)}.`
  const exception = exceptionCommand(fault.zone, 'broken signatures')
  const many = clients === 1 ? 'one client' : `${clients} clients`
  return `${told}; if ${many} cannot wait, add an exception for an hour (${exception}) before ${domain} is enforced for them.`
}

/** What mends it, for who keeps the zone. */
export function fixText({ zone, type, reason }: Fault): string {
  const name = nameFrom(zone)
  const parent = isRoot(name) ? zone : formatName(parentOf(name))
  const fix = FIXES[reason as Reason]
  return fix?.({ zone, type, parent }) ?? `Check ${zone} with \`sigill check ${shellName(zone)}\`.`
}

interface Broken {
  readonly zone: string
  readonly type: string
  /** The name above; the delegation is there or further up. */
  readonly parent: string
}

const FIXES: Partial<Record<Reason, (broken: Broken) => string>> = {
  'signature-missing': ({ zone, type }) =>
    `${zone} is delegated as signed, but its ${type} data comes without RRSIG. Sign the zone and serve the signed one from every server, or have the DS record removed until it is signed.`,
  'signature-expired': ({ zone, type }) =>
    `The signatures over ${type} in ${zone} have run out. Sign the zone again now, see why the signer no longer does so by itself, and see that every secondary has the new zone.`,
  'signature-not-yet-valid': ({ zone, type }) =>
    `The signatures over ${type} in ${zone} begin in the future. Set the clock of the machine that signs, and sign again.`,
  'signature-expired-before-valid': ({ zone, type }) =>
    `The signatures over ${type} in ${zone} end before they begin. Correct the signing policy, and sign again.`,
  'signature-wrong': ({ zone, type }) =>
    `The signatures over ${type} in ${zone} do not fit the data or the published keys. Sign the zone again with the keys that its DNSKEY set holds (a key with the same tag is not the same key), and let nothing change the data afterwards.`,
  'signature-malformed': ({ zone, type }) =>
    `The RRSIG over ${type} in ${zone} cannot be read. Sign the zone again with a signer that writes RFC 4034 3.1.`,
  'dnskey-missing': ({ zone, type, parent }) =>
    type === 'DNSKEY'
      ? `No key that ${zone} publishes is one that its DS records name. Publish that key again, or put the DS record of the present key signing key in place of the old ones in ${parent}, or have them removed until that is done.`
      : `${type} in ${zone} is signed by a key that its DNSKEY set does not hold. Publish that key, or sign with a published one.`,
  'dnskey-unusable': ({ zone }) =>
    `A key of ${zone} is malformed or of a size that nobody can use. Make a new one, sign with it, and have the DS record replaced.`,
  'no-zone-key': ({ zone, parent }) =>
    `The key that the DS record of ${zone} names lacks the Zone Key flag (RFC 4034 2.1.1). Publish it with flags 257 or 256, and renew the DS record in ${parent}.`,
  'key-revoked': ({ zone, parent }) =>
    `The key that the DS record of ${zone} names is revoked (RFC 5011). Have the DS record of the present key signing key published in ${parent}.`,
  'denial-missing': ({ zone, type }) =>
    `${zone} says that there is no ${type} and does not prove it. Serve the NSEC or NSEC3 records with their signatures from every server; a server that knows no DNSSEC must not serve a signed zone.`,
  'denial-wrong': ({ zone, type }) =>
    `The NSEC or NSEC3 records of ${zone} contradict its answer for ${type}. Sign the zone again so that its chain fits its names, and see that no old copy is served.`,
  'wildcard-proof-missing': ({ zone }) =>
    `Answers of ${zone} that a wildcard makes come without the proof that no closer name exists. Serve the NSEC or NSEC3 records beside them (RFC 4035 3.1.3.3).`,
  'cname-wrong': ({ zone }) =>
    `A server of ${zone} gives a CNAME that its DNAME does not make (RFC 6672 2.2). Correct the server, or remove the CNAME from the zone.`,
  'too-much-work': ({ zone }) =>
    `Validating ${zone} takes more work than any resolver allows. Remove keys that share a tag, superfluous signatures, and NSEC3 iterations (RFC 9276).`,
  'dnskey-unreachable': ({ zone }) =>
    `The servers of ${zone} give no DNSKEY. See that they answer DNSKEY by UDP with EDNS and by TCP, at each of their addresses, and that nothing on the way drops large or fragmented datagrams.`,
}

/** The command that has a zone not judged for an hour. */
export function exceptionCommand(zone: string, reason: string): string {
  return `sigill control nta add ${shellName(zone)} --for 1h --reason ${shellWord(reason)}${isTopLevel(zone) ? ' --force' : ''}`
}

function isTopLevel(zone: string): boolean {
  return isRoot(parentOf(nameFrom(zone)))
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
