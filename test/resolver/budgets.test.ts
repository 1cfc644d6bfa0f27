/** Work that strangers can cause, and where it ends. Figures are upstream questions for one cold question unless said otherwise. */
import t from 'tap'
import {
  LIMIT_FAILURE_TTL_SECONDS,
  QUERY_TIME_MS_MAX,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TIMEOUT_MS_MAX,
} from '../../src/base/limits.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { delayed, lame, silent } from '../../src/lab/behaviours.ts'
import type { LabZone, NameServer } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { lastLabels } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { figure } from '../attacks/row.ts'
import { delegatingTo } from '../support/referrals.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** Asks, and gives the milliseconds it took. */
async function timed(world: World, name: string): Promise<number> {
  const startMs = world.clock.nowMs()
  await world.ask(name, TYPE.A)
  return world.clock.nowMs() - startMs
}

// --- delegations --------------------------------------------------------------------------------------------------

t.test('B01, NXNSAttack: 1,500 name servers in a zone that has none of them', async (t) => {
  const servers = numbers(1500).map((i) => nameFrom(`n${i}.victim.test`))
  const world = makeWorld(
    [
      zone('test.', { content: '', rewrites: () => [delegatingTo(nameFrom('evil.test'), servers)] }),
      plainZone('victim.test.'),
    ],
    { settings: { ipv6: true } },
  )
  const reply = await world.ask('www.evil.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.ok(world.asked('ns.victim.test.').length <= 10, `victim: ${world.asked('ns.victim.test.').length}`)
  t.ok(world.asked().length <= 30, `in all: ${world.asked().length}`)
  t.equal(world.counts.get('limit limit-name-servers'), 1)
  figure(
    t,
    'B01',
    `${world.asked('ns.victim.test.').length} questions to the victim, ${world.asked().length} in all`,
  )
})

t.test('B02: a delegation to a crowd of dead servers', async (t) => {
  const servers = numbers(1500).map((i) => nameFrom(`n${i}.evil.test`))
  const addresses = numbers(1500).map((i) => Uint8Array.of(127, 9, i >> 8, i & 255))
  const world = makeWorld([
    zone('test.', { content: '', rewrites: () => [delegatingTo(nameFrom('evil.test'), servers, addresses)] }),
  ])
  const first = await world.askCached('www.evil.test')
  t.equal(first.reason, 'no-reachable-authority', 'it is given up before time is over')
  // Two of them are for the keys of the root and of `test.`, which any other name will need.
  t.ok(world.asked().length <= 17, `${world.asked().length} questions for one`)
  let longestMs = 0
  for (const _ of numbers(50)) {
    const startMs = world.clock.nowMs()
    await world.askCached('www.evil.test')
    longestMs = Math.max(longestMs, world.clock.nowMs() - startMs)
    world.clock.advance(100)
  }
  t.ok(longestMs <= QUERY_TIME_MS_MAX, `${longestMs} ms`)
  t.ok(world.asked().length <= 60, `${world.asked().length} questions for fifty`)
  figure(t, 'B02', `${world.asked().length} questions for 51 clients`)
  for (const [round, most] of [
    ['first', 500],
    ['second', 50],
  ] as const) {
    const startMs = world.clock.nowMs()
    world.forget()
    await world.askAll(numbers(50).map((i) => [`${round}${i}.evil.test`]))
    t.ok(world.clock.nowMs() - startMs <= QUERY_TIME_MS_MAX)
    t.ok(world.asked().length <= most, `${world.asked().length} questions for fifty names at once`)
  }
})

t.test('B03, TsuNAME: two zones whose servers are in each other', async (t) => {
  const inEachOther = (name: string): NameServer[] => [{ name, address: 'none' }]
  const world = makeWorld([
    plainZone('a.test.', { servers: inEachOther('ns.b.test.') }),
    plainZone('b.test.', { servers: inEachOther('ns.a.test.') }),
  ])
  const reasons = new Set<string | undefined>()
  for (const i of numbers(100)) {
    const reply = await world.ask(`w${i}.${i % 2 === 0 ? 'a' : 'b'}.test`, TYPE.A)
    reasons.add(reply.reason)
    world.clock.advance(50)
  }
  t.same([...reasons], ['address-loop'])
  t.ok(world.asked().length <= 40, `${world.asked().length} questions`)
  figure(t, 'B03', `${world.asked().length} questions for 100 clients`)
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
})

t.test('B03 all at once', async (t) => {
  const inEachOther = (...names: string[]): NameServer[] => names.map((name) => ({ name, address: 'none' }))
  const world = makeWorld([
    plainZone('a.test.', { servers: inEachOther('ns.b.test.', 'ns.c.test.') }),
    plainZone('b.test.', { servers: inEachOther('ns.c.test.', 'ns.a.test.') }),
    plainZone('c.test.', { servers: inEachOther('ns.a.test.', 'ns.b.test.') }),
  ])
  const replies = await world.askAll(numbers(99).map((i) => [`w${i}.${'abc'[i % 3]}.test`]))
  t.ok(replies.every(({ rcode }) => rcode === RCODE.SERVFAIL))
  t.ok(world.asked().length <= 40, `${world.asked().length} questions`)
})

t.test('B04: every name server needs one that is deeper', async (t) => {
  const deeper =
    (steps: readonly number[]): Rewrite =>
    (answer, question, served) => {
      const label = formatName(lastLabels(question.name, 2)).split('.')[0]!
      if (!/^l\d+$/.test(label)) return answer
      const servers = steps.map((n) => nameFrom(`ns${n}.l${Number(label.slice(1)) + n}.test`))
      return delegatingTo(nameFrom(`${label}.test`), servers)(answer, question, served)
    }
  for (const [ipv6, steps] of [
    [false, [1, 2]],
    [true, [1, 2]],
    [false, [1]],
  ] as const) {
    const world = makeWorld([zone('test.', { content: '', rewrites: () => [deeper(steps)] })], {
      settings: { ipv6 },
    })
    const startMs = world.clock.nowMs()
    const reply = await world.ask('www.l0.test', TYPE.A)
    const tookMs = world.clock.nowMs() - startMs
    t.match(reply.reason, /^limit-/, 'the limit is told, not what it made of the zones on the way')
    t.ok(world.asked().length <= 50, `${world.asked().length} questions`)
    t.ok(tookMs < QUERY_TIME_MS_MAX)
    t.ok((world.counts.get('limit limit-depth') ?? 0) > 0)
    figure(t, 'B04', `${world.asked().length} questions in ${tookMs} ms`)
  }
})

t.test('delegations without end, one label at a time', async (t) => {
  let depth = 2
  const deeper: Rewrite = (answer, question, served) => {
    const cut = lastLabels(question.name, ++depth)
    return delegatingTo(cut, [nameFrom('ns.evil.test')])(answer, question, served)
  }
  const world = makeWorld([plainZone('evil.test.', { rewrites: () => [deeper] })], {
    settings: { qnameMinimisation: 'off' },
  })
  const reply = await world.ask(`${'a.'.repeat(100)}evil.test`, TYPE.A)
  t.equal(reply.reason, 'limit-referrals')
  t.equal(world.counts.get('limit limit-referrals'), 1)
  t.ok(world.asked().length <= 50, `${world.asked().length} questions`)
})

t.test('B09: thirteen names, one silent address', async (t) => {
  const names = numbers(13).map((i) => nameFrom(`n${i}.evil.test`))
  const world = makeWorld([
    zone('test.', {
      content: '',
      rewrites: () => [
        delegatingTo(
          nameFrom('evil.test'),
          names,
          names.map(() => Uint8Array.of(127, 9, 9, 9)),
        ),
      ],
    }),
  ])
  const asked = (): number => world.network.sent.filter(({ address }) => address === '127.9.9.9').length
  await world.ask('www.evil.test', TYPE.A)
  t.ok(asked() <= 3)
  world.pass(60)
  world.network.attach(
    '127.9.9.9',
    lame(() => []),
  )
  const before = asked()
  await world.ask('www.evil.test', TYPE.A)
  t.equal(asked() - before, 1, 'one that answers is asked once, whatever its names')
  figure(t, 'B09', `asked ${before} times`)
})

for (const address of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '127.53.0.250']) {
  t.test(`B08: glue that says ${address}`, async (t) => {
    const octets = Uint8Array.from(address.split('.'), Number)
    const rewrite = delegatingTo(nameFrom('evil.test'), [nameFrom('ns.evil.test')], [octets])
    const world = makeWorld([zone('test.', { content: '', rewrites: () => [rewrite] })], {
      settings: {
        ownAddresses: [{ address: Uint8Array.of(127, 53, 0, 250), port: 53 }],
      },
    })
    t.equal((await world.ask('www.evil.test', TYPE.A)).reason, 'no-server-address')
    t.notOk(
      world.network.sent.some((sent) => sent.address === address),
      'no datagram',
    )
    figure(t, 'B08', `${address}: no datagram`)
  })
}

// --- aliases and their like ---------------------------------------------------------------------------------------

t.test('B05: chains of aliases, and aliases in a circle', async (t) => {
  const chain = numbers(60).map((i) => `step${i} CNAME step${i + 1}`)
  const circle = numbers(5).map((i) => `five${i} CNAME five${(i + 1) % 5}`)
  const content = [...chain, 'step60 A 192.0.2.1', ...circle, 'self CNAME self'].join('\n')
  const world = makeWorld([plainZone('z.test.', { content }), zone('s.test.', { content })])
  await world.ask('www.z.test', TYPE.A)
  await world.ask('www.s.test', TYPE.A)
  for (const origin of ['z.test', 's.test']) {
    world.forget()
    t.equal((await world.ask(`step0.${origin}`, TYPE.A)).reason, 'limit-aliases')
    t.ok(world.asked().length <= 13, `${world.asked().length} questions`)
    figure(t, 'B05', `${origin}: ${world.asked().length} questions for a chain of 60`)
    for (const name of ['self', 'five0']) {
      world.forget()
      t.equal((await world.ask(`${name}.${origin}`, TYPE.A)).reason, 'alias-loop')
      t.ok(world.asked().length <= 2, `${name}: ${world.asked().length} questions`)
    }
  }
  t.equal(world.counts.get('limit limit-aliases'), 2)
})

t.test('B06: what is multiplied stays within one allowance', async (t) => {
  const silentServers = (zoneName: string): NameServer[] =>
    numbers(20).map((i) => ({ name: `ns${i}.${zoneName}`, behaviour: silent }))
  const aliases = (origin: string): LabZone[] =>
    numbers(10).map((i) =>
      plainZone(`${origin}${i}.test.`, { content: `www CNAME www.${origin}${i + 1}.test.\n` }),
    )
  const worlds: [string, World][] = [
    [
      'aliases that end in silence',
      makeWorld([...aliases('a'), plainZone('a10.test.', { servers: silentServers('a10.test.') })]),
    ],
    ['a crowd of silent servers', makeWorld([plainZone('a0.test.', { servers: silentServers('a0.test.') })])],
    [
      'sixty-four labels below a zone that strips its signatures',
      makeWorld([
        zone('a0.test.', { content: `www.${'b.'.repeat(60)}c A 192.0.2.1\n`, rewrites: () => [unsigned] }),
      ]),
    ],
    [
      'name servers without address in silent zones',
      makeWorld([
        plainZone('a0.test.', {
          servers: numbers(20).map((i) => ({ name: `ns.d${i}.test.`, address: 'none' })),
        }),
        ...numbers(20).map((i) =>
          plainZone(`d${i}.test.`, { servers: silentServers(`d${i}.test.`).slice(0, 4) }),
        ),
      ]),
    ],
  ]
  for (const [what, world] of worlds) {
    const name = what.startsWith('sixty') ? `www.${'b.'.repeat(60)}c.a0.test` : 'www.a0.test'
    const tookMs = await timed(world, name)
    t.ok(world.asked().length <= 100, `${what}: ${world.asked().length} questions`)
    t.ok(tookMs <= QUERY_TIME_MS_MAX, `${what}: ${tookMs} ms`)
    t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
  }
})

const unsigned: Rewrite = (answer) => ({
  ...answer,
  answer: answer.answer.map((set) => ({
    ...set,
    signatures: set.type === TYPE.DNSKEY ? set.signatures : [],
  })),
})

// --- limits are the question's ------------------------------------------------------------------------------------

/** Ten aliases over slow zones; the last leads to `www.victim.test` when hardly any time is left. */
function slowAliases(): LabZone[] {
  return [
    ...numbers(9).map((i) =>
      plainZone(`e${i}.test.`, {
        content: `a.n CNAME ${i === 8 ? 'www.victim.test.' : `a.n.e${i + 1}.test.`}\n`,
        servers: [{ name: 'ns', behaviour: delayed(354) }],
      }),
    ),
    plainZone('victim.test.', { servers: [{ name: 'ns', behaviour: delayed(385) }] }),
  ]
}

t.test('a question that runs out of time leaves no mark on the zone it came to last', async (t) => {
  const world = makeWorld(slowAliases())
  const tookMs = await timed(world, 'a.n.e0.test')
  t.ok(tookMs <= QUERY_TIME_MS_MAX, `${tookMs} ms`)
  const sent = world.asked('ns.victim.test.')
  t.same(sent, ['www.victim.test. A'], 'it was on its way when time was over')
  t.equal(world.counts.get('limit limit-time'), 1)
  const failed = await world.askCached('a.n.e0.test')
  t.equal(failed.reason, 'limit-time')
  t.equal(failed.ttlSeconds, LIMIT_FAILURE_TTL_SECONDS, 'the question itself is not tried again for a moment')
  world.forget()
  const victim = await world.ask('www.victim.test', TYPE.A)
  t.equal(victim.rcode, RCODE.NOERROR, victim.ede?.text ?? '')
  t.same(
    world.asked('ns.victim.test.'),
    ['www.victim.test. A'],
    'asked with the patience that a server deserves',
  )
})

t.test('a server that was not given its time has not failed', async (t) => {
  const world = makeWorld(slowAliases())
  await world.ask('a.n.e0.test', TYPE.A)
  world.become(slowAliases().map((z) => ({ ...z, servers: [{ name: 'ns', behaviour: silent }] })))
  const second = UPSTREAM_TIMEOUT_MS_INITIAL
  t.equal(await timed(world, 'www.victim.test'), second + UPSTREAM_TIMEOUT_MS_MAX)
})

t.test('who waits for work of another that meets its limit goes on alone', async (t) => {
  const world = makeWorld(slowAliases())
  const first = world.resolver.resolve({
    name: nameFrom('a.n.e0.test'),
    type: TYPE.A,
    checkingDisabled: false,
  })
  await world.clock.runUntil(() => world.asked('ns.victim.test.').length > 0, 10_000)
  let answered = false
  const late = world.resolver.resolve({
    name: nameFrom('www.victim.test'),
    type: TYPE.A,
    checkingDisabled: false,
  })
  void late.then(() => {
    answered = true
  })
  await world.clock.runUntil(() => answered, 10_000)
  await first
  t.equal((await world.askCached('www.victim.test')).rcode, RCODE.NOERROR)
  t.equal((await world.askCached('a.n.e0.test')).rcode, RCODE.SERVFAIL)
})
