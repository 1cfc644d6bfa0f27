/** The rollout report for people and programs: nothing that came from the network acts on a terminal or a browser. */
import t from 'tap'
import { printableJson } from '../../src/cli/printable.ts'
import { reportHtml } from '../../src/cli/rollout-report-html.ts'
import { reportText } from '../../src/cli/rollout-report-text.ts'
import { DistinctClients } from '../../src/telemetry/report/distinct-clients.ts'
import type { ReportData } from '../../src/telemetry/report/report-data.ts'
import { type ReportView, reportView } from '../../src/telemetry/report/report-view.ts'

const NOW = 1_800_000_000
/** A tag, an entity, an end of an attribute, an escape sequence, its one-octet form, and a change of direction. */
const EVIL = `<script>alert("1")</script>&amp;' onload='x\u001b[2J\u009b2J\r\n\u202egnp.exe`

function dataWith(text: string): ReportData {
  const clients = new DistinctClients()
  clients.add(1)
  return {
    since: NOW - 3_600,
    verdicts: { secure: 90, insecure: 8, bogus: 2, indeterminate: 0 },
    unchecked: 1,
    others: 1,
    clients: clients.encode(),
    noticing: [clients, clients, clients, clients].map((some) => some.encode()),
    tlds: [{ tld: text, signed: 1, unsigned: 1 }],
    domains: [
      {
        domain: text,
        queries: 2,
        refused: 0,
        clients: clients.encode(),
        faults: [{ zone: 'z.test.', type: text, reason: text, ede: 6, text, queries: 2 }],
        names: [{ name: text, type: text, queries: 2 }],
        firstSeen: NOW - 60,
        lastSeen: NOW - 30,
        check: {
          at: NOW - 10,
          verdict: 'bogus',
          party: 'them',
          confidence: 'high',
          because: [text],
          trials: [{ address: text, transport: 'udp', outcome: 'bad', reason: text }],
          contact: text,
        },
      },
    ],
  }
}

function viewWith(text: string): ReportView {
  const ends = '2027-01-16T08:00:00Z'
  const zone = {
    zone: text,
    set: text,
    ends,
    hoursLeft: 24,
    lifetimeHours: 336,
    fetchedAt: ends,
    answersInUse: 3,
  }
  return reportView(dataWith(text), NOW, [zone])
}

const EVIL_VIEW = viewWith(EVIL)

t.test('a page holds such text as text', async (t) => {
  const page = reportHtml(EVIL_VIEW)
  const plain = reportHtml(viewWith('x'))
  const markup = (html: string): string[] => html.match(/<[^>]*>/g) ?? []
  t.same(markup(page), markup(plain), 'the same tags and attributes as with harmless text')
  t.match(page, '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39; onload=&#39;x')
  t.notMatch(page.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})

t.test('a terminal gets no control characters', async (t) => {
  const text = reportText(EVIL_VIEW)
  t.match(text, '<script>')
  t.notMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  t.equal(text.split('\n').length, reportText(viewWith('x')).split('\n').length)
})

t.test('JSON has them escaped, and means the same', async (t) => {
  const json = printableJson(EVIL_VIEW)
  t.same(JSON.parse(json), JSON.parse(JSON.stringify(EVIL_VIEW)))
  t.notMatch(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})

t.test('them or us, and what was tried', async (t) => {
  const view = reportView(dataWith('x'), NOW)
  t.match(view.domains[0], {
    failing: 'yes',
    healedAt: null,
    blame: { party: 'them', confidence: 'high', because: ['x'] },
    reach: 'every',
    servers: { good: [], bad: ['x'], silent: [] },
    contact: 'x',
  })
  for (const output of [reportText(view), reportHtml(view)]) {
    t.match(output, 'them or us: it is them (confidence high). x')
    t.match(output, 'servers: every address that answers is bad')
    t.match(output, 'tried x by UDP: bad (x)')
    t.match(output, 'contact x')
    t.match(output, 'still failing')
  }
})

t.test('a domain that healed says since when it is known', async (t) => {
  const data = dataWith('x')
  const [domain] = data.domains
  const healed = { ...domain!, check: { ...domain!.check!, verdict: 'secure' as const } }
  const view = reportView({ ...data, domains: [healed] }, NOW)
  t.match(view.domains[0], {
    failing: 'no',
    healedAt: '2027-01-15T07:59:50Z',
    action: /^Nothing: it validates again/,
  })
  t.match(reportText(view), 'found in order 2027-01-15T07:59:50Z')
  const again = { ...healed, lastSeen: NOW - 5 }
  t.match(reportView({ ...data, domains: [again] }, NOW).domains[0], { failing: 'yes', healedAt: null })
})

t.test('shares are of all answers that are told', async (t) => {
  const data = { ...dataWith('x'), verdicts: { secure: 12, insecure: 1, bogus: 17, indeterminate: 2 } }
  const view = reportView(data, NOW)
  const words = '37.5 % secure, 3.1 % insecure, 53.1 % bogus, 6.3 % indeterminate'
  t.match(reportText(view), `32 answers to 1 client: ${words}\n`)
  t.match(reportHtml(view), `<p>${words}</p>`)
  t.match(reportHtml(view), '<span class="indeterminate" style="width: 6.250%"></span>')
  t.match(reportText(reportView(dataWith('x'), NOW)), '90.0 % secure, 8.0 % insecure, 2.0 % bogus\n')
})

t.test('our own fault is nobody else to be told of', async (t) => {
  const data = dataWith('x')
  const [domain] = data.domains
  const ours = {
    ...domain!,
    check: { ...domain!.check!, party: 'us' as const, because: ['The clock is wrong.'] },
  }
  const view = reportView({ ...data, domains: [ours] }, NOW)
  t.equal(view.domains[0]?.action, 'Blame nobody yet, the fault is here: The clock is wrong.')
})

t.test('zones that fail soon, where caches were looked into', async (t) => {
  const view = viewWith('x')
  for (const output of [reportText(view), reportHtml(view)])
    t.match(output, 'x  the signature over x ends 2027-01-16T08:00:00Z, in 24 of its 336 hours')
  t.notMatch(reportText(reportView(dataWith('x'), NOW)), 'end soon')
})
