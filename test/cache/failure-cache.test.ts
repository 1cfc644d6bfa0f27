import t from 'tap'
import { FailureCache } from '../../src/cache/failure-cache.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { name } from './records.ts'

const question = [name('a.example.'), TYPE.A] as const

function world(max?: number) {
  const time = { ms: 0 }
  const nowMs = () => time.ms
  return { time, cache: max === undefined ? new FailureCache({ nowMs }) : new FailureCache({ nowMs, max }) }
}

t.test('tells what failed and for how long, for the name and type', async (t) => {
  const { cache, time } = world()
  t.equal(cache.get(...question), undefined)
  t.equal(cache.add(...question, 'lame-servers', 'example. has no server'), 5)
  time.ms += 1500
  const failure = { reason: 'lame-servers', detail: 'example. has no server', ede: 22, ttlSeconds: 4 }
  t.same(cache.get(name('A.Example.'), TYPE.A), failure)
  t.equal(cache.get(name('a.example.'), TYPE.AAAA), undefined)
  t.equal(cache.get(name('b.example.'), TYPE.A), undefined)
  time.ms = 4999
  t.equal(cache.get(...question)?.ttlSeconds, 1)
  time.ms = 5000
  t.equal(cache.get(...question), undefined)
})

t.test('doubles from 5 s to 300 s while nothing comes of the question (RFC 9520 3.2)', async (t) => {
  const { cache, time } = world()
  const times: number[] = []
  for (let i = 0; i < 9; i++) {
    const seconds = cache.add(...question, 'no-reachable-authority', '')
    times.push(seconds)
    time.ms += seconds * 1000
    t.equal(cache.get(...question), undefined)
  }
  t.same(times, [5, 10, 20, 40, 80, 160, 300, 300, 300])
})

t.test('what fails while a failure stands changes nothing', async (t) => {
  const { cache, time } = world()
  cache.add(...question, 'no-reachable-authority', 'first')
  time.ms += 2000
  t.equal(cache.add(...question, 'lame-servers', 'second'), 3)
  t.equal(cache.get(...question)?.detail, 'first')
  time.ms += 3000
  t.equal(cache.add(...question, 'lame-servers', 'third'), 10, 'one step further, not two')
})

t.test('begins anew after an answer, and after a long silence', async (t) => {
  const { cache, time } = world()
  const fail = () => {
    const seconds = cache.add(...question, 'no-reachable-authority', '')
    time.ms += seconds * 1000
    return seconds
  }
  t.same([fail(), fail()], [5, 10])
  cache.remove(...question)
  t.same([fail(), fail()], [5, 10])
  time.ms += 299_999
  t.equal(fail(), 20)
  time.ms += 300_000
  t.equal(fail(), 5)
})

t.test('a limit is met for 5 s each time', async (t) => {
  const { cache, time } = world()
  for (let i = 0; i < 4; i++) {
    t.equal(cache.add(...question, 'limit-upstream-queries', '', { limit: true }), 5)
    time.ms += 5000
  }
})

t.test('is bounded, and can be cleared', async (t) => {
  const { cache } = world(10)
  const names = Array.from({ length: 20 }, (_, i) => name(`a${i}.example.`))
  for (const owner of names) cache.add(owner, TYPE.A, 'internal', '')
  t.equal(names.filter((owner) => cache.get(owner, TYPE.A) !== undefined).length, 10)
  cache.clear()
  t.equal(names.filter((owner) => cache.get(owner, TYPE.A) !== undefined).length, 0)
})
