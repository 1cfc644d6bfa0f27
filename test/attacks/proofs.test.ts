/** Work that a hostile zone makes for a validator: C01, C02, C04, C05, C06. Counted; times are told, and bounded generously. */
import { NSEC3_ITERATIONS_MAX } from '../../src/base/limits.ts'
import { importHandle } from '../../src/dnssec/keys.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { keysLike } from '../../src/lab/colliding-keys.ts'
import type { LabKey } from '../../src/lab/keys.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { replacedDenial } from '../../src/lab/rewrites.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { CLOCK, makeWorld, SIGNED, type World, zone } from '../support/world.ts'
import { servedAlone } from './denials.ts'
import { askedMs, GENEROUS_MS } from './own-work.ts'
import { row, Tally } from './row.ts'
import { brokenKeys, DEEP, hashedZone, keyTraps, trapZone } from './traps.ts'

// --- signatures ---------------------------------------------------------------------------------------------------

/** As many of each kind as a message of 64 KiB holds, where the catalogue has 500. */
const TRAPS = [
  { algorithm: ALGORITHM.ED25519, keys: 500, signatures: 500, ds: 200 },
  { algorithm: ALGORITHM.ECDSAP256SHA256, keys: 500, signatures: 500, ds: 180 },
  { algorithm: ALGORITHM.ECDSAP384SHA384, keys: 350, signatures: 400, ds: 150 },
] as const

row('C01', async (t) => {
  let most = 0
  let longestMs = 0
  for (const { algorithm, keys, signatures, ds } of TRAPS) {
    const { signer, traps } = keyTraps(algorithm, { keys, signatures, ds })
    for (const trap of traps) {
      let before = 0
      let atOnce = 0
      const world: World = makeWorld([trapZone({ algorithm, signer, ...trap })], {
        betweenSteps: () => {
          const now = world.counts.get('signatures') ?? 0
          atOnce = Math.max(atOnce, now - before)
          before = now
        },
      })
      await world.ask('test', TYPE.SOA)
      world.counts.clear()
      const tookMs = await askedMs(world, 'www.trap.test')
      const reply = await world.askCached('www.trap.test')
      const verified = world.counts.get('signatures') ?? 0
      const what = `algorithm ${algorithm}, ${trap.decoys.length} keys, ${trap.signatures} signatures, ${trap.ds ?? 0} DS`
      t.equal(reply.status, 'bogus', what)
      t.ok(verified > 0 && verified <= 32, `${what}: ${verified} verifications`)
      t.equal(atOnce, 1, `${what}: one at a time`)
      t.ok(tookMs < GENEROUS_MS, `${what}: ${tookMs} ms`)
      most = Math.max(most, verified)
      // The first ones pay for compiling.
      if (algorithm !== ALGORITHM.ED25519) longestMs = Math.max(longestMs, tookMs)
    }
  }
  const { signer, traps } = keyTraps(ALGORITHM.ECDSAP256SHA256, { keys: 500, signatures: 500, ds: 180 })
  const trap = { algorithm: ALGORITHM.ECDSAP256SHA256, signer, ...traps[2]! }
  const served = makeWorld([trapZone({ ...trap, servers: ['ns1', 'ns2', 'ns3'] })])
  t.equal((await served.ask('www.trap.test', TYPE.A)).status, 'bogus')
  const asked = served.asked().filter((question) => question === 'www.trap.test. A').length
  t.equal(asked, 2, 'by UDP and by TCP; nobody else is asked for what could not be verified any more')
  return `at most ${most} verifications, ${longestMs.toFixed(0)} ms, in ${4 * TRAPS.length} traps of three algorithms`
})

row('C02', async (t) => {
  const tally = new Tally(t)
  let most = 0
  for (const [what, key, dnskey] of brokenKeys()) {
    const decoys = keysLike(key, dnskey, key.algorithm === ALGORITHM.RSASHA256 ? 350 : 500)
    const [signer] = decoys as [LabKey]
    const broken = new Set(decoys.map((decoy) => Buffer.from(decoy.dnskey.subarray(4)).toString('hex')))
    let imports = 0
    const world = makeWorld([trapZone({ algorithm: key.algorithm, decoys, signatures: 200, signer })], {
      importKey: (algorithm, publicKey) => {
        if (broken.has(Buffer.from(publicKey).toString('hex'))) imports++
        return importHandle(algorithm, publicKey)
      },
    })
    for (let i = 0; i < 3; i++) {
      tally.same((await world.ask('www.trap.test', TYPE.A)).status, 'bogus', what)
      world.pass(90)
    }
    tally.ok(imports > 0 && imports <= 8, `${what}: ${imports} imports`)
    most = Math.max(most, imports)
  }
  return `${tally}: at most ${most} imports of up to 500 broken keys, in three questions`
})

// --- NSEC3 and its like -------------------------------------------------------------------------------------------

/** What the catalogue allows, whatever is set. */
const HASHES_MAX = 2_000
/** Name, type, and what each kind of denial is called. */
const DENIALS = [
  ['a name that does not exist', 'none.z.test', TYPE.A],
  ['a deep one', `${DEEP}z.test`, TYPE.A],
  ['one below many that exist', `none.${DEEP}b.z.test`, TYPE.A],
  ['a type that does not exist', 'www.z.test', TYPE.TXT],
  ['a wildcard', `${'x.'.repeat(20)}w.z.test`, TYPE.A],
  ['a type at a wildcard', 'x.w.z.test', TYPE.TXT],
  ['an unsigned delegation', 'www.sub.z.test', TYPE.A],
] as const

row('C04', async (t) => {
  const tally = new Tally(t)
  let most = 0
  let longestMs = 0
  for (const [iterations, saltOctets] of [
    [50, 255],
    [50, 0],
    [0, 0],
    [51, 0],
    [150, 255],
    [151, 0],
    [2500, 0],
  ] as const) {
    for (const [what, name, type] of DENIALS) {
      const beyond = iterations > NSEC3_ITERATIONS_MAX
      if (beyond && name.length > 100) continue
      const world = makeWorld(hashedZone(iterations, saltOctets))
      await world.ask('z.test', TYPE.SOA)
      const tookMs = await askedMs(world, name, type)
      const { status, reason } = await world.askCached(name, type)
      const hashes = world.counts.get('hashes') ?? 0
      const label = `${iterations} iterations, ${saltOctets} octets of salt, ${what}`
      if (beyond) tally.same([status, hashes], ['insecure', 0], label)
      else tally.ok(hashes > 0 && hashes <= HASHES_MAX, `${label}: ${hashes} hashes`)
      if (!beyond) t.ok(status !== 'bogus' || reason === 'too-much-work', `${label}: ${status} ${reason}`)
      t.ok(tookMs < GENEROUS_MS, `${label}: ${tookMs} ms`)
      most = Math.max(most, hashes)
      // Beyond the limit nothing is hashed here, and the time is the lab's, which hashes all of it.
      if (!beyond) longestMs = Math.max(longestMs, tookMs)
      if (reason !== 'too-much-work') continue
      tally.same(world.counts.get('limit nsec3-sha1-calls'), 1, `${label}: counted`)
      tally.same(
        (await world.ask('www.z.test', TYPE.A)).status,
        'secure',
        `${label}: the zone is as good as before`,
      )
    }
  }
  return `${tally}: at most ${most} hashes, ${longestMs.toFixed(0)} ms; none above ${NSEC3_ITERATIONS_MAX} iterations`
})

row('C05', async (t) => {
  const content = Array.from({ length: 200 }, (_, i) => `h${i} A 192.0.2.1\n`).join('')
  let most = 0
  for (const signing of [SIGNED, { ...SIGNED, denial: PLAIN_NSEC3 }]) {
    const padded = replacedDenial(nameFrom('z.test'), (served) =>
      Array.from({ length: 200 }, (_, i) => {
        const name = nameFrom(`h${i}.z.test`)
        return (served.hasNsec3 ? served.nsec3Matching(name) : served.nsecFor(name))!
      }),
    )
    const world = makeWorld([zone('z.test.', { content, signing, rewrites: () => [padded] })])
    t.equal((await world.ask('none.z.test', TYPE.A)).status, 'bogus')
    const verified = world.counts.get('signatures') ?? 0
    t.ok(verified <= 16, `${verified} verifications`)
    most = Math.max(most, verified)
  }
  return `at most ${most} verifications, the chain of trust included, for 200 proofs by NSEC or NSEC3`
})

row('C06', async (t) => {
  const tally = new Tally(t)
  const signing = { ...SIGNED, denial: PLAIN_NSEC3 }
  const other = nameFrom('other.test')
  const elsewhere = servedAlone(zone('other.test.', { signing }), CLOCK)
  const soa = elsewhere.rrset(other, TYPE.SOA)!
  const proofs = [elsewhere.nsec3Matching(other)!, elsewhere.nsec3Covering(nameFrom('x.other.test'))!]
  const proven = replacedDenial(nameFrom('z.test'), () => proofs)
  const whole: Rewrite = (answer) =>
    answer.answer.length > 0 ? answer : { ...answer, authority: [soa, ...proofs] }
  for (const [what, rewrite, status] of [
    ['proofs', proven, 'bogus'],
    // Such a reply denies nothing at all, so there is nothing to judge.
    ['SOA and proofs', whole, 'indeterminate'],
  ] as const) {
    for (const name of ['none.z.test', `${DEEP}z.test`, 'www.z.test']) {
      const world = makeWorld([
        zone('other.test.', { signing }),
        zone('z.test.', { signing, rewrites: () => [rewrite] }),
      ])
      const tookMs = await askedMs(world, name, TYPE.TXT)
      const reply = await world.askCached(name, TYPE.TXT)
      tally.same(reply.status, status, `${what} of another zone: ${name}`)
      if (status === 'indeterminate') t.equal(reply.rcode, RCODE.SERVFAIL)
      t.ok((world.counts.get('hashes') ?? 0) < 10, `${world.counts.get('hashes')} hashes`)
      t.ok(tookMs < GENEROUS_MS, `${tookMs} ms`)
    }
  }
  return `${tally} refused`
})
