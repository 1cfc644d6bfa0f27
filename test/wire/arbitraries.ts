/** Random names, records and messages for property tests. */
import fc from 'fast-check'
import type { Edns } from '../../src/wire/edns.ts'
import { parseType } from '../../src/wire/iana/rrtype.ts'
import { type Name, nameFromLabels, ROOT } from '../../src/wire/name.ts'
import { rdataFrom } from '../../src/wire/rdata/rdata.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { RDATA_SAMPLES } from './rdata-samples.ts'

/** The same cases in every run. */
export const FIXED = { seed: 20_261_121, numRuns: 300 } as const

/** Any octets as a label. */
export const anyLabel: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 1, maxLength: 63 })

/** Any name, all octets allowed. */
export const anyName: fc.Arbitrary<Name> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: anyLabel },
    ),
    {
      maxLength: 20,
    },
  )
  .map((labels) => nameFromLabels(labels) ?? ROOT)

/** A name out of few labels, so that names share their ends. */
export const tangledName: fc.Arbitrary<Name> = fc
  .array(fc.constantFrom('a', 'A', 'b', 'www', 'example', 'com'), { maxLength: 6 })
  .map((labels) => nameFromLabels(labels.map((label) => new Uint8Array(Buffer.from(label)))) ?? ROOT)

/** Type and RDATA of every sample. */
export const SAMPLE_RDATAS: readonly { readonly type: number; readonly rdata: Uint8Array }[] =
  RDATA_SAMPLES.map(([mnemonic, text]) => ({
    type: parseType(mnemonic)!,
    rdata: rdataFrom(parseType(mnemonic)!, text),
  }))

/** A record of any type with a well-formed RDATA. */
export const anyRecord: fc.Arbitrary<ResourceRecord> = fc
  .record({
    owner: fc.oneof(tangledName, anyName),
    ttlSeconds: fc.integer({ min: 0, max: 0x7fff_ffff }),
    sample: fc.oneof(
      fc.constantFrom(...SAMPLE_RDATAS),
      tangledName.map((rdata) => ({ type: 2, rdata })),
      fc.uint8Array({ maxLength: 300 }).map((rdata) => ({ type: 65_280, rdata })),
    ),
  })
  .map(({ owner, ttlSeconds, sample }) => ({ owner, ttlSeconds, class: 1, ...sample }))

/** An OPT record. */
export const anyEdns: fc.Arbitrary<Edns> = fc.record({
  version: fc.integer({ min: 0, max: 255 }),
  udpPayloadOctets: fc.integer({ min: 0, max: 0xffff }),
  do: fc.boolean(),
  flags: fc.integer({ min: 0, max: 0x7fff }),
  options: fc.array(
    fc.record({ code: fc.integer({ min: 0, max: 0xffff }), octets: fc.uint8Array({ maxLength: 40 }) }),
    { maxLength: 5 },
  ),
})
