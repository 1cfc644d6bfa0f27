/** Ways to make a lab zone faulty in one point and right in all others: what is changed is signed again. */
import { sign as signOctets } from 'node:crypto'
import { concatOctets } from '../../src/base/octets.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { writeNsec } from '../../src/lab/denial-chain.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { deriveKey, KSK_FLAGS, type LabKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { type KeyUse, signRrset } from '../../src/lab/signer.ts'
import { type Defect, missingSignatures, type Selection, type ZonePlan } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { keyTagOf } from '../../src/wire/rdata/dnskey.ts'
import { parseSoa, type Soa, writeSoa } from '../../src/wire/rdata/soa.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../../src/wire/record.ts'
import { freshKeyPair, type KeyPair } from '../support/key-pair.ts'
import { CLOCK, catalogue } from '../support/world.ts'

/** Changes the selected records (or takes them out) and signs what is left of their RRsets again. */
export function changed(
  selection: Selection,
  change: (record: ResourceRecord) => ResourceRecord | undefined,
  key?: LabKey,
): Defect {
  const isChosen = ({ owner, type }: ResourceRecord): boolean =>
    (selection.type === undefined || type === selection.type) &&
    (selection.owner === undefined || namesEqual(owner, selection.owner))
  return (records, plan) => {
    const bare = missingSignatures(selection)(records, plan)
    const kept = bare.flatMap((record) => (isChosen(record) ? (change(record) ?? []) : record))
    const sets = groupRrsets(kept.filter((record) => record.type !== TYPE.RRSIG && isChosen(record)))
    return [...kept, ...sets.flatMap((set) => signaturesFor(set, plan, key))]
  }
}

function signaturesFor(set: Rrset, plan: ZonePlan, given: LabKey | undefined): ResourceRecord[] {
  const { owner, class: recordClass, ttlSeconds } = set
  const { keys, span } = plan.signing!
  const isKeySet = set.type === TYPE.DNSKEY
  const signing = keys.filter((use) => (isKeySet ? use.signsKeys : use.signsZone)).map(({ key }) => key)
  return (given === undefined ? signing : [given]).map((key) => ({
    owner,
    type: TYPE.RRSIG,
    class: recordClass,
    ttlSeconds,
    rdata: signRrset(set, { key, signer: plan.apex, span }),
  }))
}

/** The SOA record with other numbers. */
export function soaWith(change: Partial<Soa>): Defect {
  return changed({ type: TYPE.SOA }, (record) => ({
    ...record,
    rdata: writeSoa({ ...parseSoa(record.rdata)!, ...change }),
  }))
}

/** Another TTL, signed. */
export function signedTtl(selection: Selection, ttlSeconds: number): Defect {
  return changed(selection, (record) => ({ ...record, ttlSeconds }))
}

/** Takes records out of a zone that nobody signs there: delegations and glue. */
export function unsignedWithout(owner: string, type: number, target?: string): Defect {
  return (records) =>
    records.filter(
      (record) =>
        record.type !== type ||
        formatName(record.owner) !== owner ||
        (target !== undefined && formatName(record.rdata as Name) !== target),
    )
}

/** The server has another version of the zone. */
export function serving(zone: LabZone): Behaviour {
  const { authorities } = buildInternet({ nowSeconds: CLOCK, zones: catalogue([zone]), network: [127, 99] })
  // The root and `test.` come first in the catalogue.
  const authority = authorities.get('127.99.0.3')!
  return () => authority
}

/** NSEC records of one's own making in place of those of answers that `applies` chooses. */
export function otherProof(
  plan: ZonePlan,
  applies: (answer: Parameters<Rewrite>[0]) => boolean,
  make: (name: Name, type: number) => { readonly owner: Name; readonly types: readonly number[] },
): Rewrite {
  return (answer, question, zone) => {
    const soa = zone?.rrset(plan.apex, TYPE.SOA)
    if (soa === undefined || !question.dnssec || !answer.authoritative || !applies(answer)) return answer
    const { owner, types } = make(question.name, question.type)
    const nsec: Rrset = {
      ...soa,
      owner,
      type: TYPE.NSEC,
      rdatas: [writeNsec(plan.apex, [...types, TYPE.NSEC, TYPE.RRSIG])],
      signatures: [],
    }
    return {
      ...answer,
      authority: [...answer.authority.filter(({ type }) => type === TYPE.SOA), signedAnew(nsec, plan)],
    }
  }
}

/** An RRset with the one signature of the zone's key. */
export function signedAnew(set: Rrset, { apex, signing }: ZonePlan): Rrset {
  const { key } = signing!.keys.find((use) => use.signsZone)!
  return { ...set, signatures: [signRrset(set, { key, signer: apex, span: signing!.span })] }
}

/** Takes the proofs out of the answers that `applies` chooses. */
export function withoutProof(applies: (answer: Parameters<Rewrite>[0]) => boolean): Rewrite {
  return (answer) =>
    applies(answer)
      ? {
          ...answer,
          authority: answer.authority.filter(({ type }) => type !== TYPE.NSEC && type !== TYPE.NSEC3),
        }
      : answer
}

// --- keys ---------------------------------------------------------------------------------------------------------

const HASHES: Readonly<Record<number, string>> = {
  [ALGORITHM.RSASHA1]: 'sha1',
  [ALGORITHM.RSASHA256]: 'sha256',
  [ALGORITHM.RSASHA512]: 'sha512',
}

let pair: KeyPair | undefined

/** A key of 2048 bits, as signers make them; the lab's own are shorter. All have one modulus. */
export function rsaKey(algorithm: number, flags: number = KSK_FLAGS): LabKey {
  pair ??= freshKeyPair(2048)
  const { publicKey, privateKey } = pair
  const { n = '' } = publicKey.export({ format: 'jwk' })
  const dnskey = concatOctets(
    Uint8Array.of(flags >> 8, flags & 0xff, 3, algorithm, 3, 1, 0, 1),
    Buffer.from(n, 'base64url'),
  )
  const sign = (data: Uint8Array): Uint8Array => signOctets(HASHES[algorithm]!, data, privateKey)
  return { algorithm, flags, dnskey, keyTag: keyTagOf(dnskey), sign }
}

/** One such key for everything. */
export function rsaKeys(_zone: string, algorithm: number): KeyUse[] {
  return [{ key: rsaKey(algorithm), published: true, signsKeys: true, signsZone: true }]
}

/** A key that is published and signs nothing. */
export function standby(label: string, algorithm: number, flags: number = ZSK_FLAGS): KeyUse {
  const key = deriveKey(`${label} standby`, algorithm, flags)
  return { key, published: true, signsKeys: false, signsZone: false }
}
