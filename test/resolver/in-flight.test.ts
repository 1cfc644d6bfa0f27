/** Joining, and the circles that joining must not close. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { Flight, InFlight } from '../../src/resolver/in-flight.ts'

const clock = new VirtualClock(0)

interface Gate {
  readonly promise: Promise<string>
  open(value: string): void
}

function gate(): Gate {
  let open: (value: string) => void = () => {}
  const promise = new Promise<string>((resolve) => {
    open = resolve
  })
  return { promise, open: (value) => open(value) }
}

t.test('a wait that is over is no edge of the graph', async (t) => {
  const table = new InFlight<string>(clock)
  const { promise, open } = gate()
  const [leader, follower] = [new Flight(Infinity), new Flight(Infinity)]
  let own: Flight | undefined
  const led = table.lead('a', leader, (flight) => {
    own = flight
    return promise
  })
  t.equal(
    table.lead('a', follower, () => promise),
    undefined,
    'somebody leads it',
  )
  const followed = table.join('a', follower, () => promise)
  await Promise.resolve()
  t.ok(leader.reaches(own!))
  t.ok(follower.reaches(own!))
  open('answer')
  t.equal(await led, 'answer')
  t.same(await followed, { kind: 'followed', value: 'answer' })
  t.notOk(leader.reaches(own!))
  t.notOk(follower.reaches(own!))
})

t.test('a thousand equal questions are asked once', async (t) => {
  const table = new InFlight<string>(clock)
  const { promise, open } = gate()
  let asked = 0
  const waiting = Array.from({ length: 1000 }, () =>
    table.join('a', new Flight(Infinity), () => {
      asked++
      return promise
    }),
  )
  open('answer')
  const joined = await Promise.all(waiting)
  t.equal(asked, 1)
  t.equal(joined.filter((join) => join.kind === 'led').length, 1)
  t.ok(joined.every((join) => 'value' in join && join.value === 'answer'))
  t.equal(table.size, 0)
})

t.test('the table is empty after a rejection too', async (t) => {
  const table = new InFlight<string>(clock)
  await t.rejects(table.join('a', new Flight(Infinity), () => Promise.reject(new Error('fault'))))
  t.equal(table.size, 0)
})

t.test('a join that would wait for itself is refused, over a detour too', async (t) => {
  const table = new InFlight<string>(clock)
  const kinds: string[] = []
  const chain = await table.join('a', new Flight(Infinity), async (a) => {
    const inner = await table.join('b', a, async (b) => {
      const back = await table.join('a', b, () => Promise.resolve('never'))
      kinds.push(back.kind)
      return 'b'
    })
    return 'value' in inner ? `a after ${inner.value}` : 'cycle'
  })
  t.same(kinds, ['cycle'])
  t.same(chain, { kind: 'led', value: 'a after b' })
})

t.test('two that need different things of each other are let through', async (t) => {
  const table = new InFlight<string>(clock)
  const { promise, open } = gate()
  const first = table.join('a', new Flight(Infinity), (a) =>
    table.join('shared', a, () => promise).then((joined) => joined.kind),
  )
  const second = table.join('b', new Flight(Infinity), (b) =>
    table.join('shared', b, () => promise).then((joined) => joined.kind),
  )
  open('done')
  t.same(await first, { kind: 'led', value: 'led' })
  t.same(await second, { kind: 'led', value: 'followed' })
})

t.test('nobody waits beyond his own time for somebody who has more', async (t) => {
  const clock = new VirtualClock(0)
  const table = new InFlight<string>(clock)
  const { promise, open } = gate()
  const startMs = clock.nowMs()
  const leader = table.join('a', new Flight(startMs + 7000), () => promise)
  const follower = table.join('a', new Flight(startMs + 100), () => Promise.resolve('alone'))
  const patient = table.join('a', new Flight(startMs + 5000), () => Promise.resolve('alone'))
  clock.advance(100)
  t.same(await follower, { kind: 'late' })
  open('answer')
  t.same(await leader, { kind: 'led', value: 'answer' })
  t.same(await patient, { kind: 'followed', value: 'answer' })
  t.equal(clock.nextTimerMs(), undefined, 'no timer is left')
})
