/** What a generator is told, and what it tells. Both generators take the same words and print the same JSON. */
import type { BucketCount } from './histogram.ts'

/** One stream of questions to one server. */
export interface Stream {
  readonly name: string
  /** Written by `writeQueryFile`. */
  readonly file: string
  /** The address that it is asked from; the system chooses when left out. */
  readonly source?: string
  /** An open loop: so many questions a second, whatever comes back. A closed loop when left out. */
  readonly rate?: number
  /** A closed loop keeps so many questions outstanding (1). */
  readonly outstanding?: number
  /** Sockets, each with a port of its own (1). */
  readonly sockets?: number
  /** How long what comes is measured (1). */
  readonly seconds?: number
  /** Before that: load, but no measuring (0). */
  readonly warm?: number
  /** Seconds after which a question is lost (5). */
  readonly timeout?: number
  /** The questions from this one of the file (0). */
  readonly first?: number
  /** So many of them (to the end), in a circle. */
  readonly count?: number
  /** Each question once; ends when all are answered or lost, or the time is up. */
  readonly once?: boolean
}

/** A reply that is not what its name must have, or none. */
export interface Sample {
  /** Index in the file. */
  readonly query: number
  readonly why: string
  /** Hexadecimal, at most 512 octets. */
  readonly reply: string
}

/** What came of a stream. */
export interface StreamReport {
  readonly name: string
  /** Length of the measured time. */
  readonly seconds: number
  readonly sent: number
  readonly answered: number
  /** Replies to questions of the measured time. */
  readonly measured: number
  readonly lost: number
  readonly wrong: number
  /** Those of the wrong ones that are SERVFAIL where the name has an answer: no lie, only no help. */
  readonly failed: number
  /** Replies after their time, or second ones. */
  readonly late: number
  /** Questions of an open loop that could not be sent. */
  readonly unsent: number
  readonly latencyMaxNs: number
  readonly lagMaxNs: number
  /** Nanoseconds from when a question should have been sent until its reply. */
  readonly latency: readonly BucketCount[]
  /** Nanoseconds by which questions were sent late. */
  readonly lag: readonly BucketCount[]
  readonly samples: readonly Sample[]
}

/** What came of a run of the generator. */
export interface GeneratorReport {
  readonly seconds: number
  /** Processor time of the generator meanwhile. */
  readonly processorSeconds: number
  readonly streams: readonly StreamReport[]
}

const KEYS = [
  ...[
    'name',
    'file',
    'source',
    'rate',
    'outstanding',
    'sockets',
    'seconds',
    'warm',
    'timeout',
    'first',
    'count',
  ],
  'once',
] as const

/** The stream as one word of a command line: key=value, commas between them. */
export function streamWord(stream: Stream): string {
  const values = new Map(Object.entries(stream))
  return KEYS.filter((key) => values.get(key) !== undefined)
    .map(
      (key) => `${key}=${typeof values.get(key) === 'boolean' ? Number(values.get(key)) : values.get(key)}`,
    )
    .join(',')
}

/** The other way round, with what is left out filled in. */
export function parseStreamWord(word: string): Required<Omit<Stream, 'rate'>> & { rate: number | undefined } {
  const values = new Map(word.split(',').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]))
  const number = (key: string, otherwise: number): number => Number(values.get(key) ?? otherwise)
  for (const key of values.keys()) {
    if (!(KEYS as readonly string[]).includes(key)) throw new Error(`unknown key ${key}`)
  }
  return {
    name: values.get('name') ?? '',
    file: values.get('file') ?? '',
    source: values.get('source') ?? '',
    rate: values.has('rate') ? number('rate', 1) : undefined,
    outstanding: number('outstanding', 1),
    sockets: number('sockets', 1),
    seconds: number('seconds', 1),
    warm: number('warm', 0),
    timeout: number('timeout', 5),
    first: number('first', 0),
    count: number('count', 0),
    once: number('once', 0) !== 0,
  }
}
