/** The daemon as a process of its own in a lab world, with what the tests of faults ask of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ControlReply, command } from '../../src/cli/control-client.ts'
import { type Ask, ask, type Reply, type Server } from '../support/dns-client.ts'
import type { LabWorld } from '../support/lab-world.ts'
import { metricOf } from '../support/metric.ts'
import { type Ended, type Outlets, READY, Running } from '../support/sigill-process.ts'

const UNCAUGHT = /unhandled|uncaught|Uncaught|Error: |\n {4}at /
const SOCKET = 'control.sock'

/** A line of its log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** See the head of this file. */
export class DaemonProcess {
  readonly server: Server
  readonly #process: Running
  readonly #metricsPort: number
  readonly #socket: string

  private constructor(process: Running, port: string, metricsPort: string, socket: string) {
    this.#process = process
    this.server = { address: '127.0.0.1', port: Number(port) }
    this.#metricsPort = Number(metricsPort)
    this.#socket = socket
  }

  /**
   * @param members of sections of the configuration that the world writes too
   * @param more sections that it does not write
   */
  static async start(
    world: LabWorld,
    members: Readonly<Record<string, string>>,
    more = '',
    outlets: Outlets = {},
  ): Promise<DaemonProcess> {
    const path = world.writeConfig('faults.yaml', `control: { socket: ${SOCKET} }\n${more}`)
    let text = readFileSync(path, 'utf8')
    for (const [section, own] of Object.entries(members)) {
      text = text.replace(new RegExp(`^(${section}: \\{.*) \\}$`, 'm'), `$1, ${own} }`)
    }
    writeFileSync(path, text)
    const process = new Running(['serve', '--config', path], outlets)
    const [, port, metricsPort] = await process.until(READY)
    return new DaemonProcess(process, port!, metricsPort!, join(world.folder, SOCKET))
  }

  ask(question: Ask): Promise<Reply> {
    return ask(this.server, question)
  }

  post(path: string, body: object = {}): Promise<ControlReply> {
    return command({ socket: this.#socket }, 'POST', path, { who: 'a test', why: 'to see', ...body })
  }

  /** The sum of a metric over all its labels, or those with this one. */
  metric(name: string, label: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricOf(this.#metricsPort, name, label)
  }

  /** What it logged so far. */
  get log(): readonly LogLine[] {
    return this.#process.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }

  /** Signs of an error that nobody caught. */
  get uncaught(): string | undefined {
    return UNCAUGHT.exec(this.#process.stderr)?.[0]
  }

  get pid(): number {
    return this.#process.pid
  }

  stop(): Promise<Ended> {
    return this.#process.stop()
  }
}
