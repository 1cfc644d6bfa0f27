/** Which settings a running daemon takes over, and how. */
import { isDeepStrictEqual } from 'node:util'
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from '../../config/settings.ts'
import type { PolicyChange } from '../../policy/validation-policy.ts'
import { namesEqual } from '../../wire/name.ts'

/** What threads are told as a whole. */
const THREAD_SETTINGS: readonly SettingKey[] = [
  'server.identity',
  'server.version',
  'server.nsid',
  'server.cookies.mode',
  'access.allow',
  'access.deny',
  'access.snoop',
  'rate-limiting.answers.per-second',
  'rate-limiting.answers.burst',
  'rate-limiting.answers.slip',
  'rate-limiting.answers.dry-run',
  'rate-limiting.recursion.per-second',
  'rate-limiting.recursion.burst',
  'rate-limiting.recursion.dry-run',
  'rate-limiting.exempt',
  'local-zones.disable',
  'local-zones.zones',
  'local-zones.records',
  'resolution.private-addresses',
  'resolution.private-domains',
  'resolution.any',
  'dnssec.nsec3-iterations-max',
  'dnssec.rollout.always',
  'dnssec.rollout.never',
  'dnssec.rollout.always-listeners',
  'dnssec.rollout.never-listeners',
  ...SETTING_KEYS.filter((key) => key.startsWith('limits.') && SETTINGS[key].reload === 'live'),
]

/** Those by which cached answers were made, or are not to be given any more. */
export const ANSWERS_HANG_ON: readonly SettingKey[] = [
  'local-zones.disable',
  'local-zones.zones',
  'local-zones.records',
  'resolution.private-addresses',
  'resolution.private-domains',
  'dnssec.nsec3-iterations-max',
]

/** Whether one of these settings differs. */
export function differ(before: Settings, after: Settings, keys: readonly SettingKey[]): boolean {
  return keys.some((key) => !isDeepStrictEqual(before[key], after[key]))
}

/** Whether threads have to be told, and whether what they answered is to be answered anew. */
export function threadChange(before: Settings, after: Settings): { readonly rejudges: boolean } | undefined {
  if (!differ(before, after, THREAD_SETTINGS)) return undefined
  return { rejudges: differ(before, after, ANSWERS_HANG_ON) }
}

/** The settings that a new file has changed, by what becomes of them. */
export function changedSettings(
  before: Settings,
  after: Settings,
): { readonly live: SettingKey[]; readonly restart: SettingKey[] } {
  const changed = SETTING_KEYS.filter((key) => differ(before, after, [key]))
  return {
    live: changed.filter((key) => SETTINGS[key].reload === 'live'),
    restart: changed.filter((key) => SETTINGS[key].reload === 'restart'),
  }
}

/** The live settings of a new file, with the others as they are. */
export function takeLive(before: Settings, after: Settings): Settings {
  const entries = SETTING_KEYS.map((key) => [key, (SETTINGS[key].reload === 'live' ? after : before)[key]])
  return Object.fromEntries(entries) as unknown as Settings
}

/** Changes of the policy between two settings, negative trust anchors included; not the anchors. */
export function policyChanges(before: Settings, after: Settings): PolicyChange[] {
  const changes: PolicyChange[] = []
  if (differ(before, after, ['dnssec.insecure-zones'])) {
    changes.push({ kind: 'insecure-zones', zones: after['dnssec.insecure-zones'] })
  }
  if (differ(before, after, ['dnssec.disabled-algorithms', 'dnssec.disabled-digests'])) {
    const algorithms = new Set(after['dnssec.disabled-algorithms'])
    changes.push({ kind: 'disabled', algorithms, digests: new Set(after['dnssec.disabled-digests']) })
  }
  if (differ(before, after, ['dnssec.signature-skew.min-seconds', 'dnssec.signature-skew.max-seconds'])) {
    const minSeconds = after['dnssec.signature-skew.min-seconds']
    changes.push({ kind: 'skew', minSeconds, maxSeconds: after['dnssec.signature-skew.max-seconds'] })
  }
  const were = before['dnssec.negative-trust-anchors']
  const are = after['dnssec.negative-trust-anchors']
  for (const anchor of are) {
    if (!were.some((one) => isDeepStrictEqual(one, anchor))) {
      changes.push({ kind: 'negative-trust-anchor', anchor })
    }
  }
  for (const { name } of were) {
    if (!are.some((one) => namesEqual(one.name, name))) {
      changes.push({ kind: 'no-negative-trust-anchor', name })
    }
  }
  return changes
}
