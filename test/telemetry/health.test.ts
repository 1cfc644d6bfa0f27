/** /live and /ready. */
import t from 'tap'
import { Health } from '../../src/telemetry/health.ts'

t.test('ready when the sockets are open and the root is proven, until it stops', async (t) => {
  const health = new Health(() => true)
  t.equal(health.live().ok, true)
  t.match(health.ready(), { ok: false, text: /sockets/ })
  health.markListening()
  t.match(health.ready(), { ok: false, text: /root DNSKEY/ })
  health.markRootProven()
  t.same(health.ready(), { ok: true, text: 'ready' })
  health.markStopping()
  t.match(health.ready(), { ok: false, text: /stopping/ })
  t.equal(health.live().ok, true)
})

t.test('with validation off nothing has to be proven', async (t) => {
  let judges = false
  const health = new Health(() => judges)
  t.equal(health.ready().ok, false)
  health.markListening()
  t.equal(health.ready().ok, true)
  judges = true
  t.equal(health.ready().ok, false, 'once it is on, the root is to be proven')
})
