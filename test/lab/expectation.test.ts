/** When an answer is as it must be. */
import t from 'tap'
import {
  bogus,
  failed,
  insecure,
  isMet,
  NAME_ERROR,
  type Observation,
  onPlatform,
  plain,
  secure,
  unchecked,
  verdictOf,
} from '../../src/lab/expectation.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'

const INDEPENDENT = secure('b.')
const GOOD: Observation = { rcode: RCODE.NOERROR, ad: true, edes: [], data: true }
const UNMARKED: Observation = { ...GOOD, ad: false }
const EXPIRED: Observation = { rcode: RCODE.SERVFAIL, ad: false, edes: [EDE.SIGNATURE_EXPIRED], data: false }
const DEAD: Observation = { ...EXPIRED, edes: [EDE.NO_REACHABLE_AUTHORITY] }

t.test('the verdict on the wire', async (t) => {
  t.equal(verdictOf(GOOD, 'usual'), 'secure')
  t.equal(verdictOf(UNMARKED, 'usual'), 'insecure')
  t.equal(verdictOf(UNMARKED, 'cd'), 'unchecked')
  t.equal(verdictOf(UNMARKED, 'plain'), 'unmarked')
  t.equal(verdictOf(EXPIRED, 'usual'), 'bogus')
  t.equal(verdictOf(DEAD, 'usual'), 'failed')
  t.equal(verdictOf({ ...DEAD, edes: [] }, 'cd'), 'failed')
})

t.test('every part counts', async (t) => {
  t.ok(isMet(secure('a.'), GOOD))
  t.notOk(isMet(secure('a.'), UNMARKED))
  t.notOk(isMet(secure('a.'), { ...GOOD, data: false }))
  t.notOk(isMet(secure('a.'), { ...GOOD, rcode: RCODE.NXDOMAIN }))
  t.notOk(isMet(secure('a.'), { ...GOOD, edes: [EDE.STALE_ANSWER] }))
  t.ok(isMet(secure('a.', 'A', NAME_ERROR), { ...GOOD, rcode: RCODE.NXDOMAIN, data: false }))
  t.notOk(isMet(insecure('a.'), GOOD), 'AD where nothing is proven is the worst fault of all')
  t.ok(isMet(bogus('a.', 'A', EDE.SIGNATURE_EXPIRED), EXPIRED))
  t.notOk(isMet(bogus('a.', 'A', EDE.DNSSEC_BOGUS), EXPIRED), 'another error is not the exact one')
  t.notOk(isMet(bogus('a.', 'A', EDE.SIGNATURE_EXPIRED), UNMARKED), 'bogus data served')
  t.ok(isMet(failed('a.', 'A', EDE.NO_REACHABLE_AUTHORITY), DEAD))
  t.ok(
    isMet(unchecked('a.'), { ...UNMARKED, edes: [EDE.SIGNATURE_EXPIRED] }),
    'with CD the error may be told',
  )
  t.notOk(isMet(unchecked('a.'), GOOD), 'no AD with CD')
  t.ok(isMet(plain('a.'), UNMARKED))
  t.notOk(isMet(plain('a.'), GOOD))
})

t.test('an algorithm that the platform lacks makes its zones insecure', async (t) => {
  const expected = secure('a.', 'A', { algorithm: 5 })
  t.equal(onPlatform(expected, new Set([5, 13])), expected)
  t.match(onPlatform(expected, new Set([13])), {
    verdict: 'insecure',
    ad: false,
    ede: EDE.UNSUPPORTED_DNSKEY_ALGORITHM,
  })
  t.equal(onPlatform(INDEPENDENT, new Set()), INDEPENDENT)
})
