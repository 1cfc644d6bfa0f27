/** Runs a generator against a server, and reads what came of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Built, compile } from '../compile.ts'
import { pinned } from '../cores.ts'
import { runProgram } from '../processes.ts'
import { countQueries, nameAsked, parseQueryFile } from './query-file.ts'
import { type GeneratorReport, type Stream, type StreamReport, streamWord } from './stream.ts'

const DGRAM_GENERATOR = join(import.meta.dirname, 'dgram-generator.js')
/** Beyond the time of its longest stream: loading the files, waiting for the last replies. */
const PATIENCE_SECONDS = 60

/** The generator that this machine can run. */
export class Generator {
  readonly #native: Built
  readonly #cores: readonly number[]

  constructor(cores: readonly number[], native: Built = compile('generator')) {
    this.#native = native
    this.#cores = cores
  }

  /** What a reader of its figures must know. */
  get note(): string {
    if ('path' in this.#native) return 'generator: native, batches of 64'
    return `generator: node:dgram, since the native one cannot be built (${this.#native.missing}): rates are the generator's limit, not the servers'`
  }

  /** Asks one server, in several streams at a time. */
  async run(
    server: { readonly address: string; readonly port: number },
    streams: readonly Stream[],
  ): Promise<GeneratorReport> {
    const words = [server.address, String(server.port), ...streams.map(streamWord)]
    const [own, args] =
      'path' in this.#native ? [this.#native.path, words] : [process.execPath, [DGRAM_GENERATOR, ...words]]
    const seconds = Math.max(
      ...streams.map(({ warm = 0, seconds = 1, timeout = 5 }) => warm + seconds + timeout),
    )
    const timeoutMs = (seconds + PATIENCE_SECONDS) * 1000
    const output = await runProgram(...pinned(this.#cores, own, args), import.meta.dirname, timeoutMs)
    return JSON.parse(output) as GeneratorReport
  }
}

/** One stream, alone. */
export async function runStream(
  generator: Generator,
  server: { readonly address: string; readonly port: number },
  stream: Stream,
): Promise<StreamReport & { readonly generatorShare: number; readonly allSeconds: number }> {
  const { streams, processorSeconds, seconds } = await generator.run(server, [stream])
  return { ...streams[0]!, generatorShare: processorSeconds / seconds, allSeconds: seconds }
}

/** Lines that tell what was wrong with a stream; none when all was well. */
export function faultsOf(server: string, stream: Stream, report: StreamReport): string[] {
  const { wrong, lost, unsent, sent } = report
  const isCutShort = stream.once === true && sent + unsent < countOf(stream)
  if (wrong + lost + unsent === 0 && !isCutShort) return []
  const end = isCutShort ? '; its time was up before all were asked' : ''
  const counts = `${wrong} wrong, ${lost} without reply, ${unsent} not sent, of ${sent} questions${end}`
  const queries = parseQueryFile(readFileSync(stream.file))
  const samples = report.samples.map(({ query, why, reply }) => {
    return `${nameAsked(queries[query]!.octets)} ${why}${reply === '' ? '' : ` (${reply.slice(0, 120)})`}`
  })
  return [`${server}, ${report.name}: ${counts}: ${samples.join('; ')}`]
}

/** As `faultsOf`, where a server may have more to do than it can: silence and SERVFAIL are no faults then, lies are. */
export function liesOf(server: string, stream: Stream, report: StreamReport): string[] {
  return report.wrong > report.failed ? faultsOf(server, stream, report) : []
}

/** How many questions a stream goes through. */
function countOf({ file, first = 0, count }: Stream): number {
  return count ?? countQueries(file) - first
}
