/**
 * Asks the registry which vulnerabilities are known of the packages that run in production. Exit 1 when it knows any; 0 when
 * none, or when it cannot be asked, which is said.
 */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { ROOT } from '../house/project.ts'

/** What became of an audit. */
export interface Audit {
  readonly ok: boolean
  readonly text: string
}

/** Reads what `npm audit --json` prints. */
export function judgeAudit(json: string): Audit {
  let report: unknown
  try {
    report = JSON.parse(json)
  } catch {
    return { ok: true, text: 'audit: not made, npm prints no report' }
  }
  const { vulnerabilities, message } = (report ?? {}) as Partial<Record<string, unknown>>
  if (typeof vulnerabilities !== 'object' || vulnerabilities === null) {
    return {
      ok: true,
      text: `audit: not made, the registry cannot be asked: ${message ?? 'no reason given'}`,
    }
  }
  const known = Object.entries(vulnerabilities as Record<string, { readonly severity?: unknown }>)
  if (known.length === 0) return { ok: true, text: 'audit: no vulnerability is known' }
  const names = known.map(([name, { severity }]) => `${name} (${severity})`)
  return { ok: false, text: `audit: vulnerabilities are known of ${names.join(', ')}; see npm audit` }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=15000']
  const { stdout } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' })
  const { ok, text } = judgeAudit(stdout ?? '')
  console.log(text)
  process.exitCode = ok ? 0 : 1
}
