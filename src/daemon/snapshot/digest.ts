/**
 * What a snapshot has to agree on with who loads it, as two digests: so that no restart with another configuration
 * keeps a verdict, or data, that this configuration would not have come to.
 */
import { createHash, randomBytes } from 'node:crypto'
import { formatHex } from '../../base/octets.ts'
import { SNAPSHOT_DIGEST_OCTETS } from '../../cache/snapshot.ts'
import type { Config } from '../../config/load.ts'
import type { SettingKey, Settings } from '../../config/settings.ts'
import type { ValidationPolicy } from '../../policy/validation-policy.ts'
import type { Platform } from '../engine.ts'
import { ANSWERS_HANG_ON } from '../operator/live-settings.ts'

/** Settings that verdicts, and answers made of the same data, hang on; the policy has more that may change meanwhile. */
const JUDGEMENT_SETTINGS: readonly SettingKey[] = [
  ...ANSWERS_HANG_ON,
  'dnssec.clock',
  'dns64.prefix',
  'dns64.exclude',
  'dns64.ignore-aaaa',
]

/** Settings that say whom data comes from and how long it is kept. */
const SOURCE_SETTINGS: readonly SettingKey[] = [
  'resolution.stub-zones',
  'resolution.forward-zones',
  'resolution.authority-port',
  'resolution.allow-loopback-authorities',
  'resolution.foreign-glue',
  'resolution.verify-referrals',
  'resolution.verify-glue',
  'cache.serve-original-ttl',
  'cache.ttl.min-seconds',
  'cache.ttl.max-seconds',
  'cache.ttl.negative-max-seconds',
]

/** Of what verdicts hang on at the moment. Observing and enforcing come to the same ones. */
export function judgementDigest(
  settings: Settings,
  policy: ValidationPolicy,
  platform: Platform,
): Uint8Array {
  return digestOf({
    settings: valuesOf(settings, JUDGEMENT_SETTINGS),
    isOff: policy.mode === 'off',
    anchors: new Set(policy.anchors.list.map(({ zone, ds, dnskey }) => [zone, ds ?? null, dnskey ?? null])),
    negative: new Set(policy.negativeTrustAnchors.map(({ name }) => name)),
    insecure: new Set(policy.insecureZones),
    disabled: [policy.disabledAlgorithms, policy.disabledDigests],
    skewSeconds: [policy.skewSecondsMin, policy.skewSecondsMax],
    platform,
  })
}

/** Of rules in the middle of a change, when verdicts by the old and by the new ones look alike: like no other. */
export function unsettledDigest(): Uint8Array {
  return randomBytes(SNAPSHOT_DIGEST_OCTETS)
}

/** Of what data hangs on. */
export function sourcesDigest({ settings, rootHints }: Config): Uint8Array {
  return digestOf({ settings: valuesOf(settings, SOURCE_SETTINGS), rootHints })
}

function valuesOf(settings: Settings, keys: readonly SettingKey[]): unknown[] {
  return keys.map((key) => [key, settings[key] ?? null])
}

function digestOf(value: unknown): Uint8Array {
  return createHash('sha256').update(canonicalText(value)).digest()
}

/** Octets as hexadecimal text, sets in an order of their own. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return formatHex(part)
    if (part instanceof Set) return [...part].map(canonicalText).sort()
    return part
  })
}
