/** What a resolver under `soak --faults` goes through: its threads end, its caches are written and flushed, its file is read anew. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../src/cli/control-client.ts'
import { metricSum } from './peers/own-figures.ts'
import type { Peer, ResolverSetup } from './peers/peer.ts'
import type { Resolver } from './peers/resolver.ts'
import { SIGILL } from './peers/sigill.ts'
import { HIT_ZONES } from './questions.ts'
import { zoneName } from './world/zone-group.ts'

const END_THREADS = join(import.meta.dirname, 'peers/end-threads.js')
const CONFIG = 'sigill.yaml'
const EVERY_MS = 4_000
/** Everything is flushed once in so many rounds of troubles: what follows is a storm of cold names. */
const ROUNDS_PER_FLUSH = 8
const BY = { who: 'soak', why: 'faults' }
/** Of standard output and standard error: nobody caught an error, or one of our own was. */
const BAD_OUTPUT = /unhandled|uncaught|internal fault|FATAL ERROR|Assertion .* failed|\n {4}at /i

/** This resolver with a snapshot, and so that its threads can be ended. */
function configOf(setup: ResolverSetup): ReturnType<Peer['configure']> {
  const { files, args } = SIGILL.configure({ ...setup, snapshot: `${setup.folder}/caches` })
  return { files, args: ['--import', END_THREADS, ...args] }
}

export const SIGILL_UNDER_FAULTS: Peer = { ...SIGILL, configure: configOf }

/** Troubles while a resolver is asked. */
export class Troubles {
  readonly #resolver: Resolver
  readonly #faults: string[] = []
  readonly #ending = new AbortController()
  readonly #done: Promise<void>
  #count = 0

  constructor(resolver: Resolver) {
    this.#resolver = resolver
    this.#done = this.#go()
  }

  /** How many there were so far. */
  get count(): number {
    return this.#count
  }

  /** Ends them. Returns what went wrong that should not have. */
  async end(): Promise<string[]> {
    this.#ending.abort()
    await this.#done
    const { output } = this.#resolver
    const bad = BAD_OUTPUT.exec(output)
    if (bad !== null) this.#faults.push(`it wrote ${output.slice(bad.index, bad.index + 500)}`)
    const own = await metricSum(this.#resolver, 'internal_faults_total')
    if (own > 0) this.#faults.push(`${own} faults of its own`)
    return this.#faults
  }

  /** Threads that were started again. */
  restarts(): Promise<number> {
    return metricSum(this.#resolver, 'thread_restarts_total')
  }

  async #go(): Promise<void> {
    const kinds = [
      () => this.#endThread(),
      () => this.#reload(),
      () => this.#command('/v1/snapshot'),
      () => this.#flush(),
    ]
    for (;;) {
      await sleep(EVERY_MS, undefined, { signal: this.#ending.signal }).catch(() => {})
      if (this.#ending.signal.aborted) return
      await kinds[this.#count % kinds.length]!().catch((error: unknown) => this.#faults.push(String(error)))
      this.#count++
    }
  }

  async #endThread(): Promise<void> {
    process.kill(this.#resolver.pid, 'SIGUSR2')
  }

  /** With another level of its log, and back. */
  async #reload(): Promise<void> {
    const path = join(this.#resolver.folder, CONFIG)
    const level = this.#count % 8 < 4 ? 'error' : 'warn'
    writeFileSync(
      path,
      configOf(this.#resolver.setup).files[CONFIG]!.replace('level: warn', `level: ${level}`),
    )
    await this.#command('/v1/reload')
  }

  async #flush(): Promise<void> {
    const round = Math.floor(this.#count / 4)
    const zone = { name: zoneName(HIT_ZONES, round % HIT_ZONES.zones), subtree: true }
    await this.#command('/v1/flush', round % ROUNDS_PER_FLUSH === ROUNDS_PER_FLUSH - 1 ? {} : zone)
  }

  async #command(path: string, body: object = {}): Promise<void> {
    const place = { socket: join(this.#resolver.folder, 'control.sock') }
    const reply = await command(place, 'POST', path, { ...BY, ...body })
    if (!reply.ok) this.#faults.push(`${path}: ${reply.error}`)
  }
}
