/** Small root zones with a digest, all signed by the same keys. */
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { spanOf } from '../../src/lab/lab-zone.ts'
import { makeDs } from '../../src/lab/signer.ts'
import { type Defect, DIGEST_PLACEHOLDER, digested, splitKeys, zoneRecords } from '../../src/lab/zone.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { recordsFrom } from './records.ts'

/** When they are signed: for ten days before and twenty after. */
export const SIGNED_AT: number = Date.parse('2026-11-21T12:00:00Z') / 1000

const KEYS = splitKeys('root copy', ALGORITHM.ECDSAP256SHA256)
const [KSK] = KEYS

/** The anchor of them all. */
export const ROOT_ANCHORS: readonly TrustAnchor[] = anchorsFromRecords([
  { owner: ROOT, type: TYPE.DS, class: CLASS.IN, ttlSeconds: 3600, rdata: makeDs(ROOT, KSK!.key, 2) },
])

export interface RootZoneOptions {
  readonly serial?: number
  /** SOA timers. */
  readonly timers?: string
  readonly domains?: readonly string[]
  readonly hash?: 1 | 2
  /** What is done to it when all is signed and digested. */
  readonly after?: Defect
  /** Without a digest. */
  readonly plain?: boolean
}

/** A root zone. */
export function rootZone(options: RootZoneOptions = {}): ResourceRecord[] {
  const { serial = 1, timers = '1800 900 604800 86400', domains = ['se', 'test', 'nl'], hash = 1 } = options
  const text = `$TTL 86400
@ SOA a.servers. admin.servers. ${serial} ${timers}
@ NS a.servers.
a.servers. A 192.0.2.1
${options.plain === true ? '' : DIGEST_PLACEHOLDER}
${domains.map((domain) => `${domain} NS ns.${domain}.\nns.${domain} A 192.0.2.2\n`).join('')}`
  const defects = [
    ...(options.plain === true ? [] : [digested(hash)]),
    ...(options.after ? [options.after] : []),
  ]
  const signing = { keys: KEYS, denial: { kind: 'nsec' as const }, span: spanOf([-10, 20], SIGNED_AT) }
  return [...zoneRecords({ apex: ROOT, records: recordsFrom(text), signing, defects })]
}
