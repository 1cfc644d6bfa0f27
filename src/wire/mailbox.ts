/** Mailboxes as DNS carries them: a name whose first label is what stands before the at sign (RFC 1035 8). */
import { labelsOf, type Name } from './name.ts'

/** What needs no quotes before the at sign (RFC 5321 4.1.2, Dot-string). */
const DOT_STRING = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** What may stand within quotes, be it behind a backslash (qtextSMTP and quoted-pairSMTP). */
const QUOTABLE = /^[\x20-\x7e]+$/
const HOST_LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/

/** The mail address of an SOA RNAME; undefined where it is none: no domain, or octets that no address has. */
export function mailboxText(rname: Name): string | undefined {
  const [local, ...domain] = labelsOf(rname).map((label) => Buffer.from(label).toString('latin1'))
  if (local === undefined || domain.length === 0) return undefined
  if (!QUOTABLE.test(local) || !domain.every((label) => HOST_LABEL.test(label))) return undefined
  const spelt = DOT_STRING.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
  return `${spelt}@${domain.join('.')}`
}
