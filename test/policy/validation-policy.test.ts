import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { POLICY_WORDS_OCTETS, PolicyWords } from '../../src/policy/policy-words.ts'
import { type NegativeTrustAnchor, ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'

const START = 1_790_000_000

const anchorsAt = (...zones: string[]): TrustAnchors =>
  new TrustAnchors(zones.map((zone) => ({ zone: nameFrom(zone), ds: Uint8Array.of(0, 1, 8, 2, 0) })))

const negative = (name: string, expiresSeconds: number): NegativeTrustAnchor => ({
  name: nameFrom(name),
  reason: 'broken roll',
  author: 'noc',
  expiresSeconds,
})

function policyWith(options: Partial<ConstructorParameters<typeof ValidationPolicy>[0]> = {}) {
  const clock = new VirtualClock(START)
  return {
    clock,
    policy: new ValidationPolicy({ clock, mode: 'enforce', anchors: anchorsAt('.'), ...options }),
  }
}

t.test('covers the name and all below, nothing beside or above', async (t) => {
  const { policy } = policyWith({ negativeTrustAnchors: [negative('Example.SE.', START + 60)] })
  for (const name of ['example.se.', 'EXAMPLE.se.', 'www.example.se.'])
    t.ok(policy.negativeTrustAnchor(nameFrom(name)))
  for (const name of ['se.', '.', 'anexample.se.', 'example.nu.'])
    t.notOk(policy.negativeTrustAnchor(nameFrom(name)))
})

t.test('a positive anchor below is stronger, at the same name the negative one is', async (t) => {
  const { policy } = policyWith({
    anchors: anchorsAt('.', 'child.example.se.', 'example.nu.'),
    negativeTrustAnchors: [negative('se.', START + 60), negative('example.nu.', START + 60)],
  })
  t.ok(policy.negativeTrustAnchor(nameFrom('other.example.se.')))
  t.notOk(policy.negativeTrustAnchor(nameFrom('child.example.se.')))
  t.notOk(policy.negativeTrustAnchor(nameFrom('www.child.example.se.')))
  t.ok(policy.negativeTrustAnchor(nameFrom('www.example.nu.')))
})

t.test('insecure zones have no end', async (t) => {
  const { policy, clock } = policyWith({ insecureZones: [nameFrom('corp.')] })
  clock.advance(1e11)
  t.ok(policy.negativeTrustAnchor(nameFrom('www.corp.')))
  t.equal(policy.exceptionAt(nameFrom('www.corp.')), 'insecure-zone')
  policy.addNegativeTrustAnchor(negative('corp.', clock.unixSeconds() + 60))
  t.equal(policy.exceptionAt(nameFrom('www.corp.')), 'negative-trust-anchor', 'it is counted, and ends')
  clock.advance(60_000)
  t.equal(policy.exceptionAt(nameFrom('www.corp.')), 'insecure-zone')
  policy.setInsecureZones([])
  t.notOk(policy.negativeTrustAnchor(nameFrom('www.corp.')))
})

t.test('a negative anchor expires by the clock, and expiry raises the sequence', async (t) => {
  const { policy, clock } = policyWith()
  policy.addNegativeTrustAnchor(negative('se.', START + 90))
  policy.addNegativeTrustAnchor(negative('nu.', START + 200))
  const before = policy.sequence
  clock.advance(89_000)
  t.ok(policy.negativeTrustAnchor(nameFrom('se.')))
  t.equal(policy.sequence, before)
  clock.advance(1_000)
  t.notOk(policy.negativeTrustAnchor(nameFrom('se.')))
  t.equal(policy.sequence, before + 1)
  t.same(
    policy.negativeTrustAnchors.map((anchor) => formatName(anchor.name)),
    ['nu.'],
  )
  clock.advance(200_000)
  t.same(policy.negativeTrustAnchors, [])
  t.equal(clock.nextTimerMs(), undefined, 'no timer without a negative anchor')
})

t.test('follows a jump of the wall clock within a minute', async (t) => {
  const { policy, clock } = policyWith({ negativeTrustAnchors: [negative('se.', START + 7200)] })
  const before = policy.sequence
  clock.setUnixSeconds(START + 7200)
  t.notOk(policy.negativeTrustAnchor(nameFrom('se.')), 'not in force even before it is noticed')
  clock.advance(60_000)
  t.equal(policy.sequence, before + 1)
})

t.test('what has expired at the start is dropped', async (t) => {
  const { policy } = policyWith({
    negativeTrustAnchors: [negative('se.', START), negative('nu.', START - 1)],
  })
  t.same(policy.negativeTrustAnchors, [])
})

t.test('every change that may alter a verdict raises the sequence, and no other', async (t) => {
  const { policy } = policyWith()
  const raises = (change: () => void): number => {
    const before = policy.sequence
    change()
    return policy.sequence - before
  }
  t.equal(
    raises(() => policy.setMode('observe')),
    0,
  )
  t.equal(policy.mode, 'observe')
  t.equal(
    raises(() => policy.setMode('off')),
    1,
  )
  t.equal(
    raises(() => policy.setMode('off')),
    0,
  )
  t.equal(
    raises(() => policy.setMode('enforce')),
    1,
  )
  t.equal(
    raises(() => policy.setAnchors(anchorsAt('.', 'se.'))),
    1,
  )
  t.equal(formatName(policy.anchors.closest(nameFrom('a.se.'))!), 'se.')
  t.equal(
    raises(() => policy.addNegativeTrustAnchor(negative('nu.', START + 60))),
    1,
  )
  t.equal(
    raises(() => policy.removeNegativeTrustAnchor(nameFrom('NU.'))),
    1,
  )
  t.equal(
    raises(() => policy.removeNegativeTrustAnchor(nameFrom('nu.'))),
    0,
  )
  t.equal(
    raises(() => policy.setInsecureZones([])),
    1,
  )
  t.equal(
    raises(() => policy.setDisabled(new Set([5]), new Set([1]))),
    1,
  )
  t.ok(policy.disabledAlgorithms.has(5) && policy.disabledDigests.has(1))
  t.equal(
    raises(() => policy.raise()),
    1,
  )
})

t.test('close leaves no timer', async (t) => {
  const { policy, clock } = policyWith({ negativeTrustAnchors: [negative('se.', START + 60)] })
  t.not(clock.nextTimerMs(), undefined)
  policy.close()
  t.equal(clock.nextTimerMs(), undefined)
})

t.test(
  'threads share sequence and mode, and are told of the rest before the sequence is raised',
  async (t) => {
    const words = new PolicyWords(new SharedArrayBuffer(POLICY_WORDS_OCTETS))
    const { policy } = policyWith({ words })
    const { policy: follower, clock } = policyWith({ words, follows: true, mode: 'off' })
    t.equal(follower.mode, 'enforce', 'the mode is not its own')
    policy.setMode('observe')
    t.equal(follower.mode, 'observe')

    const before = policy.sequence
    const change = { kind: 'negative-trust-anchor', anchor: negative('se.', START + 60) } as const
    t.ok(follower.apply(structuredClone(change)))
    t.ok(follower.negativeTrustAnchor(nameFrom('www.se.')))
    t.equal(policy.sequence, before)
    policy.apply(change)
    policy.raise()
    t.equal(follower.sequence, before + 1)
    t.equal(clock.nextTimerMs(), undefined, 'expiry is looked for once in a process')
    clock.advance(60_000)
    t.notOk(follower.negativeTrustAnchor(nameFrom('www.se.')), 'what has expired does not count meanwhile')

    t.ok(follower.apply(structuredClone({ kind: 'anchors', anchors: anchorsAt('nu.').list } as const)))
    t.equal(formatName(follower.anchors.closest(nameFrom('a.nu.'))!), 'nu.')
    t.notOk(follower.apply({ kind: 'no-negative-trust-anchor', name: nameFrom('nu.') }))
    follower.apply({ kind: 'insecure-zones', zones: [nameFrom('corp.')] })
    t.same(follower.insecureZones.map(formatName), ['corp.'])
    policy.close()
  },
)

t.test('hits of an exception end where a word does, and do not begin again', async (t) => {
  const memory = new SharedArrayBuffer(POLICY_WORDS_OCTETS)
  const words = new PolicyWords(memory)
  words.countHit(3)
  t.equal(words.hits(3), 1)
  const all = new Int32Array(memory)
  all[all.indexOf(1)] = -4_098
  for (let i = 0; i < 10_000; i++) words.countHit(3)
  t.equal(words.hits(3), 0xffff_f000)
  words.clearHits(3)
  t.equal(words.hits(3), 0)
})
