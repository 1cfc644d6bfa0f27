/** Puts a resolver to the trials, on an Internet of its own. Ends what it has started. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from '../../../bench/peers/peer.ts'
import { inParallel, ServerProcess } from '../../../bench/processes.ts'
import { portFault } from '../../../bench/programs.ts'
import type { Authority } from '../../../src/lab/authority.ts'
import { buildInternet, type LabInternet } from '../../../src/lab/internet.ts'
import { serveAuthorities } from '../../../src/lab/server.ts'
import { FormatError } from '../../../src/wire/format-error.ts'
import { parseMessage } from '../../../src/wire/message.ts'
import { foldName } from '../../../src/wire/name.ts'
import { formatName } from '../../../src/wire/name-text.ts'
import { formatZone } from '../../../src/wire/zone-text.ts'
import { ask, type Server } from '../../support/dns-client.ts'
import { freePort } from '../../support/free-port.ts'
import { zone } from '../../support/world.ts'
import { type Asked, type Client, type Place, ROWS_ZONE, type Trial, type TrialMaker } from './trial.ts'

/** Peers ask no other port. */
const DNS_PORT = 53
const START_TIMEOUT_MS = 20_000
/** Longer than any of them works on a question. */
const REPLY_TIMEOUT_MS = 12_000
/** A trial that takes longer has no number. */
const TRIAL_TIMEOUT_MS = 60_000
/** What a resolver still asks after its reply belongs to it. */
const SETTLE_MS = 500
const TRIALS_AT_ONCE = 12
const CACHE_MIB = 64
const CACHE_NAMES = 100_000
/** Each resolver's Internet has a network of its own, from this one on. */
const NETWORK_FIRST = 200
/** Above all trials. */
const BASE = [
  zone('.', { content: '', servers: [{ name: 'a.root.' }] }),
  zone(`${ROWS_ZONE}.`, { content: '' }),
]

/** What a row came to. */
export interface Figure {
  /** What the number counts. */
  readonly unit: string
  /** None where the trial came to no end. */
  readonly number?: number
}

/** What a resolver's trials came to. */
export interface Verdicts {
  /** By row. */
  readonly figures: Readonly<Record<string, Figure>>
  /** What was not as it should be, a line each. */
  readonly notes: readonly string[]
}

/** Why no trial can run here, or false. */
export async function trialsSkipReason(): Promise<string | false> {
  const fault = await portFault(`127.${NETWORK_FIRST}.0.1`, DNS_PORT)
  return fault === undefined
    ? false
    : `port ${DNS_PORT} of 127.${NETWORK_FIRST}.0.1 cannot be bound (${fault})`
}

/**
 * Puts a resolver to these trials.
 *
 * @param index of its Internet: no two at the same time have the same
 * @param folder for its files
 */
export async function putToTrials(
  contender: Contender,
  makers: readonly TrialMaker[],
  index: number,
  folder: string,
): Promise<Verdicts> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const place: Place = { network: [127, NETWORK_FIRST + index], nowSeconds }
  const trials = makers.map((make) => make(place))
  const internet = buildInternet({ ...place, zones: [...BASE, ...trials.flatMap(({ zones }) => zones)] })
  const log = new QuestionLog()
  const authorities = await serveAuthorities(log.over(internet, trials), DNS_PORT)
  const figures: Record<string, Figure> = {}
  const notes: string[] = []
  try {
    const { server, process } = await startContender(contender, internet, folder)
    const tryOne = async (trial: Trial): Promise<void> => {
      const client = new TrialClient(server, process, log, (text) => notes.push(`${trial.row}: ${text}`))
      const number = await numberOf(trial, client)
      figures[trial.row] = { unit: trial.unit, ...(number === undefined ? {} : { number }) }
    }
    try {
      const of = (when: Trial['when']): Trial[] => trials.filter((trial) => trial.when === when)
      await inParallel(of(undefined), TRIALS_AT_ONCE, tryOne)
      await inParallel(of('alone'), 1, tryOne)
      await inParallel(of('last'), TRIALS_AT_ONCE, tryOne)
      if (process.hasEnded) notes.push(`it has ended: ${process.output}`)
    } finally {
      await process.stop()
    }
  } finally {
    await authorities.close()
  }
  return { figures, notes }
}

async function numberOf(trial: Trial, client: TrialClient): Promise<number | undefined> {
  const patience = new AbortController()
  const late = sleep(TRIAL_TIMEOUT_MS, undefined, { signal: patience.signal }).catch(() => undefined)
  const number = await Promise.race([trial.run(client), late])
  patience.abort()
  if (number === undefined) client.note(`no end in ${TRIAL_TIMEOUT_MS / 1000} s`)
  client.close()
  return number
}

async function startContender(
  { peer, program }: Contender,
  internet: LabInternet,
  folder: string,
): Promise<{ server: Server; process: ServerProcess }> {
  mkdirSync(folder, { recursive: true })
  const [hintsFile, anchorFile] = [join(folder, 'hints.zone'), join(folder, 'root.ds')]
  const anchorText = formatZone(internet.trustAnchors)
  writeFileSync(hintsFile, formatZone(internet.rootHints))
  writeFileSync(anchorFile, anchorText)
  const server = { address: '127.0.0.1', port: await freePort() }
  const { files, args } = peer.configure({
    ...{
      folder,
      ...server,
      hintsFile,
      anchorFile,
      threads: 1,
      cacheMib: CACHE_MIB,
      cacheNames: CACHE_NAMES,
      memoryAsUsed: false,
    },
    anchor: anchorText.trim().split(/\s+/).slice(4).join(' '),
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const process = new ServerProcess(peer.title, program, args, folder)
  const isProven = async (): Promise<boolean> => {
    const question = { name: ROWS_ZONE, type: 'SOA', do: true, timeoutMs: 500, attempts: 1 }
    const reply = await ask(server, question).catch(() => undefined)
    return reply?.rcode === 'NOERROR' && reply.ad
  }
  try {
    await process.untilReady(isProven, START_TIMEOUT_MS)
  } catch (error) {
    await process.stop()
    throw error
  }
  return { server, process }
}

/** Processor milliseconds of all threads that live, to the microsecond (`schedstat` of proc(5)). */
function processorMs(pid: number): number {
  const tasks = `/proc/${pid}/task`
  let ns = 0
  for (const task of readdirSync(tasks)) {
    ns += Number(readFileSync(join(tasks, task, 'schedstat'), 'latin1').split(' ')[0])
  }
  return ns / 1e6
}

/** What the authorities of one Internet were asked, by row. */
class QuestionLog {
  readonly #asked = new Map<string, Asked[]>()

  /** The servers of an Internet and of its trials, noting what they are asked. */
  over(internet: LabInternet, trials: readonly Trial[]): Map<string, Authority> {
    const servers = [...internet.authorities, ...trials.flatMap((trial) => [...(trial.servers ?? [])])]
    return new Map(
      servers.map(([address, authority]) => [
        address,
        (query, transport) => {
          this.#note(query, address)
          return authority(query, transport)
        },
      ]),
    )
  }

  #note(query: Uint8Array, address: string): void {
    const question = questionOf(query)
    if (question === undefined) return
    const row = rowLabel(question.name)
    const asked = this.#asked.get(row) ?? []
    this.#asked.set(row, asked)
    asked.push({ ...question, address })
  }

  below(name: string): Asked[] {
    const domain = `${name}.`
    const all = this.#asked.get(rowLabel(domain)) ?? []
    return all.filter((asked) => asked.name === domain || asked.name.endsWith(`.${domain}`))
  }
}

function questionOf(query: Uint8Array): { name: string; type: number } | undefined {
  try {
    const [question] = parseMessage(query).questions
    return question && { name: formatName(foldName(question.name)), type: question.type }
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** `b01` of `www.evil.b01.rows.`. */
function rowLabel(name: string): string {
  return name.split('.').at(-3) ?? ''
}

class TrialClient implements Client {
  readonly #server: Server
  readonly #process: ServerProcess
  readonly #log: QuestionLog
  readonly #note: (text: string) => void
  #isOpen = true

  constructor(server: Server, process: ServerProcess, log: QuestionLog, note: (text: string) => void) {
    this.#server = server
    this.#process = process
    this.#log = log
    this.#note = note
  }

  /** Nothing more is asked or told: its time is over. */
  close(): void {
    this.#isOpen = false
  }

  async ask(...[name, type, more]: Parameters<Client['ask']>): ReturnType<Client['ask']> {
    if (!this.#isOpen) return undefined
    const question = { name, type, do: true, timeoutMs: REPLY_TIMEOUT_MS, attempts: 1, ...more }
    return ask(this.#server, question).catch(() => undefined)
  }

  asked(below: string): Asked[] {
    return this.#log.below(below)
  }

  processorMs(): number {
    return processorMs(this.#process.pid)
  }

  settle(): Promise<void> {
    return sleep(SETTLE_MS)
  }

  note(text: string): void {
    if (this.#isOpen) this.#note(text)
  }
}
