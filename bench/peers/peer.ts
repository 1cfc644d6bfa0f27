/** What the harness knows of a resolver: where it is, how it is told what all of them are told. */

/** What every resolver gets, ours included. */
export interface ResolverSetup {
  /** Of its own, empty, for its files. */
  readonly folder: string
  readonly address: string
  readonly port: number
  /** Master file. */
  readonly hintsFile: string
  /** Master file with the DS record of the root. */
  readonly anchorFile: string
  /** RDATA of that record, as text. */
  readonly anchor: string
  /** Threads that work. */
  readonly threads: number
  /** For messages or answers, and as much again for RRsets; together where there is one cache for both. */
  readonly cacheMib: number
  /** Memory of caches is to be taken as they fill, where there is a choice. */
  readonly memoryAsUsed: boolean
  /** File that keeps the caches over a restart, where a resolver can have it so; none when left out. */
  readonly snapshot?: string | undefined
  /** Names that have to fit where caches are counted in entries. */
  readonly cacheNames: number
}

/** How it is started. */
export interface Launch {
  /** Text of files in the setup's folder, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
}

/** A resolver. */
export interface Peer {
  /** As on the command line: `--peer KEY=PATH`. */
  readonly key: string
  readonly title: string
  /** File name of the program. */
  readonly program: string
  /** Debian's package of it; none for ours. */
  readonly package?: string
  /** Of this project: it gives an account of itself. */
  readonly isOurs?: boolean
  readonly versionArgs: readonly string[]
  /** Finds the version in what it prints then. */
  readonly version: RegExp
  configure(setup: ResolverSetup): Launch
}

/** A resolver that can be measured. */
export interface Contender {
  readonly peer: Peer
  /** Path of the program. */
  readonly program: string
  readonly version: string
}
