/** When this machine has no socket left. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeEngine } from '../support/engine.ts'
import { rootAnchors } from '../support/root-anchors.ts'

t.test('out of sockets is our own fault: no zone is blamed and the next question is tried', async (t) => {
  let asked = 0
  const { ask } = makeEngine({
    unixSeconds: 1_800_000_000,
    anchors: rootAnchors(),
    rootHints: [{ name: nameFrom('a.root-servers.net'), addresses: [parseAddress('198.41.0.4')!] }],
    network: () => ({
      ask: () => {
        asked++
        return Promise.resolve({ kind: 'failure', reason: 'resources' })
      },
    }),
  })
  const reply = await ask('www.example', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.reason, 'overload')
  t.same(reply.ede, { code: EDE.OTHER, text: 'this resolver is out of sockets' })
  t.ok(reply.ttlSeconds <= 5, 'kept for seconds only')
  await ask('www2.example', TYPE.A)
  t.equal(asked, 2, 'one try a question: more would not help')
})
