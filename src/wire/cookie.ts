/** The COOKIE option (RFC 7873 4): what a client made up, and behind it what its server did, if the client knows that yet. */

/** Octets that a client makes up. */
export const CLIENT_COOKIE_OCTETS = 8
const OCTETS_MIN = CLIENT_COOKIE_OCTETS + 8
const OCTETS_MAX = CLIENT_COOKIE_OCTETS + 32
/** RFC 9018 4: with a server's part that different programs understand. */
export const INTEROPERABLE_COOKIE_OCTETS = 24

/** Whether an option of so many octets can be one: a client's part alone, or with 8 to 32 octets of a server. */
export function isCookieLength(octets: number): boolean {
  return octets === CLIENT_COOKIE_OCTETS || (octets >= OCTETS_MIN && octets <= OCTETS_MAX)
}
