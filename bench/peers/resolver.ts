/** A resolver that runs for a measurement. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinned } from '../cores.ts'
import { probe } from '../probe.ts'
import { residentOctets } from '../process-figures.ts'
import { ServerProcess } from '../processes.ts'
import type { ZoneFiles } from '../world/zone-files.ts'
import { TLD } from '../world/zone-group.ts'
import type { Contender, ResolverSetup } from './peer.ts'

const START_TIMEOUT_MS = 30_000
/** BIND serves only addresses that an interface has, so resolvers differ by port: below those that the system gives out. */
const RESOLVER_ADDRESS = '127.0.0.1'
const PORT_FIRST = 25_300
const PORTS = 500
let started = 0

export interface ResolverOptions {
  /** The resolver's folder is made in it. */
  readonly folder: string
  readonly files: ZoneFiles
  readonly cores: readonly number[]
  readonly threads?: number
  readonly cacheMib?: number
  /** False when left out. */
  readonly memoryAsUsed?: boolean
  readonly snapshot?: string
  readonly cacheNames?: number
  /** Given each line that it writes to stdout. */
  readonly onLine?: (line: string) => void
}

export const CACHE_MIB_USUAL = 256
const CACHE_NAMES_USUAL = 1_000_000

/** One that answers. */
export class Resolver {
  readonly contender: Contender
  /** What it was told. */
  readonly setup: ResolverSetup
  readonly #process: ServerProcess

  private constructor(contender: Contender, setup: ResolverSetup, process: ServerProcess) {
    this.contender = contender
    this.setup = setup
    this.#process = process
  }

  get address(): string {
    return this.setup.address
  }

  get port(): number {
    return this.setup.port
  }

  /** With its files. */
  get folder(): string {
    return this.setup.folder
  }

  get pid(): number {
    return this.#process.pid
  }

  /** The end of what it wrote on stdout and stderr. */
  get output(): string {
    return this.#process.output
  }

  /** Starts it with nothing in its cache but what it needs to have proven the top-level domain. */
  static async start(contender: Contender, options: ResolverOptions): Promise<Resolver> {
    const { key } = contender.peer
    const folder = mkdtempSync(join(options.folder, `${key}-`))
    const address = RESOLVER_ADDRESS
    const port = PORT_FIRST + (started++ % PORTS)
    const { hintsFile, anchorFile, anchor } = options.files
    const setup: ResolverSetup = {
      ...{ folder, address, port, hintsFile, anchorFile, anchor },
      threads: options.threads ?? 1,
      cacheMib: options.cacheMib ?? CACHE_MIB_USUAL,
      memoryAsUsed: options.memoryAsUsed ?? false,
      snapshot: options.snapshot,
      cacheNames: options.cacheNames ?? CACHE_NAMES_USUAL,
    }
    const { files, args } = contender.peer.configure(setup)
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const [program, words] = pinned(options.cores, contender.program, args)
    const server = new ServerProcess(contender.peer.title, program, words, folder, options.onLine)
    const question = { address, port, name: TLD, type: 'SOA' }
    const isProven = async (): Promise<boolean> => {
      const reply = await probe(question)
      return reply?.rcode === 0 && reply.ad
    }
    try {
      await server.untilReady(isProven, START_TIMEOUT_MS)
    } catch (error) {
      await server.stop()
      throw error
    }
    return new Resolver(contender, setup, server)
  }

  /** Processor seconds that it has used so far. */
  processorSeconds(): number {
    return this.#process.processorSeconds()
  }

  /** Octets of memory. */
  residentOctets(): number {
    return residentOctets(this.#process.pid)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}
