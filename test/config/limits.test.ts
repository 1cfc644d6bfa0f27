/** The table of bounds, the settings by which operators change some of them, and the counter of those that were met. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../../src/config/settings.ts'
import { LIMITS_TRIED_OUT } from '../../src/config/values.ts'
import { LIMITS } from '../../src/telemetry/label-values.ts'

const table = readFileSync('src/base/limits.ts', 'utf8')
const rows = readFileSync('src/config/settings.ts', 'utf8')
const LIMIT_KEYS = SETTING_KEYS.filter((key) => key.startsWith('limits.'))

/** Limits that are set under another name, … */
const ELSEWHERE: Readonly<Record<string, SettingKey>> = {
  time: 'limits.time-ms',
  'reply-time': 'limits.reply-time-ms',
  'tcp-connections': 'server.tcp.connections',
  'answers-per-prefix': 'rate-limiting.answers.per-second',
  'recursion-per-prefix': 'rate-limiting.recursion.per-second',
  'tcp-connections-per-client': 'server.tcp.connections-per-client',
}
/** … and those that nobody sets, with the reason. */
const FIXED: Readonly<Record<string, string>> = {
  'fair-share': 'no number: as much as each of the others who wait',
  'outstanding-per-client': 'what limits.upstream-outstanding leaves',
  handover: 'a ring of fixed memory between two threads; limits.waiting is what fills it',
  'set-aside': 'no number: whether a question ended a thread a minute ago',
  'tcp-unread': 'memory of one connection, and of all',
}
/** Limits that are tried out by a setting of their own. */
const OWN_DRY_RUNS: Readonly<Record<string, SettingKey>> = {
  'answers-per-prefix': 'rate-limiting.answers.dry-run',
  'recursion-per-prefix': 'rate-limiting.recursion.dry-run',
}

t.test('every bound has its reason before it', (t) => {
  const lines = table.split('\n')
  let reasonsEnd = -1
  let stem = ''
  for (const [i, line] of lines.entries()) {
    const name = /^export const ([A-Z0-9_]+)/.exec(line)?.[1]
    if (name === undefined) continue
    const own = lines[i - 1]!.trimEnd().endsWith('*/')
    // A pair such as X_MIN and X_MAX may share one.
    const shared = reasonsEnd === i - 1 && name.replace(/_(MIN|MAX|INITIAL)$/, '') === stem
    t.ok(own || shared, name)
    reasonsEnd = i
    stem = name.replace(/_(MIN|MAX|INITIAL)$/, '')
  }
  t.end()
})

t.test('a setting of the group begins with what the table says, within bounds of its own', (t) => {
  t.ok(LIMIT_KEYS.length >= 20, `${LIMIT_KEYS.length} settings`)
  for (const key of LIMIT_KEYS) {
    // Names of limits.
    if (key === 'limits.dry-run') continue
    const at = rows.indexOf(`  '${key}': {`)
    const row = rows.slice(at, rows.indexOf('\n  },', at))
    const constant = /default: ([A-Z0-9_]+),/.exec(row)?.[1]
    t.ok(
      constant !== undefined && table.includes(`export const ${constant} `),
      `${key}: ${constant} of the table`,
    )
    const { schema, default: value } = SETTINGS[key]
    t.ok(schema.safeParse(value).success, `${key}: ${value}`)
    for (const bad of [-1, 1e9, 1.5, '7', null]) t.notOk(schema.safeParse(bad).success, `${key}: ${bad}`)
  }
  t.end()
})

t.test('what is counted when it is met can be set, or it is said why not', (t) => {
  for (const limit of Object.keys(LIMITS)) {
    const key = ELSEWHERE[limit] ?? (`limits.${limit}` as SettingKey)
    t.not(FIXED[limit] !== undefined, SETTING_KEYS.includes(key), limit)
  }
  for (const limit of Object.keys({ ...ELSEWHERE, ...FIXED })) t.ok(limit in LIMITS, limit)
  t.end()
})

t.test('what is counted when it is met can be tried out, or SECURITY.md says why not', (t) => {
  const [, rest = ''] = readFileSync('SECURITY.md', 'utf8').split(
    '| limits | why none of them is tried out |\n| --- | --- |\n',
  )
  const reasons = new Map<string, string>()
  for (const row of rest.split('\n\n', 1)[0]!.split('\n')) {
    const [, limits = '', reason = ''] = row.split('|').map((cell) => cell.trim())
    for (const limit of limits.split(', ')) reasons.set(limit.replaceAll('`', ''), reason)
  }
  const words: readonly string[] = LIMITS_TRIED_OUT
  const { schema, doc } = SETTINGS['limits.dry-run']
  for (const limit of Object.keys(LIMITS)) {
    const ways = [words.includes(limit), OWN_DRY_RUNS[limit] !== undefined, reasons.has(limit)]
    t.equal(
      ways.filter(Boolean).length,
      1,
      `${limit}: one of tried out, by a setting of its own, or not with a reason`,
    )
    t.equal(schema.safeParse([limit]).success, words.includes(limit), limit)
  }
  for (const [limit, reason] of reasons) t.ok(limit in LIMITS && reason.length > 20, `${limit}: ${reason}`)
  for (const limit of words)
    t.ok(limit in LIMITS && doc.split(/[\s,.]+/).includes(limit), `${limit} is explained`)
  for (const key of Object.values(OWN_DRY_RUNS)) t.ok(SETTING_KEYS.includes(key), key)
  t.end()
})
