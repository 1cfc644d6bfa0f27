/** The world of the rehearsal: the whole daemon on a network in memory and in made-up time, and an operator who commands it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { VirtualClock } from '../base/clock.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import { UDP_BATCH_MAX } from '../base/limits.ts'
import { loadConfig } from '../config/load.ts'
import { type Daemon, startDaemon } from '../daemon/daemon.ts'
import type { Machine } from '../daemon/machine.ts'
import { ROLLOUT_KEY_FORM } from '../daemon/state/rollout-key.ts'
import { sealState, stateFileName } from '../daemon/state/state-file.ts'
import { LabClients } from '../lab/clients.ts'
import { buildInternet, type LabInternet } from '../lab/internet.ts'
import type { LabZone } from '../lab/lab-zone.ts'
import { MemoryBackend } from '../lab/memory-socket.ts'
import { LabNetwork } from '../lab/network.ts'
import { createLog } from '../telemetry/log.ts'
import type { Alert } from '../telemetry/report/guard.ts'
import { formatZone } from '../wire/zone-text.ts'
import { command } from './control-client.ts'
import { addControl } from './control-commands.ts'

/** When the rehearsal begins, wherever and whenever it is held. */
const BEGINS = Date.parse('2026-11-22T09:00:00Z') / 1000
const START_MS_MAX = 60_000
/** The secret that says which clients are enforced first: the same in every rehearsal, so that all of them end alike. */
const ROLLOUT_KEY: HashKey = [0x5163_11aa, 0x7eac_0de5]

/** See the head of this file. */
export class RehearsalWorld {
  readonly clock: VirtualClock = new VirtualClock(BEGINS)
  /** What operators were woken by. */
  readonly alerts: Alert[] = []
  readonly #network = new LabNetwork({ clock: this.clock })
  readonly #folder = mkdtempSync(join(tmpdir(), 'sigill-rehearsal-'))
  readonly #told: (text: string) => void
  #daemon: Daemon | undefined
  #clients: LabClients | undefined

  /**
   * @param told what an operator's terminal shows
   * @param dnssec settings of `dnssec` besides those that a lab needs, in YAML
   */
  constructor(zones: readonly LabZone[], told: (text: string) => void, dnssec = 'mode: observe') {
    this.#told = told
    const { rootHints, trustAnchors } = this.serve(zones)
    writeFileSync(join(this.#folder, 'hints.zone'), formatZone(rootHints))
    writeFileSync(join(this.#folder, 'root.ds'), formatZone(trustAnchors))
    writeFileSync(join(this.#folder, 'sigill.yaml'), configText(dnssec))
    mkdirSync(join(this.#folder, 'state'))
    writeFileSync(
      join(this.#folder, 'state', stateFileName(ROLLOUT_KEY_FORM)),
      sealState({ key: ROLLOUT_KEY }, ROLLOUT_KEY_FORM),
    )
  }

  /** Has the authorities serve these zones from now on, signed now. */
  serve(zones: readonly LabZone[]): LabInternet {
    const internet = buildInternet({ nowSeconds: this.clock.unixSeconds(), zones })
    for (const [address, authority] of internet.authorities) this.#network.attach(address, authority)
    return internet
  }

  /** Starts the daemon; what an earlier one kept in the folder for state counts. */
  async start(): Promise<void> {
    const udp = new MemoryBackend(UDP_BATCH_MAX, 0)
    const log = createLog({ level: 'error', format: 'json' }, { write: (line) => this.#logged(line) })
    const machine: Machine = {
      clock: () => this.clock,
      unixMs: () => this.clock.unixSeconds() * 1000,
      upstream: () => ({
        ask: (request) => this.#network.ask(request),
        outstanding: 0,
        connections: 0,
        close: () => {},
      }),
      udp,
    }
    const daemon = await startDaemon(loadConfig(join(this.#folder, 'sigill.yaml')), log, { machine })
    this.#daemon = daemon
    this.#clients = new LabClients(udp.sockets[0]!, this.clock)
    await this.clock.runUntil(() => daemon.ready().ok, START_MS_MAX)
    if (!daemon.ready().ok) throw new Error(`the daemon is not ready: ${daemon.ready().text}`)
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop()
    this.#daemon = undefined
  }

  /** Stops, and leaves nothing behind. */
  async close(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The daemon's clients. */
  get clients(): LabClients {
    return this.#clients!
  }

  /** Lets time go by, with all that falls due in it. */
  async pass(seconds: number): Promise<void> {
    const untilMs = this.clock.nowMs() + 1000 * seconds
    await this.clock.runUntil(() => false, 1000 * seconds)
    this.clock.advance(Math.max(0, untilMs - this.clock.nowMs()))
    await this.#daemon?.operator.settled()
  }

  /**
   * Gives a command as it is typed, and shows it with its output.
   *
   * @param line without quotation marks but around a whole word
   * @returns the output
   */
  async type(line: string): Promise<string> {
    const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word)
    let output = ''
    const program = new Command('sigill').exitOverride()
    addControl(program, (text) => {
      output += text
    })
    const before = process.exitCode
    await program.parseAsync([...words.slice(1), '--socket', this.#socket], { from: 'user' })
    process.exitCode = before
    this.#told(`$ ${line}\n${output}`)
    return output
  }

  /** What the daemon gives by a path of its control API. */
  async read<T>(path: string): Promise<T> {
    const reply = await command({ socket: this.#socket }, 'GET', path)
    if (!reply.ok) throw new Error(reply.error)
    return reply.result as T
  }

  get #socket(): string {
    return join(this.#folder, 'control.sock')
  }

  #logged(line: string): void {
    const entry = JSON.parse(line) as Alert & { readonly msg: string }
    if (entry.msg.startsWith('ALERT')) this.alerts.push(entry)
    this.#told(`${entry.msg}\n`)
  }
}

function configText(dnssec: string): string {
  return `
server: { listen: ["127.0.0.1@0"], resolver-threads: 0 }
access: { allow: ["100.64.0.0/10"] }
resolution: { root-hints: hints.zone, allow-loopback-authorities: true, ipv6: false }
dnssec: { trust-anchor-files: [root.ds], ${dnssec} }
cache: { answers-mib: 16, rrsets-mib: 16 }
metrics: { listen: "" }
log: { level: error }
control: { socket: control.sock }
state: { directory: state }
`
}
