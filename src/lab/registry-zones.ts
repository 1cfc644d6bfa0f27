/** The top of the lab Internet: the root, the registries, and what they answer for themselves. */
import { NO_OCTETS } from '../base/octets.ts'
import { CLASS } from '../wire/iana/class.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { nameFrom } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import { type Nsec3Denial, writeNsec } from './denial-chain.ts'
import { insecure, NAME_ERROR, NO_DATA, secure } from './expectation.ts'
import type { LabZone } from './lab-zone.ts'
import { dsDeniedByChild, strippedDs } from './rewrites.ts'
import { signRrset, type ValiditySpan } from './signer.ts'
import { DIGEST_PLACEHOLDER, digested, splitKeys } from './zone.ts'

/** NSEC3 as RFC 9276 wants it: no additional iterations, no salt. */
export const PLAIN_NSEC3: Nsec3Denial = { kind: 'nsec3', iterations: 0, salt: NO_OCTETS, optOut: false }
/** The same with opt-out, as the large registries sign. */
export const OPT_OUT: Nsec3Denial = { ...PLAIN_NSEC3, optOut: true }

const ROOT_SERVERS = [{ name: 'a.root-servers.net.' }, { name: 'b.root-servers.net.' }]

/** The NSEC record at the apex of a signed zone, as the zone itself has it. */
function apexNsec(zone: string, span: ValiditySpan): Rrset {
  const signer = nameFrom(zone)
  const { key } = splitKeys(zone, ALGORITHM.ECDSAP256SHA256).find((use) => use.signsZone)!
  const types = [TYPE.NS, TYPE.SOA, TYPE.RRSIG, TYPE.NSEC, TYPE.DNSKEY]
  const rdatas = [writeNsec(nameFrom(`ns.${zone}`), types)]
  const nsec = { owner: signer, type: TYPE.NSEC, class: CLASS.IN, ttlSeconds: 3600, rdatas, signatures: [] }
  return { ...nsec, signatures: [signRrset(nsec, { key, signer, span })] }
}

/** Root and top-level domains. */
export const REGISTRY_ZONES: readonly LabZone[] = [
  {
    name: '.',
    about: 'root, RSA/SHA-256, NSEC',
    content: DIGEST_PLACEHOLDER,
    defects: [digested()],
    signing: { algorithm: ALGORITHM.RSASHA256 },
    servers: ROOT_SERVERS,
    questions: [
      secure('.', 'SOA'),
      secure('.', 'NS'),
      secure('.', 'DNSKEY'),
      secure('no-such-tld.', 'A', NAME_ERROR),
      secure('no-such-tld.', 'DS', NAME_ERROR),
    ],
  },
  {
    name: 'root-servers.net.',
    about: 'unsigned, on the root servers',
    servers: ROOT_SERVERS.map(({ name }) => ({ name, address: { of: '.' } })),
    questions: [insecure('a.root-servers.net.')],
  },
  {
    name: 'se.',
    about: 'registry, RSA/SHA-256, NSEC',
    signing: { algorithm: ALGORITHM.RSASHA256 },
    servers: [{ name: 'a.ns' }, { name: 'b.ns' }],
    questions: [
      secure('se.', 'NS'),
      secure('se.', 'DS'),
      secure('no-such-name.se.', 'A', NAME_ERROR),
      secure('unsigned.se.', 'DS', NO_DATA),
    ],
  },
  {
    name: 'nu.',
    about: 'registry, ECDSA P-256, NSEC',
    signing: { algorithm: ALGORITHM.ECDSAP256SHA256 },
    questions: [secure('nu.', 'SOA'), secure('no-such-name.nu.', 'A', NAME_ERROR)],
  },
  {
    name: 'com.',
    about: 'registry, ECDSA P-256, NSEC3 opt-out',
    signing: { algorithm: ALGORITHM.ECDSAP256SHA256, denial: OPT_OUT },
    questions: [
      secure('com.', 'DNSKEY'),
      // An opt-out span proves neither that the name does not exist nor that it is not delegated (RFC 5155 9.2).
      insecure('no-such-name.com.', 'A', NAME_ERROR),
      insecure('unsigned.com.', 'DS', NO_DATA),
      // An empty non-terminal that opt-out leaves no trace of.
      insecure('deep.com.', 'A', NO_DATA),
    ],
  },
  {
    name: 'net.',
    about: 'registry, ECDSA P-256, NSEC3 opt-out',
    signing: { algorithm: ALGORITHM.ECDSAP256SHA256, denial: OPT_OUT },
    questions: [secure('net.', 'SOA')],
  },
  {
    name: 'org.',
    about: 'registry, RSA/SHA-256, NSEC3',
    signing: { algorithm: ALGORITHM.RSASHA256, denial: PLAIN_NSEC3 },
    questions: [
      secure('org.', 'SOA'),
      secure('no-such-name.org.', 'A', NAME_ERROR),
      secure('unsigned.org.', 'DS', NO_DATA),
    ],
  },
  {
    name: 'tampered.',
    about: 'registry in order, its referrals stripped on the way',
    signing: { algorithm: ALGORITHM.ECDSAP256SHA256 },
    rewrites: ({ signing }) => [
      strippedDs(nameFrom('bank.tampered.')),
      dsDeniedByChild(nameFrom('vault.tampered.'), apexNsec('vault.tampered.', signing!.span)),
    ],
    questions: [secure('tampered.', 'SOA')],
  },
]
