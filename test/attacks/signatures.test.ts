/** Faults that validators had with signatures: V07, V08, V16, V17, V19 to V22, V32, V34, V38. */
import { KEY_HANDLES_MAX } from '../../src/base/limits.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { importHandle, KeyTable } from '../../src/dnssec/keys.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { buildInternet, type LabInternet } from '../../src/lab/internet.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { alteredSignatures } from '../../src/lab/zone.ts'
import { quickestKeyImport } from '../../src/native/p256.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { foldName, type Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeEngine, type TestEngine } from '../support/engine.ts'
import { proofParameters } from '../support/proof.ts'
import { rrsetFrom } from '../support/records.ts'
import { makeKey, signed } from '../support/sign.ts'
import { CLOCK, catalogue, makeWorld, SIGNED, WWW, withTtl, zone } from '../support/world.ts'
import { wrongForms } from './odd-keys.ts'
import { overCompressing } from './over-compression.ts'
import { row, Tally } from './row.ts'
import { capitals, RESPELT, reordering, signerInCapitals, twice, wrongBeside } from './spellings.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }
const HOUR_DAYS = 1 / 24
const MINUTE_DAYS = HOUR_DAYS / 60

row('V07', async (t) => {
  const content = `${WWW}www A 192.0.2.81\n*.w CNAME www\n`
  const questions = [
    ['none.z.test', TYPE.A],
    ['www.z.test', TYPE.MX],
    ['a.w.z.test', TYPE.A],
    ['none.y.test', TYPE.A],
  ] as const
  let order: Random | undefined
  const servers = [{ name: 'ns', behaviour: reordering(() => order) }]
  const zones = [zone('z.test.', { content, servers }), zone('y.test.', { content, signing: NSEC3, servers })]
  const internet = buildInternet({ nowSeconds: CLOCK, zones: catalogue(zones) })
  const verdicts = async (): Promise<unknown[]> => {
    const engine = engineIn(internet, CLOCK)
    const found: unknown[] = []
    for (const [name, type] of questions) {
      const { status, rcode, ede } = await engine.ask(name, type)
      found.push([name, status, rcode, ede?.text])
    }
    return found
  }
  const expected = await verdicts()
  let same = 0
  for (let seed = 1; seed <= 100; seed++) {
    order = seededRandom(seed)
    const found = await verdicts()
    if (`${found}` === `${expected}`) same++
    else t.same(found, expected, `seed ${seed}`)
  }
  t.equal(same, 100)
  return `${same} of 100 orders, ${questions.length} denials and answers each`
})

row('V08', async (t) => {
  const tally = new Tally(t)
  const content = `${WWW}alias CNAME www\n@ MX 10 www\nsub NS ns.sub\nns.sub A 127.0.0.1\n`
  for (const [what, rewrite, status] of RESPELT) {
    const world = makeWorld([
      zone('z.test.', { content, defects: [signerInCapitals], rewrites: () => [rewrite] }),
    ])
    const found: string[] = []
    for (const [name, type] of [
      ['WwW.z.test', TYPE.A],
      ['alias.Z.test', TYPE.A],
      ['z.tEst', TYPE.MX],
      ['z.test', TYPE.SOA],
      ['z.test', TYPE.TXT],
    ] as const) {
      found.push((await world.ask(name, type)).status)
    }
    const denied = status === 'secure' ? 'secure' : 'bogus'
    tally.same(found, ['secure', 'secure', 'secure', 'secure', denied], what)
  }
  return `${tally} spellings`
})

row('V16', async (t) => {
  const tally = new Tally(t)
  const world = makeWorld([
    zone('z.test.', { content: `${WWW}www A 192.0.2.81\nalias CNAME www\n`, rewrites: () => [twice] }),
  ])
  for (const name of ['www.z.test', 'alias.z.test']) {
    const reply = await world.ask(name, TYPE.A)
    const count = reply.message.answer.filter(({ type }) => type === TYPE.A).length
    tally.same([reply.status, count], ['secure', 2], `${name} ${reply.ede?.text ?? ''}`)
  }
  // The same record in other letters is the same record to who verifies (RFC 4034 6.3).
  const recasing: Rewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) =>
      set.type === TYPE.MX
        ? { ...set, rdatas: set.rdatas.flatMap((rdata) => [rdata, capitals(2)(rdata)]) }
        : set,
    ),
  })
  const letters = makeWorld([zone('z.test.', { content: `${WWW}@ MX 10 www\n`, rewrites: () => [recasing] })])
  tally.same((await letters.ask('z.test', TYPE.MX)).status, 'secure', 'in other letters')
  tally.same(
    (await world.ask('z.test', TYPE.DNSKEY)).message.answer.filter(({ type }) => type === TYPE.DNSKEY).length,
    2,
    'keys',
  )
  return `${tally}`
})

row('V17', async (t) => {
  const tally = new Tally(t)
  let signatures = 0
  for (const wrongFirst of [true, false]) {
    const world = makeWorld([
      zone('z.test.', { content: `${WWW}www AAAA 2001:db8::1\n`, defects: [wrongBeside(wrongFirst)] }),
    ])
    for (const type of [TYPE.ANY, TYPE.A, TYPE.MX]) {
      const before = world.counts.get('signatures') ?? 0
      const reply = await world.ask('www.z.test', type)
      tally.same(reply.status, 'secure', `${formatType(type)} ${wrongFirst} ${reply.ede?.text ?? ''}`)
      signatures = Math.max(signatures, (world.counts.get('signatures') ?? 0) - before)
    }
  }
  t.ok(signatures <= 32)
  return `${tally} secure, at most ${signatures} verifications`
})

row('V19', async (t) => {
  const tally = new Tally(t)
  // Signed for five hours, so that a tenth of the lifetime is less than the least tolerance.
  const cases: readonly (readonly [what: string, days: readonly [number, number], ede: number])[] = [
    ['valid in 30 s', [MINUTE_DAYS / 2, 5 * HOUR_DAYS], EDE.SIGNATURE_NOT_YET_VALID],
    ['valid in 2 h', [2 * HOUR_DAYS, 7 * HOUR_DAYS], EDE.SIGNATURE_NOT_YET_VALID],
    ['expired 30 s ago', [-5 * HOUR_DAYS, -MINUTE_DAYS / 2], EDE.SIGNATURE_EXPIRED],
    ['expired 2 h ago', [-7 * HOUR_DAYS, -2 * HOUR_DAYS], EDE.SIGNATURE_EXPIRED],
  ]
  for (const [what, policy, valid] of [
    ['as set by default', {}, [true, false, true, false]],
    ['no tolerance', { skewSecondsMin: 0, skewSecondsMax: 0 }, [false, false, false, false]],
    ['three hours', { skewSecondsMin: 10_800, skewSecondsMax: 10_800 }, [true, true, true, true]],
  ] as const) {
    for (const [i, [when, days, ede]] of cases.entries()) {
      const world = makeWorld([zone('z.test.', { signing: { ...SIGNED, days } })], { policy })
      const reply = await world.ask('www.z.test', TYPE.A)
      tally.same(
        [reply.status, reply.ede?.code],
        valid[i] ? ['secure', undefined] : ['bogus', ede],
        `${what}: ${when}`,
      )
    }
  }
  return `${tally} times and tolerances`
})

/** An engine at a time, in an Internet that was signed around another, maybe. */
function engineIn(internet: LabInternet, unixSeconds: number): TestEngine {
  return makeEngine({
    unixSeconds,
    anchors: anchorsFromRecords(internet.trustAnchors),
    rootHints: hintsOf(internet.rootHints),
    network: (clock) => {
      const network = new LabNetwork({ clock })
      for (const [address, authority] of internet.authorities) network.attach(address, authority)
      return network
    },
  })
}

row('V20', async (t) => {
  const tally = new Tally(t)
  const day = 86_400
  const wrap = 2 ** 32
  const at = (text: string): number => Date.parse(text) / 1000
  // From ten days before to twenty after, with the usual tolerance of a day at most.
  for (const [what, now, signedAt, status] of [
    ['2038-01-19', at('2038-01-19T03:14:08Z'), at('2038-01-19T00:00:00Z'), 'secure'],
    ['just before 2106', wrap - 100, wrap, 'secure'],
    ['2106-02-07, past the end of 32 bits', wrap + 500, wrap, 'secure'],
    ['two weeks later', wrap + 14 * day, wrap, 'secure'],
    ['a month later', wrap + 30 * day, wrap, 'bogus'],
    ['a month before', wrap - 30 * day, wrap, 'bogus'],
  ] as const) {
    const internet = buildInternet({ nowSeconds: signedAt, zones: catalogue([zone('z.test.')]) })
    const engine = engineIn(internet, now)
    for (const round of ['cold', 'warm']) {
      const reply = await engine.ask('www.z.test', TYPE.A)
      tally.same(reply.status, status, `${what}, ${round}: ${reply.ede?.text ?? ''}`)
    }
    const denied = await engine.ask('none.z.test', TYPE.A)
    tally.same([denied.status, denied.rcode], [status, RCODE.NXDOMAIN], what)
  }
  return `${tally} at six times`
})

row('V21', async (t) => {
  const world = makeWorld([zone('z.test.', { signing: { ...SIGNED, days: [10, -10] } })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.same([reply.status, reply.ede?.code], ['bogus', EDE.SIGNATURE_EXPIRED_BEFORE_VALID])
  return `EDE ${reply.ede?.code}`
})

row('V22', async (t) => {
  const tally = new Tally(t)
  const policy = { skewSecondsMin: 0, skewSecondsMax: 0 }
  const day = 86_400
  const longest: number[] = []
  for (const [what, content, days, most] of [
    ['signed for 60 s', 'www 60 A 192.0.2.80\n', [-1, 20], 60],
    ['expires in 10 s', 'www 86400 A 192.0.2.80\n', [-1, 10 / day], 10],
    ['both', 'www 60 A 192.0.2.80\n', [-1, 10 / day], 10],
  ] as const) {
    const signing = { ...SIGNED, days }
    const world = makeWorld(
      [zone('z.test.', { content, signing, defects: [withTtl({ type: TYPE.A }, day)] })],
      { policy },
    )
    const { status, ttlSeconds, message } = await world.ask('www.z.test', TYPE.A)
    const ttls = message.answer.map((record) => record.ttlSeconds)
    longest.push(Math.max(ttlSeconds, ...ttls))
    tally.same([status, longest.at(-1)! <= most], ['secure', true], `${what}: ${longest.at(-1)}`)
    world.pass(most + 1)
    const later = await world.askCached('www.z.test')
    tally.same(later.status, most === 60 ? 'secure' : 'bogus', `${what}, when that is over`)
  }
  return `TTLs ${longest.join(', ')}`
})

row('V32', async (t) => {
  const tally = new Tally(t)
  const set = rrsetFrom('www.example. 3600 A 192.0.2.1\n')
  for (const [algorithm, importKey] of [
    [ALGORITHM.ECDSAP256SHA256, importHandle],
    [ALGORITHM.ECDSAP256SHA256, quickestKeyImport()],
    [ALGORITHM.ECDSAP384SHA384, importHandle],
  ] as const) {
    const key = makeKey('example', algorithm)
    const half = algorithm === ALGORITHM.ECDSAP256SHA256 ? 32 : 48
    const parameters = proofParameters({ keys: new KeyTable(KEY_HANDLES_MAX, importKey) })
    const outcome = (alter: (octets: Buffer) => Uint8Array): string =>
      checkRrset(signed(set, key, { alter }), { zone: key.zone, keys: [key.dnskey] }, parameters).status
    tally.same(
      outcome((octets) => octets),
      'secure',
      'raw r and s',
    )
    for (const [what, alter] of wrongForms(half)) {
      tally.same(outcome(alter), 'bogus', `algorithm ${algorithm}: ${what}`)
    }
  }
  return `${tally}`
})

row('V34', async (t) => {
  const tally = new Tally(t)
  const content = '* A 192.0.2.1\na.*.b A 192.0.2.2\n\\*c A 192.0.2.3\n*.d A 192.0.2.4\n'
  const world = makeWorld([zone('z.test.', { content })])
  for (const [name, octet] of [
    ['*.z.test', 1],
    ['x.z.test', 1],
    ['*.x.z.test', 1],
    ['x.y.z.test', 1],
    ['a.*.b.z.test', 2],
    ['*c.z.test', 3],
    ['*.d.z.test', 4],
  ] as const) {
    const reply = await world.ask(name, TYPE.A)
    const address = reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata[3]
    tally.same([reply.status, address], ['secure', octet], `${name} ${reply.ede?.text ?? ''}`)
  }
  tally.same((await world.ask('.', TYPE.SOA)).status, 'secure', 'the root')
  tally.same(
    (await world.ask('a.*.d.z.test', TYPE.A)).rcode,
    RCODE.NXDOMAIN,
    'a star that was asked for makes nothing below it',
  )
  const bad = makeWorld([
    zone('z.test.', {
      content,
      defects: [alteredSignatures({ type: TYPE.A }, (rdata) => rdata.with(3, rdata[3]! + 1))],
    }),
  ])
  for (const name of ['*.z.test', 'a.*.b.z.test']) {
    tally.same((await bad.ask(name, TYPE.A)).status, 'bogus', `${name} with a label more`)
  }
  return `${tally} names`
})

row('V38', async (t) => {
  const tally = new Tally(t)
  const content = `${WWW}_s._tcp SRV 1 2 53 www\n`
  const world = makeWorld([
    zone('z.test.', { content, servers: [{ name: 'ns', behaviour: overCompressing('z.test') }] }),
  ])
  for (const [name, type, rcode] of [
    ['www.z.test', TYPE.A, RCODE.NOERROR],
    ['_s._tcp.z.test', TYPE.SRV, RCODE.NOERROR],
    ['none.z.test', TYPE.A, RCODE.NXDOMAIN],
    ['www.z.test', TYPE.MX, RCODE.NOERROR],
  ] as const) {
    const reply = await world.ask(name, type)
    tally.same([reply.status, reply.rcode], ['secure', rcode], `${name} ${reply.ede?.text ?? ''}`)
  }
  const srv = (await world.ask('_s._tcp.z.test', TYPE.SRV)).message.answer.find(
    ({ type }) => type === TYPE.SRV,
  )!
  tally.same([...foldName(srv.rdata.subarray(6) as Name)], [...nameFrom('www.z.test')], 'given on in full')
  return `${tally}`
})
