/** Messages that somebody damaged: a message or a FormatError, nothing else (attacks C15, C16). */
import t, { type Test } from 'tap'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { parseEde } from '../../src/wire/edns.ts'
import { FormatError } from '../../src/wire/format-error.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { isReplyTo, type Message, parseMessage, parseQuestionMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { canonicalRdata, checkRdata } from '../../src/wire/rdata/rdata.ts'
import { groupRrsets } from '../../src/wire/record.ts'
import { MessageWriter, type Section, writeQuery } from '../../src/wire/writer.ts'
import { formatRecord, readZone } from '../../src/wire/zone-text.ts'
import { SAMPLE_RDATAS } from './arbitraries.ts'
import { recordedMessages, sharedMissing } from './shared-data.ts'

const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional']

/** Octets changed, put in or taken out; counts and lengths hit more often than chance would. */
function mutate(octets: Uint8Array, random: Random): Uint8Array {
  let mutant = [...octets]
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(mutant.length)
    const kind = random.below(10)
    if (kind < 3) mutant[at] = random.below(256)
    else if (kind < 6) mutant[at]! ^= 1 << random.below(8)
    else if (kind === 6) mutant[random.below(12)] = random.below(256)
    else if (kind === 7) mutant.splice(at, 1 + random.below(4))
    else if (kind === 8) mutant.splice(at, 0, 0xc0 | random.below(64), random.below(256))
    else mutant = mutant.slice(0, at + 1)
    if (mutant.length === 0) return new Uint8Array(0)
  }
  return Uint8Array.from(mutant)
}

/** Everything that is done with a message; the same must come out when it is written and read again. */
function handle(octets: Uint8Array): Message | undefined {
  try {
    parseQuestionMessage(octets)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
  let message: Message
  try {
    message = parseMessage(octets)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
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
  return message
}

function isZoneRecord(type: number, recordClass: number): boolean {
  const meta = type === 0 || type === 41 || (type >= 128 && type <= 255)
  return !meta && recordClass !== CLASS.ANY && recordClass !== CLASS.NONE
}

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

function run(t: Test, seeds: readonly Uint8Array[], runs: number): void {
  const random = seededRandom(20_261_121)
  const query = writeQuery({
    id: 0x1234,
    question: { name: nameFrom('a.'), type: 1, class: 1 },
    rd: true,
    cd: false,
  })
  let read = 0
  for (let i = 0; i < runs; i++) {
    const mutant = mutate(seeds[random.below(seeds.length)]!, random)
    try {
      isReplyTo(query, mutant)
      const message = handle(mutant)
      if (message === undefined) continue
      read++
      const again = rewrite(message)
      const back = again === undefined ? message : parseMessage(again)
      if (
        JSON.stringify({ ...back, trailingOctets: 0 }) !== JSON.stringify({ ...message, trailingOctets: 0 })
      ) {
        throw new Error('another message came back')
      }
    } catch (error) {
      t.fail(
        `run ${i}: ${error instanceof Error ? error.stack : error}\n${Buffer.from(mutant).toString('hex')}`,
      )
      return
    }
  }
  t.ok(read > runs / 8 && read < runs, `${read} of ${runs} read`)
}

t.test('messages with records of every type', async (t) => {
  const seeds = SAMPLE_RDATAS.map(({ type, rdata }, i) => {
    const writer = new MessageWriter()
    writer.header({
      id: 1,
      opcode: 0,
      rcode: 0,
      qr: true,
      aa: true,
      tc: false,
      rd: true,
      ra: true,
      ad: false,
      cd: false,
    })
    writer.question({ name: nameFrom('www.example.'), type, class: 1 })
    writer.record('answer', nameFrom('www.example.'), type, 1, 300, rdata)
    writer.record('authority', nameFrom('example.'), 2, 1, 300, nameFrom('ns.example.'))
    const options = [{ code: i % 20, octets: Uint8Array.of(0, 1, 2, 3) }]
    writer.opt({ version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options }, 0)
    return writer.finish()
  })
  run(t, seeds, 20_000)
})

t.test('recorded messages', { skip: sharedMissing }, async (t) => {
  run(t, recordedMessages(), 10_000)
})
