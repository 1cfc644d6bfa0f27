/** The checks bite: with one defence taken away at a time, some seed says so. */
import t from 'tap'
import { UPSTREAM_QUERIES_MAX } from '../../src/base/limits.ts'
import type { KeyImport } from '../../src/dnssec/keys.ts'
import type { Upstream, UpstreamRequest } from '../../src/resolver/ports.ts'
import { type Door, makeGround, type Seams, simulate } from './world.ts'

const ground = makeGround()
const SEEDS_TRIED_MAX = 200

/** The first violation that any seed finds. */
async function firstViolation(seams: Seams, wanted: RegExp): Promise<string> {
  let found = 'none'
  for (let seed = 1; seed <= SEEDS_TRIED_MAX && !wanted.test(found); seed++) {
    const { violations } = await simulate(seed, ground, seams)
    found = violations.find((what) => wanted.test(what)) ?? violations[0] ?? found
  }
  return found
}

/** Every signature is good. */
const gullible: KeyImport = () => ({ verifies: () => true })

/** No signature is. */
const paranoid: KeyImport = () => ({ verifies: () => false })

function answeringTwice(inner: Door): Door {
  return {
    tryHit: (...request) => inner.tryHit(...request),
    handle: (octets, client, reply) => {
      inner.handle(octets, client, (octets) => {
        reply(octets)
        reply(octets)
      })
    },
    get waiting() {
      return inner.waiting
    },
  }
}

/** Claims AD for whatever is answered. */
function claimingAuthenticity(inner: Door): Door {
  return {
    tryHit: () => 0,
    handle: (octets, client, reply) => {
      inner.handle(octets, client, (answer) => {
        if (answer !== undefined && answer.length > 3) answer[3]! |= 0x20
        reply(answer)
      })
    },
    get waiting() {
      return inner.waiting
    },
  }
}

/** One exchange in ten never ends. */
function leaking(inner: Upstream): Upstream {
  let count = 0
  return { ask: (request) => (++count % 10 === 0 ? new Promise(() => {}) : inner.ask(request)) }
}

/** Sends every question a hundred times. */
function shouting(inner: Upstream): Upstream {
  return {
    ask: async (request: UpstreamRequest) => {
      for (let i = 0; i < UPSTREAM_QUERIES_MAX; i++) await inner.ask(request)
      return inner.ask(request)
    },
  }
}

/** Leaves a promise behind that fails, with nobody to care. */
function careless(inner: Upstream): Upstream {
  return {
    ask: (request) => {
      Promise.reject(new Error('left behind'))
      return inner.ask(request)
    },
  }
}

const BROKEN: readonly (readonly [what: string, seams: Seams, wanted: RegExp])[] = [
  ['signatures are not verified', { importKey: gullible }, /did not sign|must be bogus|false /],
  ['nothing verifies', { importKey: paranoid }, /in calm weather/],
  ['AD for everything', { door: claimingAuthenticity }, /AD /],
  ['two replies to a question', { door: answeringTwice }, /answered twice/],
  ['an exchange that never ends', { upstream: leaking }, /got no answer|still under way/],
  ['a question sent a hundred times', { upstream: shouting }, /questions sent for|waited/],
  ['a rejection that nobody handles', { upstream: careless }, /unhandled rejection/],
  [
    'an exception in the engine',
    {
      upstream: () => ({
        ask: () => {
          throw new TypeError('broken')
        },
      }),
    },
    /fault of our own/,
  ],
  [
    'a resolver that never answers',
    { resolver: () => ({ resolve: () => new Promise(() => {}), prefetch: () => {} }) },
    /got no answer/,
  ],
]

for (const [what, seams, wanted] of BROKEN) {
  t.test(what, async (t) => {
    t.match(await firstViolation(seams, wanted), wanted)
  })
}

t.test('and with all of them in place nothing is said', async (t) => {
  for (let seed = 1; seed <= 20; seed++) t.same((await simulate(seed, ground)).violations, [], `seed ${seed}`)
})
