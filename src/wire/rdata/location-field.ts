/** RDATA of LOC: a place on Earth (RFC 1876). */
import { readU32 } from '../integers.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, type TokenCursor } from '../text-token.ts'
import type { FieldKind } from './field.ts'

const OCTETS = 16
/** The equator and the prime meridian; the unit is a thousandth of an arc second. */
const ORIGIN_ANGLE = 0x8000_0000
const DEGREE = 3_600_000
/** Altitude 0 is 100,000 m below the WGS 84 spheroid; the unit is a centimetre. */
const ORIGIN_ALTITUDE = 10_000_000
const ALTITUDE_MAX = 0xffff_ffff - ORIGIN_ALTITUDE
/** Nine times ten to the ninth. */
const EXTENT_MAX = 9_000_000_000
/** Size, horizontal and vertical precision in centimetres where text leaves them out (RFC 1876 3). */
const DEFAULT_EXTENTS: readonly number[] = [100, 1_000_000, 1_000]
const EXTENT_NAMES: readonly string[] = ['a size', 'a horizontal precision', 'a vertical precision']

/** The whole RDATA of LOC, version 0. */
export const LOCATION: FieldKind = {
  // An extent of zero has several forms.
  reading: 'opaque',
  end(octets, at, to) {
    if (at + OCTETS > to || octets[at] !== 0) return -1
    for (let i = at + 1; i <= at + 3; i++) if (octets[i]! >> 4 > 9 || (octets[i]! & 15) > 9) return -1
    if (Math.abs(readU32(octets, at + 4) - ORIGIN_ANGLE) > 90 * DEGREE) return -1
    if (Math.abs(readU32(octets, at + 8) - ORIGIN_ANGLE) > 180 * DEGREE) return -1
    return at + OCTETS
  },
  format(octets, at) {
    const latitude = formatAngle(readU32(octets, at + 4), 'N', 'S')
    const longitude = formatAngle(readU32(octets, at + 8), 'E', 'W')
    const altitude = formatMetres(readU32(octets, at + 12) - ORIGIN_ALTITUDE)
    const extents = [1, 2, 3].map((i) => formatMetres((octets[at + i]! >> 4) * 10 ** (octets[at + i]! & 15)))
    return [latitude, longitude, altitude, ...extents].join(' ')
  },
  parse(text, out) {
    const latitude = takeAngle(text, 90, 'N', 'S')
    const longitude = takeAngle(text, 180, 'E', 'W')
    const altitude =
      takeMetres(text, 'an altitude in metres', -ORIGIN_ALTITUDE, ALTITUDE_MAX) + ORIGIN_ALTITUDE
    out.u8(0)
    for (const [i, name] of EXTENT_NAMES.entries()) {
      writeExtent(text.more ? takeMetres(text, `${name} in metres`, 0, EXTENT_MAX) : DEFAULT_EXTENTS[i]!, out)
    }
    out.u32(latitude)
    out.u32(longitude)
    out.u32(altitude)
  },
}

function formatAngle(angle: number, positive: string, negative: string): string {
  const distance = Math.abs(angle - ORIGIN_ANGLE)
  const degrees = Math.floor(distance / DEGREE)
  const minutes = Math.floor((distance % DEGREE) / 60_000)
  const seconds = ((distance % 60_000) / 1000).toFixed(3)
  return `${degrees} ${minutes} ${seconds} ${angle < ORIGIN_ANGLE ? negative : positive}`
}

/** Degrees, minutes and seconds, of which the last two may be missing, and a hemisphere. */
function takeAngle(text: TokenCursor, degreesMax: number, positive: string, negative: string): number {
  const expected = `degrees [minutes [seconds]] ${positive} or ${negative}`
  const units = [DEGREE, 60_000, 1000]
  let distance = 0
  for (let i = 0; ; i++) {
    const token = text.take(expected)
    const hemisphere = token.text.toUpperCase()
    if (i > 0 && (hemisphere === positive || hemisphere === negative)) {
      return ORIGIN_ANGLE + (hemisphere === positive ? distance : -distance)
    }
    const pattern = i === 2 ? /^[0-9]{1,2}(?:\.[0-9]{1,3})?$/ : /^[0-9]{1,3}$/
    if (i > 2 || !pattern.test(token.text)) throw notAs(expected, token)
    const value = Number(token.text)
    if (i > 0 && value >= 60) throw notAs(expected, token)
    distance += Math.round(value * units[i]!)
    if (distance > degreesMax * DEGREE) throw notAs(`an angle of at most ${degreesMax} degrees`, token)
  }
}

function formatMetres(centimetres: number): string {
  const whole = Math.floor(Math.abs(centimetres) / 100)
  const rest = String(Math.abs(centimetres) % 100).padStart(2, '0')
  return `${centimetres < 0 ? '-' : ''}${whole}.${rest}m`
}

/** Centimetres of the next word. */
function takeMetres(text: TokenCursor, expected: string, min: number, max: number): number {
  const token = text.take(expected)
  const parts = /^(-?)([0-9]{1,8})(?:\.([0-9]{1,2}))?m?$/i.exec(token.text)
  if (parts === null) throw notAs(expected, token)
  const centimetres = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'))
  const signed = parts[1] === '' ? centimetres : -centimetres
  if (signed < min || signed > max) throw notAs(expected, token)
  return signed
}

/** One digit and a power of ten (RFC 1876 2); further digits are lost. */
function writeExtent(centimetres: number, out: OctetSink): void {
  let exponent = 0
  let mantissa = centimetres
  for (; mantissa > 9; exponent++) mantissa = Math.floor(mantissa / 10)
  out.u8((mantissa << 4) | exponent)
}
