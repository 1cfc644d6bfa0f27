/** Signed records used for what they do not say: ranges that leave their zone, wildcards for names that exist. */
import type { Rewrite } from '../../src/lab/authority.ts'
import { writeNsec } from '../../src/lab/denial-chain.ts'
import { signRrset } from '../../src/lab/signer.ts'
import type { ZonePlan } from '../../src/lab/zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { WWW } from '../support/world.ts'

/** A range that leaves the zone, signed by its own key. */
export function rangeOutOf(plan: ZonePlan, owner: string, next: string): Rrset {
  const soa = plan.records.find(({ type }) => type === TYPE.SOA)!
  const rdatas = [writeNsec(nameFrom(next), [TYPE.A, TYPE.RRSIG, TYPE.NSEC])]
  const nsec: Rrset = { ...soa, owner: nameFrom(owner), type: TYPE.NSEC, rdatas, signatures: [] }
  const { key } = plan.signing!.keys.find((use) => use.signsZone)!
  return { ...nsec, signatures: [signRrset(nsec, { key, signer: plan.apex, span: plan.signing!.span })] }
}

/** Wildcards, and names beside them that exist. */
export const WILD: string = `${WWW}*.wild A 192.0.2.66\n*.alias CNAME www\nhost.wild A 192.0.2.82\nhost.alias A 192.0.2.83\nlast A 192.0.2.84\n`

/** Answers for `victim` with what the wildcard beside it would give, and with these proofs. */
export function replayed(victim: string, wildcard: string, ...proofs: string[]): Rewrite {
  return (answer, question, served) => {
    const source = served?.rrset(nameFrom(wildcard), TYPE.A) ?? served?.rrset(nameFrom(wildcard), TYPE.CNAME)
    if (served === undefined || source === undefined || !namesEqual(question.name, nameFrom(victim)))
      return answer
    const authority = proofs.map((name) => served.nsecFor(nameFrom(name))!)
    return { ...answer, rcode: RCODE.NOERROR, answer: [{ ...source, owner: nameFrom(victim) }], authority }
  }
}
