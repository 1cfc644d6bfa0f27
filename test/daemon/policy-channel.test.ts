/** A change of policy reaches every thread before the sequence number is raised. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { POLICY_CHANGE_MS_MAX } from '../../src/base/limits.ts'
import { PolicyChannel, type PolicyThread } from '../../src/daemon/threads/policy-channel.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { POLICY_WORDS_OCTETS, PolicyWords } from '../../src/policy/policy-words.ts'
import { type PolicyChange, ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'

const CHANGE: PolicyChange = { kind: 'insecure-zones', zones: [nameFrom('corp.')] }

class Thread implements PolicyThread {
  readonly told: number[] = []
  ended = false

  tell(number: number): void {
    this.told.push(number)
  }

  end(): void {
    this.ended = true
  }
}

function bench(count: number) {
  const clock = new VirtualClock(0)
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  const threads = Array.from({ length: count }, () => new Thread())
  return { clock, policy, threads, channel: new PolicyChannel(policy, clock, () => threads) }
}

t.test('the number is raised when the last thread has it', async (t) => {
  const { policy, threads, channel, clock } = bench(3)
  const [a, b, c] = threads as [Thread, Thread, Thread]
  const before = policy.sequence
  const changing = channel.change(CHANGE)
  t.ok(policy.negativeTrustAnchor(nameFrom('www.corp.')), 'a thread that is born now begins with it')
  t.same([a.told, b.told, c.told], [[1], [1], [1]])
  channel.taken(a, 1)
  channel.taken(b, 1)
  channel.taken(b, 1)
  await Promise.resolve()
  t.equal(policy.sequence, before)
  t.notOk(channel.isSettled)
  channel.taken(c, 1)
  t.notOk(channel.isSettled, 'the number is not raised yet')
  t.equal(await changing, true)
  t.ok(channel.isSettled)
  t.equal(policy.sequence, before + 1)
  t.equal(clock.nextTimerMs(), undefined)
})

t.test('a thread that ends meanwhile is not waited for', async (t) => {
  const { policy, threads, channel } = bench(2)
  const [a, b] = threads as [Thread, Thread]
  const before = policy.sequence
  const first = channel.change(CHANGE)
  const second = channel.change({ kind: 'disabled', algorithms: new Set([5]), digests: new Set() })
  t.same(b.told, [1, 2])
  channel.taken(a, 1)
  channel.taken(a, 2)
  channel.ended(b)
  t.same(await Promise.all([first, second]), [true, true])
  t.equal(policy.sequence, before + 2)
})

t.test('one that does not hear is ended', async (t) => {
  const { policy, threads, channel, clock } = bench(2)
  const [a, b] = threads as [Thread, Thread]
  const before = policy.sequence
  const changing = channel.change(CHANGE)
  channel.taken(a, 1)
  clock.advance(POLICY_CHANGE_MS_MAX)
  t.same([a.ended, b.ended], [false, true])
  t.equal(policy.sequence, before)
  channel.ended(b)
  t.equal(await changing, true)
  t.equal(policy.sequence, before + 1)
})

t.test('nothing to change, nobody to tell', async (t) => {
  const { policy, threads, channel } = bench(0)
  const before = policy.sequence
  t.equal(await channel.change({ kind: 'no-negative-trust-anchor', name: nameFrom('se.') }), false)
  t.equal(policy.sequence, before)
  t.equal(await channel.change(CHANGE), true)
  t.equal(policy.sequence, before + 1)
  t.same(threads, [])
})

t.test('threads drop what has expired, so that no clock that is set back revives it', async (t) => {
  const clock = new VirtualClock(1_800_000_000)
  const words = new PolicyWords(new SharedArrayBuffer(POLICY_WORDS_OCTETS))
  const common = { clock, mode: 'enforce', anchors: new TrustAnchors([]), words } as const
  const policy = new ValidationPolicy(common)
  const follower = new ValidationPolicy({ ...common, follows: true })
  const thread: PolicyThread = {
    tell: (number, change) => {
      if (change.kind !== 'settings') follower.apply(structuredClone(change))
      queueMicrotask(() => channel.taken(thread, number))
    },
    end: () => t.fail('it hears'),
  }
  const channel = new PolicyChannel(policy, clock, () => [thread])
  const add = (name: string, seconds: number): Promise<boolean> => {
    const anchor = {
      name: nameFrom(name),
      reason: '',
      author: '',
      expiresSeconds: clock.unixSeconds() + seconds,
    }
    return channel.change({ kind: 'negative-trust-anchor', anchor })
  }
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  await add('bank.example.', 3_600)
  await add('other.example.', 7_200)
  const name = nameFrom('www.bank.example.')
  t.ok(follower.negativeTrustAnchor(name))
  const before = policy.sequence
  clock.setUnixSeconds(clock.unixSeconds() + 3_600)
  clock.advance(60_000)
  await settle()
  t.ok(channel.isSettled)
  t.ok(policy.sequence > before)
  for (const one of [policy, follower])
    t.same(
      one.negativeTrustAnchors.map(({ name }) => formatName(name)),
      ['other.example.'],
    )
  clock.setUnixSeconds(clock.unixSeconds() - 3_600)
  t.notOk(policy.negativeTrustAnchor(name))
  t.notOk(follower.negativeTrustAnchor(name))

  await add('third.example.', 3_600)
  follower.countException(name, name.length, 0)
  const third = nameFrom('www.third.example.')
  follower.countException(third, third.length, 0)
  t.equal(policy.exceptionHits(nameFrom('third.example.')), 1, 'its number was that of the one that ended')
  policy.close()
})
