/** The Internet of the rehearsal: 200 zones, of which twenty are broken, each in a way of its own. */
import type { Reason } from '../dnssec/reasons.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { BROKEN_ZONES, impostorKeys } from './broken-zones.ts'
import { deriveKey, KSK_FLAGS } from './keys.ts'
import type { LabZone, Signing } from './lab-zone.ts'
import { OPT_OUT, PLAIN_NSEC3 } from './registry-zones.ts'
import { makeDs } from './signer.ts'

/** A zone that is broken, and what a report has to say of it. */
export interface BrokenZone {
  readonly zone: LabZone
  /** A question that fails. */
  readonly name: string
  readonly type: string
  readonly reason: Reason
  /** Type of the link that is broken. */
  readonly link: string
  /** How many clients ask for it. */
  readonly clients: number
}

/** Zones in all, the root and registries among them. */
export const REHEARSED_ZONES = 200
/** Clients in all. */
export const REHEARSED_CLIENTS = 5_000
/** A registry that breaks while everybody is enforced. */
export const BREAKING_TLD = 'nu.'
/** A zone that is mended. */
export const MENDED_ZONE = 'expired.se.'

const SIGNED: Signing = { algorithm: ALGORITHM.ECDSAP256SHA256 }

const REGISTRIES: readonly (readonly [name: string, signing: Signing])[] = [
  ['.', SIGNED],
  ['se.', SIGNED],
  ['nu.', { ...SIGNED, denial: PLAIN_NSEC3 }],
  ['com.', { ...SIGNED, denial: OPT_OUT }],
  ['net.', { ...SIGNED, denial: OPT_OUT }],
  ['org.', { ...SIGNED, denial: PLAIN_NSEC3 }],
]

/** As people know it: its DS names a key that it does not have. Nobody is to be told of it. */
const KNOWN_TEST: LabZone = {
  name: 'dnssec-failed.org.',
  about: 'broken on purpose',
  content: 'www A 192.0.2.80\n',
  signing: SIGNED,
  ds: (apex) => [
    makeDs(apex, deriveKey('dnssec-failed.org. lost KSK', SIGNED.algorithm, KSK_FLAGS), DIGEST.SHA256),
  ],
  questions: [],
}

/** The name that every client asks for, as some routers do, to know whether its resolver validates. */
export const KNOWN_TEST_NAME = 'www.dnssec-failed.org.'

type Row = readonly [zone: string, reason: Reason, link: string, clients: number]

const ROWS: readonly Row[] = [
  [MENDED_ZONE, 'signature-expired', 'DNSKEY', 1_200],
  ['not-yet-valid.se.', 'signature-not-yet-valid', 'DNSKEY', 500],
  ['expired-before-valid.se.', 'signature-expired-before-valid', 'DNSKEY', 250],
  ['wrong-signature.se.', 'signature-wrong', 'A', 120],
  ['no-signature.se.', 'signature-missing', 'A', 90],
  ['algorithm-changed.se.', 'signature-missing', 'A', 70],
  ['other-signer.se.', 'signature-missing', 'A', 60],
  ['too-many-labels.se.', 'signature-malformed', 'A', 50],
  ['unsigned-keys.se.', 'signature-missing', 'DNSKEY', 45],
  ['ds-wrong-sha256.se.', 'dnskey-missing', 'DNSKEY', 40],
  ['no-dnskey.se.', 'dnskey-missing', 'DNSKEY', 35],
  ['unpublished-key.se.', 'dnskey-missing', 'A', 30],
  ['wrong-key-same-tag.se.', 'signature-wrong', 'A', 25],
  ['revoked.se.', 'key-revoked', 'DNSKEY', 20],
  ['no-zone-key.se.', 'no-zone-key', 'DNSKEY', 16],
  ['foreign-key.se.', 'signature-wrong', 'DNSKEY', 12],
  ['no-nsec.se.', 'denial-missing', 'A', 8],
  ['denied.se.', 'denial-wrong', 'A', 5],
  ['wildcard-replay.se.', 'wildcard-proof-missing', 'A', 2],
]

/** All twenty, the one that most clients ask for first. */
export const REHEARSED_FAULTS: readonly BrokenZone[] = [
  {
    zone: KNOWN_TEST,
    name: KNOWN_TEST_NAME,
    type: 'A',
    reason: 'dnskey-missing',
    link: 'DNSKEY',
    clients: REHEARSED_CLIENTS,
  },
  ...ROWS.map(([name, reason, link, clients]) => {
    const zone = BROKEN_ZONES.find((one) => one.name === name)!
    const failing = zone.questions.find(({ verdict }) => verdict === 'bogus')!
    return { zone, name: failing.name, type: failing.type, reason, link, clients }
  }),
]

const HEALTHY_COUNT = REHEARSED_ZONES - REGISTRIES.length - REHEARSED_FAULTS.length

/** Of three zones two are signed, in one of two ways. */
const HEALTHY_SIGNINGS: readonly (Signing | undefined)[] = [
  SIGNED,
  { algorithm: ALGORITHM.ED25519, denial: PLAIN_NSEC3 },
  undefined,
]

/** The zones that are in order, all registries filled alike. */
export const HEALTHY_NAMES: readonly string[] = Array.from({ length: HEALTHY_COUNT }, (_, i) => {
  const [registry] = REGISTRIES[1 + (i % (REGISTRIES.length - 1))]!
  return `shop${i}.${registry}`
})

/**
 * The zones.
 *
 * @param mended the mended zone has been signed again
 * @param outage the registry signs with a key that has the tag of the published one, and is another
 */
export function rehearsalZones({
  mended = false,
  outage = false,
}: {
  readonly mended?: boolean
  readonly outage?: boolean
} = {}): readonly LabZone[] {
  const registries = REGISTRIES.map(([name, signing]) => {
    const keys = outage && name === BREAKING_TLD ? { keys: impostorKeys } : {}
    return { name, about: 'a registry', signing: { ...signing, ...keys }, questions: [] }
  })
  const healthy = HEALTHY_NAMES.map((name, i) => {
    const signing = HEALTHY_SIGNINGS[i % HEALTHY_SIGNINGS.length]
    const zone = { name, about: 'in order', content: 'www A 192.0.2.80\n', questions: [] }
    return signing === undefined ? zone : { ...zone, signing }
  })
  const broken = REHEARSED_FAULTS.map(({ zone }) =>
    mended && zone.name === MENDED_ZONE ? { ...zone, signing: SIGNED } : zone,
  )
  return [...registries, ...healthy, ...broken]
}
