/** `npm run bench -- NAME`: the load harness. bench/README.md says what each bench does and how to read its tables. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ATTACK } from './attack.ts'
import type { Bench, Setting } from './bench.ts'
import { CHURN } from './churn.ts'
import { COLD } from './cold.ts'
import { planCores } from './cores.ts'
import { FLOOD } from './flood.ts'
import { HITS } from './hits.ts'
import { Generator } from './load/generator.ts'
import { LOSS } from './loss.ts'
import { machineFacts } from './machine.ts'
import { MEMORY } from './memory.ts'
import { MIXED } from './mixed.ts'
import { findContenders, parseBuilds, parseOnly, parsePeerPaths, UsageError } from './peers/find.ts'
import { SIGILL } from './peers/sigill.ts'
import { endAll } from './processes.ts'
import { portFault } from './programs.ts'
import { type Report, reportJson, reportText } from './result.ts'
import { RTT } from './rtt.ts'
import { SOAK } from './soak.ts'
import { AUTHORITY_HOSTS, NETWORK } from './world/zone-group.ts'

const BENCHES: readonly Bench[] = [HITS, COLD, RTT, LOSS, MIXED, FLOOD, ATTACK, MEMORY, SOAK, CHURN]

const EXIT = { done: 0, wrong: 1, unusable: 2, interrupted: 130 } as const
const ROUNDS_USUAL = 3
const SECONDS_MAX = 3_600
const NAMES_MAX = 10_000_000
const RATE_MAX = 1_000_000
const ANSWERS_MAX = 1e12

interface Options {
  readonly seconds?: string
  readonly rounds: string
  readonly threads: string
  readonly names?: string
  readonly rate?: string
  readonly answers?: string
  readonly faults?: true
  readonly peer: readonly string[]
  readonly build: readonly string[]
  readonly only?: string
  readonly json?: true
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** A number of the command line within its bounds. */
function numberOf(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value <= most)) {
    throw new UsageError(`--${name} ${text}: expected a number from ${least} to ${most}`)
  }
  return value
}

function benchesOf(name: string): readonly Bench[] {
  if (name === 'all') return BENCHES
  const bench = BENCHES.find((one) => one.name === name)
  if (bench === undefined) {
    const names = BENCHES.map((one) => one.name).join(', ')
    throw new UsageError(`there is no bench ${name}: expected one of ${names}, all, list`)
  }
  return [bench]
}

/** Why this machine can run no bench, or undefined. */
async function obstacle(): Promise<string | undefined> {
  const port = { address: `${NETWORK}.${AUTHORITY_HOSTS.root[0]}`, port: 53 }
  const fault = await portFault(port.address, port.port)
  if (fault === undefined) return undefined
  const help =
    fault === 'EADDRINUSE'
      ? 'does another bench run?'
      : 'BIND, Knot Resolver and PowerDNS ask no other port: run as root, or allow it with sysctl net.ipv4.ip_unprivileged_port_start=53'
  return `port 53 of ${port.address} cannot be had for the authorities (${fault}): ${help}`
}

async function runBenches(name: string, options: Options): Promise<number> {
  if (name === 'list') {
    for (const bench of BENCHES) process.stdout.write(`${bench.name.padEnd(8)}${bench.summary}\n`)
    return EXIT.done
  }
  const benches = benchesOf(name)
  const seconds = numberOf('seconds', options.seconds, 0.1, SECONDS_MAX)
  const rounds = Math.floor(numberOf('rounds', options.rounds, 1, 100)!)
  const threads = Math.floor(numberOf('threads', options.threads, 1, 64)!)
  const names = numberOf('names', options.names, 1_000, NAMES_MAX)
  const rate = numberOf('rate', options.rate, 1, RATE_MAX)
  const answers = numberOf('answers', options.answers, 1, ANSWERS_MAX)
  const paths = parsePeerPaths(options.peer)
  const found = findContenders(paths, parseOnly(options.only), process.env, parseBuilds(options.build))
  const reason = await obstacle()
  if (reason !== undefined) throw new UsageError(reason)
  const cores = planCores(threads)
  let code: number = EXIT.done
  for (const bench of benches) {
    const folder = mkdtempSync(join(tmpdir(), 'sigill-bench-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const generator = new Generator(cores.load)
    const { contenders } = found
    const setting: Setting = {
      contenders,
      generator,
      cores,
      threads,
      seconds,
      rounds,
      names,
      rate,
      answers,
      faults: options.faults === true,
      folder,
      say,
    }
    const machine = machineFacts()
    const outcome = await bench.run(setting)
    const common = [cores.note, generator.note, ...found.missing]
    const report: Report = {
      result: { ...outcome, notes: [...common, ...outcome.notes] },
      machine,
      servers: Object.fromEntries(contenders.map(({ peer, version }) => [peer.title, version])),
      own: SIGILL.title,
    }
    process.stdout.write(options.json ? `${JSON.stringify(reportJson(report))}\n` : reportText(report))
    for (const fault of outcome.faults) if (options.json) say(`FAULT: ${fault}`)
    if (outcome.faults.length > 0) code = EXIT.wrong
  }
  return code
}

/** Of an option that may stand several times. */
const collect = (word: string, all: string[]): string[] => [...all, word]

function makeProgram(): Command {
  return new Command('bench')
    .description('The load harness: this resolver beside those that an operator would otherwise install.')
    .argument('<name>', `${BENCHES.map(({ name }) => name).join(', ')}, all, or list`)
    .option('--seconds <s>', 'length of each measurement; each bench has its own')
    .option(
      '--rounds <n>',
      'times that everything is measured, with fresh processes where they take turns',
      String(ROUNDS_USUAL),
    )
    .option('--threads <n>', 'threads of each server', '1')
    .option('--names <n>', 'names of the benches `hits`, `memory` and `churn`; each has its own')
    .option(
      '--rate <n>',
      'questions a second in the bench `hits`; as fast as they are answered when left out',
    )
    .option('--answers <n>', 'answers after which the bench `soak` ends; by time when left out')
    .option(
      '--faults',
      'the bench `soak` at half load, with threads that end, loss, flushes, reloads and snapshots',
    )
    .option('--peer <name=path>', 'program of a peer, elsewhere than usual', collect, [])
    .option(
      '--build <name=checkout>',
      'another state of this project, built, to be measured beside this one',
      collect,
      [],
    )
    .option('--only <names>', 'only these servers, with commas between them')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (name: string, options: Options) => {
      process.exitCode = await runBenches(name, options)
    })
}

let isLeaving = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, async () => {
    if (isLeaving) return
    isLeaving = true
    await endAll()
    process.exit(EXIT.interrupted)
  })
}
try {
  await makeProgram().parseAsync()
} catch (error) {
  if (isLeaving) process.exitCode = EXIT.interrupted
  else if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.unusable
  else if (error instanceof UsageError) {
    say(`bench: ${error.message}`)
    process.exitCode = EXIT.unusable
  } else {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = EXIT.wrong
  }
}
