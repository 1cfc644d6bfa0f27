/** What a scenario file says. Both dialects have the same shape; they differ in what it means (`testbound.ts`, `deckard.ts`). */
import type { Endpoint } from '../../src/base/address.ts'
import type { Packet } from './packet.ts'
import type { Place } from './scenario-error.ts'

export type Dialect = 'testbound' | 'deckard'

/** One option of the configuration section; `clause` is the clause that it belongs to, by its place in the section. */
export interface Option {
  readonly name: string
  readonly values: readonly string[]
  readonly place: Place
}

/** `server:`, `stub-zone:` and kin, with their options in order. Deckard has options only: one clause without a name. */
export interface Clause {
  readonly name: string
  readonly place: Place
  readonly options: readonly Option[]
}

/** The configuration section. */
export interface ConfigSection {
  readonly clauses: readonly Clause[]
  /** Content by id; an option names such a file as `tempfile:ID`. */
  readonly files: ReadonlyMap<string, string>
  /** Trust-anchor state files (RFC 5011): content by id, which is the name of the zone. */
  readonly stateFiles: ReadonlyMap<string, string>
}

/** A word after MATCH, with its argument: `ede=12`. */
export interface MatchWord {
  readonly word: string
  readonly argument: string | undefined
}

/** A packet, and how it is compared or answered with. */
export interface Entry {
  readonly place: Place
  readonly match: readonly MatchWord[]
  readonly adjust: ReadonlySet<string>
  /** One, or the messages of a reply by TCP in order. */
  readonly packets: readonly [Packet, ...Packet[]]
  /** Sent instead of the packet. */
  readonly octets: Uint8Array | undefined
  /** Deckard's RAW: octets for which no reply is awaited. */
  readonly raw: boolean
  /** The scenario fails when the entry was never used. */
  readonly mandatory: boolean
}

/** What upstream servers answer while the steps `first` to `last` are next. */
export interface Range {
  readonly first: number
  readonly last: number
  /** Servers; empty for all of them. */
  readonly servers: readonly Endpoint[]
  readonly entries: readonly Entry[]
}

/** Steps with a packet. */
export type EntryStepType = 'QUERY' | 'CHECK_ANSWER' | 'CHECK_OUT_QUERY' | 'REPLY'

interface StepBase {
  readonly number: number
  readonly place: Place
  readonly address: Endpoint | undefined
}

export type Step = StepBase &
  (
    | { readonly type: EntryStepType; readonly entry: Entry }
    | { readonly type: 'TIME_PASSES'; readonly seconds: string; readonly evaluated: boolean }
    | { readonly type: 'ASSIGN'; readonly variable: string; readonly expression: string }
    | {
        readonly type: 'CHECK_AUTOTRUST' | 'CHECK_TEMPFILE'
        readonly id: string
        readonly lines: readonly string[]
      }
    | { readonly type: 'INFRA_RTT' | 'FLUSH_MESSAGE' | 'EXPIRE_MESSAGE'; readonly words: readonly string[] }
    | { readonly type: 'TIMEOUT' | 'ERROR' | 'TRAFFIC' | 'NOTHING' }
  )

export interface Scenario {
  readonly path: string
  readonly title: string
  readonly dialect: Dialect
  readonly config: ConfigSection
  readonly ranges: readonly Range[]
  readonly steps: readonly Step[]
}
