/** Kinds of data in the RRset cache. A key is the kind in an octet, the type in two and the folded name. */

/** First octet of a key. */
export const KIND = { RRSET: 0, NEGATIVE: 1, NAME_ERROR: 2, DELEGATION: 3, GLUE: 4 } as const

/** Octets before the name. */
export const KEY_PREFIX_OCTETS = 3
