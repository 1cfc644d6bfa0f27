/** The keys themselves: agreement of the servers, algorithms (RFC 9904, 9905), sizes. */
import { CHECK_KEYS_MAX } from '../../base/limits.ts'
import { importPublicKey } from '../../dnssec/public-key.ts'
import { ALGORITHM } from '../../wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { type Dnskey, isRevoked, isSep, isZoneKey } from '../../wire/rdata/dnskey.ts'
import { type Finding, finding } from '../finding.ts'
import { groupBy } from '../groups.ts'
import { signaturesOf } from '../judged.ts'
import { algorithmText, keyText, serverTexts } from '../text.ts'
import { apexSet, type ZoneView } from '../zone-view.ts'

/** NIST SP 800-131A: what is shorter is not to be used since 2014. */
const RSA_BITS_MIN = 2_048

const FORBIDDEN: ReadonlySet<number> = new Set([
  ALGORITHM.RSAMD5,
  ALGORITHM.DSA,
  ALGORITHM.DSA_NSEC3_SHA1,
  ALGORITHM.ECC_GOST,
])
const BY_SHA1: ReadonlySet<number> = new Set([ALGORITHM.RSASHA1, ALGORITHM.RSASHA1_NSEC3_SHA1])
const BY_RSA: ReadonlySet<number> = new Set([...BY_SHA1, ALGORITHM.RSASHA256, ALGORITHM.RSASHA512])
const RECOMMENDED = 'ECDSAP256SHA256 (13) or ED25519 (15)'
const ROLL = `Roll the zone to ${RECOMMENDED}: sign with both algorithms, publish the new keys, have the new DS published, and take the old DS, keys and signatures away one TTL later each (RFC 6781 4.1.4).`

/** All keys that the zone publishes. */
export function findKeys(view: ZoneView): Finding[] {
  if (view.keys.length === 0) return []
  return [...differing(view), ...algorithms(view), ...incomplete(view), ...sizes(view), ...collisions(view)]
}

function differing(view: ZoneView): Finding[] {
  const without = view.working.filter((server) => apexSet(server, view.zone, TYPE.DNSKEY) === undefined)
  const groups = [...view.keySets.map(({ keys, servers }) => ({ keys, servers }))]
  if (without.length > 0) groups.push({ keys: [], servers: without })
  if (groups.length < 2) return []
  return [
    finding('dnskey-differs', {
      problem: `The servers of ${view.name} have different DNSKEY sets.`,
      evidence: groups.map(({ keys, servers }) => {
        const tags = keys.map(({ keyTag }) => keyTag).join(', ') || 'none'
        return `key tags ${tags}: ${serverTexts(servers).join(', ')}`
      }),
      fix: 'See that every server transfers the zone from the same signer. With several signers, each has to publish the zone-signing keys of the others (RFC 8901).',
    }),
  ]
}

function algorithms(view: ZoneView): Finding[] {
  const found: Finding[] = []
  const groups = groupBy(view.keys, ({ algorithm }) => String(algorithm))
  const isUnknown = (algorithm: number): boolean =>
    !view.parameters.algorithmSupported(algorithm) && !FORBIDDEN.has(algorithm) && !BY_SHA1.has(algorithm)
  const allUnknown = view.keys.every(({ algorithm }) => isUnknown(algorithm))
  for (const keys of groups.values()) {
    const { algorithm } = keys[0]!
    const evidence = keys.map((key) => `DNSKEY with ${keyText(key)}`)
    const text = algorithmText(algorithm)
    if (FORBIDDEN.has(algorithm)) {
      const problem = `${view.name} has keys of ${text}, which must not be used any more.`
      found.push(finding('algorithm-forbidden', { problem, evidence, fix: ROLL }))
    } else if (BY_SHA1.has(algorithm)) {
      const problem = `${view.name} is signed with ${text}, which rests on SHA-1.`
      found.push(finding('algorithm-sha1', { problem, evidence, fix: ROLL }))
    } else if (algorithm === ALGORITHM.RSASHA512) {
      const problem = `${view.name} is signed with ${text}, which is not recommended.`
      found.push(finding('algorithm-discouraged', { problem, evidence, fix: ROLL }))
    } else if (allUnknown) {
      const problem = `${view.name} is signed only with ${text}, which resolvers do not know.`
      found.push(finding('algorithm-unknown', { problem, evidence, fix: ROLL }))
    }
  }
  return found
}

/** RFC 4035 2.2: every algorithm of the DNSKEY set signs everything. */
function incomplete(view: ZoneView): Finding[] {
  const published = view.keys.filter((key) => isZoneKey(key) && !isRevoked(key))
  const missing = view.speaking.flatMap((server) => {
    const soa = apexSet(server, view.zone, TYPE.SOA)
    const signing = new Set(
      (soa === undefined ? [] : signaturesOf(soa, view.zone)).map((one) => one.algorithm),
    )
    // Without any signature that is another fault.
    if (signing.size === 0) return []
    return published.filter((key) => !signing.has(key.algorithm))
  })
  if (missing.length === 0) return []
  const texts = [...new Set(missing.map(({ algorithm }) => algorithmText(algorithm)))]
  return [
    finding('algorithm-incomplete', {
      problem: `${view.name} publishes keys of ${texts.join(' and ')} that sign nothing but perhaps the DNSKEY set.`,
      evidence: [...new Set(missing)].map((key) => `DNSKEY with ${keyText(key)}`),
      fix: 'Sign the whole zone with every algorithm that is in the DNSKEY set, or take the keys of the others out of it; in an algorithm roll signatures come before keys and go after them.',
    }),
  ]
}

function sizes(view: ZoneView): Finding[] {
  const found: Finding[] = []
  const { parameters } = view
  const known = view.keys
    .slice(0, CHECK_KEYS_MAX)
    .filter(({ algorithm }) => parameters.algorithmSupported(algorithm))
  const unusable = known.filter(
    ({ algorithm, publicKey }) => importPublicKey(algorithm, publicKey) === undefined,
  )
  if (unusable.length > 0) {
    found.push(
      finding('dnskey-unusable', {
        problem: `${view.name} has keys that cannot be used: of a wrong length, or with numbers that no signer makes.`,
        evidence: unusable.map(
          (key) => `DNSKEY ${key.flags} with ${keyText(key)}, ${key.publicKey.length} octets`,
        ),
        fix: 'Make new keys with the signer, publish them, sign with them, and take these away.',
      }),
    )
  }
  const short = known.filter((key) => BY_RSA.has(key.algorithm) && rsaBits(key) < RSA_BITS_MIN)
  const weak = short.filter((key) => !unusable.includes(key))
  if (weak.length > 0) {
    found.push(
      finding('rsa-key-small', {
        problem: `${view.name} has RSA keys of fewer than ${RSA_BITS_MIN} bits.`,
        evidence: weak.map(
          (key) => `${isSep(key) ? 'key-signing' : 'zone-signing'} ${keyText(key)}: ${rsaBits(key)} bits`,
        ),
        fix: `Roll to keys of ${RSA_BITS_MIN} bits, or better to ${RECOMMENDED}, whose signatures are shorter too.`,
      }),
    )
  }
  return found
}

/** Bits of the modulus (RFC 3110 2). */
function rsaBits({ publicKey }: Dnskey): number {
  const long = publicKey[0] === 0
  const exponentOctets = long ? (publicKey[1]! << 8) | publicKey[2]! : publicKey[0]!
  let at = (long ? 3 : 1) + exponentOctets
  while (publicKey[at] === 0) at++
  return at >= publicKey.length ? 0 : (publicKey.length - at) * 8 - (Math.clz32(publicKey[at]!) - 24)
}

function collisions(view: ZoneView): Finding[] {
  const groups = groupBy(view.keys, ({ keyTag, algorithm }) => `${keyTag} ${algorithm}`)
  const colliding = [...groups.values()].filter((keys) => keys.length > 1)
  if (colliding.length === 0) return []
  return [
    finding('key-tags-collide', {
      problem: `${view.name} has different keys with one key tag.`,
      evidence: colliding.map((keys) => `${keys.length} DNSKEY records with ${keyText(keys[0]!)}`),
      fix: 'Make one of the keys anew until its tag is another one; current signers do so by themselves.',
    }),
  ]
}
