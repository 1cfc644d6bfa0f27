/** Zones of the lab Internet that are in order, signed or not: whoever cannot resolve these has a fault. */

import { DIGEST } from '../wire/iana/digest-type.ts'
import { ALGORITHM, formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { formErrOnEdns, lame, tcpOnly } from './behaviours.ts'
import type { Nsec3Denial } from './denial-chain.ts'
import { type Expectation, insecure, NAME_ERROR, NO_DATA, plain, secure, unchecked } from './expectation.ts'
import { deriveCollidingKeys, deriveKey, KSK_FLAGS, republishKey, ZSK_FLAGS } from './keys.ts'
import { dsBy, type LabZone, type Signing } from './lab-zone.ts'
import { OPT_OUT, PLAIN_NSEC3 } from './registry-zones.ts'
import { compactDenial } from './rewrites.ts'
import { type KeyUse, makeDs } from './signer.ts'
import {
  alteredSignatures,
  combinedKey,
  keySigningKey,
  revokedKey,
  splitKeys,
  spoilt,
  zoneSigningKey,
} from './zone.ts'

const { ECDSAP256SHA256, RSASHA256 } = ALGORITHM
/** Numbers that nobody has assigned. */
const UNKNOWN_ALGORITHM = 200
const UNKNOWN_DIGEST = 99

const WWW = `
www A 192.0.2.80
www AAAA 2001:db8::80
`
const SIGNED: Signing = { algorithm: ECDSAP256SHA256 }

// --- one zone for every algorithm ---------------------------------------------------------------------------------

function algorithmZone(label: string, algorithm: number, signing: Partial<Signing> = {}): LabZone {
  const name = `${label}.se.`
  return {
    name,
    about: `algorithm ${algorithm}, ${formatAlgorithm(algorithm)}`,
    content: WWW,
    signing: { algorithm, ...signing },
    questions: [
      secure(`www.${name}`, 'A', { algorithm }),
      secure(`none.${name}`, 'A', { ...NAME_ERROR, algorithm }),
    ],
  }
}

const ALGORITHM_ZONES: readonly LabZone[] = [
  algorithmZone('rsasha1', ALGORITHM.RSASHA1),
  algorithmZone('rsasha1-nsec3', ALGORITHM.RSASHA1_NSEC3_SHA1, { denial: PLAIN_NSEC3 }),
  algorithmZone('rsasha256', ALGORITHM.RSASHA256),
  algorithmZone('rsasha512', ALGORITHM.RSASHA512),
  algorithmZone('ecdsap256', ALGORITHM.ECDSAP256SHA256),
  algorithmZone('ecdsap384', ALGORITHM.ECDSAP384SHA384),
  algorithmZone('ed25519', ALGORITHM.ED25519),
  algorithmZone('ed448', ALGORITHM.ED448),
]

// --- denial, wildcards, empty non-terminals -----------------------------------------------------------------------

const DENIAL_CONTENT = `
${WWW}
www HTTPS 1 . alpn=h2
mail MX 10 www
*.wild A 192.0.2.81
*.wild TXT "made from a wildcard"
host.wild A 192.0.2.82
deep.below.empty A 192.0.2.83
typed CAA 0 issue "ca.example.net"
typed TYPE65280 \\# 2 CAFE
last A 192.0.2.84
`

/** The same questions for a zone with NSEC and one with NSEC3. */
function denialQuestions(zone: string): Expectation[] {
  return [
    secure(`www.${zone}`, 'HTTPS'),
    secure(`none.${zone}`, 'A', NAME_ERROR),
    secure(`zzz.${zone}`, 'A', NAME_ERROR),
    secure(`www.${zone}`, 'MX', NO_DATA),
    secure(`typed.${zone}`, 'MX', NO_DATA),
    secure(`empty.${zone}`, 'A', NO_DATA),
    secure(`any.thing.wild.${zone}`, 'A'),
    secure(`any.wild.${zone}`, 'MX', NO_DATA),
    secure(`host.wild.${zone}`, 'TXT', NO_DATA),
    secure(`*.wild.${zone}`, 'A'),
  ]
}

const DENIAL_ZONES: readonly LabZone[] = [
  {
    name: 'nsec.se.',
    about: 'NSEC',
    content: DENIAL_CONTENT,
    signing: SIGNED,
    questions: [
      ...denialQuestions('nsec.se.'),
      secure('WwW.nSeC.sE.'),
      secure('www.nsec.se.', 'ANY'),
      plain('www.nsec.se.'),
      unchecked('www.nsec.se.'),
    ],
  },
  {
    name: 'child.nsec.se.',
    about: 'three zones below the root',
    content: WWW,
    signing: { algorithm: ALGORITHM.ED25519 },
    questions: [secure('www.child.nsec.se.'), secure('child.nsec.se.', 'DS')],
  },
  {
    name: 'nsec3.org.',
    about: 'NSEC3, salted, 5 iterations',
    content: DENIAL_CONTENT,
    signing: { ...SIGNED, denial: { ...PLAIN_NSEC3, iterations: 5, salt: Uint8Array.of(0xab, 0xcd) } },
    questions: denialQuestions('nsec3.org.'),
  },
  {
    name: 'compact.se.',
    about: 'compact denial, RFC 9824',
    content: WWW,
    signing: { ...SIGNED, keys: combinedKey },
    rewrites: ({ apex, signing }) => [compactDenial(apex, signing!.keys[0]!.key, signing!.span)],
    questions: [secure('none.compact.se.', 'A', NO_DATA), secure('www.compact.se.', 'MX', NO_DATA)],
  },
  {
    name: 'opt-out.se.',
    about: 'NSEC3 opt-out: no AD where a span may hide a delegation',
    content: `${DENIAL_CONTENT}\ncut NS ns.cut\nns.cut A 192.0.2.53\n`,
    signing: { ...SIGNED, denial: OPT_OUT },
    questions: [
      secure('www.opt-out.se.'),
      secure('www.opt-out.se.', 'MX', NO_DATA),
      insecure('none.opt-out.se.', 'A', NAME_ERROR),
      insecure('any.wild.opt-out.se.', 'A'),
      insecure('any.wild.opt-out.se.', 'MX', NO_DATA),
      insecure('cut.opt-out.se.', 'DS', NO_DATA),
    ],
  },
  {
    name: 'single-name.se.',
    about: 'one name, whose NSEC points at itself',
    signing: SIGNED,
    servers: [{ name: 'ns.hoster.net.', address: { of: 'hoster.net.' } }],
    questions: [
      secure('single-name.se.', 'A', NO_DATA),
      secure('none.single-name.se.', 'A', NAME_ERROR),
      secure('single-name.se.', 'DS'),
    ],
  },
  iterationsZone(50, [secure('none.iterations50.se.', 'A', NAME_ERROR)]),
  iterationsZone(51, beyondIterations('iterations51.se.')),
  iterationsZone(2500, beyondIterations('iterations2500.se.')),
]

function iterationsZone(iterations: number, questions: readonly Expectation[]): LabZone {
  const denial: Nsec3Denial = { ...PLAIN_NSEC3, iterations }
  return {
    name: `iterations${iterations}.se.`,
    about: `NSEC3 with ${iterations} iterations, RFC 9276`,
    content: WWW,
    signing: { ...SIGNED, denial },
    questions,
  }
}

/** What is signed stays secure; only what rests on the proof is not. */
function beyondIterations(zone: string): Expectation[] {
  const ede = EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE
  return [
    secure(`www.${zone}`),
    insecure(`none.${zone}`, 'A', { ...NAME_ERROR, ede }),
    insecure(`www.${zone}`, 'MX', { ...NO_DATA, ede }),
  ]
}

// --- aliases ------------------------------------------------------------------------------------------------------

const LONG_LABEL = 'a'.repeat(60)

const ALIAS_ZONES: readonly LabZone[] = [
  {
    name: 'alias.se.',
    about: 'CNAME and DNAME, within and across zones',
    content: `
      ${WWW}
      inside CNAME www
      across CNAME www.nsec3.org.
      to-unsigned CNAME www.unsigned.se.
      to-none CNAME none.nsec.se.
      to-empty CNAME empty.nsec.se.
      *.any CNAME www
      chain CNAME chain2
      chain2 CNAME x.any
      tree DNAME branch
      leaf.branch A 192.0.2.85
      other DNAME nsec.se.
      plain DNAME unsigned.se.
      long DNAME ${LONG_LABEL}.${LONG_LABEL}.nsec.se.
    `.replace(/^ +/gm, ''),
    signing: SIGNED,
    questions: [
      secure('inside.alias.se.'),
      secure('inside.alias.se.', 'CNAME'),
      secure('inside.alias.se.', 'ANY'),
      secure('across.alias.se.'),
      insecure('to-unsigned.alias.se.'),
      secure('to-none.alias.se.', 'A', { rcode: RCODE.NXDOMAIN }),
      secure('to-empty.alias.se.', 'A'),
      secure('x.any.alias.se.'),
      secure('chain.alias.se.'),
      secure('leaf.tree.alias.se.'),
      secure('www.other.alias.se.'),
      insecure('www.plain.alias.se.'),
      secure(`${LONG_LABEL}.${LONG_LABEL}.${LONG_LABEL}.long.alias.se.`, 'A', {
        rcode: RCODE.YXDOMAIN,
        ad: false,
      }),
    ],
  },
]

// --- unsigned and insecure ----------------------------------------------------------------------------------------

const UNSIGNED_CONTENT = `
${WWW}
to-signed CNAME www.nsec.se.
*.wild A 192.0.2.81
`

function unsignedZone(name: string, about: string): LabZone {
  const questions = [insecure(`www.${name}`), insecure(`none.${name}`, 'A', NAME_ERROR)]
  return { name, about, content: UNSIGNED_CONTENT, questions }
}

const UNSIGNED_ZONES: readonly LabZone[] = [
  {
    ...unsignedZone('unsigned.se.', 'unsigned, proven by NSEC'),
    questions: [
      insecure('www.unsigned.se.'),
      insecure('none.unsigned.se.', 'A', NAME_ERROR),
      insecure('to-signed.unsigned.se.'),
      insecure('x.wild.unsigned.se.'),
    ],
  },
  unsignedZone('unsigned.org.', 'unsigned, proven by NSEC3'),
  unsignedZone('unsigned.com.', 'unsigned, in an opt-out span'),
  unsignedZone('unsigned.deep.com.', 'unsigned, below an empty non-terminal in an opt-out span'),
  {
    name: 'island.nu.',
    about: 'signed, but its parent has no DS',
    content: WWW,
    signing: SIGNED,
    ds: () => [],
    questions: [insecure('www.island.nu.'), insecure('none.island.nu.', 'A', NAME_ERROR)],
  },
  {
    name: 'child.island.nu.',
    about: 'signed with DS, below an island',
    content: WWW,
    signing: SIGNED,
    questions: [insecure('www.child.island.nu.')],
  },
  {
    name: 'unknown-algorithm.se.',
    about: 'signed only with algorithm 200',
    content: WWW,
    signing: { algorithm: UNKNOWN_ALGORITHM },
    questions: [insecure('www.unknown-algorithm.se.', 'A', { ede: EDE.UNSUPPORTED_DNSKEY_ALGORITHM })],
  },
  {
    name: 'unknown-digest.se.',
    about: 'DS only with digest type 99',
    content: WWW,
    signing: SIGNED,
    ds: dsBy(UNKNOWN_DIGEST),
    questions: [insecure('www.unknown-digest.se.', 'A', { ede: EDE.UNSUPPORTED_DS_DIGEST_TYPE })],
  },
]

// --- keys and DS records ------------------------------------------------------------------------------------------

const KEY_ZONES: readonly LabZone[] = [
  keyZone('combined-key.se.', 'one key for everything', { ...SIGNED, keys: combinedKey }),
  keyZone('no-sep.se.', 'a DS for a key without the SEP flag', {
    ...SIGNED,
    keys: (zone, algorithm) => combinedKey(zone, algorithm).map(withoutSep),
  }),
  {
    ...keyZone('ds-sha1.se.', 'DS with SHA-1 only', SIGNED),
    ds: dsBy(DIGEST.SHA1),
  },
  {
    ...keyZone('ds-sha384.se.', 'DS with SHA-384 only', SIGNED),
    ds: dsBy(DIGEST.SHA384),
  },
  {
    ...keyZone('ds-wrong-sha1.se.', 'DS: SHA-1 wrong, SHA-256 right, RFC 4509', SIGNED),
    ds: (apex, keys) => [...dsBy(DIGEST.SHA1)(apex, keys).map(spoilt), ...dsBy(DIGEST.SHA256)(apex, keys)],
  },
  {
    ...keyZone('ds-mixed.se.', 'DS of algorithm 200 beside a good one', SIGNED),
    ds: (apex, keys) => {
      const unknown = deriveKey('ds-mixed.se. unknown', UNKNOWN_ALGORITHM, KSK_FLAGS)
      return [makeDs(apex, unknown, DIGEST.SHA256), ...dsBy(DIGEST.SHA256)(apex, keys)]
    },
  },
  keyZone('standby-algorithm.se.', 'a key of another algorithm that signs nothing, RFC 6840 5.11', {
    algorithm: RSASHA256,
    keys: (zone, algorithm) => [...splitKeys(zone, algorithm), standby(`${zone} standby`)],
  }),
  keyZone('key-tag-collision.se.', 'two keys with one tag', { ...SIGNED, keys: collidingKeys }),
  keyZone('revoked-key.se.', 'a revoked key beside its successor, RFC 5011', {
    ...SIGNED,
    keys: (zone, algorithm) => [revokedKey(zone, algorithm), ...splitKeys(zone, algorithm)],
  }),
  {
    ...keyZone('double-signature.se.', 'a wrong signature beside the right one', SIGNED),
    defects: [
      (records) =>
        records.flatMap((record) => {
          return record.type === TYPE.RRSIG ? [{ ...record, rdata: spoilt(record.rdata) }, record] : [record]
        }),
    ],
  },
  {
    ...keyZone('mixed-case.se.', 'names in capitals inside records', SIGNED),
    content: `${WWW}\nalias CNAME WWW.Mixed-Case.SE.\n`,
    defects: [alteredSignatures({}, withSignerInCapitals)],
    questions: [secure('www.mixed-case.se.'), secure('alias.mixed-case.se.')],
  },
]

function keyZone(name: string, about: string, signing: Signing): LabZone {
  return { name, about, content: WWW, signing, questions: [secure(`www.${name}`)] }
}

/** The SEP flag is a hint to administrators, not to validators (RFC 4034 2.1.1). */
function withoutSep(use: KeyUse): KeyUse {
  return { ...use, key: republishKey(use.key, ZSK_FLAGS) }
}

/** Published, and nothing more. */
function standby(label: string): KeyUse {
  const key = deriveKey(label, ECDSAP256SHA256, ZSK_FLAGS)
  return { key, published: true, signsKeys: false, signsZone: false }
}

function collidingKeys(zone: string, algorithm: number): KeyUse[] {
  const [first, second] = deriveCollidingKeys(`${zone} ZSK`, algorithm, ZSK_FLAGS)
  const ksk = keySigningKey(deriveKey(`${zone} KSK`, algorithm, KSK_FLAGS))
  return [ksk, { ...zoneSigningKey(first), signsZone: false }, zoneSigningKey(second)]
}

/** The Signer's Name starts at octet 18 (RFC 4034 3.1); its case does not count (RFC 4034 6.2). */
function withSignerInCapitals(rdata: Uint8Array): Uint8Array {
  const copy = rdata.slice()
  for (let at = 18; copy[at] !== 0; at += copy[at]! + 1) {
    for (let i = at + 1; i <= at + copy[at]!; i++) if (copy[i]! >= 0x61 && copy[i]! <= 0x7a) copy[i]! -= 0x20
  }
  return copy
}

// --- servers ------------------------------------------------------------------------------------------------------

const SERVER_ZONES: readonly LabZone[] = [
  {
    name: 'hoster.net.',
    about: 'name servers for others',
    content: WWW,
    signing: SIGNED,
    questions: [secure('www.hoster.net.')],
  },
  {
    name: 'hosted.se.',
    about: 'name server in another registry, no glue',
    content: WWW,
    signing: SIGNED,
    servers: [{ name: 'ns.hoster.net.', address: { of: 'hoster.net.' } }],
    questions: [secure('www.hosted.se.')],
  },
  {
    name: 'cohosted.se.',
    about: "on its parent's servers",
    content: WWW,
    signing: SIGNED,
    servers: [{ name: 'ns', address: { of: 'se.' } }],
    questions: [secure('www.cohosted.se.'), secure('cohosted.se.', 'DS')],
  },
  {
    name: 'half-lame.se.',
    about: 'one of two servers is lame',
    content: WWW,
    signing: SIGNED,
    servers: [{ name: 'ns1', behaviour: lame }, { name: 'ns2' }],
    questions: [secure('www.half-lame.se.')],
  },
  {
    name: 'tcp-only.se.',
    about: 'answers UDP only with TC',
    content: WWW,
    signing: SIGNED,
    servers: [{ name: 'ns', behaviour: tcpOnly }],
    questions: [secure('www.tcp-only.se.')],
  },
  {
    name: 'large.se.',
    about: 'an answer too large for UDP',
    content: Array.from({ length: 12 }, (_, i) => `www TXT "${String(i).padStart(200, '0')}"`).join('\n'),
    signing: SIGNED,
    questions: [secure('www.large.se.', 'TXT')],
  },
  {
    name: 'formerr-edns.se.',
    about: 'unsigned, its server says FORMERR to EDNS',
    content: WWW,
    servers: [{ name: 'ns', behaviour: formErrOnEdns }],
    questions: [insecure('www.formerr-edns.se.')],
  },
  {
    name: 'ttl-zero.se.',
    about: 'TTL 0',
    content: 'www 0 A 192.0.2.80\n',
    signing: SIGNED,
    questions: [secure('www.ttl-zero.se.')],
  },
]

/** All of them. */
export const HEALTHY_ZONES: readonly LabZone[] = [
  ...ALGORITHM_ZONES,
  ...DENIAL_ZONES,
  ...ALIAS_ZONES,
  ...UNSIGNED_ZONES,
  ...KEY_ZONES,
  ...SERVER_ZONES,
]
