/** `sigill check-config`: whether `serve` would take a configuration. */
import { loadConfig } from '../config/load.ts'
import { formatReference } from '../config/reference.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'

/** What the command was told. */
export interface CheckConfigOptions {
  /** Print the reference with all defaults instead. */
  readonly defaults?: boolean
}

/**
 * Checks a file; faults are thrown as `ConfigError` and printed by the caller.
 *
 * @param print takes text for standard output
 */
export function checkConfig(
  file: string | undefined,
  options: CheckConfigOptions,
  print: (text: string) => void,
): ExitCode {
  if (options.defaults === true) {
    print(formatReference())
    return EXIT.DONE
  }
  if (file === undefined) throw new UnusableInput('check-config needs the path of a file')
  loadConfig(file)
  print(`${file}: good\n`)
  return EXIT.DONE
}
