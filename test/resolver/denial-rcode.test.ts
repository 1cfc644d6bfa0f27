/** The rcode of a denial and its proof must say the same: nobody signs the header. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, zone } from '../support/world.ts'

const noError: Rewrite = (answer) => ({ ...answer, rcode: RCODE.NOERROR })

t.test('NOERROR where the proof says that the name does not exist', async (t) => {
  const content = 'www A 192.0.2.80\n*.wild A 192.0.2.81\n'
  for (const denial of [{ kind: 'nsec' } as const, PLAIN_NSEC3]) {
    const world = makeWorld([
      zone('z.test.', { content, rewrites: () => [noError], signing: { algorithm: 13, denial } }),
    ])
    for (const type of [TYPE.A, TYPE.DS]) {
      t.equal((await world.ask('none.z.test.', type)).status, 'bogus', `${denial.kind}, type ${type}`)
    }
    const made = await world.ask('any.wild.z.test.', TYPE.DS)
    t.match(made, { status: 'secure', rcode: RCODE.NOERROR }, 'a wildcard without that type')
  }
})
