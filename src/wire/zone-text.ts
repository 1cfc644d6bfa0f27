/** Master files (RFC 1035 5, RFC 2308 4, RFC 3597 5): text to records and back. */
import { INCLUDE_DEPTH_MAX, INCLUDES_MAX } from '../base/limits.ts'
import { octetsEqual } from '../base/octets.ts'
import { CLASS, formatClass, parseClass } from './iana/class.ts'
import { formatType, isMetaType, parseType } from './iana/rrtype.ts'
import { isSubdomainOf, type Name, ROOT } from './name.ts'
import { formatName, type NameReading } from './name-text.ts'
import { formatRdata, parseRdataText } from './rdata/rdata.ts'
import type { ResourceRecord } from './record.ts'
import { notAs, TextFault, type Token, TokenCursor } from './text-token.ts'
import { parseTtl } from './time-text.ts'
import { ZoneTextError } from './zone-text-error.ts'
import { type Entry, ZoneTokenizer } from './zone-tokens.ts'

export { ZoneTextError }

/** How a master file is read. */
export interface ZoneTextOptions {
  /** Named in errors, and given to `include`. */
  readonly path: string
  /** Completes names until $ORIGIN says otherwise; the root when left out. */
  readonly origin?: Name
  /** For records without a TTL where neither $TTL nor an earlier TTL tells; 3600 when left out. */
  readonly defaultTtlSeconds?: number
  /** Where the text is no file but typed by a person; `parseNameText` when left out. */
  readonly readName?: NameReading
  /**
   * Content of the file that $INCLUDE names in the file `from`; what it throws becomes a ZoneTextError. Without it
   * $INCLUDE is refused.
   */
  readonly include?: (path: string, from: string) => string | Uint8Array
}

const DEFAULT_TTL_SECONDS = 3_600
/** RFC 2181 8. */
const TTL_SECONDS_MAX = 0x7fff_ffff

/**
 * All records of a master file. Octets must be UTF-8; characters above 0x7f stand for their UTF-8 octets.
 *
 * @throws ZoneTextError, and nothing else, whatever the text
 */
export function readZone(source: string | Uint8Array, options: ZoneTextOptions): ResourceRecord[] {
  return [...zoneRecords(source, options)]
}

/** The records one by one, read as they are asked for. Throws as `readZone`. */
export function zoneRecords(
  source: string | Uint8Array,
  options: ZoneTextOptions,
): Generator<ResourceRecord> {
  return new ZoneReader(options).records(source, options.path, options.origin ?? ROOT, 0)
}

/** What is carried from entry to entry, into included files and out of them; their origin is not (RFC 1035 5.1). */
class ZoneReader {
  readonly #options: ZoneTextOptions
  #owner: Name | undefined
  #class: number = CLASS.IN
  #defaultTtlSeconds: number | undefined
  #lastTtlSeconds: number | undefined
  #included = 0

  constructor(options: ZoneTextOptions) {
    this.#options = options
  }

  *records(
    source: string | Uint8Array,
    path: string,
    origin: Name,
    depth: number,
  ): Generator<ResourceRecord> {
    const tokenizer = new ZoneTokenizer(textOf(source, path), path)
    let currentOrigin = origin
    for (let entry = tokenizer.next(); entry !== undefined; entry = tokenizer.next()) {
      const first = entry.tokens[0]!
      const directive =
        !entry.indented && !first.quoted && first.text.startsWith('$') ? first.text.toUpperCase() : ''
      const text = new TokenCursor(entry.tokens, currentOrigin, this.#options.readName)
      if (directive === '$INCLUDE') yield* this.#include(path, entry, text, depth)
      else if (directive === '') yield place(path, entry, () => this.#record(entry, text))
      else currentOrigin = place(path, entry, () => this.#directive(directive, text))
    }
  }

  /** Follows $ORIGIN or $TTL; returns the origin from here on. */
  #directive(directive: string, text: TokenCursor): Name {
    const word = text.take('a directive')
    let origin = text.origin
    if (directive === '$ORIGIN') origin = text.takeName('an origin')
    else if (directive === '$TTL') this.#defaultTtlSeconds = takeTtl(text)
    else throw notAs('$ORIGIN, $TTL or $INCLUDE', word)
    expectEnd(text)
    return origin
  }

  *#include(path: string, entry: Entry, text: TokenCursor, depth: number): Generator<ResourceRecord> {
    const [source, file, origin] = place(path, entry, () => {
      const word = text.take('$INCLUDE')
      if (depth === INCLUDE_DEPTH_MAX) throw new TextFault(`$INCLUDE is nested deeper than ${depth}`, word)
      if (++this.#included > INCLUDES_MAX)
        throw new TextFault(`more than ${INCLUDES_MAX} files are included`, word)
      const named = text.take('the path of a file')
      const namedOrigin = text.more ? text.takeName('an origin') : text.origin
      expectEnd(text)
      return [this.#content(named, path), named.text, namedOrigin] as const
    })
    const owner = this.#owner
    yield* this.records(source, file, origin, depth + 1)
    this.#owner = owner
  }

  #content(named: Token, from: string): string | Uint8Array {
    if (this.#options.include === undefined) throw new TextFault('$INCLUDE is not allowed here', named)
    try {
      return this.#options.include(named.text, from)
    } catch (error) {
      throw new TextFault(
        `cannot read ${named.text}: ${error instanceof Error ? error.message : error}`,
        named,
      )
    }
  }

  #record(entry: Entry, text: TokenCursor): ResourceRecord {
    if (!entry.indented) this.#owner = text.takeName('an owner name')
    if (this.#owner === undefined)
      throw new TextFault('expected an owner name: none stands before', entry.tokens[0])
    const [ttlSeconds, type] = this.#fixedPart(text)
    const rdata = parseRdataText(type, text.rest(), text.origin, this.#class, text.readName)
    return { owner: this.#owner, type, class: this.#class, ttlSeconds, rdata }
  }

  /** [TTL] [class] type, or [class] [TTL] type. */
  #fixedPart(text: TokenCursor): [ttlSeconds: number, type: number] {
    let ttlSeconds: number | undefined
    let hasClass = false
    for (;;) {
      const token = text.peek()
      const word = token === undefined || token.quoted ? '' : token.text
      const recordClass = hasClass ? undefined : zoneClass(word)
      if (recordClass !== undefined) {
        this.#class = recordClass
        hasClass = true
        text.take('a class')
      } else if (ttlSeconds === undefined && /^[0-9]/.test(word)) ttlSeconds = takeTtl(text)
      else break
    }
    if (ttlSeconds !== undefined) this.#lastTtlSeconds = ttlSeconds
    return [ttlSeconds ?? this.#ttlSeconds(), takeType(text)]
  }

  /** RFC 2308 4: what $TTL says; RFC 1035 5.1: else what the last record had. */
  #ttlSeconds(): number {
    return (
      this.#defaultTtlSeconds ??
      this.#lastTtlSeconds ??
      this.#options.defaultTtlSeconds ??
      DEFAULT_TTL_SECONDS
    )
  }
}

/** Classes that a zone can have. */
function zoneClass(word: string): number | undefined {
  const recordClass = parseClass(word)
  return recordClass === CLASS.ANY || recordClass === CLASS.NONE ? undefined : recordClass
}

function takeType(text: TokenCursor): number {
  const token = text.take('a TTL, a class or a record type')
  const type = token.quoted ? undefined : parseType(token.text)
  if (type === undefined) throw notAs('a TTL, a class or a record type', token)
  if (type === 0 || isMetaType(type)) throw notAs('a record type that a zone can hold', token)
  return type
}

function takeTtl(text: TokenCursor): number {
  const token = text.take('a TTL')
  const seconds = parseTtl(token.text)
  if (seconds === undefined || seconds > TTL_SECONDS_MAX) throw notAs('a TTL up to 2147483647', token)
  return seconds
}

function expectEnd(text: TokenCursor): void {
  const extra = text.peek()
  if (extra !== undefined) throw notAs('the end of the line', extra)
}

/** Gives a fault its place in the file. */
function place<T>(path: string, entry: Entry, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    const { line, column } = error.token ?? entry
    throw new ZoneTextError(path, line, column + (error.token === undefined ? 0 : error.at), error.message)
  }
}

function textOf(source: string | Uint8Array, path: string): string {
  if (typeof source === 'string') return source.startsWith('\ufeff') ? source.slice(1) : source
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(source)
  } catch {
    const text = new TextDecoder().decode(source)
    const lines = text.slice(0, text.indexOf('\ufffd')).split('\n')
    throw new ZoneTextError(
      path,
      lines.length,
      lines.at(-1)!.length + 1,
      'expected UTF-8; other octets as \\DDD',
    )
  }
}

/** One record in one line, names complete: owner, TTL, class, type, RDATA. */
export function formatRecord(record: ResourceRecord): string {
  return `${formatName(record.owner)}\t${formatRest(record)}`
}

function formatRest(record: ResourceRecord): string {
  const rdata = formatRdata(record.type, record.rdata, record.class)
  const type = formatType(record.type)
  return `${record.ttlSeconds}\t${formatClass(record.class)}\t${type}${rdata === '' ? '' : `\t${rdata}`}`
}

/** A master file that leads back to the same records. With `origin`, owners below it are written relative to it. */
export function formatZone(records: Iterable<ResourceRecord>, origin?: Name): string {
  let text = origin === undefined ? '' : `$ORIGIN ${formatName(origin)}\n`
  for (const record of records) text += `${formatOwner(record.owner, origin)}\t${formatRest(record)}\n`
  return text
}

function formatOwner(owner: Name, origin: Name | undefined): string {
  if (origin === undefined || origin.length === 1 || !isSubdomainOf(owner, origin)) return formatName(owner)
  // The origin's own spelling completes the name when it is read, so the case must be the same.
  const relativeOctets = owner.length - origin.length
  if (!octetsEqual(owner.subarray(relativeOctets), origin)) return formatName(owner)
  return relativeOctets === 0 ? '@' : formatName(owner).slice(0, -formatName(origin).length - 1)
}
