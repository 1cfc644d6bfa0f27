/** Cookies towards servers (RFC 7873): shown, kept, and missed where they should be. */
import t from 'tap'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { type EdnsOption, findOption } from '../../src/wire/edns.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { makeWorld, plainZone, type World } from '../support/world.ts'

const MANY = Array.from({ length: 60 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')
const OPT_OCTETS = 11

function cookieOf(message: Uint8Array): EdnsOption | undefined {
  const { edns } = parseMessage(message)
  return edns && findOption(edns, OPTION.COOKIE)
}

/** The reply, whose OPT is its last record and empty, with a cookie in it and another rcode, if one is given. */
function dressed(message: Uint8Array, cookie: Uint8Array, rcode?: number): Uint8Array {
  const all = Uint8Array.from([...message, 0, OPTION.COOKIE, 0, cookie.length, ...cookie])
  const opt = message.length - OPT_OCTETS
  if (all[opt] !== 0 || all[opt + 2] !== TYPE.OPT) throw new Error('the reply does not end with OPT')
  all[opt + 10] = 4 + cookie.length
  if (rcode !== undefined) {
    all[3] = (all[3]! & 0xf0) | (rcode & 15)
    all[opt + 5] = rcode >> 4
  }
  return all
}

/** What a server that knows cookies does; each test changes what it wants. */
interface Manner {
  /** The server's part: another one wants the question again. */
  part: number
  /** Leaves the cookie out. */
  omits: 'never' | 'udp' | 'always'
  /** Falsifies the client's part. */
  forges: boolean
  /** Calls questions with a cookie malformed. */
  rejects: boolean
}

function withCookies(manner: Manner): Behaviour {
  return (inner) => (query, transport) => {
    const asked = cookieOf(query)?.octets
    const replies = inner(query, transport)
    if (asked === undefined) return replies
    const part = new Uint8Array(8).fill(manner.part)
    const isKnown = asked.length === 16 && asked[8] === manner.part
    return replies.map((reply) => {
      const { omits, forges, rejects } = manner
      if (omits === 'always' || omits === transport) return reply
      if (rejects) {
        const message = reply.message.slice()
        message[3] = RCODE.FORMERR
        return { ...reply, message }
      }
      const cookie = Uint8Array.from([...asked.subarray(0, 8), ...part])
      if (forges && transport === 'udp') cookie[0]! ^= 1
      const isBad = asked.length === 16 && !isKnown && transport === 'udp'
      return { ...reply, message: dressed(reply.message, cookie, isBad ? RCODE.BADCOOKIE : undefined) }
    })
  }
}

function cookieWorld(cookies = true): {
  world: World
  manner: Manner
  ask: (i: number) => Promise<string[]>
} {
  const manner: Manner = { part: 1, omits: 'never', forges: false, rejects: false }
  const servers = [{ name: 'ns', behaviour: withCookies(manner) }]
  const world = makeWorld([plainZone('z.test.', { content: MANY, servers }), plainZone('y.test.')], {
    settings: { cookies },
  })
  const ask = async (i: number): Promise<string[]> => {
    const before = world.network.sent.length
    const reply = await world.ask(`h${i}.z.test`, TYPE.A)
    if (reply.rcode !== RCODE.NOERROR) throw new Error(reply.ede?.text)
    const address = world.addressOf('ns.z.test.')
    return world.network.sent
      .slice(before)
      .filter((sent) => sent.address === address)
      .map(({ transport, message }) => `${transport} ${cookieOf(message)?.octets.length ?? 0}`)
  }
  return { world, manner, ask }
}

t.test('a server is shown a cookie once it knows EDNS, and its own part from then on', async (t) => {
  const { world, ask } = cookieWorld()
  t.same(await ask(1), ['udp 0'])
  t.same(await ask(2), ['udp 8'])
  t.same(await ask(3), ['udp 16'])
  t.same(await ask(4), ['udp 16'])
  await world.ask('www.y.test', TYPE.A)
  const byServer = new Map<string, string>()
  for (const { address, message } of world.network.sent) {
    const cookie = cookieOf(message)?.octets.subarray(0, 8).join()
    if (cookie === undefined) continue
    t.equal(byServer.get(address) ?? cookie, cookie, 'always the same')
    byServer.set(address, cookie)
  }
  t.ok(byServer.size > 1)
  t.equal(new Set(byServer.values()).size, byServer.size, 'another one for each server')
  const off = cookieWorld(false)
  for (let i = 0; i < 3; i++) t.same(await off.ask(i), ['udp 0'])
})

t.test('BADCOOKIE: asked again with the cookie that came with it', async (t) => {
  const { manner, ask } = cookieWorld()
  for (let i = 0; i < 3; i++) await ask(i)
  manner.part = 2
  t.same(await ask(3), ['udp 16', 'udp 16'])
  t.same(await ask(4), ['udp 16'])
})

t.test('a server that never likes its own cookie is asked by TCP', async (t) => {
  const { manner, ask } = cookieWorld()
  for (let i = 0; i < 3; i++) await ask(i)
  Object.defineProperty(manner, 'part', { get: () => Math.floor(++parts / 2) })
  let parts = 10
  t.same(await ask(3), ['udp 16', 'udp 16', 'tcp 16'])
})

for (const [what, change] of [
  ['without the cookie', { omits: 'udp' }],
  ['with a cookie that is not ours', { forges: true }],
] as const) {
  t.test(`a datagram ${what} is not believed; a connection is`, async (t) => {
    const { world, manner, ask } = cookieWorld()
    for (let i = 0; i < 3; i++) await ask(i)
    Object.assign(manner, change)
    t.same(await ask(3), ['udp 16', 'tcp 16'])
    t.equal(world.counts.get('failure cookie'), 1)
    Object.assign(manner, { omits: 'never', forges: false })
    t.same(await ask(4), ['udp 16'], 'and the next question goes by UDP again')
  })
}

t.test('a server that has no cookies any more is asked without, for a quarter of an hour', async (t) => {
  const { world, manner, ask } = cookieWorld()
  for (let i = 0; i < 3; i++) await ask(i)
  manner.omits = 'always'
  t.same(await ask(3), ['udp 16', 'tcp 16'])
  t.same(await ask(4), ['udp 0'])
  world.pass(901)
  await ask(5)
  t.same(await ask(6), ['udp 8'])
})

t.test('a server that calls the option malformed keeps EDNS', async (t) => {
  const { manner, ask } = cookieWorld()
  manner.rejects = true
  t.same(await ask(1), ['udp 0'])
  t.same(await ask(2), ['udp 8', 'udp 0'])
  t.same(await ask(3), ['udp 0'])
})
