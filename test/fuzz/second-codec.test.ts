/** dns-packet and our codec on messages that both must understand, and each of their differences at work. */
import t from 'tap'
import { octetsFromHex } from '../../src/base/octets.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { readProjectFile } from '../house/project.ts'
import { handMade, handMadeRecord, QUESTION } from '../wire/message-octets.ts'
import { sharedMissing } from '../wire/shared-data.ts'
import { LabTruth } from './lab-truth.ts'
import { SAMPLE_MESSAGES } from './message-target.ts'
import { CODEC_DIFFERENCES, differenceOf, explanationOf, isWellFormed } from './second-codec.ts'
import { RECORDED_SEEDS } from './seeds.ts'

/** Messages on which they do not agree: what differs, and by what name it is allowed. */
function disagreements(messages: readonly Uint8Array[]): Map<string | undefined, string> {
  const found = new Map<string | undefined, string>()
  for (const octets of messages) {
    const message = parseMessage(octets)
    const difference = isWellFormed(message) ? differenceOf(octets, message) : undefined
    if (difference !== undefined) found.set(explanationOf(message), difference)
  }
  return found
}

t.test('recorded messages: no difference at all', { skip: sharedMissing }, async (t) => {
  t.ok(RECORDED_SEEDS.length > 6_000, `${RECORDED_SEEDS.length} messages`)
  t.same([...disagreements(RECORDED_SEEDS.map(({ octets }) => octets))], [])
})

t.test("replies of the lab's servers", async (t) => {
  const seeds = await new LabTruth().seeds()
  const found = disagreements(seeds.map(({ octets }) => octets))
  t.same([...found.keys()], ['Protocol of DNSKEY'], `${seeds.length} messages, one key of another protocol`)
})

t.test('a record of every type', async (t) => {
  const unexplained = disagreements(SAMPLE_MESSAGES).get(undefined)
  t.equal(unexplained, undefined, `${SAMPLE_MESSAGES.length} messages`)
})

/** A message for each difference. */
const EXAMPLES: Readonly<Record<string, Uint8Array>> = {
  'TTL with its top bit set': answer(handMadeRecord(1, 'c0000201', { ttl: '80000001' })),
  'Protocol of DNSKEY': answer(handMadeRecord(48, '0101020d 0102030405')),
  'RDATA kept as text': answer(handMadeRecord(2, '03 61 2e 62 00')),
  'Names in types that it does not know': answer(handMadeRecord(7, 'c00c')),
  'Length of SSHFP fingerprints': answer(handMadeRecord(44, '0101 0102')),
  'RDATA of another class': answer(handMadeRecord(1, '0102', { class: '0003' })),
  'RDATA of a later EDNS version': handMade(
    { counts: [1, 0, 0, 1] },
    QUESTION,
    '00 0029 04d0 00010000 0005 fde9 0002 ff',
  ),
  'Content of EDNS options': handMade(
    { counts: [1, 0, 0, 1] },
    QUESTION,
    '00 0029 04d0 00000000 0005 000e 0001 ff',
  ),
}

function answer(record: string): Uint8Array {
  return handMade({ counts: [1, 1, 0, 0] }, QUESTION, record)
}

t.test('every difference that is allowed occurs, and nothing else explains it', async (t) => {
  for (const { name } of CODEC_DIFFERENCES) {
    const octets = EXAMPLES[name]!
    const message = parseMessage(octets)
    t.ok(isWellFormed(message), `${name}: a message that is in order`)
    t.type(differenceOf(octets, message), 'string', 'is read in two ways')
    t.equal(explanationOf(message), name)
  }
})

t.test('codec-differences.md has a paragraph for each', async (t) => {
  const headings = readProjectFile('test/fuzz/codec-differences.md').match(/(?<=\n### ).+/g)
  t.same(
    headings,
    CODEC_DIFFERENCES.map(({ name }) => name),
  )
})

t.test('a difference that nothing explains is one', async (t) => {
  const octets = answer(handMadeRecord(1, 'c0000201'))
  const other = parseMessage(answer(handMadeRecord(1, 'c0000202')))
  t.match(differenceOf(octets, other), /RDATA of answer 0/)
  t.equal(explanationOf(other), undefined)
  t.equal(differenceOf(octets, parseMessage(octets)), undefined)
  t.match(differenceOf(octetsFromHex('0000')!, other), /dns-packet throws/)
})
