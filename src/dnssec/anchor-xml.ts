/** The root zone's trust anchors as IANA publishes them: the XML of RFC 9718. */
import { formatHex, octetsEqual, octetsFromHex } from '../base/octets.ts'
import { writeU16 } from '../wire/integers.ts'
import { foldName, type Name } from '../wire/name.ts'
import { parseNameText } from '../wire/name-text.ts'
import { keyTagOf } from '../wire/rdata/dnskey.ts'
import { digestOf } from './digests.ts'
import type { TrustAnchor } from './trust-anchors.ts'

/** One KeyDigest element. */
export interface PublishedKey {
  readonly id: string
  readonly zone: Name
  readonly keyTag: number
  readonly algorithm: number
  /** DS RDATA. */
  readonly ds: Uint8Array
  /** DNSKEY RDATA, where the file gives the key (RFC 9718 2.1.3). */
  readonly dnskey: Uint8Array | undefined
  /** Seconds since 1970. */
  readonly validFromSeconds: number
  /** Seconds since 1970; undefined while no end is set. */
  readonly validUntilSeconds: number | undefined
}

/** The keys that may be believed at a time (RFC 9718 2.2), as anchors. */
export function anchorsInForce(keys: readonly PublishedKey[], nowSeconds: number): TrustAnchor[] {
  return keys
    .filter(
      ({ validFromSeconds, validUntilSeconds }) =>
        validFromSeconds <= nowSeconds && (validUntilSeconds === undefined || nowSeconds < validUntilSeconds),
    )
    .map(({ zone, ds }) => ({ zone, ds }))
}

/** Reads the file; a text says what is wrong with it. Elements that RFC 9718 does not know are passed over. */
export function parseAnchorXml(xml: string): readonly PublishedKey[] | string {
  const root = parseElement(xml)
  if (typeof root === 'string') return root
  if (root.name !== 'TrustAnchor') return `the outer element is ${root.name}, not TrustAnchor`
  const zone = parseNameText(textOf(root, 'Zone') ?? '')
  if (!(zone instanceof Uint8Array)) return 'the element Zone holds no name'
  const keys: PublishedKey[] = []
  for (const element of root.children) {
    if (element.name !== 'KeyDigest') continue
    const key = readKey(element, zone)
    if (typeof key === 'string') return `KeyDigest ${element.attributes.get('id') ?? keys.length + 1}: ${key}`
    keys.push(key)
  }
  return keys.length === 0 ? 'there is no KeyDigest' : keys
}

function readKey(element: Element, zone: Name): PublishedKey | string {
  const keyTag = numberOf(element, 'KeyTag', 0xffff)
  const algorithm = numberOf(element, 'Algorithm', 0xff)
  const digestType = numberOf(element, 'DigestType', 0xff)
  const digest = octetsFromHex(textOf(element, 'Digest') ?? '')
  const validFromSeconds = timeOf(element, 'validFrom')
  const validUntilSeconds = timeOf(element, 'validUntil')
  if (keyTag === undefined || algorithm === undefined || digestType === undefined)
    return 'a number is missing'
  if (digest === undefined || digest.length === 0) return 'Digest is not hexadecimal'
  if (validFromSeconds === undefined || validFromSeconds === 'malformed') return 'validFrom is no time'
  if (validUntilSeconds === 'malformed') return 'validUntil is no time'
  const ds = new Uint8Array(4 + digest.length)
  writeU16(ds, 0, keyTag)
  ds.set([algorithm, digestType], 2)
  ds.set(digest, 4)
  const dnskey = readDnskey(element, algorithm)
  if (typeof dnskey === 'string') return dnskey
  if (dnskey !== undefined && !isKeyOf(ds, dnskey, zone)) return 'PublicKey is not the key of the digest'
  const id = element.attributes.get('id') ?? formatHex(digest)
  return { id, zone, keyTag, algorithm, ds, dnskey, validFromSeconds, validUntilSeconds }
}

function readDnskey(element: Element, algorithm: number): Uint8Array | string | undefined {
  const publicKey = textOf(element, 'PublicKey')?.replace(/\s+/g, '')
  const flags = numberOf(element, 'Flags', 0xffff)
  if (publicKey === undefined || flags === undefined) return undefined
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(publicKey)) return 'PublicKey is not base 64'
  const octets = Buffer.from(publicKey, 'base64')
  const dnskey = new Uint8Array(4 + octets.length)
  writeU16(dnskey, 0, flags)
  dnskey.set([3, algorithm], 2)
  dnskey.set(octets, 4)
  return dnskey
}

function isKeyOf(ds: Uint8Array, dnskey: Uint8Array, zone: Name): boolean {
  if (((ds[0]! << 8) | ds[1]!) !== keyTagOf(dnskey)) return false
  const owner = foldName(zone)
  const signed = new Uint8Array(owner.length + dnskey.length)
  signed.set(owner)
  signed.set(dnskey, owner.length)
  const digest = digestOf(ds[3]!, signed)
  // A digest that cannot be computed here cannot be compared here.
  return digest === undefined || octetsEqual(digest, ds.subarray(4))
}

function numberOf(element: Element, name: string, max: number): number | undefined {
  const text = textOf(element, name)
  if (text === undefined || !/^[0-9]{1,5}$/.test(text)) return undefined
  const number = Number(text)
  return number <= max ? number : undefined
}

function timeOf(element: Element, name: string): number | 'malformed' | undefined {
  const text = element.attributes.get(name)
  if (text === undefined) return undefined
  // RFC 3339, as RFC 9718 2.1 has it.
  const whole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  const ms = whole ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? 'malformed' : Math.floor(ms / 1000)
}

/** The trimmed text of the first child of that name. */
function textOf(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text.trim()
}

interface Element {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: Element[]
  text: string
}

const DEPTH_MAX = 8

/** Reads the part of XML that the file needs: elements, attributes, text, comments; no entities, no DOCTYPE. */
function parseElement(xml: string): Element | string {
  const stack: Element[] = [{ name: '', attributes: new Map(), children: [], text: '' }]
  const token =
    /<!--.*?-->|<\?xml[^>]*\?>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<&]*"|'[^'<&]*'))*)\s*(\/?)>|([^<&]+)/gsy
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex
    const match = token.exec(xml)
    if (match === null) return `the XML cannot be read at character ${at + 1}`
    const [, closing, name, attributes, selfClosing, text] = match
    const open = stack[stack.length - 1]!
    if (text !== undefined) open.text += text
    if (name === undefined) continue
    if (closing === '/') {
      if (stack.length === 1 || open.name !== name) return `the element ${name} ends without a beginning`
      stack.pop()
      continue
    }
    const element: Element = { name, attributes: readAttributes(attributes ?? ''), children: [], text: '' }
    open.children.push(element)
    if (selfClosing !== '/') stack.push(element)
    if (stack.length > DEPTH_MAX) return 'the elements nest too deep'
  }
  if (stack.length > 1) return `the element ${stack[stack.length - 1]!.name} does not end`
  const [document] = stack
  if (document!.children.length !== 1 || document!.text.trim() !== '') return 'there is not one outer element'
  return document!.children[0]!
}

function readAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const match of text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes.set(match[1]!, match[2] ?? match[3] ?? '')
  }
  return attributes
}
