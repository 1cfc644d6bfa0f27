/** Packets to start from: queries of every kind, and the recorded ones where they are. */
import type { Random } from '../../src/base/random.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { query } from '../front/service-under-test.ts'
import { recordedMessages, sharedMissing } from '../wire/shared-data.ts'
import { mutate, noise, pick, type Seed, seedOf } from './mutate.ts'

/** Queries: each kind of path through the service. */
export const QUERIES: readonly Uint8Array[] = [
  query(),
  query({ do: true, cd: true, ad: true }),
  query({ payload: 512, options: [{ code: 10, octets: new Uint8Array(24) }] }),
  query({
    options: [
      { code: 11, octets: new Uint8Array(0) },
      { code: 12, octets: new Uint8Array(60) },
    ],
  }),
  query({ type: TYPE.ANY, payload: 4096 }),
  query({ name: 'large.example.se.', type: TYPE.TXT, payload: 4096, do: true }),
  query({ name: 'none.example.se.', do: true }),
  query({ name: 'bogus.example.se.', do: true }),
  query({ name: 'root-key-sentinel-is-ta-20326.example.se.' }),
  query({ name: '1.0.0.10.in-addr.arpa.', type: TYPE.PTR }),
  query({ name: 'version.bind.', type: TYPE.TXT, class: 3 }),
  query({ name: '.', type: TYPE.NS }),
  query({ name: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`, do: true }),
  query({ type: TYPE.IXFR }),
]

const QUERY_SEEDS: readonly Seed[] = QUERIES.map(seedOf)

/** Messages of real servers; none where the recordings are absent. */
export const RECORDED_SEEDS: readonly Seed[] = sharedMissing === false ? recordedMessages().map(seedOf) : []

const LENDERS: readonly Seed[] = [...QUERY_SEEDS, ...RECORDED_SEEDS]

/** What a client may send: mostly a damaged query, at times a damaged reply of a real server or nothing but noise. */
export function clientPacket(random: Random): Uint8Array {
  const kind = random.below(40)
  if (kind === 0) return noise(random, random.below(600))
  if (kind < 36 || RECORDED_SEEDS.length === 0) {
    return mutate(pick(QUERY_SEEDS, random), LENDERS, random, random.below(4))
  }
  const octets = mutate(pick(RECORDED_SEEDS, random), LENDERS, random, 1 + random.below(3))
  // Without QR it is taken for a query.
  if (octets.length > 2 && random.below(4) > 0) octets[2]! &= 0x7f
  return octets
}
