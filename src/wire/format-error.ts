/** What is wrong with somebody's octets. */

/** A message that breaks its format: becomes FORMERR towards a client, "try another server" upstream. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  /** Octets from the start of the message to where it went wrong. */
  readonly offset: number

  constructor(what: string, offset: number) {
    super(`${what} at octet ${offset}`)
    this.offset = offset
  }
}
