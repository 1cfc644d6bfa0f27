/** `sigill check-config`: whether `serve` would take a configuration. */
import { loadConfig } from '../config/load.ts'
import { formatReference } from '../config/reference.ts'
import { checkStart, idleSettings, stateFolderFault } from '../daemon/start-checks.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { checkOwnUser } from './own-user.ts'

/** What the command was told. */
export interface CheckConfigOptions {
  /** Print the reference with all defaults instead. */
  readonly defaults?: boolean
}

/**
 * Checks a file and what the daemon needs beside it.
 *
 * @param print takes text for standard output
 * @param printError takes warnings: the daemon would start all the same
 * @throws ConfigError, StartError: as `serve` does
 */
export function checkConfig(
  file: string | undefined,
  options: CheckConfigOptions,
  print: (text: string) => void,
  printError: (text: string) => void,
): ExitCode {
  if (options.defaults === true) {
    print(formatReference())
    return EXIT.DONE
  }
  if (file === undefined) throw new UnusableInput('check-config needs the path of a file')
  const config = loadConfig(file)
  checkOwnUser(config)
  checkStart(config)
  const stateFault = stateFolderFault(config)
  for (const idle of [...idleSettings(config), ...(stateFault === undefined ? [] : [stateFault])])
    printError(`${file}: warning: ${idle}\n`)
  print(`${file}: good\n`)
  return EXIT.DONE
}
