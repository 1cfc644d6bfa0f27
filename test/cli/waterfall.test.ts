import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { exchangesOf, formatWaterfall, waitedMs } from '../../src/cli/waterfall.ts'
import type { Exchange } from '../../src/resolver/ports.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

function exchange(startMs: number, rttMs: number, change: Partial<Exchange> = {}): Exchange {
  return {
    ...{
      kind: 'exchange',
      startMs,
      rttMs,
      timeoutMs: 200,
      transport: 'udp',
      octets: 120,
      outcome: 'rcode 0',
    },
    ...{ server: { address: parseAddress('192.0.2.1')!, port: 53 }, zone: nameFrom('se'), type: 1 },
    name: nameFrom('www.example.se'),
    ...change,
  }
}

const LATE = { octets: 0, outcome: 'late', server: { address: parseAddress('2001:db8::1')!, port: 53 } }

t.test('bars over time, in the order in which questions were sent', (t) => {
  const link = { kind: 'link' } as never
  const trace = [
    exchange(1_050, 25),
    link,
    exchange(1_000, 75, LATE),
    exchange(1_080, 20, { type: 48, octets: 1_100 }),
  ]
  t.same(formatWaterfall(exchangesOf(trace), 1_000, 100), [
    'at ms  took ms  of ms                                      server          by   octets  outcome  question',
    '  0.0     75.0    200  |........................        |  2001:db8::1@53  UDP          late     www.example.se. A of se.',
    ' 50.0     25.0    200  |                ========        |  192.0.2.1@53    UDP     120  NOERROR  www.example.se. A of se.',
    ' 80.0     20.0    200  |                          ======|  192.0.2.1@53    UDP    1100  NOERROR  www.example.se. DNSKEY of se.',
  ])
  t.end()
})

t.test('what took no time has a place, and nothing leaves the frame', (t) => {
  for (const exchanges of [[exchange(0, 0)], [exchange(100, 0)], [exchange(99.99, 5)], [exchange(0, 500)]]) {
    const [, line] = formatWaterfall(exchanges, 0, 100)
    t.match(line, /\| *=+ *\|/)
    t.equal(/\|([ =]*)\|/.exec(line!)?.[1]?.length, 32)
  }
  t.match(formatWaterfall([exchange(0, 0)], 0, 0)[1], '|=')
  t.same(formatWaterfall([], 0, 100), [])
  t.end()
})

t.test('time in which something was out counts once', (t) => {
  t.equal(waitedMs([]), 0)
  t.equal(waitedMs([exchange(0, 10), exchange(5, 10), exchange(6, 2), exchange(20, 5)]), 20)
  t.end()
})
