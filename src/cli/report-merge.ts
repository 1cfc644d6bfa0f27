/** `sigill report merge`: the rollout reports of several resolvers made one. */
import { REPORT_SOURCES_MAX, STATE_FILE_OCTETS_MAX } from '../base/limits.ts'
import { readBoundedFile } from '../config/text-file.ts'
import { REPORT_FORM } from '../daemon/report/report-form.ts'
import { openState, sealedState } from '../daemon/state/state-file.ts'
import type { KeptReport } from '../telemetry/report/report-data.ts'
import { reportView } from '../telemetry/report/report-view.ts'
import { RolloutReport } from '../telemetry/report/rollout-report.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { printableJson } from './printable.ts'
import { reportHtml } from './rollout-report-html.ts'
import { reportText } from './rollout-report-text.ts'

/** What the command was told: one way to print at most. */
export interface MergeOptions {
  readonly json?: boolean
  readonly html?: boolean
  readonly export?: boolean
}

/** Merges, and prints. @throws UnusableInput */
export function reportMerge(
  paths: readonly string[],
  options: MergeOptions,
  print: (text: string) => void,
): ExitCode {
  const { json = false, html = false, export: exports = false } = options
  if ([json, html, exports].filter(Boolean).length > 1)
    throw new UnusableInput('--json, --html and --export exclude each other')
  const merged = mergeReports(paths.map((path) => ({ path, report: readReport(path) })))
  if (exports) {
    print(printableJson(sealedState(merged, REPORT_FORM)))
    return EXIT.DONE
  }
  const view = reportView(merged, merged.until)
  print(json ? printableJson(view) : html ? reportHtml(view) : reportText(view))
  return EXIT.DONE
}

function readReport(path: string): KeptReport {
  const octets = readBoundedFile(path, STATE_FILE_OCTETS_MAX)
  if (typeof octets === 'string') throw new UnusableInput(`${path}: ${octets}`)
  const opened = openState(octets, REPORT_FORM)
  if ('fault' in opened)
    throw new UnusableInput(`${path}: no rollout report that can be used: ${opened.fault}`)
  return opened.value
}

interface ReportFile {
  readonly path: string
  readonly report: KeptReport
}

/** Who is in several of them is one client. Nothing is counted twice. */
function mergeReports(files: readonly ReportFile[]): KeptReport {
  const [first] = files
  const { key } = first!.report
  const holders = new Map<string, string>()
  const merged = new RolloutReport(first!.report.since)
  for (const { path, report } of files) {
    if (report.key !== key) {
      throw new UnusableInput(
        `${path}: its clients were counted by another secret than those of ${first!.path}, so that nobody can say which are the same: give all resolvers one rollout-key.json and equal dnssec.rollout.ipv4-prefix-bits and ipv6-prefix-bits`,
      )
    }
    for (const source of report.sources) {
      const holder = holders.get(source)
      if (holder !== undefined)
        throw new UnusableInput(
          `${path}: ${holder} holds counts of the same resolver, which would count twice`,
        )
      holders.set(source, path)
    }
    merged.merge(report)
  }
  if (holders.size > REPORT_SOURCES_MAX)
    throw new UnusableInput(`there are counts of more than ${REPORT_SOURCES_MAX} resolvers`)
  const until = Math.max(...files.map(({ report }) => report.until))
  return { ...merged.data(), until, key, sources: [...holders.keys()] }
}
