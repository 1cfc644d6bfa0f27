/** Octets of the header of a message (RFC 1035 4.1.1). */
export const HEADER_OCTETS = 12
