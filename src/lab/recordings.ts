/** Recorded packets: what real servers answered, kept in files, with the server that each came from. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { RECORDING_FILE_OCTETS_MAX } from '../base/limits.ts'
import { octetsFromHex } from '../base/octets.ts'
import { FormatError } from '../wire/format-error.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Message, parseMessage, type Question } from '../wire/message.ts'
import { isSubdomainOf, type Name } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseRrsig } from '../wire/rdata/rrsig.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { MessageWriter } from '../wire/writer.ts'

/** One reply of a real server. */
export interface Recording {
  /**
   * Who answered: its address in text form, or, where only the name was noted, the name of the zone that it speaks for,
   * so that what a resolver repeated counts as said by the zone.
   */
  readonly server: string
  /** Its host name, as noted. */
  readonly host: string
  readonly question: Question
  readonly octets: Uint8Array
  readonly message: Message
}

/** A file that holds no recordings. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

/**
 * Reads the recordings of a file, or of every file in a folder: `*.hex` (one message, comments behind #) and `*.jsonl`
 * or `*.jsonl.gz` (a JSON object a line with `ns`, `ip` and `wire`). Lines without `wire` and messages that cannot be
 * read are passed over.
 *
 * @throws RecordingError when nothing is found; the file system's error when something cannot be read
 */
export function readRecordings(path: string): Recording[] {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((file) => join(path, file)) : [path]
  const recordings = files.sort().flatMap(readRecordingFile)
  if (recordings.length === 0)
    throw new RecordingError(`${path} holds no recorded packets (*.hex, *.jsonl, *.jsonl.gz)`)
  return recordings
}

function readRecordingFile(path: string): Recording[] {
  if (path.endsWith('.hex')) return readCapture(readFileSync(path, 'latin1'))
  if (path.endsWith('.jsonl.gz')) return readPackets(unpack(path))
  return path.endsWith('.jsonl') ? readPackets(readFileSync(path, 'utf8')) : []
}

function unpack(path: string): string {
  return gunzipSync(readFileSync(path), { maxOutputLength: RECORDING_FILE_OCTETS_MAX }).toString('utf8')
}

/** One message in hexadecimal; the comment `server: HOST` says whose it is. */
export function readCapture(text: string): Recording[] {
  const host = /^#.*\bserver:\s*([^\s;]+)/m.exec(text)?.[1] ?? ''
  const octets = octetsFromHex(text.replace(/#.*/g, ''))
  const message = octets && readMessage(octets)
  if (octets === undefined || message === undefined) return []
  return [{ server: zoneOf(message), host, question: message.questions[0]!, octets, message }]
}

/** Packets a line. */
export function readPackets(text: string): Recording[] {
  const recordings: Recording[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const packet = JSON.parse(line) as { ns?: string; ip?: string; wire?: string }
    if (packet.wire === undefined || packet.ip === undefined) continue
    const octets = new Uint8Array(Buffer.from(packet.wire, 'base64'))
    const message = readMessage(octets)
    if (message === undefined) continue
    recordings.push({
      server: packet.ip,
      host: packet.ns ?? '',
      question: message.questions[0]!,
      octets,
      message,
    })
  }
  return recordings
}

/** A reply made of recorded records, for what was kept as text. */
export function composeRecording(
  server: string,
  host: string,
  question: Question,
  answer: readonly ResourceRecord[],
): Recording {
  const writer = new MessageWriter()
  const flags = { tc: false, rd: false, ra: false, ad: false, cd: false }
  writer.header({ ...flags, id: 0, qr: true, aa: true, opcode: 0, rcode: 0 })
  writer.question(question)
  for (const { owner, type, class: recordClass, ttlSeconds, rdata } of answer) {
    writer.record('answer', owner, type, recordClass, ttlSeconds, rdata)
  }
  writer.opt({ version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] }, 0)
  const octets = writer.finish()
  return { server, host, question, octets, message: parseMessage(octets) }
}

function readMessage(octets: Uint8Array): Message | undefined {
  try {
    const message = parseMessage(octets)
    const [question] = message.questions
    return message.qr && question !== undefined && question.class === CLASS.IN ? message : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** The zone whose servers give this reply: the deepest signer at or above the question, but of a referral the parent. */
function zoneOf(message: Message): string {
  let deepest: Name | undefined
  for (const { type, rdata } of [...message.answer, ...message.authority]) {
    const signer = type === TYPE.RRSIG ? parseRrsig(rdata)?.signer : undefined
    if (signer === undefined || !isSubdomainOf(message.questions[0]!.name, signer)) continue
    if (deepest === undefined || signer.length > deepest.length) deepest = signer
  }
  return deepest === undefined ? '' : formatName(deepest)
}
