/** The zones of the test, as a table: who serves each, who signs it and how, what its parent says of it, what is broken. */

/** A server process and its addresses: the last octets in the test's network. */
export type ServerKey = 'root' | 'se' | 'nu' | 'com' | 'org' | 'a' | 'b' | 'c' | 'd' | 'e'

export const SERVER_HOSTS: Readonly<Record<ServerKey, readonly number[]>> = {
  root: [1],
  se: [2],
  nu: [3],
  com: [4],
  org: [5],
  a: [10, 20],
  b: [11, 21],
  c: [12, 22],
  d: [13, 23],
  e: [14, 24],
}

export type Signer = 'ldns' | 'bind'

export interface Signing {
  readonly signer: Signer
  /** DNSSEC algorithm numbers; one but for the zone that is signed with two. */
  readonly algorithms: readonly number[]
  readonly denial: 'nsec' | 'nsec3' | 'optout'
  readonly nsec3: { readonly iterations: number; readonly salt: string }
  /** One key of both roles, or a KSK and a ZSK. */
  readonly keys: 'combined' | 'split'
}

/** What the signer's work is spoilt by, after or while signing. */
export type Fault =
  | 'expired'
  | 'not-yet-valid'
  | 'signature-stripped'
  | 'signatures-stripped'
  | 'denial-stripped'
  | 'data-changed'
  | 'foreign-zsk'

/** The DS set of the zone at its parent. A list of digest types makes a good DS for each KSK. */
export type DelegationSigner =
  | readonly number[]
  | 'none'
  | 'other-key'
  | 'unknown-algorithm'
  | 'unknown-digest'

/** What a validator with the root anchor must find the zone's apex to be. */
export type Expected = 'secure' | 'insecure' | 'bogus'

export interface ZonePlan {
  /** Absolute, lower case. */
  readonly name: string
  readonly server: ServerKey
  readonly kind: 'root' | 'registry' | 'reverse' | 'leaf'
  readonly signing: Signing | undefined
  readonly ds: DelegationSigner
  readonly fault?: Fault
  readonly expected: Expected
  /** The EDE of the SERVFAIL of a bogus zone, or of the answer of an insecure one (RFC 8914), where one is due. */
  readonly ede?: number
  /** `in-zone`: ns1 and ns2 below the apex, with glue; `hosting`: names below hosting.nu., without glue. */
  readonly nameServers: 'in-zone' | 'hosting'
}

const ALGORITHM_NAMES: Readonly<Record<number, string>> = { 8: 'rsa', 13: 'p256', 14: 'p384', 15: 'ed25519' }
const DENIALS = ['nsec', 'nsec3', 'optout'] as const
const TOPS = ['se.', 'nu.', 'com.', 'org.'] as const
const HOSTS = ['a', 'b', 'c', 'd', 'e'] as const
const NSEC3_PARAMETERS: readonly Signing['nsec3'][] = [
  { iterations: 0, salt: '-' },
  { iterations: 0, salt: 'ab' },
  { iterations: 1, salt: '-' },
  { iterations: 5, salt: 'deadbeef' },
]
const DIGEST_TYPES: readonly (readonly number[])[] = [[2], [4], [1, 2], [2, 4]]

function signing(
  signer: Signer,
  algorithm: number,
  denial: Signing['denial'],
  more: Partial<Signing> = {},
): Signing {
  return {
    signer,
    algorithms: [algorithm],
    denial,
    nsec3: { iterations: 0, salt: '-' },
    keys: 'split',
    ...more,
  }
}

function registry(name: string, server: ServerKey, how: Signing): ZonePlan {
  return { name, server, kind: 'registry', signing: how, ds: [2], expected: 'secure', nameServers: 'in-zone' }
}

/** Root and the zones below it that delegate; arpa. is served together with the root, as it long was. */
const REGISTRIES: readonly ZonePlan[] = [
  { ...registry('.', 'root', signing('bind', 8, 'nsec')), kind: 'root' },
  registry('se.', 'se', signing('bind', 8, 'nsec')),
  registry('nu.', 'nu', signing('ldns', 13, 'nsec3', { nsec3: { iterations: 5, salt: 'beef' } })),
  registry('com.', 'com', signing('bind', 15, 'optout')),
  registry('org.', 'org', signing('ldns', 14, 'nsec')),
  { ...registry('arpa.', 'root', signing('ldns', 13, 'nsec')), kind: 'reverse' },
  { ...registry('in-addr.arpa.', 'a', signing('bind', 13, 'nsec')), kind: 'reverse' },
  { ...registry('44.in-addr.arpa.', 'a', signing('ldns', 15, 'nsec3')), kind: 'reverse' },
]

/** Each signer with each algorithm and each kind of denial. */
function matrix(): ZonePlan[] {
  const plans: ZonePlan[] = []
  for (const signer of ['ldns', 'bind'] as const) {
    for (const [algorithm, algorithmName] of Object.entries(ALGORITHM_NAMES)) {
      for (const denial of DENIALS) {
        const i = plans.length
        const nsec3 = NSEC3_PARAMETERS[(i >> 1) % NSEC3_PARAMETERS.length]!
        const keys = i % 5 === 4 ? 'combined' : 'split'
        plans.push({
          name: `${signer}-${algorithmName}-${denial}.${TOPS[(i + (i >> 2)) % TOPS.length]}`,
          server: HOSTS[i % HOSTS.length]!,
          kind: 'leaf',
          signing: signing(signer, Number(algorithm), denial, { nsec3, keys }),
          ds: DIGEST_TYPES[(i >> 1) % DIGEST_TYPES.length]!,
          expected: 'secure',
          nameServers: i % 3 === 2 ? 'hosting' : 'in-zone',
        })
      }
    }
  }
  return plans
}

const MATRIX = matrix()

/** The zone of the matrix with this first label. */
function inMatrix(label: string): ZonePlan {
  return MATRIX.find((plan) => plan.name.startsWith(`${label}.`))!
}

type LeafOptions = Partial<Pick<ZonePlan, 'ds' | 'fault' | 'expected' | 'ede' | 'nameServers'>>

function leaf(name: string, server: ServerKey, how: Signing | undefined, more: LeafOptions = {}): ZonePlan {
  const base = { name, server, kind: 'leaf', signing: how, nameServers: 'in-zone' } as const
  if (how === undefined) return { ...base, ds: 'none', expected: 'insecure', ...more }
  return { ...base, ds: [2], expected: 'secure', ...more }
}

const coHostParent = inMatrix('ldns-p256-nsec')
const entParent = inMatrix('bind-ed25519-nsec3')
const optOutParent = inMatrix('ldns-rsa-optout')
const bindOptOutParent = inMatrix('bind-p256-optout')

/** Children beside their parents, unsigned zones, islands, unusual but healthy signing. */
const OTHERS: readonly ZonePlan[] = [
  leaf('hosting.nu.', 'e', signing('bind', 13, 'nsec')),
  leaf(`child.${coHostParent.name}`, coHostParent.server, signing('bind', 13, 'nsec3')),
  leaf(`deep.sub.${entParent.name}`, entParent.server, signing('ldns', 15, 'nsec')),
  leaf(`unsigned.${coHostParent.name}`, coHostParent.server, undefined),
  leaf(`unsigned.${optOutParent.name}`, optOutParent.server, undefined),
  leaf(`unsigned.${bindOptOutParent.name}`, 'c', undefined),
  leaf(`signed.${bindOptOutParent.name}`, 'd', signing('ldns', 8, 'optout')),
  leaf('unsigned.se.', 'a', undefined),
  leaf('unsigned.nu.', 'b', undefined),
  leaf('unsigned.com.', 'c', undefined, { nameServers: 'hosting' }),
  leaf('signed.unsigned.com.', 'd', signing('bind', 13, 'nsec'), { expected: 'insecure' }),
  leaf('island.se.', 'e', signing('ldns', 13, 'nsec'), { ds: 'none', expected: 'insecure' }),
  leaf('island.com.', 'e', signing('bind', 15, 'nsec3'), { ds: 'none', expected: 'insecure' }),
  leaf('child.island.se.', 'e', signing('bind', 13, 'nsec'), { expected: 'insecure' }),
  leaf('two-algorithms.nu.', 'a', signing('bind', 13, 'nsec', { algorithms: [8, 13] })),
  leaf('ed448.se.', 'b', signing('ldns', 16, 'nsec')),
  leaf('sha1-ds.org.', 'c', signing('bind', 8, 'nsec3'), { ds: [1] }),
  leaf('unknown-algorithm.org.', 'd', undefined, { ds: 'unknown-algorithm', ede: 1 }),
  leaf('unknown-digest.org.', 'e', signing('ldns', 13, 'nsec'), {
    ds: 'unknown-digest',
    expected: 'insecure',
    ede: 2,
  }),
  leaf('iterations-100.nu.', 'a', signing('ldns', 13, 'nsec3', { nsec3: { iterations: 100, salt: 'ab' } })),
  leaf('iterations-200.se.', 'b', signing('ldns', 13, 'nsec3', { nsec3: { iterations: 200, salt: '-' } })),
]

function broken(name: string, server: ServerKey, how: Signing, fault: Fault, ede: number): ZonePlan {
  return leaf(name, server, how, { fault, expected: 'bogus', ede })
}

/** Zones that fail, each with the EDE (RFC 8914) that says why. */
const BROKEN: readonly ZonePlan[] = [
  broken('expired.se.', 'a', signing('bind', 13, 'nsec'), 'expired', 7),
  broken('expired.nu.', 'b', signing('ldns', 8, 'nsec3'), 'expired', 7),
  broken('future.org.', 'c', signing('bind', 15, 'nsec3'), 'not-yet-valid', 8),
  broken('future.com.', 'd', signing('ldns', 14, 'nsec'), 'not-yet-valid', 8),
  leaf('wrong-ds.org.', 'e', signing('ldns', 13, 'nsec'), { ds: 'other-key', expected: 'bogus', ede: 9 }),
  broken('unsigned-data.com.', 'a', signing('bind', 13, 'nsec3'), 'signatures-stripped', 10),
  broken('foreign-zsk.com.', 'c', signing('bind', 13, 'nsec'), 'foreign-zsk', 9),
  // Only some names of these three are broken, so the apex is secure.
  leaf('stripped.se.', 'd', signing('ldns', 13, 'nsec'), { fault: 'signature-stripped' }),
  leaf('no-denial.se.', 'e', signing('bind', 13, 'nsec'), { fault: 'denial-stripped' }),
  leaf('no-denial.nu.', 'a', signing('ldns', 13, 'nsec3'), { fault: 'denial-stripped' }),
  leaf('changed.org.', 'b', signing('bind', 8, 'nsec3'), { fault: 'data-changed' }),
]

/** All zones, parents before children. */
export const ZONES: readonly ZonePlan[] = [...REGISTRIES, ...MATRIX, ...OTHERS, ...BROKEN]

/** True when `name` is `ancestor` or below it; both absolute and lower case, without escaped dots in the ancestor. */
export function isAtOrBelow(name: string, ancestor: string): boolean {
  return ancestor === '.' || name === ancestor || name.endsWith(`.${ancestor}`)
}

/** The zone that holds the delegation to this one. */
export function parentZone(plan: ZonePlan): ZonePlan | undefined {
  const above = ZONES.filter((other) => other !== plan && isAtOrBelow(plan.name, other.name))
  return above.sort((a, b) => b.name.length - a.name.length)[0]
}

/** The deepest zone that a name lies in. */
export function zoneOf(name: string): ZonePlan {
  const above = ZONES.filter((plan) => isAtOrBelow(name.toLowerCase(), plan.name))
  return above.sort((a, b) => b.name.length - a.name.length)[0]!
}

/** Labels of a name put in front of a zone's name. */
export function below(label: string, zone: string): string {
  return zone === '.' ? `${label}.` : `${label}.${zone}`
}
