/** DNS cookies towards clients: RFC 7873 5.2 and 5.4, RFC 9018 4. */
import t, { type Test } from 'tap'
import { formatHex, octetsFromHex } from '../../src/base/octets.ts'
import { ClientCookies, type CookieMode } from '../../src/front/client-cookies.ts'
import type { RateLimit } from '../../src/front/hooks.ts'
import { Query } from '../../src/front/query.ts'
import { CookieSecrets } from '../../src/policy/cookie-secrets.ts'
import { RATE, type RateVerdict } from '../../src/policy/rate-limits.ts'
import { type EdnsOption, findOption } from '../../src/wire/edns.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { OPCODE } from '../../src/wire/iana/opcode.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { type Bench, bench, client, parts, type QueryForm, query } from './service-under-test.ts'

const CLIENT_COOKIE = octetsFromHex('2464c4abcf10c957')!
const SECRET = octetsFromHex('e5e973e5a6b2a43f48e7dc849e37bfcf')!
const OTHER_SECRET = octetsFromHex('445536bcd2513298075a5d379663c962')!
/** RFC 9018 4.3. */
const [RENEWED_SECONDS, OLD_SECONDS, AHEAD_SECONDS] = [1_800, 3_600, 300]

function secretsOf(...secrets: Uint8Array[]): CookieSecrets {
  const made = new CookieSecrets()
  made.set(secrets)
  return made
}

/** What a cookie in hex, shown at a time, is found to be, and the whole option that goes back. */
function judged(
  secrets: CookieSecrets,
  shown: string,
  address: string,
  unixSeconds: number,
): [outcome: string, given: string] {
  const cookies = new ClientCookies(secrets, () => unixSeconds, { clientCookie: () => {} })
  cookies.configure('on')
  const asked = new Query()
  const octets = octetsFromHex(shown)!
  cookies.judge(
    asked,
    Uint8Array.of(99, ...octets),
    1,
    octets.length,
    client('udp', address),
    new Float64Array(1),
  )
  return [asked.cookieOutcome, formatHex(asked.cookie)]
}

t.test('RFC 9018 Appendix A', async (t) => {
  const a = secretsOf(SECRET)
  t.same(judged(a, '2464c4abcf10c957', '198.51.100.100', 1_559_731_985), [
    'new',
    '2464c4abcf10c957010000005cf79f111f8130c3eee29480',
  ])
  t.same(
    judged(a, '2464c4abcf10c957010000005cf79f111f8130c3eee29480', '198.51.100.100', 1_559_734_385),
    ['good', '2464c4abcf10c957010000005cf7a871d4a564a1442aca77'],
    'renewed after forty minutes',
  )
  const reserved = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5'
  t.same(
    judged(a, reserved, '203.0.113.203', 1_559_734_700),
    ['outdated', 'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e'],
    'an old one, whose reserved octets are not zero',
  )
  t.same(
    judged(a, reserved, '203.0.113.203', 1_559_728_000),
    ['good', reserved],
    'the same while it is young: reserved octets count as they come',
  )
  const rolled = secretsOf(OTHER_SECRET, octetsFromHex('dd3bdf9344b678b185a6f5cb60fca715')!)
  t.same(
    judged(
      rolled,
      '22681ab97d52c298010000005cf7c57926556bd0934c72f8',
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      1_559_741_961,
    ),
    ['good', '22681ab97d52c298010000005cf7c609a6bb79d16625507a'],
    'IPv6, made with the secret before',
  )
})

t.test('every octet of a cookie and of the address counts', async (t) => {
  const secrets = secretsOf(SECRET)
  const nowSeconds = 1_800_000_000
  for (const address of ['198.51.100.100', '2001:db8::1']) {
    const [, cookie] = judged(secrets, '2464c4abcf10c957', address, nowSeconds)
    t.equal(judged(secrets, cookie, address, nowSeconds)[0], 'good')
    for (let bit = 0; bit < 8 * 24; bit++) {
      const changed = octetsFromHex(cookie)!
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const [outcome] = judged(secrets, formatHex(changed), address, nowSeconds)
      if (outcome !== 'bad' && outcome !== 'outdated') t.fail(`bit ${bit}: ${outcome}`)
    }
    t.equal(judged(secrets, cookie, '198.51.100.101', nowSeconds)[0], 'bad')
    t.equal(judged(secretsOf(OTHER_SECRET), cookie, address, nowSeconds)[0], 'bad')
  }
})

t.test('when a cookie is valid, and when it is renewed', async (t) => {
  const secrets = secretsOf(SECRET)
  // Before and after 2^31 and 2^32 seconds.
  for (const madeSeconds of [1_800_000_000, 2 ** 31 - 200, 2 ** 32 - 200]) {
    const [, cookie] = judged(secrets, '2464c4abcf10c957', '127.0.0.1', madeSeconds)
    for (const [ageSeconds, outcome, isNew] of [
      [0, 'good', false],
      [RENEWED_SECONDS, 'good', false],
      [RENEWED_SECONDS + 1, 'good', true],
      [OLD_SECONDS, 'good', true],
      [OLD_SECONDS + 1, 'outdated', true],
      [-AHEAD_SECONDS, 'good', false],
      [-AHEAD_SECONDS - 1, 'outdated', true],
    ] as const) {
      const [found, given] = judged(secrets, cookie, '127.0.0.1', madeSeconds + ageSeconds)
      t.same([found, given !== cookie], [outcome, isNew], `${ageSeconds} s after ${madeSeconds}`)
    }
  }
})

t.test('a roll-over is seen by every thread, and takes no cookie from anybody', async (t) => {
  const written = secretsOf(SECRET)
  const read = new CookieSecrets(written.memory)
  const [, old] = judged(read, '2464c4abcf10c957', '127.0.0.1', 1_800_000_000)
  written.set([OTHER_SECRET, SECRET])
  const [outcome, renewed] = judged(read, old, '127.0.0.1', 1_800_000_001)
  t.same([outcome, renewed !== old], ['good', true], 'accepted, and exchanged for one of the new secret')
  t.same(judged(read, renewed, '127.0.0.1', 1_800_000_002), ['good', renewed])
  written.set([OTHER_SECRET])
  t.equal(judged(read, old, '127.0.0.1', 1_800_000_003)[0], 'bad')
  t.equal(judged(read, renewed, '127.0.0.1', 1_800_000_003)[0], 'good')
  const words = new Int32Array(written.memory)
  words.fill(0, 1)
  words[0]!++
  t.equal(judged(read, renewed, '127.0.0.1', 1_800_000_003)[0], 'good', 'half a change is none')
})

// --- in the service ---------------------------------------------------------------------------------------------------

/** Notes of each question whether its address was proven, and says what it is told to say. */
class Watch implements RateLimit {
  readonly proven: boolean[] = []
  verdict: RateVerdict = RATE.PASS

  judge(_client: unknown, { addressProven }: Query): RateVerdict {
    this.proven.push(addressProven)
    return this.verdict
  }

  judgeRecursion(): RateVerdict {
    return RATE.PASS
  }
}

function cookieBench(hitPath: boolean, cookies: CookieMode = 'on'): { it: Bench; watch: Watch } {
  const watch = new Watch()
  const it = bench({ cookies }, { cookieSecrets: secretsOf(SECRET), rateLimit: watch, hitPath })
  it.store(parts({ ttlSeconds: 86_400 }))
  return { it, watch }
}

function asking(cookie: Uint8Array | undefined, form: QueryForm = {}): Uint8Array {
  const options: EdnsOption[] = cookie === undefined ? [] : [{ code: OPTION.COOKIE, octets: cookie }]
  return query({ ...form, options })
}

function cookieOf({ edns }: Message): Uint8Array | undefined {
  return edns && findOption(edns, OPTION.COOKIE)?.octets
}

/** On the hit path, and where the slow one does all. */
function onBothPaths(name: string, run: (t: Test, hitPath: boolean) => Promise<void>): void {
  for (const hitPath of [true, false]) {
    t.test(`${name}: ${hitPath ? 'hit' : 'slow'} path`, (t) => run(t, hitPath))
  }
}

onBothPaths('a client gets a cookie, and is known by it', async (t, hitPath) => {
  const { it, watch } = cookieBench(hitPath)
  const first = await it.message(asking(CLIENT_COOKIE))
  const given = cookieOf(first)!
  t.same([first.rcode, first.answer.length, given.length], [RCODE.NOERROR, 1, 24])
  t.same(given.subarray(0, 8), CLIENT_COOKIE)
  const second = await it.message(asking(given))
  t.same([second.answer.length, cookieOf(second)], [1, given])
  t.same(cookieOf(await it.message(asking(given), client('udp', '127.0.0.2')))?.length, 24, "another's")
  t.equal(cookieOf(await it.message(asking(undefined))), undefined, 'not for who shows none')
  t.equal((await it.message(query())).edns, undefined)
  t.same(watch.proven, [false, true, false, false, false])
  it.clock.advance((RENEWED_SECONDS + 1) * 1000)
  const renewed = cookieOf(await it.message(asking(given)))!
  t.not(formatHex(renewed), formatHex(given))
  it.clock.advance((OLD_SECONDS + 1) * 1000)
  t.equal((await it.message(asking(renewed))).answer.length, 1, 'answered as if without one')
  t.same(watch.proven.slice(-2), [true, false])
  const counts = ['new', 'good', 'bad', 'outdated'].map((outcome) => it.counters.get(`cookie ${outcome}`))
  t.same(counts, [1, 2, 1, 1])
  t.equal(it.counters.get('hit'), 7)
  t.equal(watch.proven.length, 7)
  await it.message(asking(new Uint8Array(24)), client('tcp'))
  t.equal(watch.proven.at(-1), true, 'by TCP whatever is shown')
})

onBothPaths('lengths, and more than one option', async (t, hitPath) => {
  const { it } = cookieBench(hitPath)
  for (let octets = 0; octets <= 44; octets++) {
    const message = await it.message(asking(new Uint8Array(octets)))
    const isAllowed = octets === 8 || (octets >= 16 && octets <= 40)
    const found = [message.rcode, message.answer.length, cookieOf(message)?.length]
    t.same(found, isAllowed ? [RCODE.NOERROR, 1, 24] : [RCODE.FORMERR, 0, undefined], `${octets} octets`)
  }
  const two = [CLIENT_COOKIE, new Uint8Array(3)].map((octets) => ({ code: OPTION.COOKIE, octets }))
  t.same(
    cookieOf(await it.message(query({ options: two })))?.subarray(0, 8),
    CLIENT_COOKIE,
    'the first counts',
  )
  t.equal((await it.message(query({ options: two.reverse() }))).rcode, RCODE.FORMERR)
  t.equal(it.counters.get('cookie malformed'), 20)
})

onBothPaths('off: the option is passed over, whatever is in it', async (t, hitPath) => {
  const { it, watch } = cookieBench(hitPath, 'off')
  for (const octets of [0, 8, 24, 50]) {
    const message = await it.message(asking(new Uint8Array(octets)))
    t.same([message.rcode, message.answer.length, message.edns?.options], [RCODE.NOERROR, 1, []])
  }
  t.same(watch.proven, [false, false, false, false])
  const counted = [...it.counters.counts.keys()].filter((name) => name.startsWith('cookie'))
  t.same(counted, [])
})

onBothPaths('the cookie counts against the size of the reply', async (t, hitPath) => {
  const { it } = cookieBench(hitPath)
  const { question } = parts()
  const texts = Array.from({ length: 2 }, (_, i) => `www.example.se. 300 IN TXT ${'x'.repeat(215 + i)}`)
  it.store(parts({ question: { ...question, type: TYPE.TXT }, zone: `${texts.join('\n')}\n` }))
  const asked = { type: TYPE.TXT, payload: 512 }
  const without = (await it.ask(query(asked))) as Uint8Array
  t.ok(without.length > 512 - 28 && without.length <= 512, `${without.length} octets`)
  t.equal(parseMessage(without).tc, false)
  const message = await it.message(asking(CLIENT_COOKIE, asked))
  t.same([message.tc, message.answer.length, cookieOf(message)?.length], [true, 0, 24])
  t.equal((await it.message(asking(CLIENT_COOKIE, { ...asked, payload: 1232 }))).answer.length, 2)
})

onBothPaths('who asks too much is told to show its cookie, or to come by TCP', async (t, hitPath) => {
  const { it, watch } = cookieBench(hitPath)
  watch.verdict = RATE.TRUNCATE
  const told = await it.message(asking(CLIENT_COOKIE))
  t.same([told.rcode, told.tc, told.answer.length], [RCODE.BADCOOKIE, false, 0])
  const given = cookieOf(told)!
  t.equal(given.length, 24)
  for (const octets of [asking(undefined), query(), asking(given)]) {
    const { rcode, tc } = await it.message(octets)
    t.same([rcode, tc], [RCODE.NOERROR, true])
  }
  t.equal(it.counters.get('answer 23 local'), 1)
  t.equal(it.counters.get('answer 0 local'), 3)
  watch.verdict = RATE.DROP
  t.equal(await it.ask(asking(CLIENT_COOKIE)), 'silence')
})

onBothPaths('required: who knows of cookies has to show one, by UDP', async (t, hitPath) => {
  const { it } = cookieBench(hitPath, 'required')
  for (const cookie of [CLIENT_COOKIE, new Uint8Array(24)]) {
    const told = await it.message(asking(cookie))
    t.same([told.rcode, told.tc, told.answer.length], [RCODE.BADCOOKIE, false, 0])
    const answered = await it.message(asking(cookieOf(told)!))
    t.same([answered.rcode, answered.answer.length], [RCODE.NOERROR, 1])
  }
  t.equal((await it.message(query())).answer.length, 1, 'who knows of none')
  t.equal((await it.message(asking(CLIENT_COOKIE), client('tcp'))).answer.length, 1, 'by TCP')
  t.equal(it.counters.get('answer 23 local'), 2)
  t.equal(it.counters.get('query udp') + it.counters.get('query tcp'), 6)
})

t.test(
  'every reply has it, whatever the rcode; a later version of EDNS may mean something else',
  async (t) => {
    const { it } = cookieBench(true)
    const refused = await it.message(asking(CLIENT_COOKIE), client('udp', '192.0.2.1'))
    t.same([refused.rcode, cookieOf(refused)?.length], [RCODE.REFUSED, 24])
    const notify = asking(CLIENT_COOKIE)
    notify[2] = OPCODE.NOTIFY << 3
    const unknown = await it.message(notify)
    t.same([unknown.rcode, cookieOf(unknown)?.length], [RCODE.NOTIMP, 24])
    it.resolve = () => Promise.reject(new Error('broken'))
    const failed = await it.message(asking(CLIENT_COOKIE, { name: 'other.example.se.' }))
    t.same([failed.rcode, cookieOf(failed)?.length], [RCODE.SERVFAIL, 24])
    const later = await it.message(asking(CLIENT_COOKIE, { version: 1 }))
    t.same([later.rcode, cookieOf(later)], [RCODE.BADVERS, undefined])
    const odd = await it.message(asking(new Uint8Array(3)), client('udp', '192.0.2.1'))
    t.equal(odd.rcode, RCODE.REFUSED, 'who may not ask is not told what is malformed')
  },
)

t.test('a miss: the reply that comes later has the cookie of its question', async (t) => {
  const { it, watch } = cookieBench(true)
  const other = Uint8Array.from(CLIENT_COOKIE, (octet) => octet ^ 0xff)
  const [first, second] = await Promise.all([
    it.message(asking(CLIENT_COOKIE, { name: 'one.example.se.' })),
    it.message(asking(other, { name: 'two.example.se.' })),
  ])
  t.same(cookieOf(first)?.subarray(0, 8), CLIENT_COOKIE)
  t.same(cookieOf(second)?.subarray(0, 8), other)
  t.equal(it.counters.get('cookie new'), 2, 'counted once a question')
  t.equal(watch.proven.length, 2)
})

t.test('no question beside a cookie (RFC 7873 5.4)', async (t) => {
  const { it } = cookieBench(true)
  const questionOctets = query().length - 12
  const bare = (cookie: Uint8Array): Uint8Array => {
    const octets = asking(cookie)
    octets[5] = 0
    return Uint8Array.of(...octets.subarray(0, 12), ...octets.subarray(12 + questionOctets))
  }
  const asked = async (cookie: Uint8Array): Promise<[number, number, Uint8Array | undefined]> => {
    const message = await it.message(bare(cookie))
    return [message.rcode, message.questions.length, cookieOf(message)]
  }
  const [rcode, questions, given] = await asked(CLIENT_COOKIE)
  t.same([rcode, questions, given?.length], [RCODE.NOERROR, 0, 24])
  t.same(await asked(given!), [RCODE.NOERROR, 0, given], 'confirmed')
  const [refused, , another] = await asked(new Uint8Array(24))
  t.same([refused, another?.length], [RCODE.BADCOOKIE, 24])
  it.clock.advance((OLD_SECONDS + 1) * 1000)
  t.equal((await asked(given!))[0], RCODE.BADCOOKIE)
  for (const octets of [0, 7, 9, 15, 41]) t.equal((await asked(new Uint8Array(octets)))[0], RCODE.FORMERR)
  const off = cookieBench(true, 'off')
  t.equal((await off.it.message(bare(CLIENT_COOKIE))).rcode, RCODE.FORMERR)
  t.same([...it.asked, ...off.it.asked], [])
})
