/** Limits on their way from the file to whoever goes by them. */
import t from 'tap'
import { SETTING_KEYS, SETTINGS, type Settings } from '../../src/config/settings.ts'
import { threadChange } from '../../src/daemon/operator/live-settings.ts'
import { resolverLimits } from '../../src/daemon/parts.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'

const DEFAULTS = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, SETTINGS[key].default]),
) as unknown as Settings
const KEYS = SETTING_KEYS.filter((key) => key.startsWith('limits.'))
/** What bounds other things than the work for one question. */
const isOfOthers = (key: string): boolean =>
  /^limits\.(waiting|outstanding|upstream-outstanding|reply-time|late-replies|thread-stall|dry-run)/.test(key)

/** All numbers, by their path. */
function numbers(value: object, path = ''): Map<string, number> {
  const found = new Map<string, number>()
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === 'number') found.set(path + key, part)
    else for (const [name, number] of numbers(part, `${path}${key}.`)) found.set(name, number)
  }
  return found
}

t.test('the defaults are the engine`s own', (t) => {
  t.same(resolverLimits(DEFAULTS), RESOLVER_LIMITS)
  t.end()
})

t.test('each setting sets one limit of the engine, and every limit is set by one', (t) => {
  const before = numbers(RESOLVER_LIMITS)
  const set = new Set<string>()
  for (const key of [...KEYS, 'dnssec.nsec3-iterations-max' as const]) {
    const after = numbers(resolverLimits({ ...DEFAULTS, [key]: 12_345 }))
    const changed = [...after].filter(([name, number]) => number !== before.get(name))
    t.equal(changed.length, isOfOthers(key) ? 0 : 1, key)
    for (const [name, number] of changed) {
      t.equal(number, 12_345)
      set.add(name)
    }
  }
  t.same(
    [...before.keys()].filter((name) => !set.has(name)),
    [],
  )
  t.end()
})

t.test('threads are told of a change; only one that alters verdicts has answers judged anew', (t) => {
  for (const key of KEYS) {
    const change = threadChange(DEFAULTS, { ...DEFAULTS, [key]: 12_345 })
    t.same(change, SETTINGS[key].reload === 'live' ? { rejudges: false } : undefined, key)
  }
  t.same(threadChange(DEFAULTS, { ...DEFAULTS, 'dnssec.nsec3-iterations-max': 0 }), { rejudges: true })
  t.end()
})
