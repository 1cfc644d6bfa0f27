/** Compares what policies of eviction make of the same memory, and prints a table: `node dist/bench/eviction/main.js`. */
import { Lru, Sieve } from './list-policies.ts'
import { hitShare, type PolicyMaker } from './policy.ts'
import { type RingOptions, Rings } from './ring-policies.ts'
import { Table } from './table-policy.ts'
import { makeTrace } from './trace.ts'

const REQUESTS = 1_000_000
const NAMES = 500_000
const EXPONENTS = [0.8, 0.95, 1.1]
const NOISES = [0, 0.1, 0.3, 0.5]
const MIBS = [2, 8, 32]
const SEED = 1

/** CLOCK as a ring. */
const ONE_RING: RingOptions = { smallShare: 0, asksToEnter: 0, asksMax: 1, fills: false, octetsPerGhost: 0 }
/** As in `OctetTable`. */
const S3_FIFO: RingOptions = {
  smallShare: 0.25,
  asksToEnter: 1,
  asksMax: 1,
  fills: true,
  octetsPerGhost: 160,
}

function rings(options: RingOptions): PolicyMaker {
  return (trace, capacity) => new Rings(trace, capacity, options)
}

const POLICIES: Readonly<Record<string, PolicyMaker>> = {
  FIFO: rings({ ...ONE_RING, asksMax: 0 }),
  reinsertion: rings(ONE_RING),
  LRU: (trace, capacity) => new Lru(trace, capacity),
  SIEVE: (trace, capacity) => new Sieve(trace, capacity),
  'S3-FIFO': rings(S3_FIFO),
  OctetTable: (trace, capacity) => new Table(trace, capacity),
  '2 asks': rings({ ...S3_FIFO, asksToEnter: 2, asksMax: 3 }),
  'small 10 %': rings({ ...S3_FIFO, smallShare: 0.1 }),
  'no filling': rings({ ...S3_FIFO, fills: false }),
  'no ghosts': rings({ ...S3_FIFO, octetsPerGhost: 0 }),
}

function main(): void {
  const names = Object.keys(POLICIES)
  const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`)
  console.log(`${REQUESTS} questions, ${NAMES} names; hits in percent`)
  row(['exponent', 'noise', 'MiB', ...names])
  row(['---:', '---:', '---:', ...names.map(() => '---:')])
  for (const exponent of EXPONENTS) {
    for (const noise of NOISES) {
      const trace = makeTrace({ requests: REQUESTS, names: NAMES, exponent, noise, seed: SEED })
      for (const mib of MIBS) {
        const shares = names.map((name) => hitShare(trace, mib * 1_048_576, POLICIES[name]!))
        row([`${exponent}`, `${noise * 100} %`, `${mib}`, ...shares.map((share) => (100 * share).toFixed(1))])
      }
    }
  }
}

main()
