#!/usr/bin/env node
/** The command line: commander takes the words apart, each command has a file of its own in `cli/`. */
import { Command, CommanderError } from 'commander'
import { addControl } from './cli/control-commands.ts'
import { noteEarlyReloads } from './cli/early-reloads.ts'
import { EXIT, type ExitCode, UnusableInput } from './cli/exit-code.ts'
import { PACKAGE_VERSION } from './config/package-version.ts'
import { ConfigError } from './config/problem.ts'
import { openFilesAdvice, StartError } from './daemon/start-error.ts'

/** Before what takes time to load: a reload that comes meanwhile would end the process. */
const early = process.argv[2] === 'serve' ? noteEarlyReloads() : undefined
const print = (text: string): void => void process.stdout.write(text)
const printError = (text: string): void => void process.stderr.write(text)

/** Commands are loaded when they are called: few need everything. */
function makeProgram(): Command {
  const program = new Command('sigill')
  program
    .description('A validating recursive DNS resolver.')
    .version(PACKAGE_VERSION)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`sigill: ${text.replace(/^error: /, '')}`) })
  addServing(program)
  addLookup(program)
  addCheck(program)
  addAnchor(program)
  addControl(program, print)
  addReport(program)
  addDemo(program)
  addLab(program)
  addRehearsal(program)
  return program
}

function addServing(program: Command): void {
  program
    .command('serve')
    .description('run the resolver in the foreground, until SIGTERM')
    .option('-c, --config <file>', 'configuration; the defaults when left out')
    .option('--take-over', 'take over from the daemon that runs: it serves until this one does, then ends')
    .action(async (options) => {
      const { serve } = await import('./cli/serve.ts')
      process.exitCode = await serve(options, printError, early)
    })
  program
    .command('check-config')
    .description('check a configuration file')
    .argument('[file]')
    .option('--defaults', 'print the reference instead: every setting with its default')
    .action(async (file, options) => {
      const { checkConfig } = await import('./cli/check-config.ts')
      process.exitCode = checkConfig(file, options, print, printError)
    })
}

function addLookup(program: Command): void {
  program
    .command('lookup')
    .description('resolve and validate a name here, or ask a server')
    .argument('<name>', 'domain name')
    .argument('[type-or-server...]', 'type (A when left out); @address or @address@port of a server to ask')
    .option('-c, --config <file>', 'configuration: hints, anchors and clock to resolve with')
    .option('--trace', 'show the chain of trust and the upstream exchanges')
    .option('--json', 'print JSON')
    .action(async (name, rest, options) => {
      const { lookup } = await import('./cli/lookup.ts')
      process.exitCode = await lookup([name, ...rest], options, print, printError)
    })
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('check a domain: delegation, servers, DNSSEC; what is wrong and how to mend it')
    .argument('<domain>', 'domain name; the zone that holds it is checked')
    .option('-c, --config <file>', 'configuration: hints, anchors and clock to check with')
    .option('--json', 'print JSON (conf/check-report.schema.json)')
    .option('--help-desk', 'print words that a support agent can say to a customer')
    .option('--mail', 'print a mail to the owner of the zone')
    .action(async (domain, options) => {
      const { check } = await import('./cli/check.ts')
      process.exitCode = await check(domain, options, print)
    })
}

function addAnchor(program: Command): void {
  const anchor = program.command('anchor').description('trust anchors of the root')
  anchor
    .command('status')
    .description('list the trust anchors in use')
    .option('-c, --config <file>', 'configuration; the defaults when left out')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { anchorStatus } = await import('./cli/anchor-status.ts')
      process.exitCode = anchorStatus(options, print)
    })
  anchor
    .command('verify')
    .description("verify ICANN's signature over the root anchors, and the anchors in use against them")
    .option('-c, --config <file>', 'configuration; the defaults when left out')
    .option('--xml <file>', 'root-anchors.xml to verify; the copy in the package when left out')
    .option('--signature <file>', 'root-anchors.p7s; the copy in the package when left out')
    .option('--ca <file>', 'certificates to end in (PEM); the ICANN root CA in the package when left out')
    .option(
      '-o, --output <file>',
      'write the verified keys there, as DS records for dnssec.trust-anchor-files',
    )
    .action(async (options) => {
      const { anchorVerify } = await import('./cli/anchor-verify.ts')
      process.exitCode = await anchorVerify(options, print)
    })
  anchor
    .command('fetch')
    .description('get the root anchors from IANA, verify them, and write them as DS records')
    .option('--url <url>', 'where they are published')
    .option('-o, --output <file>', 'file to write; standard output when left out')
    .action(async (options) => {
      const { anchorFetch } = await import('./cli/anchor-fetch.ts')
      process.exitCode = await anchorFetch(options, print, printError)
    })
}

function addReport(program: Command): void {
  program
    .command('report')
    .description('rollout reports of several resolvers')
    .command('merge')
    .description('make one report of several: who asked more than one of the resolvers is one client')
    .argument(
      '<file...>',
      '`sigill control rollout report --export`, or rollout-report.json of state.directory',
    )
    .option('--json', 'print JSON')
    .option('--html', 'print a page for a browser or a printer')
    .option('--export', 'print what can be merged again')
    .action(async (files, options) => {
      const { reportMerge } = await import('./cli/report-merge.ts')
      process.exitCode = reportMerge(files, options, print)
    })
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description('serve a signed Internet on loopback with the resolver in front, and show what it answers')
    .option('--once', 'ask everything once and end')
    .option('--break <zone...>', 'make the signatures of these zones wrong, to see that the table notices')
    .action(async (options) => {
      const { demo } = await import('./cli/demo.ts')
      process.exitCode = await demo(options, print)
    })
}

function addLab(program: Command): void {
  program
    .command('lab')
    .description(
      'serve authorities on loopback for a resolver of your own: the signed lab, or recorded packets',
    )
    .option('--folder <folder>', 'where to write root hints, trust anchor and configuration', 'sigill-lab')
    .option('--port <port>', 'port of the authorities; 0 picks one', '0')
    .option(
      '--recorded <path...>',
      'recorded packets to serve in place of the lab: *.hex, *.jsonl, *.jsonl.gz',
    )
    .option('--clock <time>', 'time of the recording, such as 2026-10-04T14:15:00Z')
    .option('--break <zone...>', 'make the signatures of these zones wrong')
    .action(async (options) => {
      const { lab } = await import('./cli/lab.ts')
      process.exitCode = await lab(options, print)
    })
}

function addRehearsal(program: Command): void {
  program
    .command('rehearsal')
    .description('rehearse turning validation on: a resolver, its customers and broken zones, all in memory')
    .option('--html <file>', 'write the report of the rehearsal as a page')
    .action(async (options) => {
      const { rehearsal } = await import('./cli/rehearsal.ts')
      process.exitCode = await rehearsal(options, print)
    })
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.UNUSABLE_INPUT
  // Editors jump to lines that begin with path, line and column.
  if (error instanceof ConfigError) printError(`${error.message}\n`)
  else if (error instanceof UnusableInput || error instanceof StartError)
    printError(`sigill: ${error.message}\n`)
  else {
    const advice = openFilesAdvice(error)
    if (advice === undefined) return internalFault(error)
    printError(`sigill: ${advice}\n`)
  }
  return EXIT.UNUSABLE_INPUT
}

function internalFault(error: unknown): ExitCode {
  printError(
    `sigill: internal fault, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
  )
  return EXIT.FAULT
}

// Whoever reads our output may have seen enough.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

try {
  await makeProgram().parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}
