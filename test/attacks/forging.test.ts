/** Attacks by forged replies and by proofs of other zones: A02, A03, A04, A14, A15. */
import { Worker } from 'node:worker_threads'
import { formatAddress } from '../../src/base/address.ts'
import { UPSTREAM_PORT_MIN } from '../../src/base/limits.ts'
import { systemRandom } from '../../src/base/random.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { dsDeniedByChild, replacedDenial, strippedSignatures } from '../../src/lab/rewrites.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import { createUpstream } from '../../src/upstream/sockets.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeEngine } from '../support/engine.ts'
import { CLOCK, catalogue, makeWorld, plainZone, SIGNED, WWW, zone } from '../support/world.ts'
import { rangeOutOf } from './forgeries.ts'
import { recordingSockets } from './recording-sockets.ts'
import { row, Tally } from './row.ts'
import { chiSquareRatio, kolmogorovRatio, successionRatio } from './statistics.ts'

/** Twenty thousand would say no more: a generator that can be foretold shows in far fewer. */
const QUESTIONS = 2_500
const PORTS_END = 65_536

row('A02', async (t) => {
  const ids: number[] = []
  const ports: number[] = []
  const zones = catalogue([plainZone('z.test.', { content: '* A 192.0.2.1\n' })])
  const internet = buildInternet({ nowSeconds: CLOCK, zones })
  const udp = recordingSockets(({ server, port, message }) => {
    ids.push((message[0]! << 8) | message[1]!)
    ports.push(port)
    return internet.authorities.get(formatAddress(server.address))?.(message, 'udp')[0]?.message
  })
  const random = systemRandom()
  const engine = makeEngine({
    unixSeconds: CLOCK,
    anchors: [],
    rootHints: hintsOf(internet.rootHints),
    random,
    network: (clock) => createUpstream({ random, clock, udp, sourceAddresses: [], ipv4: true, ipv6: false }),
  })
  for (let i = 0; ids.length < QUESTIONS; i++) {
    const { rcode } = await engine.ask(`n${i}.z.test`, TYPE.A)
    if (rcode !== RCODE.NOERROR) t.fail(`n${i}: rcode ${rcode}`)
  }
  const parts = new Array<number>(256).fill(0)
  for (const id of ids) parts[id >> 8]!++
  const low = new Array<number>(256).fill(0)
  for (const id of ids) low[id & 255]!++
  const ratios = {
    'ids, high octet': chiSquareRatio(parts),
    'ids, low octet': chiSquareRatio(low),
    'ids, one after the other': successionRatio(ids),
    ports: kolmogorovRatio(ports, UPSTREAM_PORT_MIN, PORTS_END),
    'ports, one after the other': successionRatio(ports),
  }
  for (const [what, ratio] of Object.entries(ratios)) t.ok(ratio < 1, `${what}: ${ratio} of the limit`)
  const distinct = new Set(ports).size
  t.ok(distinct > 0.95 * ports.length, `${distinct} distinct ports`)
  return `${distinct} ports of ${ports.length} questions; the worst of five tests at ${Math.max(...Object.values(ratios)).toFixed(2)} of its limit`
})

row('A03', async (t) => {
  const threads = 3
  const samples = await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL('./port-thread.js', import.meta.url), {
        workerData: { questions: 3000 },
      })
      return new Promise<number[]>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
    }),
  )
  const ratios = samples.map((sample) => kolmogorovRatio(sample, UPSTREAM_PORT_MIN, PORTS_END))
  for (const [i, ratio] of ratios.entries()) t.ok(ratio < 1, `thread ${i}: ${ratio} of the limit`)
  return `${threads} threads over the whole range, the worst at ${Math.max(...ratios).toFixed(2)} of the limit`
})

row('A04', async (t) => {
  const world = makeWorld([zone('z.test.')])
  const letters = [...'www.z.test']
  const spelt = (i: number): string =>
    letters.map((letter, at) => ((i >> (at % 7)) & 1 ? letter.toUpperCase() : letter)).join('')
  let left = 1000
  const asking = Array.from({ length: left }, async (_, i) => {
    await world.resolver.resolve({ name: nameFrom(spelt(i)), type: TYPE.A, checkingDisabled: i % 2 === 0 })
    left--
  })
  await world.clock.runUntil(() => left === 0, 30_000)
  await Promise.all(asking)
  const asked = world.asked()
  const same = Math.max(...asked.map((question) => asked.filter((other) => other === question).length))
  t.equal(same, 1, `${asked}`)
  return `${asked.length} questions for 1000 clients in any spelling, half of them with CD; none twice`
})

row('A14', async (t) => {
  const tally = new Tally(t)
  for (const [what, owner, next] of [
    ['its end in another zone', 'evil.test', 'zzz.test'],
    ['its beginning in another zone', 'a.test', 'evil.test'],
    ['both', 'a.test', 'zzz.test'],
  ] as const) {
    const world = makeWorld([
      zone('evil.test.', {
        rewrites: (plan) => [replacedDenial(plan.apex, () => [rangeOutOf(plan, owner, next)])],
      }),
      zone('good.test.', { content: `${WWW}b A 192.0.2.1\n` }),
      zone('bad.test.'),
    ])
    tally.same((await world.ask('none.evil.test', TYPE.A)).status, 'bogus', what)
    for (const name of ['www.good.test', 'b.good.test', 'www.bad.test']) {
      const reply = await world.ask(name, TYPE.A)
      tally.same([reply.status, reply.rcode], ['secure', RCODE.NOERROR], `${what}: ${name}`)
    }
    tally.same((await world.ask('new.test', TYPE.A)).rcode, RCODE.NXDOMAIN, `${what}: a name of the parent`)
    tally.same(world.counts.get('synthesised name-error'), undefined, `${what}: nothing is made of it`)
  }
  return `${tally}`
})

row('A15', async (t) => {
  const tally = new Tally(t)
  for (const signing of [SIGNED, { ...SIGNED, denial: PLAIN_NSEC3 }]) {
    const child = nameFrom('z.test')
    const honest = zone('z.test.', { signing })
    const records = makeWorld([zone('test.', { content: '', signing }), honest]).internet.zones.get(
      'z.test.',
    )!
    const served = new ServedZone(child, records)
    const proof = (served.hasNsec3 ? served.nsec3Matching(child) : served.nsecFor(child))!
    const world = makeWorld([
      zone('test.', { content: '', signing, rewrites: () => [dsDeniedByChild(child, proof)] }),
      zone('z.test.', { signing, rewrites: () => [strippedSignatures(TYPE.A)] }),
    ])
    tally.same((await world.ask('www.z.test', TYPE.A)).status, 'bogus', 'data of the child')
    tally.same((await world.ask('z.test', TYPE.DS)).authenticated, false, 'its DS')
  }
  return `${tally} with NSEC and NSEC3`
})
