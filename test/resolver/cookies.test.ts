/** Cookies towards servers (RFC 7873): shown, kept, and missed where they should be. */
import t from 'tap'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { cookieOf, HONEST, type Manner, withCookies } from '../support/cookie-server.ts'
import { makeWorld, plainZone, type World } from '../support/world.ts'

const MANY = Array.from({ length: 60 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')

function cookieWorld(cookies = true): {
  world: World
  manner: Manner
  ask: (i: number) => Promise<string[]>
} {
  const manner: Manner = { ...HONEST }
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

for (const [what, rcode] of [
  ['calls the option malformed', RCODE.FORMERR],
  ['refuses questions with the option', RCODE.REFUSED],
  ['fails with the option', RCODE.SERVFAIL],
] as const) {
  t.test(`a server that ${what} keeps EDNS`, async (t) => {
    const { manner, ask } = cookieWorld()
    manner.rejects = rcode
    t.same(await ask(1), ['udp 0'])
    t.same(await ask(2), ['udp 8', 'udp 0'])
    t.same(await ask(3), ['udp 0'])
  })
}

for (const rcode of [RCODE.REFUSED, RCODE.SERVFAIL]) {
  t.test(`a server that has answered beside the option does not mean it by rcode ${rcode}`, async (t) => {
    const { world, manner, ask } = cookieWorld()
    manner.omits = 'always'
    for (let i = 0; i < 3; i++) await ask(i)
    manner.rejects = rcode
    await t.rejects(ask(3))
    manner.rejects = undefined
    world.pass(60)
    t.same(await ask(4), ['udp 8'], 'it is shown one as before')
  })
}

t.test('a server that has no cookies any more, and no TCP, is not lost', async (t) => {
  const { world, manner, ask } = cookieWorld()
  for (let i = 0; i < 3; i++) await ask(i)
  Object.assign(manner, { omits: 'always', lacksTcp: true })
  t.same(await ask(3), ['udp 16', 'tcp 16', 'udp 16', 'udp 0'])
  t.equal(world.counts.get('failure cookie'), 2)
  t.same(await ask(4), ['udp 0'])
})

t.test('one that gives BADCOOKIE without a cookie is asked without', async (t) => {
  const { manner, ask } = cookieWorld()
  manner.refuses = true
  t.same(await ask(1), ['udp 0'])
  t.same(await ask(2), ['udp 8', 'udp 0'])
  t.same(await ask(3), ['udp 0'])
})

t.test('one that moves behind a path that loses cookies is not lost', async (t) => {
  const { world, manner, ask } = cookieWorld()
  for (let i = 0; i < 3; i++) await ask(i)
  manner.loses = true
  let tries = 0
  for (let i = 3; i < 20; i++) {
    tries++
    const sent = await ask(i).catch(() => undefined)
    if (sent?.at(-1) === 'udp 0') break
    world.pass(1)
  }
  t.ok(tries <= 3, `${tries} questions of clients until it answers`)
  t.same(await ask(30), ['udp 0'])
})

t.test('what a server is shown is made up anew after a day', async (t) => {
  const { world, ask } = cookieWorld()
  const shown = (): string | undefined =>
    world.network.sent
      .filter(({ address }) => address === world.addressOf('ns.z.test.'))
      .map(({ message }) => cookieOf(message)?.octets.subarray(0, 8).join())
      .at(-1)
  for (let i = 0; i < 3; i++) await ask(i)
  const first = shown()
  let last = first
  for (let minutes = 10; minutes <= 24 * 60; minutes += 10) {
    world.pass(600)
    await ask(3 + ((minutes / 10) % 50))
    last = shown()
    if (last !== first) {
      t.ok(minutes >= 24 * 60, `after ${minutes} minutes`)
    }
  }
  t.not(last, first)
  t.not(last, undefined)
})
