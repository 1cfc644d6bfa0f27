/**
 * Whatever strangers bring, however many kinds of it: no table grows beyond its bound. The whole heap is looked through for
 * collections, so that a table nobody thought of is found as well.
 */
import t from 'tap'
import { endpointKey } from '../../src/base/address.ts'
import {
  DENIAL_ZONES_MAX,
  FAILURES_REMEMBERED_MAX,
  KEY_HANDLES_MAX,
  SERVERS_REMEMBERED_MAX,
  SET_ASIDE_MAX,
  ZONES_TRUSTED_MAX,
} from '../../src/base/limits.ts'
import { mapKey } from '../../src/base/octets.ts'
import { DenialRanges } from '../../src/cache/denial-ranges.ts'
import { ExpiringTable } from '../../src/cache/expiring-table.ts'
import { FailureCache } from '../../src/cache/failure-cache.ts'
import { ServerTable } from '../../src/cache/server-table.ts'
import { SetAside } from '../../src/daemon/threads/set-aside.ts'
import { KeyTable } from '../../src/dnssec/keys.ts'
import { lame, silent } from '../../src/lab/behaviours.ts'
import { LimitCauses } from '../../src/telemetry/limit-causes.ts'
import { FailingDomains } from '../../src/telemetry/report/failing-domains.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { lastLabels, type Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { largeCollections } from '../support/heap-collections.ts'
import { makeWorld, plainZone, WWW, zone } from '../support/world.ts'

const STREAM = 100_000
/** The largest bound of all by count. */
const LARGEST = Math.max(SERVERS_REMEMBERED_MAX, ZONES_TRUSTED_MAX)

const nowMs = (): number => 1_000

function address(i: number): Uint8Array {
  return Uint8Array.of(10, i >> 16, (i >> 8) & 255, i & 255)
}

function name(i: number): Name {
  return nameFrom(`n${i}.test`)
}

t.test(`${STREAM} of everything that a table is kept by`, { timeout: 120_000 }, (t) => {
  const servers = new ServerTable({ nowMs })
  const failures = new FailureCache({ nowMs })
  const trust = new ExpiringTable<number>({ max: ZONES_TRUSTED_MAX, nowMs })
  const denials = new DenialRanges({ nowMs })
  const keys = new KeyTable(KEY_HANDLES_MAX, () => ({ verifies: () => false }) as never)
  const setAside = new SetAside()
  const causes = new LimitCauses()
  const domains = new FailingDomains()
  const cookie = { code: OPTION.COOKIE, octets: new Uint8Array(16) }
  for (let i = 0; i < STREAM; i++) {
    const owner = name(i)
    const at = { address: address(i), port: 53 }
    servers.replied(at, 10)
    servers.timedOut(at)
    servers.setCookie(at, cookie)
    servers.setLame(endpointKey(at), owner)
    failures.add(owner, TYPE.A, 'lame-servers', '')
    trust.set(mapKey(owner), i, 60_000)
    denials.add({ zone: owner, records: [], soa: undefined }, 1)
    const key = new Uint8Array(36)
    key.set([1, 0, 3, 15])
    key.set(address(i), 8)
    keys.handle(parseDnskey(key)!)
    setAside.add({ name: owner, type: TYPE.A }, nowMs())
    causes.add('signatures', owner)
    causes.add('waiting', address(i))
    domains.of(`n${i}.test.`)
  }
  t.ok(setAside.list.length <= SET_ASIDE_MAX, `${setAside.list.length} set aside`)
  t.ok(FAILURES_REMEMBERED_MAX < LARGEST && KEY_HANDLES_MAX < LARGEST && DENIAL_ZONES_MAX < LARGEST)
  // One that has none shows that the look would find it.
  const unbounded = new Set<number>()
  while (unbounded.size <= LARGEST) unbounded.add(unbounded.size)
  t.same(
    largeCollections(LARGEST),
    { Array: [], Map: [], Set: [unbounded.size] },
    'nothing else on the heap is larger than the largest bound',
  )
  t.ok(
    servers.mayAsk({ address: address(STREAM - 1), port: 53 }) !== undefined &&
      trust.size === ZONES_TRUSTED_MAX,
  )
  t.end()
})

/** What an engine of tests has in each table. */
const ENTRIES = 1_000
const ZONES = 1_250

t.test('an engine that meets new zones, servers and names all the time', { timeout: 120_000 }, async (t) => {
  const world = makeWorld([
    plainZone('test.', {
      content: '',
      rewrites: () => [
        (answer, question) => {
          const child = lastLabels(question.name, 2)
          const number = /^z(\d+)$/.exec(Buffer.from(child.subarray(1, 1 + child[0]!)).toString())?.[1]
          if (number === undefined) return answer
          const ns = nameFrom(`ns${number}.z${number}.test`)
          const set = (owner: Name, type: number, rdata: Uint8Array) =>
            ({ owner, type, class: 1, ttlSeconds: 3_600, rdatas: [rdata], signatures: [] }) as const
          return {
            rcode: RCODE.NOERROR,
            authoritative: false,
            answer: [],
            authority: [set(child, TYPE.NS, ns)],
            additional: [set(ns, TYPE.A, address(Number(number)))],
          }
        },
      ],
    }),
    zone('signed.', { content: `${WWW}*.w TXT "any"\n` }),
  ])
  for (let i = 0; i < ZONES; i++) {
    world.network.attach(
      [...address(i)].join('.'),
      (i % 50 === 0 ? silent : lame)(() => []),
    )
  }
  const before = largeCollections(ENTRIES)
  for (let i = 0; i < ZONES; i += 250) {
    const numbers = Array.from({ length: 250 }, (_, j) => i + j)
    await world.askAll(numbers.map((n) => [`www.z${n}.test`]))
    await world.askAll(numbers.map((n) => [`x${n}.signed`]))
    await world.askAll(numbers.map((n) => [`x${n}.w.signed`, TYPE.TXT]))
  }
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
  // What is left of promises goes with a look and the turns after it: the test runner follows them all.
  largeCollections(ENTRIES)
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  const after = largeCollections(ENTRIES)
  // What the network of the test writes down of the questions is the test's own.
  const { length } = world.network.sent
  for (const kind of ['Map', 'Set', 'Array'] as const) {
    const grown = after[kind].filter((size) => size !== length && !before[kind].includes(size))
    t.same(grown, [], `${kind}: none has grown beyond ${ENTRIES}`)
  }
  t.end()
})
