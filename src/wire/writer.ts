/** Messages: values to octets (RFC 1035 4), names compressed. */

import { assert } from '../base/assert.ts'
import { MESSAGE_OCTETS_MAX } from '../base/limits.ts'
import { CompressionTable, ROOT_OFFSET } from './compression-table.ts'
import { type Edns, optLength, writeOpt } from './edns.ts'
import { HEADER_OCTETS } from './header.ts'
import { OPCODE } from './iana/opcode.ts'
import { writeU16, writeU32 } from './integers.ts'
import type { Header, Question } from './message.ts'
import type { Name } from './name.ts'
import { layoutOf } from './rdata/layouts.ts'
import { checkRdata } from './rdata/rdata.ts'

/** The sections that hold records. */
export type Section = 'answer' | 'authority' | 'additional'

/** What a header says beside its counts, which the writer keeps. Of the rcode the lower four bits count. */
export type HeaderFields = Omit<Header, `${string}Count`>

const OCTETS_INITIAL = 512
const POINTER = 0xc000
const SECTION_NUMBER: Readonly<Record<Section, number>> = { answer: 1, authority: 2, additional: 3 }
/** Where the labels of the name at hand start; a name has at most 127. */
const labelStarts = new Uint8Array(128)

/** Writes one message, section after section. What does not fit is left out whole. */
export class MessageWriter {
  #octets = new Uint8Array(OCTETS_INITIAL)
  #position = HEADER_OCTETS
  #section = 0
  readonly #counts: [number, number, number, number] = [0, 0, 0, 0]
  readonly #names = new CompressionTable()
  #frozen = false
  /** Octets that the message may have; at most 65,535. May be lowered to keep room for what comes last. */
  limitOctets: number
  /** Offset of the TTL of the record written last. */
  lastTtlOffset = 0

  constructor(limitOctets: number = MESSAGE_OCTETS_MAX) {
    this.limitOctets = Math.min(limitOctets, MESSAGE_OCTETS_MAX)
  }

  /** Begins another message in the same memory, which views of the last one see. */
  restart(): void {
    this.#octets.fill(0, 0, HEADER_OCTETS)
    this.#position = HEADER_OCTETS
    this.#section = 0
    this.#counts.fill(0)
    this.#names.rollback(0)
    this.#frozen = false
    this.lastTtlOffset = 0
  }

  /** Octets written. */
  get position(): number {
    return this.#position
  }

  /** Writes the header; may be called at any time, and again. */
  header(fields: HeaderFields): void {
    writeHeader(this.#octets, fields)
  }

  /** Adds a question; false when it does not fit. */
  question(question: Question): boolean {
    assert(this.#section === 0, 'questions precede records')
    const [start, names] = [this.#position, this.#names.count]
    if (!this.#name(question.name) || !this.#room(4)) return this.#rollback(start, names)
    this.#u16(question.type)
    this.#u16(question.class)
    this.#counts[0]++
    return true
  }

  /**
   * Adds a record. Its owner is compressed, and the names in RDATA of the types of RFC 1035 (RFC 3597 4).
   *
   * @param rdata uncompressed; malformed RDATA is written as it is
   * @returns false when the record does not fit, and then nothing was written
   */
  record(
    section: Section,
    owner: Name,
    type: number,
    recordClass: number,
    ttlSeconds: number,
    rdata: Uint8Array,
  ): boolean {
    const number = this.#enter(section)
    const [start, names] = [this.#position, this.#names.count]
    if (!this.#name(owner) || !this.#room(10)) return this.#rollback(start, names)
    this.#u16(type)
    this.#u16(recordClass)
    const ttlOffset = this.#position
    writeU32(this.#octets, ttlOffset, ttlSeconds)
    this.#position += 6
    if (!this.#rdata(type, recordClass, rdata)) return this.#rollback(start, names)
    writeU16(this.#octets, ttlOffset + 4, this.#position - ttlOffset - 6)
    this.lastTtlOffset = ttlOffset
    this.#counts[number]!++
    return true
  }

  /** From now on names may point at what is known, but become no targets themselves. */
  freezeCompression(): void {
    this.#frozen = true
  }

  /** Adds the OPT record, with the upper eight bits of the twelve of `rcode`; false when it does not fit. */
  opt(edns: Edns, rcode: number): boolean {
    const number = this.#enter('additional')
    if (!this.#room(optLength(edns))) return false
    this.#position = writeOpt(this.#octets, this.#position, edns, rcode)
    this.#counts[number]!++
    return true
  }

  /** The message: a view, final only if nothing is added later. */
  finish(): Uint8Array {
    this.#counts.forEach((count, i) => {
      writeU16(this.#octets, 4 + 2 * i, count)
    })
    return this.#octets.subarray(0, this.#position)
  }

  #enter(section: Section): 1 | 2 | 3 {
    const number = SECTION_NUMBER[section]
    assert(number >= this.#section, 'sections are written in order')
    this.#section = number
    return number as 1 | 2 | 3
  }

  #rollback(position: number, names: number): false {
    this.#position = position
    this.#names.rollback(names)
    return false
  }

  #rdata(type: number, recordClass: number, rdata: Uint8Array): boolean {
    const layout = layoutOf(type, recordClass)
    if (!layout?.compressible || checkRdata(type, rdata, recordClass) !== undefined) return this.#plain(rdata)
    let at = 0
    for (const field of layout.fields) {
      const end = field.end(rdata, at, rdata.length)
      const part = rdata.subarray(at, end)
      if (!(field.name?.compressible ? this.#name(part) : this.#plain(part))) return false
      at = end
    }
    return true
  }

  /** Writes a name: the labels that are new, then a pointer to those that are not. */
  #name(name: Uint8Array): boolean {
    let count = 0
    for (let at = 0; name[at] !== 0; at += name[at]! + 1) labelStarts[count++] = at
    let parent = ROOT_OFFSET
    let fresh = count
    while (fresh > 0) {
      const known = this.#names.find(this.#octets, parent, name, labelStarts[fresh - 1]!)
      if (known < 0) break
      parent = known
      fresh--
    }
    const whole = fresh === count
    const freshOctets = whole ? name.length - 1 : labelStarts[fresh]!
    if (!this.#room(freshOctets + (whole ? 1 : 2))) return false
    const start = this.#position
    for (let i = 0; i < freshOctets; i++) this.#octets[start + i] = name[i]!
    this.#position += freshOctets
    if (whole) this.#octets[this.#position++] = 0
    else this.#u16(POINTER | parent)
    if (!this.#frozen) this.#remember(name, fresh, parent, start)
    return true
  }

  #remember(name: Uint8Array, fresh: number, known: number, start: number): void {
    let parent = known
    for (let label = fresh - 1; label >= 0; label--) {
      const offset = start + labelStarts[label]!
      if (!this.#names.add(offset, parent, name, labelStarts[label]!)) return
      parent = offset
    }
  }

  #plain(octets: Uint8Array): boolean {
    if (!this.#room(octets.length)) return false
    this.#octets.set(octets, this.#position)
    this.#position += octets.length
    return true
  }

  #u16(value: number): void {
    writeU16(this.#octets, this.#position, value)
    this.#position += 2
  }

  /** True when so many octets may follow; then there is memory for them. */
  #room(count: number): boolean {
    const needed = this.#position + count
    if (needed > this.limitOctets) return false
    if (needed > this.#octets.length) {
      const grown = new Uint8Array(Math.min(MESSAGE_OCTETS_MAX, Math.max(needed, 2 * this.#octets.length)))
      grown.set(this.#octets.subarray(0, this.#position))
      this.#octets = grown
    }
    return true
  }
}

/** Writes id and flags; the counts are left as they are. */
function writeHeader(octets: Uint8Array, fields: HeaderFields): void {
  writeU16(octets, 0, fields.id)
  octets[2] =
    (fields.qr ? 0x80 : 0) |
    ((fields.opcode & 0x0f) << 3) |
    (fields.aa ? 0x04 : 0) |
    (fields.tc ? 0x02 : 0) |
    (fields.rd ? FLAG_RD : 0)
  octets[3] =
    (fields.ra ? 0x80 : 0) | (fields.ad ? 0x20 : 0) | (fields.cd ? FLAG_CD : 0) | (fields.rcode & 0x0f)
}

const FLAG_RD = 0x01
const FLAG_CD = 0x10

/** A query to send. */
export interface Query {
  readonly id: number
  readonly question: Question
  readonly rd: boolean
  readonly cd: boolean
  readonly edns?: Edns
}

/** The octets of a query of one question. */
export function writeQuery(query: Query): Uint8Array {
  const { name, type, class: questionClass } = query.question
  const questionEnd = HEADER_OCTETS + name.length + 4
  const octets = new Uint8Array(questionEnd + (query.edns === undefined ? 0 : optLength(query.edns)))
  writeU16(octets, 0, query.id)
  octets[2] = (OPCODE.QUERY << 3) | (query.rd ? FLAG_RD : 0)
  octets[3] = query.cd ? FLAG_CD : 0
  writeU16(octets, 4, 1)
  octets.set(name, HEADER_OCTETS)
  writeU16(octets, questionEnd - 4, type)
  writeU16(octets, questionEnd - 2, questionClass)
  if (query.edns !== undefined) {
    writeU16(octets, 10, 1)
    writeOpt(octets, questionEnd, query.edns, 0)
  }
  return octets
}
