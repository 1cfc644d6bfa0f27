/** `sigill check`: looks at a domain from the root down and says what is wrong, why it matters, and how to mend it. */
import { systemRandom } from '../base/random.ts'
import { collect } from '../check/collect.ts'
import { judge } from '../check/judge.ts'
import { type CheckReport, makeReport } from '../check/report.ts'
import { type Config, defaultConfig, loadConfig } from '../config/load.ts'
import { withKeptAnchors } from '../daemon/anchors/kept.ts'
import { createLoneEngine, testPlatform } from '../daemon/engine.ts'
import { resolverSettings } from '../daemon/parts.ts'
import { Counters } from '../telemetry/counters.ts'
import { helpDeskText, mailText } from './check-letters.ts'
import { formatCheck } from './check-report.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { printableJson } from './printable.ts'
import { parseName } from './question.ts'

/** What the command was told. */
export interface CheckOptions {
  /** Configuration file; the defaults when left out. */
  readonly config?: string
  readonly json?: boolean
  readonly helpDesk?: boolean
  readonly mail?: boolean
}

/**
 * Checks.
 *
 * @returns NO when there is at least one error
 */
export async function check(
  domain: string,
  options: CheckOptions,
  print: (text: string) => void,
): Promise<ExitCode> {
  const { json = false, helpDesk = false, mail = false } = options
  if ([json, helpDesk, mail].filter(Boolean).length > 1)
    throw new UnusableInput('--json, --help-desk and --mail exclude each other')
  const name = parseName(domain)
  const config = withKeptAnchors(options.config === undefined ? defaultConfig() : loadConfig(options.config))
  const report = await checkWith(name, config)
  if (json) print(printableJson(report))
  else if (helpDesk) print(helpDeskText(report))
  else if (mail) print(mailText(report))
  else print(formatCheck(report))
  return report.counts.errors > 0 ? EXIT.NO : EXIT.DONE
}

async function checkWith(name: ReturnType<typeof parseName>, given: Config): Promise<CheckReport> {
  const config = { ...given, settings: { ...given.settings, ...JUDGING } }
  const { settings, rootHints } = config
  const platform = testPlatform()
  let fault: unknown
  const engine = createLoneEngine(config, {
    platform,
    counters: new Counters(),
    ownAddresses: settings['server.listen'],
    onFault: (error) => {
      fault = error
    },
  })
  try {
    const { clock, upstream, resolver, policy } = engine
    const seen = await collect(name, {
      clock,
      upstream,
      resolver,
      policy,
      random: systemRandom(),
      settings: resolverSettings(settings, rootHints, settings['server.listen']),
    })
    if (fault !== undefined) throw fault
    const disabled =
      (numbers: readonly number[]) =>
      (n: number): boolean =>
        !numbers.includes(n)
    const findings = judge(seen, {
      algorithms: new Set([...platform.algorithms].filter(disabled(settings['dnssec.disabled-algorithms']))),
      digests: new Set([...platform.digests].filter(disabled(settings['dnssec.disabled-digests']))),
      nsec3IterationsMax: settings['dnssec.nsec3-iterations-max'],
    })
    return makeReport(seen, findings)
  } finally {
    engine.close()
  }
}

/** A check judges whatever the mode, exceptions and staleness of the daemon, and reports to nobody but its caller. */
const JUDGING = {
  'dnssec.mode': 'enforce',
  'dnssec.negative-trust-anchors': [],
  'dnssec.error-reporting': false,
  'serve-stale.enabled': false,
} as const
