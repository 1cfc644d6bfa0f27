/** A zone of the lab Internet that shows what an operator decides: it needs a resolver that is configured for it. */
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { insecure } from './expectation.ts'
import type { LabZone } from './lab-zone.ts'

/** Broken, and excused: the resolver must have a negative trust anchor for it (RFC 7646). */
export const EXCUSED_ZONE: LabZone = {
  name: 'excused.se.',
  about: 'signatures ran out, but a negative trust anchor covers the zone',
  content: 'www A 192.0.2.80\n',
  signing: { algorithm: ALGORITHM.ECDSAP256SHA256, days: [-60, -30] },
  questions: [insecure('www.excused.se.', 'A', { ede: EDE.NEGATIVE_TRUST_ANCHOR })],
}
