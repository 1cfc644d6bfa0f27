/** For whom validation is enforced: shares that are what they say, and clients that stay where they are. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { seededRandom } from '../../src/base/random.ts'
import { PolicyWords } from '../../src/policy/policy-words.ts'
import { NO_LISTS, Rollout, type RolloutLists } from '../../src/policy/rollout.ts'

const CLIENTS = 5_000

function rollout(
  lists: Partial<RolloutLists> = {},
  seed = 1,
): { words: PolicyWords; enforces(text: string, listener?: number): boolean; rollout: Rollout } {
  const words = new PolicyWords()
  words.mode = 'enforce'
  const key = drawHashKey(seededRandom(seed))
  const rollout = new Rollout({ words, key, ipv4Bits: 32, ipv6Bits: 56, lists: { ...NO_LISTS, ...lists } })
  const enforces = (text: string, listener = 0): boolean => {
    const address = parseAddress(text)!
    return rollout.enforces(address, address.length, listener)
  }
  return { words, enforces, rollout }
}

const prefixes = (...texts: string[]): RolloutLists['always'] => texts.map((text) => parsePrefix(text)!)

/** 4,000 customers of IPv4 in a row, 1,000 of IPv6 with a /56 each. */
function customer(n: number): string {
  if (n < 4_000) return `100.64.${n >> 8}.${n & 0xff}`
  return `2001:db8:${(n >> 8).toString(16)}:${((n & 0xff) << 8).toString(16)}::${n.toString(16)}`
}

t.test('1 %, 10 % and 100 % of 5,000 clients, and nobody moves back', (t) => {
  for (const seed of [1, 2, 3]) {
    const it = rollout({}, seed)
    const enforcedAt = (percent: number): Set<number> => {
      it.words.percent = percent
      return new Set(Array.from({ length: CLIENTS }, (_, n) => n).filter((n) => it.enforces(customer(n))))
    }
    let before = new Set<number>()
    for (const [percent, tolerance] of [
      [0, 0],
      [1, 0.5],
      [5, 1.3],
      [10, 1.3],
      [50, 2.5],
      [99, 0.5],
      [100, 0],
    ] as const) {
      const now = enforcedAt(percent)
      const share = (100 * now.size) / CLIENTS
      t.ok(Math.abs(share - percent) <= tolerance, `seed ${seed}: ${share} % at ${percent} %`)
      t.ok(
        [...before].every((n) => now.has(n)),
        `seed ${seed}: nobody moved back at ${percent} %`,
      )
      before = now
    }
    t.same(enforcedAt(10), enforcedAt(10))
  }
  t.end()
})

t.test('a client is its network: a /32, or a /56, however it is written', (t) => {
  const it = rollout()
  const hash = (text: string): number => {
    const address = parseAddress(text)!
    return it.rollout.clientHash(address, address.length)
  }
  t.equal(hash('2001:db8:1:ff00::1'), hash('2001:db8:1:ffff:1:2:3:4'), 'one /56')
  t.not(hash('2001:db8:1:fe00::1'), hash('2001:db8:1:ff00::1'))
  t.equal(hash('::ffff:192.0.2.1'), hash('192.0.2.1'), 'IPv4 that came as IPv6')
  t.not(hash('192.0.2.1'), hash('192.0.2.2'))
  const key = drawHashKey(seededRandom(1))
  const coarse = new Rollout({ words: it.words, key, ipv4Bits: 22, ipv6Bits: 45 })
  const coarsely = (text: string): number =>
    coarse.clientHash(parseAddress(text)!, parseAddress(text)!.length)
  t.equal(coarsely('192.0.0.1'), coarsely('192.0.3.255'))
  t.not(coarsely('192.0.0.1'), coarsely('192.0.4.1'))
  t.equal(coarsely('2001:db8:8::1'), coarsely('2001:db8:f:ffff::1'))
  t.not(coarsely('2001:db8:8::1'), coarsely('2001:db8:10::1'))
  t.end()
})

t.test('networks and listeners go before the share, the longer prefix before the shorter', (t) => {
  const it = rollout({
    always: prefixes('192.0.2.0/24', '2001:db8::/32', '198.51.100.0/24'),
    never: prefixes('192.0.2.128/25', '2001:db8:1::/48', '198.51.100.0/24'),
    alwaysListeners: [1],
    neverListeners: [2],
  })
  for (const percent of [0, 100]) {
    it.words.percent = percent
    t.equal(it.enforces('192.0.2.1'), true)
    t.equal(it.enforces('192.0.2.200'), false)
    t.equal(it.enforces('2001:db8:2::1'), true)
    t.equal(it.enforces('2001:db8:1::1'), false)
    t.equal(it.enforces('198.51.100.1'), false, 'of two equal ones the one that spares')
    t.equal(it.enforces('203.0.113.1', 1), true)
    t.equal(it.enforces('203.0.113.1', 2), false)
    t.equal(it.enforces('192.0.2.1', 2), true, 'the network before the listener')
    t.equal(it.enforces('203.0.113.1', 0), percent === 100)
  }
  it.rollout.configure(NO_LISTS)
  t.equal(it.enforces('192.0.2.200'), true)
  it.words.mode = 'observe'
  t.equal(it.enforces('192.0.2.1'), false, 'where nothing is enforced, no list matters')
  it.words.mode = 'off'
  t.equal(it.enforces('192.0.2.1'), false)
  t.end()
})
