/** B11: what questions with forged addresses make of this resolver, with sockets of many loopback addresses and in memory. */
import { createSocket, type Socket } from 'node:dgram'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { SETTINGS } from '../../src/config/settings.ts'
import type { ServiceOptions } from '../../src/front/service.ts'
import { COOKIE_SECRET_OCTETS, CookieSecrets } from '../../src/policy/cookie-secrets.ts'
import { LimitedPrefixes } from '../../src/policy/limited-prefixes.ts'
import { PREFIX_BUCKETS_OCTETS } from '../../src/policy/prefix-buckets.ts'
import { type RateLimitSettings, RateLimits } from '../../src/policy/rate-limits.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { type Bench, bench, client, parts, query } from '../front/service-under-test.ts'
import { askUdp, openFront, sleep, TcpClient } from '../front/sockets-under-test.ts'
import { until } from '../support/until.ts'
import { row } from './row.ts'

const QUESTIONS = 10_000
/** Datagrams for which the usual buffer of a socket has room. */
const UNREAD_MAX = 100
/** Small questions, and the largest answer that goes by UDP: thirty times as large. */
const LARGE = { name: 'l.example.', type: TYPE.TXT, class: CLASS.IN }
const REQUEST = query({ name: LARGE.name, type: LARGE.type, payload: 4096 })
/** By default nothing is limited: see README.md. This is a limit that an operator might set. */
const RATES: RateLimitSettings = {
  answers: { perSecond: 10, burst: 20, dryRun: false },
  recursion: { perSecond: 0, burst: 1, dryRun: false },
  slip: 2,
  exempt: [],
}
const RATIO_MAX = 2

/** Options of a service that limits, or of one that does not. */
function limiting(settings: RateLimitSettings | undefined): Partial<ServiceOptions> {
  if (settings === undefined) return {}
  const rateLimit = new RateLimits({
    buckets: new ArrayBuffer(PREFIX_BUCKETS_OCTETS),
    hashKey: [7, 8],
    limited: new LimitedPrefixes(),
    counters: { limitHit: () => {}, limitTried: () => {} },
    settings,
  })
  return { rateLimit }
}

function storeLarge(it: Bench): void {
  const zone = Array.from({ length: 4 }, (_, i) => `l.example. 300 IN TXT "${String(i).repeat(255)}"\n`).join(
    '',
  )
  it.store(
    parts({
      question: { ...LARGE, name: nameFrom(LARGE.name) },
      zone,
      status: 'insecure',
      authenticated: false,
    }),
  )
}

/** Octets back for each octet of so many forged questions within a second, from the first on that is too much. */
async function ratio(
  settings: RateLimitSettings | undefined,
  forged: (i: number) => string,
): Promise<number> {
  const it = bench({}, limiting(settings))
  storeLarge(it)
  let back = 0
  let asked = 0
  for (let i = 0; i < QUESTIONS; i++) {
    if (i % 10 === 0) it.clock.advance(1)
    const reply = await it.ask(REQUEST, client('udp', forged(i)))
    if (asked === 0 && settings !== undefined && reply.length > REQUEST.length) continue
    asked++
    if (reply !== 'silence') back += reply.length
  }
  return back / (asked * REQUEST.length)
}

row('B11', async (t) => {
  const oneAddress = (): string => '127.0.0.1'
  const network = (i: number): string => `127.9.9.${i % 256}`
  const open = await ratio(undefined, oneAddress)
  t.ok(open > 10, `without a limit ${open.toFixed(1)} octets come back for each`)
  const one = await ratio(RATES, oneAddress)
  t.ok(one <= RATIO_MAX, `one address: ${one.toFixed(2)}`)
  const many = await ratio(RATES, network)
  t.ok(many <= RATIO_MAX, `the addresses of a /24 in turn: ${many.toFixed(2)}`)
  const silent = await ratio({ ...RATES, slip: 0 }, oneAddress)
  t.ok(silent < one, `without slip: ${silent.toFixed(2)}`)
  return `one address ${one.toFixed(2)} octets back for each, a /24 ${many.toFixed(2)}, not limited ${open.toFixed(1)}`
})

t.test('B11: real sockets of sixteen addresses; who is honest there comes by TCP', async (t) => {
  const { it, front, port } = await openFront({}, limiting(RATES))
  storeLarge(it)
  let back = 0
  const victims = await Promise.all(
    Array.from({ length: 16 }, async (_, i) => {
      const socket = createSocket('udp4')
      socket.on('message', (reply) => {
        back += reply.length
      })
      await new Promise<void>((bound) => socket.bind(0, `127.9.10.${1 + i}`, bound))
      return socket
    }),
  )
  const seen = (): number => it.counters.get('query udp')
  for (let i = 0; i < QUESTIONS; i += victims.length) {
    await Promise.all(victims.map((socket) => send(socket, port)))
    // No faster than the system's buffers take it.
    await until('they are taken', () => seen() >= i - UNREAD_MAX)
  }
  await until('all are taken', () => seen() === QUESTIONS)
  await sleep(50)
  const measured = back / (QUESTIONS * REQUEST.length)
  t.ok(measured <= RATIO_MAX, `${measured.toFixed(2)} octets back for each`)
  t.ok(back > 0)
  const told: boolean[] = []
  const honest = createSocket('udp4')
  honest.on('message', (reply) => told.push(parseMessage(reply).tc))
  await new Promise<void>((bound) => honest.bind(0, '127.9.10.1', bound))
  for (let i = 0; i < 40 && !told.includes(true); i++) {
    await send(honest, port)
    await sleep(5)
  }
  t.ok(told.includes(true), 'told to come by TCP')
  const connection = new TcpClient(port, '127.9.10.1')
  connection.send(REQUEST)
  t.equal(await connection.wait(1), 1)
  t.equal(parseMessage(connection.messages[0]!).answer.length, 4, 'and has the whole answer there')
  t.ok(
    (await askUdp(port, query({ name: LARGE.name, type: LARGE.type }))) !== undefined,
    'others by UDP as ever',
  )
  connection.socket.destroy()
  for (const socket of [...victims, honest]) socket.close()
  await front.close()
})

function send(socket: Socket, port: number): Promise<void> {
  return new Promise((sent) => socket.send(REQUEST, port, '127.0.0.1', () => sent()))
}

t.test('B11: a cookie lifts the limit for whoever has it, and giving one makes no flood', async (t) => {
  const cookieSecrets = new CookieSecrets()
  cookieSecrets.set([new Uint8Array(COOKIE_SECRET_OCTETS).fill(7)])
  const it = bench({ cookies: 'on' }, { ...limiting(RATES), cookieSecrets })
  storeLarge(it)
  const asking = (octets: Uint8Array): Uint8Array =>
    query({ name: LARGE.name, type: LARGE.type, payload: 4096, options: [{ code: OPTION.COOKIE, octets }] })
  const unproven = asking(new Uint8Array(8).fill(1))
  const given = (await it.message(unproven)).edns!.options.find(({ code }) => code === OPTION.COOKIE)!.octets
  for (let i = 0; i < 100; i++) await it.ask(unproven)
  let back = 0
  for (let i = 0; i < 100; i++) {
    const reply = await it.ask(unproven)
    if (reply !== 'silence') back += reply.length
  }
  t.ok(back <= RATIO_MAX * 100 * unproven.length, `${back} octets for ${100 * unproven.length}`)
  for (let i = 0; i < 100; i++) {
    if ((await it.message(asking(given))).answer.length !== 4) t.fail(`question ${i} with the cookie`)
  }
})

t.test('B11: closed by default, REFUSED no larger than twice the question, ANY minimal', async (t) => {
  t.same(SETTINGS['access.allow'].default, ['127.0.0.0/8', '::1/128'])
  t.equal(SETTINGS['resolution.any'].default, 'minimal')
  const it = bench({}, { clock: new VirtualClock(1_795_000_000) })
  storeLarge(it)
  for (const request of [REQUEST, query({ name: '.', payload: 1232 }), query({ name: '.' })]) {
    const reply = await it.ask(request, client('udp', '192.0.2.1'))
    t.ok(reply.length <= RATIO_MAX * request.length, `${reply.length} for ${request.length}`)
  }
  const records = ['A 192.0.2.1', 'MX 1 m.example.', `TXT "${'x'.repeat(200)}"`, `TXT "${'y'.repeat(200)}"`]
  const any = { name: nameFrom('a.example.'), type: TYPE.ANY, class: CLASS.IN }
  const zone = records.map((record) => `a.example. 300 IN ${record}\n`).join('')
  it.store(parts({ question: any, zone, status: 'insecure', authenticated: false }))
  const request = query({ name: 'a.example.', type: TYPE.ANY, payload: 1232 })
  const reply = await it.ask(request)
  t.ok(reply.length <= RATIO_MAX * request.length, `ANY: ${reply.length} for ${request.length}`)
})
