/** The outcome of validation (RFC 4035 4.3). */

/**
 * - `secure`: a chain of signatures leads from a trust anchor to the data
 * - `insecure`: it is proven that no such chain exists
 * - `bogus`: a chain should exist, and is missing or broken
 * - `indeterminate`: nobody judged it (validation off, no trust anchor above the name, local data)
 */
export type SecurityStatus = 'secure' | 'insecure' | 'bogus' | 'indeterminate'
