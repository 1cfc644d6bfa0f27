/** The machine's own clock, which tells when something happened even where signatures are judged by another. */

/** Seconds since 1970. */
export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
