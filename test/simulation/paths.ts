/** Which ways questions took: what the engine counted while one was under way, and what came of it. */
import type { FrontCounters } from '../../src/front/counters.ts'
import type { EngineCounters } from '../../src/resolver/ports.ts'

/** Collects them. Two questions took the same path when the same kinds of things happened, however often. */
export class Paths {
  readonly #seen = new Set<string>()
  #events = new Set<string>()
  readonly engineCounters: EngineCounters = {
    upstreamQuery: (transport) => this.note(transport),
    upstreamFailure: (reason) => this.note(`failure ${reason}`),
    upstreamRace: (winner) => this.note(`race ${winner}`),
    upstreamLook: () => {},
    validation: (verdict) => this.note(verdict),
    bogus: (reason) => this.note(`bogus ${reason}`),
    signatureVerification: () => {},
    nsec3Hash: () => this.note('nsec3'),
    errorReport: () => {},
    synthesised: () => this.note('synthesised'),
    keysAhead: (stage) => this.note(`keys ahead ${stage}`),
    rootCopyAnswer: () => this.note('root copy'),
    limitHit: (limit) => this.note(`limit ${limit}`),
    limitTried: (limit) => this.note(`dry run ${limit}`),
  }
  readonly frontCounters: FrontCounters = {
    clientQuery: () => {},
    answer: (_rcode, path) => this.note(path),
    hit: () => this.note('hit'),
    hits: () => {},
    servfail: () => {},
    bogusAnswer: () => {},
    clientCookie: (outcome) => this.note(`cookie ${outcome}`),
    cacheHit: () => {},
    cacheMiss: () => {},
    limitHit: (limit) => this.note(`front ${limit}`),
    limitTried: (limit) => this.note(`front dry run ${limit}`),
    dropped: (reason) => this.note(`dropped ${reason}`),
  }

  get seen(): readonly string[] {
    return [...this.#seen]
  }

  /** A question comes. */
  begin(): void {
    this.#events.clear()
  }

  note(event: string): void {
    this.#events.add(event)
  }

  /** A question is answered. */
  end(outcome: string): void {
    this.#seen.add(`${outcome} ${[...this.#events].sort().join('+')}`)
    this.#events = new Set()
  }
}
