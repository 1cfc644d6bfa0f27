/** A19: forged datagrams beside a server that shows cookies (RFC 7873). Who forges them knows port and id, but no cookie. */
import { octetsEqual } from '../../src/base/octets.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { cookieOf, dressed, HONEST, withCookies } from '../support/cookie-server.ts'
import { makeWorld, plainZone, type World } from '../support/world.ts'
import { row, Tally } from './row.ts'

const TRUE_ADDRESS = Uint8Array.of(192, 0, 2, 1)
const FORGED_ADDRESS = Uint8Array.of(203, 0, 113, 66)
const NAMES = 20
/** Questions after which the server's cookie is known. */
const BEFORE = 3
const OPT_OCTETS = 11

/** The cookie in each forged reply, by what is wrong with it; `no OPT` has none to put it in. */
const FORGERIES: Readonly<Record<string, Uint8Array | undefined>> = {
  'no OPT': undefined,
  'no cookie': undefined,
  'a cookie that was guessed': new Uint8Array(16).fill(7),
  'a cookie of one octet': Uint8Array.of(7),
}

/** A forger beside a server, whose replies by UDP come before the true ones from the moment when `begin` is called. */
function forged(what: string): { behaviour: Behaviour; begin: () => void; sent: () => number } {
  let isForging = false
  let sent = 0
  const behaviour: Behaviour = (inner) => {
    const honest = withCookies({ ...HONEST })(inner)
    return (query, transport) => {
      const replies = honest(query, transport)
      if (!isForging || transport === 'tcp') return replies
      sent++
      const message = poisoned(inner(query, transport)[0]!.message)
      return [{ message: disguised(message, what), delayMs: 0 }, ...replies]
    }
  }
  return {
    behaviour,
    begin: () => {
      isForging = true
    },
    sent: () => sent,
  }
}

function poisoned(message: Uint8Array): Uint8Array {
  const at = message.findIndex((_, i) => octetsEqual(message.subarray(i, i + 4), TRUE_ADDRESS))
  const changed = message.slice()
  changed.set(FORGED_ADDRESS, at)
  return changed
}

function disguised(message: Uint8Array, what: string): Uint8Array {
  if (what !== 'no OPT') return dressed(message, FORGERIES[what])
  const bare = message.slice(0, -OPT_OCTETS)
  bare[11] = 0
  return bare
}

function worldOf(behaviour: Behaviour, cookies: boolean): World {
  const content = Array.from({ length: NAMES + BEFORE }, (_, i) => `h${i} A 192.0.2.1`).join('\n')
  const servers = [{ name: 'ns', behaviour }]
  return makeWorld([plainZone('z.test.', { content, servers })], { settings: { cookies } })
}

async function addressOf(world: World, i: number): Promise<string | undefined> {
  const { rcode, message } = await world.ask(`h${i}.z.test`, TYPE.A)
  return rcode === RCODE.NOERROR ? message.answer[0]?.rdata.join('.') : `rcode ${rcode}`
}

row('A19', async (t) => {
  const tally = new Tally(t)
  let byTcp = 0
  for (const what of Object.keys(FORGERIES)) {
    const forger = forged(what)
    const world = worldOf(forger.behaviour, true)
    for (let i = 0; i < BEFORE; i++) await addressOf(world, i)
    forger.begin()
    const before = world.network.sent.length
    for (let i = BEFORE; i < BEFORE + NAMES; i++) {
      tally.same(await addressOf(world, i), TRUE_ADDRESS.join('.'), `${what}: h${i}`)
    }
    const sent = world.network.sent.slice(before)
    t.equal(forger.sent(), NAMES, `${what}: a forged reply for each question`)
    t.equal(sent.filter(({ transport }) => transport === 'tcp').length, NAMES, `${what}: each asked by TCP`)
    t.ok(sent.every(({ message }) => cookieOf(message)?.octets.length === 16))
    t.equal(world.counts.get('failure cookie'), NAMES)
    byTcp += NAMES
    const open = forged(what)
    const without = worldOf(open.behaviour, false)
    open.begin()
    t.equal(
      await addressOf(without, 0),
      FORGED_ADDRESS.join('.'),
      `${what}: believed where nobody shows cookies`,
    )
  }
  return `${tally} forged datagrams dropped, ${byTcp} questions asked by TCP`
})
