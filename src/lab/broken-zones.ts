/** Zones of the lab Internet that are broken or attacked, each in one way, with the error that a resolver must name. */
import { concatOctets } from '../base/octets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Name } from '../wire/name.ts'
import { nameFrom } from '../wire/name-text.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import { failing, ignoresEdns, lame, silent } from './behaviours.ts'
import { writeNsec } from './denial-chain.ts'
import { bogus, type Expectation, failed, NAME_ERROR, secure, unchecked } from './expectation.ts'
import {
  asRevoked,
  deriveCollidingKeys,
  deriveKey,
  KSK_FLAGS,
  type LabKey,
  republishKey,
  ZSK_FLAGS,
} from './keys.ts'
import { dsBy, type LabZone, type Signing } from './lab-zone.ts'
import { PLAIN_NSEC3 } from './registry-zones.ts'
import {
  denied,
  deniedByExpandedNsec,
  referringTo,
  replacedDenial,
  replayedWildcard,
  strippedDenial,
} from './rewrites.ts'
import { type KeyUse, makeDs, signRrset } from './signer.ts'
import {
  addedRecords,
  alteredRdata,
  alteredSignatures,
  combinedKey,
  type Defect,
  keySigningKey,
  missingRecords,
  missingSignatures,
  splitKeys,
  spoilt,
  wrongSignatures,
  type ZonePlan,
  zoneSigningKey,
} from './zone.ts'

const WWW = `
www A 192.0.2.80
www AAAA 2001:db8::80
`
const SIGNED: Signing = { algorithm: ALGORITHM.ECDSAP256SHA256 }
/** A key that is no zone key: the Zone Key flag is clear (RFC 4034 2.1.1). */
const NO_ZONE_KEY_FLAGS = 0x0001

/** `www` of the zone must fail with this error, and be there for who sets CD. */
function brokenWww(zone: string, ede: number): Expectation[] {
  return [bogus(`www.${zone}`, 'A', ede), unchecked(`www.${zone}`)]
}

// --- signatures ---------------------------------------------------------------------------------------------------

function signatureZone(name: string, about: string, ede: number, change: Partial<LabZone>): LabZone {
  return { name, about, content: WWW, signing: SIGNED, questions: brokenWww(name, ede), ...change }
}

const SIGNATURE_ZONES: readonly LabZone[] = [
  signatureZone('expired.se.', 'signatures ran out a month ago', EDE.SIGNATURE_EXPIRED, {
    signing: { ...SIGNED, days: [-60, -30] },
  }),
  signatureZone('not-yet-valid.se.', 'signatures hold from next week on', EDE.SIGNATURE_NOT_YET_VALID, {
    signing: { ...SIGNED, days: [10, 40] },
  }),
  signatureZone(
    'expired-before-valid.se.',
    'expiration before inception',
    EDE.SIGNATURE_EXPIRED_BEFORE_VALID,
    {
      signing: { ...SIGNED, days: [10, -10] },
    },
  ),
  signatureZone('wrong-signature.se.', 'a bit of every signature over data is flipped', EDE.DNSSEC_BOGUS, {
    defects: [wrongSignatures({ type: TYPE.A }), wrongSignatures({ type: TYPE.AAAA })],
  }),
  signatureZone('no-signature.se.', 'no signature over the address', EDE.RRSIGS_MISSING, {
    defects: [missingSignatures({ type: TYPE.A })],
  }),
  signatureZone('algorithm-changed.se.', 'signatures relabelled as algorithm 200', EDE.RRSIGS_MISSING, {
    defects: [alteredSignatures({ type: TYPE.A }, withOctet(2, 200))],
  }),
  signatureZone('other-signer.se.', 'signed in the name of another zone', EDE.RRSIGS_MISSING, {
    defects: [
      resigned({ type: TYPE.A }, (rrset, plan) => signed(rrset, plan, { signer: nameFrom('other.se.') })),
    ],
  }),
  signatureZone('too-many-labels.se.', 'signatures claim more labels than the name has', EDE.DNSSEC_BOGUS, {
    defects: [alteredSignatures({ type: TYPE.A }, withOctet(3, 9))],
  }),
  signatureZone('unsigned-keys.se.', 'no signature over the keys', EDE.RRSIGS_MISSING, {
    defects: [missingSignatures({ type: TYPE.DNSKEY })],
  }),
]

function withOctet(at: number, value: number): (rdata: Uint8Array) => Uint8Array {
  return (rdata) => {
    const copy = rdata.slice()
    copy[at] = value
    return copy
  }
}

/** Replaces the signatures of a type by what `sign` makes. */
function resigned(selection: { type: number }, sign: (rrset: Rrset, plan: ZonePlan) => Uint8Array): Defect {
  return (records, plan) => {
    const bare = missingSignatures(selection)(records, plan)
    const chosen = groupRrsets(bare.filter((record) => record.type === selection.type))
    const signatures = chosen.map((rrset): ResourceRecord => {
      const { owner, class: rrsetClass, ttlSeconds } = rrset
      return { owner, type: TYPE.RRSIG, class: rrsetClass, ttlSeconds, rdata: sign(rrset, plan) }
    })
    return [...bare, ...signatures]
  }
}

function signed(
  rrset: Rrset,
  { apex, signing }: ZonePlan,
  change: { signer?: Name; key?: LabKey } = {},
): Uint8Array {
  const { key } = signing!.keys.find((use) => use.signsZone)!
  return signRrset(rrset, { key, signer: apex, span: signing!.span, ...change })
}

// --- keys and DS --------------------------------------------------------------------------------------------------

const KEY_ZONES: readonly LabZone[] = [
  signatureZone('ds-mismatch.se.', 'the DS matches no key', EDE.DNSKEY_MISSING, {
    ds: (apex) => [
      makeDs(apex, deriveKey('ds-mismatch.se. lost KSK', SIGNED.algorithm, KSK_FLAGS), DIGEST.SHA256),
    ],
  }),
  signatureZone('ds-wrong-sha256.se.', 'DS: SHA-256 wrong, SHA-1 right, RFC 4509', EDE.DNSKEY_MISSING, {
    ds: (apex, keys) => [...dsBy(DIGEST.SHA1)(apex, keys), ...dsBy(DIGEST.SHA256)(apex, keys).map(spoilt)],
  }),
  signatureZone('no-dnskey.se.', 'a DS, but no keys', EDE.DNSKEY_MISSING, {
    defects: [missingRecords({ type: TYPE.DNSKEY })],
  }),
  signatureZone('unpublished-key.se.', 'signed with a key that is not published', EDE.DNSKEY_MISSING, {
    signing: {
      ...SIGNED,
      keys: (zone, algorithm) =>
        splitKeys(zone, algorithm).map((use) => ({ ...use, published: use.signsKeys })),
    },
  }),
  signatureZone(
    'wrong-key-same-tag.se.',
    'signed with another private key of the same tag',
    EDE.DNSSEC_BOGUS,
    {
      signing: { ...SIGNED, keys: impostorKeys },
    },
  ),
  signatureZone('revoked.se.', 'the only key-signing key is revoked', EDE.DNSKEY_MISSING, {
    signing: { ...SIGNED, keys: onlyRevokedKey },
  }),
  signatureZone('no-zone-key.se.', 'the key is not a zone key', EDE.NO_ZONE_KEY_BIT_SET, {
    signing: { ...SIGNED, keys: (zone, algorithm) => combinedKey(zone, algorithm).map(asNoZoneKey) },
  }),
  signatureZone('other-protocol.se.', 'the Protocol field of the key is 2', EDE.NO_ZONE_KEY_BIT_SET, {
    signing: { ...SIGNED, keys: (zone, algorithm) => combinedKey(zone, algorithm).map(asOtherProtocol) },
  }),
  signatureZone('foreign-key.se.', 'a key was slipped in beside the signed ones', EDE.DNSSEC_BOGUS, {
    defects: [addedRecords(foreignKey), resigned({ type: TYPE.A }, signedByForeignKey)],
  }),
]

/** The published key and the signing key have one tag, as in the .ru outage of 2024. */
export function impostorKeys(zone: string, algorithm: number): KeyUse[] {
  const [published, used] = deriveCollidingKeys(`${zone} ZSK`, algorithm, ZSK_FLAGS)
  const ksk = keySigningKey(deriveKey(`${zone} KSK`, algorithm, KSK_FLAGS))
  return [
    ksk,
    { ...zoneSigningKey(published), signsZone: false },
    { ...zoneSigningKey(used), published: false },
  ]
}

function onlyRevokedKey(zone: string, algorithm: number): KeyUse[] {
  return splitKeys(zone, algorithm).map((use) => (use.signsKeys ? { ...use, key: asRevoked(use.key) } : use))
}

function asNoZoneKey(use: KeyUse): KeyUse {
  return { ...use, key: republishKey(use.key, NO_ZONE_KEY_FLAGS) }
}

function asOtherProtocol(use: KeyUse): KeyUse {
  return { ...use, key: republishKey(use.key, KSK_FLAGS, 2) }
}

const FOREIGN_LABEL = 'foreign-key.se. intruder'

function foreignKey({ apex, records }: ZonePlan): ResourceRecord[] {
  const { dnskey } = deriveKey(FOREIGN_LABEL, SIGNED.algorithm, ZSK_FLAGS)
  return [{ ...records[0]!, owner: apex, type: TYPE.DNSKEY, rdata: dnskey }]
}

function signedByForeignKey(rrset: Rrset, plan: ZonePlan): Uint8Array {
  return signed(rrset, plan, { key: deriveKey(FOREIGN_LABEL, SIGNED.algorithm, ZSK_FLAGS) })
}

// --- denial -------------------------------------------------------------------------------------------------------

const WILDCARD_CONTENT = `
${WWW}
*.wild A 192.0.2.66
host.wild A 192.0.2.82
`

function denialZone(
  name: string,
  about: string,
  change: Partial<LabZone> & Pick<LabZone, 'questions'>,
): LabZone {
  return { name, about, content: WILDCARD_CONTENT, signing: SIGNED, ...change }
}

const DENIAL_ZONES: readonly LabZone[] = [
  denialZone('no-nsec.se.', 'NSEC records stripped', {
    rewrites: () => [strippedDenial],
    questions: [
      bogus('none.no-nsec.se.', 'A', EDE.NSEC_MISSING),
      bogus('www.no-nsec.se.', 'MX', EDE.NSEC_MISSING),
      bogus('any.wild.no-nsec.se.', 'A', EDE.NSEC_MISSING),
      secure('www.no-nsec.se.'),
      unchecked('none.no-nsec.se.', 'A', NAME_ERROR),
    ],
  }),
  denialZone('no-nsec3.se.', 'NSEC3 records stripped', {
    signing: { ...SIGNED, denial: PLAIN_NSEC3 },
    rewrites: () => [strippedDenial],
    questions: [
      bogus('none.no-nsec3.se.', 'A', EDE.NSEC_MISSING),
      bogus('www.no-nsec3.se.', 'MX', EDE.NSEC_MISSING),
    ],
  }),
  denialZone('wildcard-replay.se.', 'a wildcard answers for a name that exists', {
    rewrites: () => [
      replayedWildcard(nameFrom('host.wild.wildcard-replay.se.'), wild('wildcard-replay.se.'), undefined),
    ],
    questions: [bogus('host.wild.wildcard-replay.se.', 'A', EDE.NSEC_MISSING)],
  }),
  denialZone('wildcard-replay2.se.', 'the same, with the proof for another name', {
    rewrites: () => [
      replayedWildcard(
        nameFrom('host.wild.wildcard-replay2.se.'),
        wild('wildcard-replay2.se.'),
        nameFrom('zzz.wild.wildcard-replay2.se.'),
      ),
    ],
    questions: [bogus('host.wild.wildcard-replay2.se.', 'A', EDE.DNSSEC_BOGUS)],
  }),
  denialZone('denied.se.', 'a name that exists is denied', {
    rewrites: () => [
      denied(nameFrom('www.denied.se.'), RCODE.NXDOMAIN, [
        nameFrom('xyz.denied.se.'),
        nameFrom('denied.se.'),
      ]),
    ],
    questions: [bogus('www.denied.se.', 'A', EDE.DNSSEC_BOGUS)],
  }),
  denialZone('outside-nsec.se.', 'an NSEC span that leaves the zone', {
    rewrites: (plan) => [replacedDenial(plan.apex, ({ apex }) => [outsideNsec(apex, plan)])],
    questions: [bogus('none.outside-nsec.se.', 'A', EDE.DNSSEC_BOGUS)],
  }),
  {
    name: 'ancestor-nsec.se.',
    about: "a signed delegation's NSEC denies what is below it, RFC 6840 4.1",
    content: WWW,
    signing: SIGNED,
    // The cut itself is denied as well, or a resolver that minimises names would leave by its referral.
    rewrites: () => [
      denied(nameFrom('cut.ancestor-nsec.se.'), RCODE.NOERROR, [nameFrom('cut.ancestor-nsec.se.')]),
      denied(nameFrom('www.cut.ancestor-nsec.se.'), RCODE.NXDOMAIN, [nameFrom('cut.ancestor-nsec.se.')]),
    ],
    questions: [secure('www.ancestor-nsec.se.')],
  },
  {
    name: 'cut.ancestor-nsec.se.',
    about: 'what is below',
    content: WWW,
    signing: SIGNED,
    questions: [bogus('www.cut.ancestor-nsec.se.', 'A', EDE.NSEC_MISSING)],
  },
  denialZone('expanded-nsec.se.', "a wildcard's NSEC, expanded, denies a type", {
    rewrites: () => [
      deniedByExpandedNsec(nameFrom('host.wild.expanded-nsec.se.'), wild('expanded-nsec.se.')),
    ],
    questions: [bogus('host.wild.expanded-nsec.se.', 'TXT', EDE.DNSSEC_BOGUS)],
  }),
  denialZone('bad-bitmap.se.', 'an NSEC with a malformed type bitmap', {
    rewrites: (plan) => [replacedDenial(plan.apex, (_, { name }) => [malformedNsec(name, plan)])],
    questions: [bogus('www.bad-bitmap.se.', 'MX', EDE.DNSSEC_BOGUS)],
  }),
  denialZone('unknown-hash.se.', 'NSEC3 with hash algorithm 2, RFC 5155 8.1', {
    signing: { ...SIGNED, denial: PLAIN_NSEC3 },
    defects: [alteredRdata({ type: TYPE.NSEC3 }, withOctet(0, 2)), resigned({ type: TYPE.NSEC3 }, signed)],
    questions: [bogus('none.unknown-hash.se.', 'A', EDE.DNSSEC_BOGUS)],
  }),
  {
    name: 'bank.tampered.',
    about: 'signed, but the referral to it lost its DS',
    content: WWW,
    signing: SIGNED,
    questions: [bogus('www.bank.tampered.', 'A', EDE.NSEC_MISSING)],
  },
  {
    name: 'vault.tampered.',
    about: 'signed, but its DS is denied with its own NSEC',
    content: WWW,
    signing: SIGNED,
    questions: [bogus('www.vault.tampered.', 'A', EDE.NSEC_MISSING)],
  },
]

function wild(zone: string): Name {
  return nameFrom(`*.wild.${zone}`)
}

/** From a name of the zone to one of the next registry: properly signed, and none of this zone's business (attack A14). */
function outsideNsec(apex: Name, plan: ZonePlan): Rrset {
  const soa = plan.records.find(({ type }) => type === TYPE.SOA)!
  const rdata = writeNsec(nameFrom('zzz.tampered.'), [TYPE.A, TYPE.RRSIG, TYPE.NSEC])
  const nsec: Rrset = { ...soa, owner: apex, type: TYPE.NSEC, rdatas: [rdata], signatures: [] }
  return { ...nsec, signatures: [signed(nsec, plan)] }
}

/** A window that says that it has 33 octets (RFC 4034 4.1.2 allows 32). */
function malformedNsec(owner: Name, plan: ZonePlan): Rrset {
  const soa = plan.records.find(({ type }) => type === TYPE.SOA)!
  const rdata = concatOctets(plan.apex, Uint8Array.of(0, 33), new Uint8Array(33))
  const nsec: Rrset = { ...soa, owner, type: TYPE.NSEC, rdatas: [rdata], signatures: [] }
  return { ...nsec, signatures: [signed(nsec, plan)] }
}

// --- aliases ------------------------------------------------------------------------------------------------------

const ALIAS_ZONES: readonly LabZone[] = [
  {
    name: 'alias-trouble.se.',
    about: 'aliases that lead astray',
    content: `
to-bogus CNAME www.wrong-signature.se.
to-denied CNAME none.no-nsec.se.
to-loop CNAME loop1
loop1 CNAME loop2
loop2 CNAME loop1
self CNAME self
${Array.from({ length: 20 }, (_, i) => `step${i} CNAME step${i + 1}`).join('\n')}
step20 A 192.0.2.80
`,
    signing: SIGNED,
    questions: [
      bogus('to-bogus.alias-trouble.se.', 'A', EDE.DNSSEC_BOGUS),
      unchecked('to-bogus.alias-trouble.se.'),
      bogus('to-denied.alias-trouble.se.', 'A', EDE.NSEC_MISSING),
      failed('to-loop.alias-trouble.se.', 'A', EDE.OTHER),
      failed('self.alias-trouble.se.', 'A', EDE.OTHER),
      failed('step0.alias-trouble.se.', 'A', EDE.OTHER),
      secure('step15.alias-trouble.se.'),
    ],
  },
]

// --- registries ---------------------------------------------------------------------------------------------------

const REGISTRY_ZONES: readonly LabZone[] = [
  {
    name: 'outage.',
    about: 'registry signed with the wrong key of the right tag, as .ru in 2024',
    signing: { algorithm: ALGORITHM.ECDSAP256SHA256, keys: impostorKeys },
    questions: [bogus('outage.', 'SOA', EDE.DNSSEC_BOGUS), bogus('none.outage.', 'A', EDE.DNSSEC_BOGUS)],
  },
  {
    name: 'shop.outage.',
    about: 'a good zone below that registry',
    content: WWW,
    signing: SIGNED,
    questions: [bogus('www.shop.outage.', 'A', EDE.DNSSEC_BOGUS), unchecked('www.shop.outage.')],
  },
]

// --- servers ------------------------------------------------------------------------------------------------------

const SERVER_ZONES: readonly LabZone[] = [
  {
    name: 'lame.se.',
    about: 'its server refuses everything',
    content: WWW,
    servers: [{ name: 'ns', behaviour: lame }],
    questions: [failed('www.lame.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'servfail.se.',
    about: 'its server says SERVFAIL',
    content: WWW,
    servers: [{ name: 'ns', behaviour: failing(2) }],
    questions: [failed('www.servfail.se.', 'A', EDE.NETWORK_ERROR)],
  },
  {
    name: 'silent.se.',
    about: 'its server says nothing',
    content: WWW,
    servers: [{ name: 'ns', behaviour: silent }],
    questions: [failed('www.silent.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'nowhere.se.',
    about: 'its server has no address',
    content: WWW,
    servers: [{ name: 'ns.none.nsec.se.', address: 'none' }],
    questions: [failed('www.nowhere.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'circle1.se.',
    about: 'its server is in circle2.se, whose server is here',
    servers: [{ name: 'ns.circle2.se.', address: 'none' }],
    questions: [failed('www.circle1.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'circle2.se.',
    about: 'the other half of the circle',
    servers: [{ name: 'ns.circle1.se.', address: 'none' }],
    questions: [failed('www.circle2.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'upward.se.',
    about: 'its server refers back to the registry',
    content: WWW,
    rewrites: () => [referringTo(nameFrom('se.'), [nameFrom('a.ns.se.'), nameFrom('b.ns.se.')])],
    questions: [failed('www.upward.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'sideways.se.',
    about: 'its server refers to itself',
    content: WWW,
    rewrites: ({ apex }) => [referringTo(apex, [nameFrom('ns.sideways.se.')])],
    questions: [failed('www.sideways.se.', 'A', EDE.NO_REACHABLE_AUTHORITY)],
  },
  {
    name: 'no-edns.se.',
    about: 'signed, but its server does not know EDNS',
    content: WWW,
    signing: SIGNED,
    servers: [{ name: 'ns', behaviour: ignoresEdns }],
    questions: [bogus('www.no-edns.se.', 'A', EDE.RRSIGS_MISSING)],
  },
]

/** All of them. */
export const BROKEN_ZONES: readonly LabZone[] = [
  ...SIGNATURE_ZONES,
  ...KEY_ZONES,
  ...DENIAL_ZONES,
  ...ALIAS_ZONES,
  ...REGISTRY_ZONES,
  ...SERVER_ZONES,
]
