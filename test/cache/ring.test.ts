import fc from 'fast-check'
import t from 'tap'
import { Ring } from '../../src/cache/ring.ts'

t.test('a ring is a queue in a bounded room', async () => {
  const size = fc.integer({ min: 1, max: 12 }).map((units) => units * 8)
  const step = fc.oneof(fc.record({ add: size }), fc.constant('pass' as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const words = new Uint32Array(6)
      const ring = new Ring(words, 1, 64, 264)
      ring.clear()
      const queue: { at: number; size: number }[] = []
      for (const todo of steps) {
        if (todo === 'pass') {
          if (queue.length > 0) ring.passOldest(queue.shift()!.size)
        } else {
          const at = ring.reserve(todo.add)
          if (at >= 0) queue.push({ at, size: todo.add })
          else if (queue.length === 0) throw new Error('an empty ring has no room')
        }
        checkQueue(ring, queue)
      }
      if (words[0] !== 0 || words[5] !== 0) throw new Error('it wrote beside its state')
    }),
    { numRuns: 500 },
  )
})

/** Throws unless the ring holds what the queue does, in its order, each entry in a place of its own. */
function checkQueue(ring: Ring, queue: readonly { at: number; size: number }[]): void {
  let at = ring.oldest
  for (const entry of queue) {
    if (at !== entry.at) throw new Error(`${at}, not ${entry.at}`)
    if (at < ring.start || at + entry.size > ring.end) throw new Error('outside of the ring')
    at = ring.after(at, entry.size)
  }
  if (at !== -1) throw new Error('more than was added')
  const places = [...queue].sort((a, b) => a.at - b.at)
  if (places.some((entry, i) => i > 0 && places[i - 1]!.at + places[i - 1]!.size > entry.at))
    throw new Error('two entries in one place')
  const octets = queue.reduce((sum, entry) => sum + entry.size, 0)
  if (ring.octets !== octets) throw new Error(`${ring.octets} octets, not ${octets}`)
}

t.test('a ring goes on where another one over the same words ended', async (t) => {
  const words = new Uint32Array(4)
  const first = new Ring(words, 0, 0, 64)
  first.clear()
  for (const size of [24, 24]) first.reserve(size)
  first.passOldest(24)
  t.equal(first.reserve(24), 0)
  const second = new Ring(words, 0, 0, 64)
  t.equal(second.oldest, 24)
  t.equal(second.after(24, 24), 0)
  t.equal(second.octets, 48)
})
