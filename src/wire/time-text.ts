/** Times in presentation form: intervals with units, and the instants of RRSIG. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** Seconds of `3600` or `1h30m` (units s m h d w, each at most 2^32-1 in all); undefined for anything else. */
export function parseTtl(text: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(text)) return within32Bits(Number(text))
  if (!/^(?:[0-9]{1,10}[smhdw])+$/i.test(text)) return undefined
  let seconds = 0
  for (const [, count, unit] of text.toLowerCase().matchAll(/([0-9]+)([smhdw])/g)) {
    seconds += Number(count) * UNIT_SECONDS[unit!]!
  }
  return within32Bits(seconds)
}

/** Seconds since 1970, modulo 2^32, as YYYYMMDDHHmmSS in UTC; read as a time before 2106. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '')
}

/** Seconds since 1970, modulo 2^32, of YYYYMMDDHHmmSS or of a number up to 2^32-1 (RFC 4034 3.2). */
export function parseTime(text: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(text)) return within32Bits(Number(text))
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number)
  const date = new Date(Date.UTC(year!, month! - 1, day, hour, minute, second))
  // A day that does not exist, such as 31 April, comes back as another one.
  if (formatDate(date) !== text || year! < 1970) return undefined
  return (date.getTime() / 1000) % 0x1_0000_0000
}

function formatDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 19).replace(/[-T:]/g, '')
}

function within32Bits(seconds: number): number | undefined {
  return seconds <= 0xffff_ffff ? seconds : undefined
}
