/** The codec alone: a message or a FormatError, the same again when it is written and read, and what dns-packet makes of it. */
import { formatHex, octetsFromHex } from '../../src/base/octets.ts'
import type { Random } from '../../src/base/random.ts'
import { parseEde } from '../../src/wire/edns.ts'
import { FormatError } from '../../src/wire/format-error.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { isReplyTo, type Message, parseMessage, parseQuestionMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { canonicalRdata, checkRdata } from '../../src/wire/rdata/rdata.ts'
import { groupRrsets } from '../../src/wire/record.ts'
import { MessageWriter, type Section, writeQuery } from '../../src/wire/writer.ts'
import { formatRecord, readZone } from '../../src/wire/zone-text.ts'
import { SAMPLE_RDATAS } from '../wire/arbitraries.ts'
import { mutate, pick, type Seed, seedOf } from './mutate.ts'
import { differenceOf, explanationOf, isWellFormed } from './second-codec.ts'
import { QUERIES, RECORDED_SEEDS } from './seeds.ts'
import { guarded, type OnInput, type Target } from './target.ts'

const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional']

/** A message with a record of every type, one each. */
export const SAMPLE_MESSAGES: readonly Uint8Array[] = SAMPLE_RDATAS.map(({ type, rdata }, i) => {
  const writer = new MessageWriter()
  const flags = { qr: true, aa: true, tc: false, rd: true, ra: true, ad: false, cd: false }
  writer.header({ id: 1, opcode: 0, rcode: 0, ...flags })
  writer.question({ name: nameFrom('www.example.'), type, class: 1 })
  writer.record('answer', nameFrom('www.example.'), type, 1, 300, rdata)
  writer.record('authority', nameFrom('example.'), 2, 1, 300, nameFrom('ns.example.'))
  const options = [{ code: i % 20, octets: Uint8Array.of(0, 1, 2, 3) }]
  writer.opt({ version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options }, 0)
  return writer.finish()
})

const SEEDS: readonly Seed[] = [...[...SAMPLE_MESSAGES, ...QUERIES].map(seedOf), ...RECORDED_SEEDS]

const QUERY = writeQuery({
  id: 0x1234,
  question: { name: nameFrom('a.'), type: 1, class: 1 },
  rd: true,
  cd: false,
})

/** See the head of this file. */
export const messageTarget: Target = {
  name: 'message',
  batchInputs: 1_000,
  async run(random: Random, count: number, onInput: OnInput): Promise<void> {
    for (let i = 0; i < count; i++) {
      const mutant = mutate(pick(SEEDS, random), SEEDS, random, 1 + random.below(3))
      onInput()
      await guarded(
        () => `${formatHex(mutant)}\n`,
        () => tryMessage(mutant),
      )
    }
  },
}

/** A case of `cases/`: a message in hexadecimal. */
export function tryMessageCase(text: string): void {
  tryMessage(octetsFromHex(text.replace(/#.*/g, ''))!)
}

function tryMessage(octets: Uint8Array): void {
  isReplyTo(QUERY, octets)
  refusing(() => parseQuestionMessage(octets))
  const message = refusing(() => parseMessage(octets))
  if (message === undefined) return
  handle(message)
  const again = rewrite(message)
  if (again !== undefined && contentOf(parseMessage(again)) !== contentOf(message)) {
    throw new Error('another message came back')
  }
  if (!isWellFormed(message)) return
  const difference = differenceOf(octets, message)
  if (difference !== undefined && explanationOf(message) === undefined) throw new Error(difference)
}

/** Undefined where the octets are refused as they should be. */
function refusing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** Counts aside: of what came, address records of a wrong length are left out. */
function contentOf(message: Message): string {
  const counts = {
    questionCount: 0,
    answerCount: 0,
    authorityCount: 0,
    additionalCount: 0,
    trailingOctets: 0,
  }
  return JSON.stringify({ ...message, ...counts })
}

/** Everything that is done with a message. */
function handle(message: Message): void {
  for (const option of message.edns?.options ?? []) parseEde(option)
  for (const section of SECTIONS) {
    groupRrsets(message[section])
    for (const record of message[section]) {
      canonicalRdata(record.type, record.rdata, record.class)
      const text = formatRecord(record)
      const readable = checkRdata(record.type, record.rdata, record.class) === undefined
      if (readable && isZoneRecord(record.type, record.class)) readZone(text, { path: 'record' })
    }
  }
}

function isZoneRecord(type: number, recordClass: number): boolean {
  const meta = type === 0 || type === 41 || (type >= 128 && type <= 255)
  return !meta && recordClass !== CLASS.ANY && recordClass !== CLASS.NONE
}

/** Undefined where it grows too large without the compression that it came with. */
function rewrite(message: Message): Uint8Array | undefined {
  const writer = new MessageWriter()
  writer.header(message)
  for (const question of message.questions) if (!writer.question(question)) return undefined
  for (const section of SECTIONS) {
    for (const { owner, type, class: recordClass, ttlSeconds, rdata } of message[section]) {
      if (!writer.record(section, owner, type, recordClass, ttlSeconds, rdata)) return undefined
    }
  }
  if (message.edns !== undefined && !writer.opt(message.edns, message.rcode)) return undefined
  return writer.finish()
}
