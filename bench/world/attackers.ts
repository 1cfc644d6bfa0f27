/** The servers of zones that are made to cost resolvers work, as a process: its own work is nobody's that is measured. */
import process from 'node:process'
import { type Authority, authorityOf, type Rewrite } from '../../src/lab/authority.ts'
import { collidingKeys, keysLike } from '../../src/lab/colliding-keys.ts'
import type { Nsec3Denial } from '../../src/lab/denial-chain.ts'
import type { LabKey } from '../../src/lab/keys.ts'
import { OPT_OUT } from '../../src/lab/registry-zones.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import { serveAuthorities } from '../../src/lab/server.ts'
import { type KeyUse, signRrset } from '../../src/lab/signer.ts'
import { zoneRecords } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { foldName, isStrictSubdomainOf, lastLabels, type Name } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord, Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { DNS_PORT } from './authorities.ts'
import { keysOfZone, validity } from './zone-files.ts'
import { hostsOfZone, NETWORK, TTL_SECONDS, type ZoneGroup, zoneName } from './zone-group.ts'

/** A zone at two addresses, the first of which ends in this number. */
function attacker(stem: string, signed: ZoneGroup['signed'], host: number): ZoneGroup {
  const hosts = [`${NETWORK}.${host}`, `${NETWORK}.${host + 1}`] as const
  return { stem, zones: 1, namesPerZone: 1, signed, hosts }
}

/** KeyTrap (CVE-2023-50387): keys of one tag, and signatures over every address by that tag, none of which is right. */
export const TRAP: ZoneGroup = attacker('trap', 'all', 44)
/** As many as a message has room for. */
export const TRAP_KEYS = 500
export const TRAP_SIGNATURES = 500
/** NSEC3 (CVE-2023-50868): as many iterations as anybody computes, and names that are deep. */
export const HASHED: ZoneGroup = attacker('hashed', 'all', 46)
export const HASHED_ITERATIONS = 50
/** NXNS (CVE-2020-8616): every name is delegated to servers in the zone of a victim, who has none of them. */
export const FANNED: ZoneGroup = attacker('fanned', 'none', 48)
export const FANNED_SERVERS = 100
export const VICTIM: ZoneGroup = {
  ...{ stem: 'victim', zones: 1, namesPerZone: 1, signed: 'none', authority: 'victims' },
}

export const ATTACKERS: readonly ZoneGroup[] = [TRAP, HASHED, FANNED]
/** One of the addresses, to see whether they are served. */
export const ATTACKER_ADDRESS: string = hostsOfZone(TRAP, 0)[0]

/** Labels between a name that does not exist and its zone. */
export const DEEP: string = 'a.'.repeat(100)

function contentOf(group: ZoneGroup, more: string): ResourceRecord[] {
  const zone = zoneName(group, 0)
  const servers = hostsOfZone(group, 0)
    .map((host, i) => `@ NS ns${i + 1}\nns${i + 1} A ${host}\n`)
    .join('')
  const text = `@ SOA ns1 hostmaster 1 7200 3600 1209600 3600\n${servers}${more}`
  return readZone(text, { path: zone, origin: nameFrom(zone), defaultTtlSeconds: TTL_SECONDS })
}

/** Addresses with wrong signatures for every name below the apex. */
function trapping(apex: Name, signer: LabKey): Rewrite {
  const address: Rrset = {
    ...{ owner: nameFrom(`x.${zoneName(TRAP, 0)}`), type: TYPE.A, class: 1, ttlSeconds: TTL_SECONDS },
    rdatas: [Uint8Array.of(45, 0, 0, 1)],
    signatures: [],
  }
  const honest = signRrset(address, { key: signer, signer: apex, span: validity() })
  const signatures = Array.from({ length: TRAP_SIGNATURES }, (_, i) => {
    const wrong = honest.slice()
    new DataView(wrong.buffer).setUint16(wrong.length - 4, i)
    return wrong
  })
  return (answer, { name, type }) => {
    if (type !== TYPE.A || !isStrictSubdomainOf(name, apex) || answer.answer.length > 0) return answer
    const set = { ...address, owner: name, signatures }
    return { ...answer, rcode: RCODE.NOERROR, answer: [set], authority: [] }
  }
}

function trapAuthority(): Authority {
  const zone = zoneName(TRAP, 0)
  const apex = nameFrom(zone)
  const usable = collidingKeys('trap', ALGORITHM.ECDSAP256SHA256, 16)
  const [signer] = usable as [LabKey]
  // The rest of the crowd lies beside the curve: nothing verifies by it, and it has to be tried all the same.
  const crowd = [...usable, ...keysLike(signer, signer.dnskey, TRAP_KEYS - usable.length)]
  const published = crowd.map((key): KeyUse => ({ key, published: true, signsKeys: false, signsZone: false }))
  const signing = {
    keys: [...keysOfZone(zone), ...published],
    denial: { kind: 'nsec' },
    span: validity(),
  } as const
  const served = new ServedZone(apex, zoneRecords({ apex, records: contentOf(TRAP, ''), signing }))
  return authorityOf([served], [trapping(apex, signer)])
}

function hashedAuthority(): Authority {
  const zone = zoneName(HASHED, 0)
  const apex = nameFrom(zone)
  // Opt-out: no proof may be used for another name (RFC 8198 4), so each has to be asked for and computed.
  const denial: Nsec3Denial = { ...OPT_OUT, iterations: HASHED_ITERATIONS }
  const signing = { keys: keysOfZone(zone), denial, span: validity() }
  const records = contentOf(HASHED, `${DEEP}b A 192.0.2.1\n`)
  return authorityOf([new ServedZone(apex, zoneRecords({ apex, records, signing }))])
}

function fannedAuthority(): Authority {
  const zone = zoneName(FANNED, 0)
  const apex = nameFrom(zone)
  const victim = zoneName(VICTIM, 0)
  const depth = zone.split('.').length
  const referring: Rewrite = (answer, { name }) => {
    if (!isStrictSubdomainOf(name, apex) || answer.answer.length > 0) return answer
    const owner = lastLabels(foldName(name), depth)
    const label = formatName(owner).split('.')[0]!
    const rdatas = Array.from({ length: FANNED_SERVERS }, (_, i) => nameFrom(`s${i}-${label}.${victim}`))
    const ns: Rrset = { owner, type: TYPE.NS, class: 1, ttlSeconds: TTL_SECONDS, rdatas, signatures: [] }
    return { rcode: RCODE.NOERROR, authoritative: false, answer: [], authority: [ns], additional: [] }
  }
  return authorityOf([new ServedZone(apex, contentOf(FANNED, ''))], [referring])
}

/** The servers, by address: every zone has its own. */
export function attackerAuthorities(): Map<string, Authority> {
  return new Map(
    [
      [TRAP, trapAuthority()] as const,
      [HASHED, hashedAuthority()] as const,
      [FANNED, fannedAuthority()] as const,
    ].flatMap(([group, authority]) => hostsOfZone(group, 0).map((host) => [host, authority] as const)),
  )
}

if (process.argv[1] === import.meta.filename) await serveAuthorities(attackerAuthorities(), DNS_PORT)
