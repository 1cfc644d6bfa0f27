/**
 * Kinds of value that a setting can have, as zod schemas. Each error message is what was expected, in words that
 * complete "expected …".
 */
import { z } from 'zod'
import { type Endpoint, formatEndpoint, parseAddress } from '../base/address.ts'
import { isTranslationPrefix, TRANSLATION_PREFIX_BITS } from '../base/ipv4-embedded.ts'
import type { Prefix } from '../base/prefix.ts'
import { formatPrefix, parsePrefix } from '../base/prefix.ts'
import { CLASS } from '../wire/iana/class.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { parseAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import type { Name } from '../wire/name.ts'
import { nameKey } from '../wire/name.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { formatRecord, readZone, ZoneTextError } from '../wire/zone-text.ts'
import { parseTypedName } from './typed-name.ts'

/** A reading of a setting's value. */
export type ValueSchema<T> = z.ZodType<T>

/** A negative trust anchor (RFC 7646) as the operator wrote it. */
export interface NegativeTrustAnchorSetting {
  readonly name: Name
  readonly reason: string
  readonly author: string
  /** Seconds since 1970: from then on it has no effect. */
  readonly expiresSeconds: number
}

/** What lies behind an outage that a negative trust anchor relieves. */
export type ExceptionCause = 'zone' | 'zones' | 'top-level'

/** Words of `limits.dry-run`; SECURITY.md has the other limits with the reason why each always acts. */
export const LIMITS_TRIED_OUT = [
  'fair-share',
  'outstanding-per-zone',
  'outstanding-per-server',
  'outstanding-per-client',
  'waiting',
  'waiting-per-client',
  'reply-time',
  'late-replies-per-client',
  'tcp-connections',
  'tcp-connections-per-client',
] as const

/** A limit that can be tried out (`limits.dry-run`). */
export type LimitTriedOut = (typeof LIMITS_TRIED_OUT)[number]

/** A stub or forward zone as the operator wrote it. */
export interface RouteSetting {
  readonly name: Name
  readonly addresses: readonly Endpoint[]
  /** Name servers whose addresses are looked up. */
  readonly servers: readonly Name[]
  /** Whether the delegated servers are asked when these fail. */
  readonly fallback: boolean
  /** Whether answers are kept. */
  readonly cache: boolean
}

/** Where a copy of the root zone is got from, as the operator wrote it. */
export type RootCopySource =
  | { readonly file: string }
  | { readonly url: string }
  | { readonly axfr: Endpoint }

/** A text for the servers of a network as the operator wrote it. */
export interface ClientStringSetting {
  readonly network: Prefix
  readonly text: Uint8Array
}

/** A local zone as the operator wrote it. */
export interface LocalZoneSetting {
  readonly name: Name
  readonly type: 'static' | 'transparent' | 'type-transparent' | 'redirect' | 'refuse' | 'deny'
}

/** Where authorities and resolvers listen unless it is said otherwise. */
const DNS_PORT = 53

/** Characters of one text: a whole paragraph, not a whole file. */
const TEXT_CHARACTERS_MAX = 1_000
/** Characters of a record: a TXT with the longest keys of RFC 6376 has a few thousand. */
const RECORD_CHARACTERS_MAX = 16_384

/** true or false. */
export function flag(): ValueSchema<boolean> {
  return z.boolean({ error: 'true or false' })
}

/** A whole number in a range, both ends included. */
export function whole(least: number, most: number): ValueSchema<number> {
  return wholeOr(`a whole number from ${least} to ${most}`, least, most)
}

/** One of several forms of a value: its faults are told in the words for all of them. */
function wholeOr(error: string, least: number, most: number): ValueSchema<number> {
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** A number in a range, both ends and fractions included. */
export function fraction(least: number, most: number): ValueSchema<number> {
  const error = `a number from ${least} to ${most}`
  return z.number({ error }).min(least, { error }).max(most, { error })
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ValueSchema<Word> {
  const last = words.at(-1)!
  return z.enum(words as readonly string[] as [string, ...string[]], {
    error: words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`,
  }) as unknown as ValueSchema<Word>
}

/** `auto`, or a whole number in a range. */
export function autoOrWhole(least: number, most: number): ValueSchema<number | 'auto'> {
  const error = `auto, or a whole number from ${least} to ${most}`
  return z.union([z.literal('auto'), wholeOr(error, least, most)], { error })
}

/** Free text on one line, of bounded length. */
export function text(expected: string): ValueSchema<string> {
  return parsed(expected, (value) => (isPlainLine(value) ? value : undefined))
}

/** Octets as text on one line, or in hex behind 0x; none for the empty text. */
export function octets(most: number): ValueSchema<Uint8Array> {
  const expected = `a text of at most ${most} octets, or as many in hex behind 0x`
  return parsed(expected, (value) => {
    const hex = /^0x((?:[0-9a-f]{2})+)$/i.exec(value)
    if (!isPlainLine(value) || (hex === null && /^0x/i.test(value))) return undefined
    const found = hex === null ? Buffer.from(value, 'utf8') : Buffer.from(hex[1]!, 'hex')
    return found.length > most ? undefined : new Uint8Array(found)
  })
}

/** Path of a file or folder; the empty text stands for none. */
export function path(): ValueSchema<string> {
  return text('a path')
}

/** A file mode as octal text. */
export function fileMode(): ValueSchema<number> {
  return parsed('a file mode such as "0660", in quotes', (value) =>
    /^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : undefined,
  )
}

/** A list without repetitions. `format` gives equal entries equal text. */
export function listOf<T>(
  what: string,
  item: ValueSchema<T>,
  format: (value: T) => string,
  least = 0,
): ValueSchema<readonly T[]> {
  const error = least === 0 ? `a list of ${what}` : `a list of ${what}, at least ${least}`
  return z
    .array(item, { error })
    .min(least, { error })
    .superRefine((values, context) => {
      const seen = new Set<string>()
      for (const [index, value] of values.entries()) {
        const key = format(value)
        if (seen.has(key)) {
          context.addIssue({ code: 'custom', path: [index], message: 'each entry once' })
        }
        seen.add(key)
      }
    })
}

/** `address@port`. Port 0 lets the system choose. */
export function endpoint(): ValueSchema<Endpoint> {
  return parsed('an address and port such as 127.0.0.1@5300', parseEndpoint)
}

/** `address@port`, or the empty text for none. */
export function endpointOrNone(): ValueSchema<Endpoint | undefined> {
  return parsedOrNone('an address and port such as 127.0.0.1@9153, or "" for none', parseEndpoint)
}

/** A list of `address@port`. */
export function endpoints(): ValueSchema<readonly Endpoint[]> {
  return listOf('addresses with port', endpoint(), formatEndpoint, 1)
}

/** The same, perhaps empty. */
export function endpointsOrNone(): ValueSchema<readonly Endpoint[]> {
  return listOf('addresses with port', endpoint(), formatEndpoint)
}

/** A list of IP addresses. */
export function addresses(): ValueSchema<readonly Uint8Array[]> {
  return listOf('IP addresses', parsed('an IP address', parseAddress), (value) => value.join('.'))
}

/** A list of networks, each `address/bits` or an address alone. */
export function prefixes(): ValueSchema<readonly Prefix[]> {
  return listOf('networks', prefix(), formatPrefix)
}

function prefix(): ValueSchema<Prefix> {
  const expected = 'a network such as 192.0.2.0/24 or 2001:db8::/32, no bit set behind the prefix'
  return parsed(expected, parsePrefix)
}

/** A prefix behind which IPv4 addresses stand (RFC 6052 2.2); the empty text for none. */
export function translationPrefixOrNone(): ValueSchema<Prefix | undefined> {
  const lengths = `${TRANSLATION_PREFIX_BITS.slice(0, -1).join(', ')} or ${TRANSLATION_PREFIX_BITS.at(-1)}`
  const expected = `an IPv6 prefix of ${lengths} bits, bits 64 to 71 zero, such as 64:ff9b::/96, or "" for none`
  return parsedOrNone(expected, (value) => {
    const prefix = parsePrefix(value)
    return prefix !== undefined && isTranslationPrefix(prefix) ? prefix : undefined
  })
}

/** A list of domain names. */
export function names(): ValueSchema<readonly Name[]> {
  return listOf('domain names', domainName(), nameKey)
}

/** A point in time, seconds since 1970; the empty text for none. */
export function timeOrNone(): ValueSchema<number | undefined> {
  return parsedOrNone(`${TIME}, or "" for none`, parseTime)
}

/** An address of the web that files are got from; the empty text for none. */
export function webAddressOrNone(): ValueSchema<string | undefined> {
  const parse = (value: string): string | undefined => {
    const address = parseWebAddress(value)
    return address && new URL('.', address).href
  }
  return parsedOrNone('an address such as https://data.iana.org/root-anchors/, or "" for none', parse)
}

function parseWebAddress(value: string): string | undefined {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? new URL(value).href : undefined
}

/** A list of places from which the root zone is got. */
export function rootCopySources(): ValueSchema<readonly RootCopySource[]> {
  const expected = 'an entry with one of file, url and axfr'
  const url = parsed('an address such as https://www.internic.net/domain/root.zone', parseWebAddress)
  const server = parsed('an IP address, or one with port such as 192.0.2.53@5353', parseServer)
  const file = parsed('the path of a file', (value) =>
    value !== '' && isPlainLine(value) ? value : undefined,
  )
  const kinds = { file: file.optional(), url: url.optional(), axfr: server.optional() }
  const entry = z
    .strictObject(kinds, { error: expected })
    .refine((source) => Object.keys(source).length === 1, { error: expected })
    .transform((source) => source as RootCopySource)
  return listOf('sources of the root zone', entry, JSON.stringify)
}

/** A list of DNSKEY algorithms by number or mnemonic. */
export function algorithms(): ValueSchema<readonly number[]> {
  return registryNumbers('DNSSEC algorithms', 'such as 5 or RSASHA1', parseAlgorithm)
}

/** A list of DS digest types by number or mnemonic. */
export function digests(): ValueSchema<readonly number[]> {
  const byName = new Map<string, number>(Object.entries(DIGEST).map(([key, value]) => [plain(key), value]))
  return registryNumbers('DS digest types', 'such as 1 or SHA-1', (value) => byName.get(plain(value)))
}

/** A list of what the guard may except from validation. */
export function exceptionCauses(): ValueSchema<readonly ExceptionCause[]> {
  return listOf('causes', oneOf('zone', 'zones', 'top-level'), (cause) => cause)
}

/** Limits that are tried out. */
export function limitsTriedOut(): ValueSchema<readonly LimitTriedOut[]> {
  return listOf('limits', oneOf(...LIMITS_TRIED_OUT), (limit) => limit)
}

/** A list of negative trust anchors. */
export function negativeTrustAnchors(): ValueSchema<readonly NegativeTrustAnchorSetting[]> {
  const expected = 'an entry with name, reason, author and expires'
  const entry = z
    .strictObject(
      {
        name: domainName(),
        reason: text('a text that says why'),
        author: text('a text that says who'),
        expires: parsed(TIME, parseTime),
      },
      { error: expected },
    )
    .transform(({ expires, ...rest }) => ({ ...rest, expiresSeconds: expires }))
  return listOf('negative trust anchors', entry, (value) => nameKey(value.name))
}

/** A list of stub or forward zones. */
export function routes(kind: 'stub' | 'forward'): ValueSchema<readonly RouteSetting[]> {
  const expected = 'an entry with name and addresses or servers'
  const address = parsed('an IP address, or one with port such as 192.0.2.53@5353', parseServer)
  const entry = z
    .strictObject(
      {
        name: domainName(),
        addresses: listOf('addresses', address, formatEndpoint).optional(),
        servers: names().optional(),
        fallback: flag().optional(),
        ...(kind === 'forward' ? { cache: flag().optional() } : {}),
      },
      { error: expected },
    )
    .superRefine(({ addresses, servers }, context) => {
      if ((addresses?.length ?? 0) + (servers?.length ?? 0) > 0) return
      context.addIssue({ code: 'custom', message: expected })
    })
    .transform(({ name, addresses = [], servers = [], fallback = false, ...rest }): RouteSetting => {
      const { cache = true } = rest as { readonly cache?: boolean }
      return { name, addresses, servers, fallback, cache }
    })
  return listOf(`${kind} zones`, entry, (value) => nameKey(value.name))
}

/** A list of texts of at most so many octets, each for the servers of a network. */
export function clientStrings(most: number): ValueSchema<readonly ClientStringSetting[]> {
  const entry = z.strictObject(
    { network: prefix(), text: octets(most) },
    { error: 'an entry with network and text' },
  )
  return listOf('client strings', entry, ({ network }) => formatPrefix(network))
}

/** A list of local zones. */
export function localZones(): ValueSchema<readonly LocalZoneSetting[]> {
  const type = oneOf('static', 'transparent', 'type-transparent', 'redirect', 'refuse', 'deny')
  const entry = z.strictObject({ name: domainName(), type }, { error: 'an entry with name and type' })
  return listOf('local zones', entry, (value) => nameKey(value.name))
}

/** A list of records of class IN, each a line of a master file. */
export function records(): ValueSchema<readonly ResourceRecord[]> {
  const expected = 'a record such as "www.corp.example. 3600 A 10.0.0.80"'
  const record = parsed(expected, (value, fault) => {
    if (!isPlainLine(value, RECORD_CHARACTERS_MAX)) return undefined
    try {
      const [first, second] = readZone(value, { path: '', readName: parseTypedName })
      if (first === undefined || second !== undefined) return undefined
      if (first.class === CLASS.IN) return first
      fault('a record of class IN')
    } catch (error) {
      if (!(error instanceof ZoneTextError)) throw error
      fault(`a record (at character ${error.column}: ${error.expected})`)
    }
    return undefined
  })
  return listOf('records', record, formatRecord)
}

const TIME = 'a time such as 2026-10-04T14:15:00Z'

function domainName(): ValueSchema<Name> {
  return parsed('a domain name', (value, fault) => {
    const name = parseTypedName(value)
    if (name instanceof Uint8Array) return name
    fault(`a domain name (${name.fault})`)
    return undefined
  })
}

function registryNumbers(
  what: string,
  example: string,
  parse: (text: string) => number | undefined,
): ValueSchema<readonly number[]> {
  const error = `a number from 0 to 255 or a mnemonic, ${example}`
  const item = z.union([wholeOr(error, 0, 255), parsed(error, parse)], { error })
  return listOf(what, item, String)
}

/** A text that `parse` understands. `parse` may word the expectation itself by calling `fault`. */
function parsed<T>(
  expected: string,
  parse: (text: string, fault: (expected: string) => void) => T | undefined,
): z.ZodType<T> {
  return z.string({ error: expected }).transform((value, context) => {
    let message = expected
    const result = parse(value, (better) => {
      message = better
    })
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

/** The same, where the empty text stands for none. */
function parsedOrNone<T>(expected: string, parse: (text: string) => T | undefined): z.ZodType<T | undefined> {
  const value = parsed(expected, parse)
  return z.union([z.literal('').transform(() => undefined), value], { error: expected })
}

/** Reads `address@port`; undefined when it is none. */
export function parseEndpoint(value: string): Endpoint | undefined {
  const match = /^([^@]+)@([0-9]{1,5})$/.exec(value)
  const address = match === null ? undefined : parseAddress(match[1]!)
  const port = Number(match?.[2])
  return address === undefined || port > 65_535 ? undefined : { address, port }
}

function parseServer(value: string): Endpoint | undefined {
  if (value.includes('@')) return parseEndpoint(value)
  const address = parseAddress(value)
  return address === undefined ? undefined : { address, port: DNS_PORT }
}

/** Seconds since 1970 of an RFC 3339 time; the day must exist. */
function parseTime(value: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(value)
  const ms = match === null ? Number.NaN : Date.parse(value)
  if (Number.isNaN(ms)) return undefined
  const local = new Date(Date.parse(`${match![1]}Z`))
  return local.toISOString().startsWith(match![1]!) ? Math.floor(ms / 1000) : undefined
}

function isPlainLine(value: string, charactersMax = TEXT_CHARACTERS_MAX): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  return value.length <= charactersMax && !/[\u0000-\u001f\u007f]/.test(value)
}

function plain(mnemonic: string): string {
  return mnemonic.toLowerCase().replace(/[-_]/g, '')
}
