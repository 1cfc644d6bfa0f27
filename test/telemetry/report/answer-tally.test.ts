/** What threads count of answers, and the report that their counts make. */
import t from 'tap'
import { drawHashKey, hashWords, isInShare } from '../../../src/base/keyed-hash.ts'
import { REPORT_DOMAINS_MAX, REPORT_SECONDS_MAX } from '../../../src/base/limits.ts'
import { seededRandom } from '../../../src/base/random.ts'
import { type AnswerParts, writeAnswerEntry } from '../../../src/cache/answer-entry.ts'
import { REASONS, type Reason } from '../../../src/dnssec/reasons.ts'
import { AnswerTally, type BogusOutcome } from '../../../src/telemetry/report/answer-tally.ts'
import { DistinctClients } from '../../../src/telemetry/report/distinct-clients.ts'
import { registeredDomain } from '../../../src/telemetry/report/registered-domain.ts'
import type { AddressTrial, DomainCheck, ReportData } from '../../../src/telemetry/report/report-data.ts'
import { reportView } from '../../../src/telemetry/report/report-view.ts'
import { RolloutReport } from '../../../src/telemetry/report/rollout-report.ts'
import { CLASS } from '../../../src/wire/iana/class.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../../src/wire/name-text.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z') / 1000

function entry(name: string, status: AnswerParts['status'], more: Partial<AnswerParts> = {}): Uint8Array {
  const parts: AnswerParts = {
    question: { name: nameFrom(name), type: TYPE.A, class: CLASS.IN },
    rcode: 0,
    answer: [],
    authority: [],
    status,
    reason: REASONS['not-judged'].number,
    ede: [],
    policySequence: 1,
    ttlSeconds: 60,
    authenticated: false,
    ...more,
  }
  return writeAnswerEntry(parts, 0)
}

function bogus(
  name: string,
  zone: string,
  reason: Reason = 'signature-expired',
  type: number = TYPE.A,
): Uint8Array {
  const { number, ede, text } = REASONS[reason]
  return entry(name, 'bogus', {
    reason: number,
    ede: [{ code: ede!, text }],
    link: { zone: nameFrom(zone), type },
  })
}

const key = drawHashKey(seededRandom(11))
const client = (n: number): number => hashWords(key, Int32Array.of(n), 4)

interface Counting {
  now: number
  readonly tally: AnswerTally
  count(octets: Uint8Array, n?: number, outcome?: BogusOutcome): void
}

function counting(): Counting {
  const time = { now: NOW }
  const tally = new AnswerTally(() => time.now)
  // As in the memory of a cache, an entry begins anywhere.
  const count: Counting['count'] = (octets, n = 1, outcome = 'given') => {
    const memory = new Uint8Array(octets.length + 24)
    memory.set(octets, 8)
    tally.count(memory, 8, client(n), outcome)
  }
  return Object.assign(time, { tally, count })
}

t.test('a registered domain is what somebody has registered', (t) => {
  const cases = {
    'www.example.co.uk.': 'example.co.uk.',
    'A.B.Example.COM.': 'example.com.',
    'example.com.': 'example.com.',
    'com.': 'com.',
    'co.uk.': 'co.uk.',
    '.': '.',
    'x.y.github.io.': 'github.io.',
    'www.city.kawasaki.jp.': 'city.kawasaki.jp.',
    'a.b.xn--55qx5d.cn.': 'b.xn--55qx5d.cn.',
    'host.unheard-of.': 'host.unheard-of.',
    '_443._tcp.www.example.net.': 'example.net.',
    'a\\.b.c\\000d.example.org.': 'example.org.',
    'www.a\\.b.org.': 'a\\.b.org.',
  }
  for (const [name, domain] of Object.entries(cases))
    t.equal(formatName(registeredDomain(nameFrom(name))), domain, name)
  t.end()
})

t.test('verdicts, top-level domains and clients', (t) => {
  const { count, tally } = counting()
  t.equal(tally.take(), undefined, 'nothing is nothing')
  count(entry('a.example.se.', 'secure'), 1)
  count(entry('b.example.se.', 'secure'), 2)
  count(entry('plain.se.', 'insecure'), 2)
  count(entry('plain.COM.', 'insecure'), 3)
  count(entry('none.se.', 'secure', { rcode: 3 }), 3)
  count(entry('.', 'secure'), 3)
  count(entry('new.se.', 'indeterminate'), 4)
  const data = tally.take()!
  t.same(data.verdicts, { secure: 4, insecure: 2, bogus: 0, indeterminate: 1 })
  t.same(
    [...data.tlds].sort((a, b) => (a.tld < b.tld ? -1 : 1)),
    [
      { tld: 'com.', signed: 0, unsigned: 1 },
      { tld: 'se.', signed: 2, unsigned: 1 },
    ],
    'answers with data alone',
  )
  t.equal(DistinctClients.decode(data.clients)!.count, 4)
  t.same([data.domains, data.unchecked], [[], 0])
  t.equal(tally.take(), undefined, 'it begins anew')
  t.end()
})

t.test('a fault names the type that its text names', (t) => {
  const it = counting()
  const typeOf = (text: string, type: number): string => {
    const ede = [{ code: 6, text }]
    const link = { zone: nameFrom('outage.'), type }
    it.count(entry('www.outage.', 'bogus', { reason: REASONS['signature-wrong'].number, ede, link }))
    const [fault] = reportView(it.tally.take()! as ReportData, NOW).domains[0]!.faults
    t.match(fault!.fix, `The signatures over ${fault!.type} in outage.`)
    return fault!.type
  }
  t.equal(typeOf('outage. SOA: RRSIG by tag 7 does not fit', TYPE.A), 'SOA')
  t.equal(typeOf('no RRSIG over x.outage. NSEC3, and outage. is signed', TYPE.A), 'NSEC3')
  t.equal(typeOf('www.outage. A: RRSIG by tag 7 does not fit', TYPE.A), 'A')
  t.equal(typeOf('outage. proves nothing', TYPE.MX), 'MX')
  t.equal(typeOf('outage. DS: no key fits', TYPE.DNSKEY), 'DNSKEY', 'the chain is told by its link')
  t.end()
})

t.test('a failing domain: who, what, when, how often', (t) => {
  const it = counting()
  it.count(bogus('www.bank.se.', 'bank.se.'), 1, 'refused')
  it.now += 60
  it.count(bogus('www.bank.se.', 'bank.se.'), 2)
  it.count(bogus('mail.bank.se.', 'bank.se.', 'dnskey-missing', TYPE.DNSKEY), 2)
  it.count(bogus('www.bank.se.', 'bank.se.'), 3, 'unchecked')
  // An alias leads to the zone that is broken.
  it.count(bogus('www.shop.com.', 'cdn.bank.se.'), 9)
  const { domains, verdicts, unchecked } = it.tally.take()!
  t.same([verdicts.bogus, unchecked, domains.length], [5, 1, 1])
  const { clients, ...rest } = domains[0]!
  t.equal(DistinctClients.decode(clients)!.count, 3)
  const expired = { type: 'A', reason: 'signature-expired', ede: 7, text: 'the signature has expired' }
  t.same(rest, {
    domain: 'bank.se.',
    queries: 4,
    refused: 1,
    faults: [
      { zone: 'bank.se.', ...expired, queries: 2 },
      {
        zone: 'bank.se.',
        type: 'DNSKEY',
        reason: 'dnskey-missing',
        ede: 9,
        text: REASONS['dnskey-missing'].text,
        queries: 1,
      },
      { zone: 'cdn.bank.se.', ...expired, queries: 1 },
    ],
    names: [
      { name: 'www.bank.se.', type: 'A', queries: 2 },
      { name: 'mail.bank.se.', type: 'A', queries: 1 },
      { name: 'www.shop.com.', type: 'A', queries: 1 },
    ],
    firstSeen: NOW,
    lastSeen: NOW + 60,
  })
  t.end()
})

t.test(
  'a name whose fault changes is counted under both; one without a known link by its own domain',
  (t) => {
    const { count, tally } = counting()
    count(bogus('www.bank.se.', 'bank.se.'))
    count(bogus('www.bank.se.', 'bank.se.', 'signature-missing'))
    count(entry('www.old.se.', 'bogus', { reason: REASONS['signature-wrong'].number }))
    const { domains } = tally.take()!
    t.same(
      domains.map(({ domain, faults }) => [
        domain,
        faults.map(({ zone, reason }) => `${zone} ${reason}`).sort(),
      ]),
      [
        ['bank.se.', ['bank.se. signature-expired', 'bank.se. signature-missing']],
        ['old.se.', ['old.se. signature-wrong']],
      ],
    )
    t.end()
  },
)

t.test('a verdict that comes after its answer', (t) => {
  const { count, tally } = counting()
  count(entry('www.bank.se.', 'indeterminate'), 5)
  tally.countLate(bogus('www.bank.se.', 'bank.se.'), 0, client(5))
  tally.countLate(entry('www.slow.se.', 'indeterminate'), 0, client(5))
  const { verdicts, domains } = tally.take()!
  t.same(verdicts, { secure: 0, insecure: 0, bogus: 1, indeterminate: 0 })
  t.equal(domains[0]!.queries, 1)
  t.end()
})

t.test('who would notice at each stage: those of a stage are among those of the next', (t) => {
  const { count, tally } = counting()
  const octets = bogus('www.bank.se.', 'bank.se.')
  for (let n = 0; n < 2_000; n++) count(octets, n)
  for (let n = 0; n < 2_000; n++) count(entry('www.example.se.', 'secure'), 5_000 + n)
  const { stages, clients } = reportView(tally.take()!, NOW)
  const exact = [1, 10, 50, 100].map((percent) => {
    const all = Array.from({ length: 2_000 }, (_, n) => client(n))
    return all.filter((hash) => isInShare(hash, percent)).length
  })
  stages.forEach(({ percent, clients: noticing }, index) => {
    t.ok(Math.abs(noticing / exact[index]! - 1) < 0.03, `${percent} %: ${noticing} of ${exact[index]}`)
  })
  t.ok(Math.abs(clients / 4_000 - 1) < 0.03)
  t.end()
})

t.test('heavy domains stay, whoever invents others', (t) => {
  const { count, tally } = counting()
  for (let n = 0; n < 30; n++) count(bogus('www.bank.se.', 'bank.se.'), n)
  const flood = 3 * REPORT_DOMAINS_MAX
  // One client, many domains, each again and again.
  for (let n = 0; n < flood; n++) for (let i = 0; i < 3; i++) count(bogus(`www.d${n}.com.`, `d${n}.com.`), 99)
  for (let n = 0; n < 30; n++) count(bogus('www.bank.se.', 'bank.se.'), n)
  const data = tally.take()!
  t.equal(data.domains[0]!.domain, 'bank.se.')
  t.equal(data.domains[0]!.queries, 60)
  t.ok(data.domains.length <= REPORT_DOMAINS_MAX)
  const told = data.domains.reduce((sum, { queries }) => sum + queries, 0)
  t.equal(told + data.others, 60 + 3 * flood, 'none is lost')
  t.end()
})

t.test('parts make the whole, in any order and by way of JSON', (t) => {
  const parts: ReportData[] = []
  const whole = counting()
  for (let part = 0; part < 3; part++) {
    const it = counting()
    it.now = NOW + part
    whole.now = NOW + part
    for (let n = 0; n < 700; n++) {
      const who = part * 500 + n
      for (const { count } of [it, whole]) {
        count(bogus(`www${n % 3}.bank.se.`, 'bank.se.'), who, n % 2 === 0 ? 'refused' : 'given')
        if (n % 7 === 0) count(entry('a.example.se.', 'secure'), who)
      }
    }
    parts.push(JSON.parse(JSON.stringify(it.tally.take()!)) as ReportData)
  }
  const merged = (order: readonly number[]): ReportData => {
    const report = new RolloutReport(NOW + 10)
    for (const part of order) report.merge(parts[part]!)
    return report.data()
  }
  t.same(merged([0, 1, 2]), whole.tally.take())
  t.same(reportView(merged([2, 0, 1]), NOW), reportView(merged([0, 1, 2]), NOW))
  t.end()
})

t.test('what has not failed for a month is left out', (t) => {
  const it = counting()
  it.count(bogus('www.bank.se.', 'bank.se.'))
  const report = new RolloutReport(NOW)
  report.merge(it.tally.take()!)
  report.age(NOW + REPORT_SECONDS_MAX)
  t.equal(report.data().domains.length, 1)
  report.age(NOW + REPORT_SECONDS_MAX + 1)
  t.equal(report.data().domains.length, 0)
  t.end()
})

t.test('every reason for bogus data has a fix and an action', (t) => {
  for (const [reason, { number, ede }] of Object.entries(REASONS)) {
    if ((number < 32 || number > 47) && reason !== 'dnskey-unreachable') continue
    t.not(ede, undefined)
    const { count, tally } = counting()
    count(bogus('www.bank.se.', 'bank.se.', reason as Reason, TYPE.DNSKEY))
    const [domain] = reportView(tally.take()!, NOW + 10).domains
    t.match(domain!.faults[0]!.fix, /bank\.se\./)
    t.notMatch(domain!.faults[0]!.fix, /sigill check/, `${reason} has words of its own`)
    t.match(domain!.action, /^Tell the owner|^See whether/)
    t.equal(domain!.failing, 'yes')
  }
  t.end()
})

/** A look at a domain, by the outcome of each address. */
function looked(
  verdict: DomainCheck['verdict'],
  outcomes: readonly (readonly [string, AddressTrial['outcome']])[],
): DomainCheck {
  const trials = outcomes.map(
    ([address, outcome]): AddressTrial => ({
      address,
      transport: 'udp',
      outcome,
      reason: 'signature-missing',
    }),
  )
  return { at: NOW + 5, verdict, party: 'them', confidence: 'high', because: [], trials }
}

t.test('what is to be done depends on what is known', (t) => {
  const action = (zone: string, change: (report: RolloutReport) => void = () => {}, later = 10): string => {
    const { count, tally } = counting()
    for (let n = 0; n < 12; n++) count(bogus(`www.${zone}`, zone), n)
    const report = new RolloutReport(NOW)
    report.merge(tally.take()!)
    change(report)
    return reportView(report.data(), NOW + later).domains[0]!.action
  }
  t.equal(
    action('dnssec-failed.org.'),
    'Nothing: dnssec-failed.org. is broken on purpose (Comcast, https://www.dnssec-failed.org).',
  )
  t.equal(
    action('bank.se.'),
    'Tell the owner of bank.se. with the text given here; if 12 clients cannot wait, add an exception for an hour (sigill control nta add bank.se. --for 1h --reason "broken signatures") before bank.se. is enforced for them.',
  )
  t.match(action('de.'), /nta add de\. .* --force\)/)
  const check = {
    ...looked('bogus', [
      ['192.0.2.1', 'good'],
      ['192.0.2.2', 'bad'],
      ['2001:db8::2', 'bad'],
    ]),
    contact: 'hostmaster@bank.se',
  }
  t.equal(
    action('bank.se.', (report) => report.noteCheck('bank.se.', check)),
    'Tell the owner of bank.se. (hostmaster@bank.se) that 2 of 3 of its server addresses give wrong data.',
  )
  t.equal(
    action('bank.se.', (report) => report.noteCheck('bank.se.', { ...check, verdict: 'secure' }), 7_200),
    'Nothing: it validates again, and last failed 2 hours ago.',
  )
  t.end()
})
