/** What the configuration section of a file comes to: this product's settings, and what it would need beside them. */
import { parseAddress } from '../../src/base/address.ts'
import { octetsEqual } from '../../src/base/octets.ts'
import type { Prefix } from '../../src/base/prefix.ts'
import { BUILT_IN_HINTS, type RootHint } from '../../src/config/built-in-hints.ts'
import { defaultConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import type { TrustPoint } from '../../src/dnssec/trust-point.ts'
import type { Name } from '../../src/wire/name.ts'
import { nameFrom, parseNameText } from '../../src/wire/name-text.ts'
import { parseRecordLine, RecordLineFault } from './record-line.ts'
import { type Place, ScenarioError } from './scenario-error.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** When signatures are judged, beside the clock of the scenario. */
export type SignatureTime =
  | { readonly kind: 'scenario' }
  | { readonly kind: 'fixed'; readonly unixSeconds: number }
  | { readonly kind: 'any' }

/** Everything that a world is made of. */
export interface Setup {
  readonly settings: Settings
  readonly anchors: readonly TrustAnchor[]
  /** Zones whose keys are followed, as an earlier process left them (RFC 5011). */
  readonly trustPoints: readonly TrustPoint[]
  readonly rootHints: readonly RootHint[]
  readonly signatureTime: SignatureTime
  /** The time at which the scenario starts, seconds since 1970. */
  readonly startSeconds: number
  /** DSA and RSA/MD5 count as supported. */
  readonly legacyAlgorithms: boolean
  /** What the file asks for and this product does not offer; empty when it can be run. */
  readonly needs: readonly string[]
}

type HiddenText = 'server.identity' | 'server.version'

/** A setup that grows as options are read. */
export class SetupBuilder {
  readonly path: string
  readonly settings: Writable<Settings>
  readonly anchors: TrustAnchor[] = []
  readonly trustPoints: TrustPoint[] = []
  readonly rootHints: RootHint[] = []
  readonly needs: Set<string> = new Set()
  readonly #hidden = new Set<HiddenText>()
  signatureTime: SignatureTime = { kind: 'scenario' }
  startSeconds = 0
  legacyAlgorithms = false

  constructor(path: string) {
    this.path = path
    this.settings = { ...defaultConfig().settings }
  }

  /** The file asks for something that this product does not offer. */
  need(what: string): void {
    this.needs.add(what)
  }

  /** A text about the server is not to be given, wherever in the file it stands. */
  hide(key: HiddenText, hidden: boolean): void {
    if (hidden) this.#hidden.add(key)
    else this.#hidden.delete(key)
  }

  fault(place: Place, message: string): ScenarioError {
    return new ScenarioError(this.path, place, message)
  }

  /** A trust anchor: a DS or DNSKEY record. */
  addAnchor(text: string, place: Place): void {
    try {
      const record = parseRecordLine(text, { origin: nameFrom('.'), ttlSeconds: 3600 })
      const found = anchorsFromRecords([record])
      if (found.length === 0) throw this.fault(place, 'a trust anchor is a DS or a DNSKEY record')
      this.anchors.push(...found)
    } catch (fault) {
      if (!(fault instanceof RecordLineFault)) throw fault
      throw this.fault(place, fault.message)
    }
  }

  /** A root server. Where a file leaves out its name, it has that of the real one, or one of its own. */
  addRootHint(address: Uint8Array, name?: Name): void {
    const real = BUILT_IN_HINTS.find((hint) => hint.addresses.some((one) => octetsEqual(one, address)))
    const made = nameFrom(`hint-${this.rootHints.length + 1}.invalid.`)
    this.rootHints.push({ name: name ?? real?.name ?? made, addresses: [address] })
  }

  finish(): Setup {
    for (const key of this.#hidden) this.settings[key] = ''
    const { settings, anchors, trustPoints, signatureTime, startSeconds, legacyAlgorithms } = this
    const rootHints = this.rootHints.length > 0 ? this.rootHints : BUILT_IN_HINTS
    return {
      settings,
      anchors,
      trustPoints,
      rootHints,
      signatureTime,
      startSeconds,
      legacyAlgorithms,
      needs: [...this.needs].sort(),
    }
  }
}

/** A name in a configuration, complete with or without its final dot. */
export function configName(builder: SetupBuilder, text: string, place: Place): Name {
  const name = parseNameText(text)
  if (!(name instanceof Uint8Array)) throw builder.fault(place, `expected a name: ${name.fault}`)
  return name
}

/** A network; bits of the address behind the prefix are of no account. */
export function configPrefix(builder: SetupBuilder, text: string, place: Place): Prefix {
  const [addressText = '', bitsText] = text.split('/')
  const address = parseAddress(addressText)
  const bits = bitsText === undefined ? (address?.length ?? 0) * 8 : Number(bitsText)
  if (address === undefined || !Number.isInteger(bits) || bits < 0 || bits > address.length * 8) {
    throw builder.fault(place, 'expected a network')
  }
  const masked = address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff)
  return { address: masked, bits }
}

/** yes or no, on or off, true or false. */
export function configFlag(builder: SetupBuilder, text: string, place: Place): boolean {
  if (/^(?:yes|on|true)$/i.test(text)) return true
  if (/^(?:no|off|false)$/i.test(text)) return false
  throw builder.fault(place, 'expected yes or no')
}

/** A number that is not negative. */
export function configNumber(builder: SetupBuilder, text: string, place: Place): number {
  if (!/^[0-9]+$/.test(text)) throw builder.fault(place, 'expected a number')
  return Number(text)
}

/** `YYYYMMDDHHMMSS`, UTC. */
export function configTime(builder: SetupBuilder, text: string, place: Place): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  if (match === null) throw builder.fault(place, 'expected a time as YYYYMMDDHHMMSS')
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}
