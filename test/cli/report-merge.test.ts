/** Reports of several resolvers made one: figures, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  REPORT_DOMAINS_MAX,
  REPORT_FAULTS_PER_DOMAIN_MAX,
  SECOND_LOOK_ADDRESSES_MAX,
  STATE_FILE_OCTETS_MAX,
} from '../../src/base/limits.ts'
import { UnusableInput } from '../../src/cli/exit-code.ts'
import { reportMerge } from '../../src/cli/report-merge.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { REPORT_FORM, reportForm, reportKey } from '../../src/daemon/report/report-form.ts'
import { openState, sealState } from '../../src/daemon/state/state-file.ts'
import { DistinctClients } from '../../src/telemetry/report/distinct-clients.ts'
import { type FailingDomain, type KeptReport, STAGES } from '../../src/telemetry/report/report-data.ts'
import type { ReportView } from '../../src/telemetry/report/report-view.ts'
import { testFolder } from '../support/folder.ts'

const NOW = 1_800_000_000
const KEY = 'c0ffee00'
const folder = testFolder(t)
const SETTINGS = defaultConfig().settings

/** Clients by number, from one to the next but one. */
function sketch(from: number, to: number): string {
  const clients = new DistinctClients()
  // Spread over the hashes as a keyed hash does it.
  for (let client = from; client < to; client++) clients.add(Math.imul(client + 1, 0x9e3779b1))
  return clients.encode()
}

function domain(name: string, queries: number, clients: string, lastSeen = NOW): FailingDomain {
  const faults = [{ zone: name, type: 'DNSKEY', reason: 'signature-expired', ede: 7, text: '', queries }]
  const names = [{ name: `www.${name}`, type: 'A', queries }]
  return { domain: name, queries, refused: 0, clients, faults, names, firstSeen: lastSeen - 60, lastSeen }
}

function report(source: number, change: Partial<KeptReport> = {}): KeptReport {
  const clients = sketch(0, 10)
  return {
    key: KEY,
    sources: [String(source).padStart(16, '0')],
    since: NOW - 3_600,
    until: NOW,
    verdicts: { secure: 90, insecure: 8, bogus: 2, indeterminate: 1 },
    unchecked: 1,
    others: 0,
    clients,
    noticing: STAGES.map(() => clients),
    tlds: [{ tld: 'test.', signed: 90, unsigned: 8 }],
    domains: [],
    ...change,
  }
}

function write(name: string, kept: KeptReport): string {
  const path = join(folder, name)
  writeFileSync(path, sealState(kept, REPORT_FORM))
  return path
}

function merge(paths: readonly string[], options = {}): string {
  let out = ''
  t.equal(
    reportMerge(paths, options, (text) => {
      out += text
    }),
    0,
  )
  return out
}

function mergedView(paths: readonly string[]): ReportView {
  return JSON.parse(merge(paths, { json: true })) as ReportView
}

t.test('counts are added, clients are not: who asked both is one', async (t) => {
  const a = write(
    'a.json',
    report(1, { clients: sketch(0, 600), domains: [domain('x.test.', 500, sketch(0, 300))] }),
  )
  const b = write(
    'b.json',
    report(2, {
      clients: sketch(400, 1_000),
      since: NOW - 7_200,
      until: NOW + 60,
      domains: [domain('x.test.', 700, sketch(200, 500), NOW + 30), domain('y.test.', 1, sketch(0, 1))],
    }),
  )
  const view = mergedView([a, b])
  t.equal(view.clients, 1_000)
  t.same(view.verdicts, { secure: 180, insecure: 16, bogus: 4, indeterminate: 2 })
  t.same([view.since, view.until], ['2027-01-15T06:00:00Z', '2027-01-15T08:01:00Z'])
  t.same(
    view.domains.map(({ domain, queries, clients }) => [domain, queries, clients]),
    [
      ['x.test.', 1_200, 500],
      ['y.test.', 1, 1],
    ],
  )
  t.equal(view.domains[0]?.firstSeen, '2027-01-15T07:59:00Z')
  t.equal(view.domains[0]?.lastSeen, '2027-01-15T08:00:30Z')
  t.same(view.tlds, [{ tld: 'test.', answers: 196, signedShare: 180 / 196 }])
  t.same(mergedView([b, a]), view, 'in whatever order')
})

t.test('sketches of many clients are united within 3 %', async (t) => {
  const a = write('many-a.json', report(1, { clients: sketch(0, 30_000) }))
  const b = write('many-b.json', report(2, { clients: sketch(20_000, 50_000) }))
  const { clients } = mergedView([a, b])
  t.ok(Math.abs(clients / 50_000 - 1) < 0.03, `${clients} of 50000`)
})

t.test('what is merged can be merged again', async (t) => {
  const paths = [1, 2, 3].map((n) =>
    write(`${n}.json`, report(n, { clients: sketch(100 * n, 100 * n + 150) })),
  )
  const first = join(folder, 'first.json')
  writeFileSync(first, merge(paths.slice(0, 2), { export: true }))
  t.same(mergedView([first, paths[2]!]), mergedView(paths))
  t.throws(() => merge([first, paths[1]!]), /2\.json: .*first\.json holds counts of the same resolver/)
})

t.test('the longest report is read again, as a file and as an export, and merged', async (t) => {
  const trial = { transport: 'udp', outcome: 'bad', reason: 'signature-expired' } as const
  const trials = Array.from({ length: 2 * SECOND_LOOK_ADDRESSES_MAX }, (_, i) => {
    return { address: `2001:db8::${i}`, ...trial }
  })
  const check = { at: NOW, verdict: 'bogus', party: 'them', confidence: 'high', trials } as const
  const domains = Array.from({ length: REPORT_DOMAINS_MAX }, (_, i) => {
    const name = `customer-${i}.example.`
    const one = domain(name, REPORT_DOMAINS_MAX - i, sketch(0, 30))
    const faults = Array.from({ length: REPORT_FAULTS_PER_DOMAIN_MAX }, () => ({
      ...one.faults[0]!,
      text: 'ü'.repeat(20),
    }))
    return { ...one, faults, check: { ...check, because: ['all servers give the same', 'others validate'] } }
  })
  const whole = report(1, { domains })
  const text = sealState(whole, REPORT_FORM)
  t.ok(Buffer.byteLength(text) <= STATE_FILE_OCTETS_MAX, `${Buffer.byteLength(text)} octets`)
  t.ok(Buffer.byteLength(text) > STATE_FILE_OCTETS_MAX / 2, 'and most of what may be kept is')
  const opened = openState(Buffer.from(text), REPORT_FORM)
  if ('fault' in opened) throw new Error(opened.fault)
  const kept = opened.value
  t.ok(
    kept.domains.length > 500 && kept.domains.length < REPORT_DOMAINS_MAX,
    `${kept.domains.length} domains`,
  )
  t.equal(kept.domains[0]!.domain, 'customer-0.example.', 'the heaviest')
  const left = domains.slice(kept.domains.length).reduce((sum, { queries }) => sum + queries, 0)
  t.equal(kept.others, left, 'the rest is counted together')
  const exported = join(folder, 'long-export.json')
  writeFileSync(exported, merge([write('long.json', whole)], { export: true }))
  t.match(mergedView([exported, write('second.json', report(2))]), {
    domains: [{ domain: 'customer-0.example.' }],
  })
})

t.test('a short one is for people to read', async (t) => {
  t.match(sealState(report(1), REPORT_FORM), /^\{\n {2}"kind": "rollout-report",\n/)
})

t.test('for people', async (t) => {
  const a = write('people.json', report(1, { domains: [domain('x.test.', 5, sketch(0, 3))] }))
  t.match(merge([a]), /Failing domains: 1\n\nx\.test\. {2}5 answers to 3 clients/)
  t.match(merge([a], { html: true }), /^<!doctype html>[\s\S]*x\.test\./)
  t.throws(() => merge([a], { html: true, json: true }), UnusableInput)
})

t.test('files that are of no use, each with its reason', async (t) => {
  const good = write('good.json', report(1))
  const one = domain('x.test.', 1, sketch(0, 1))
  const wrongType = { ...one, names: [{ name: 'x.test.', type: 'NONE OF THEM', queries: 1 }] }
  const text = readFileSync(good, 'utf8')
  const put = (name: string, contents: string): string => {
    const path = join(folder, name)
    writeFileSync(path, contents)
    return path
  }
  for (const [path, reason] of [
    [join(folder, 'none.json'), /none\.json: no such file/],
    [folder, /: it is a folder/],
    [put('cut.json', text.slice(0, 200)), /cut\.json: no rollout report.*not whole JSON/],
    [put('other.json', '{}'), /other\.json: .*not of the kind rollout-report/],
    [put('changed.json', text.replace('"secure": 90', '"secure": 91')), /changed\.json: .*digest/],
    [put('older.json', text.replace('"version": 2', '"version": 1')), /older\.json: .*of version 1, not 2/],
    [write('sketch.json', report(3, { clients: 'r' })), /sketch\.json: .*clients: expected counted clients/],
    [
      write('name.json', report(3, { domains: [domain('a..b.', 1, sketch(0, 1))] })),
      /name\.json: .*domain name/,
    ],
    [write('type.json', report(3, { domains: [wrongType] })), /type\.json: .*type of a record/],
    [
      write('key.json', report(3, { key: 'deadbeef' })),
      /key\.json: .*another secret than those of .*good\.json/,
    ],
    [write('same.json', report(1)), /same\.json: .*good\.json holds counts of the same resolver/],
  ] as const) {
    t.throws(() => merge([good, path]), { name: 'UnusableInput', message: reason })
  }
  t.throws(() => merge([good, good]), /which would count twice/)
})

t.test('a resolver takes no report up whose clients were counted in another way', async (t) => {
  const bits = { ...SETTINGS, 'dnssec.rollout.ipv6-prefix-bits': 48 }
  const key = reportKey([1, 2], SETTINGS)
  t.match(key, /^[0-9a-f]{8}$/)
  t.not(reportKey([1, 3], SETTINGS), key)
  t.not(reportKey([1, 2], bits), key)
  const octets = Buffer.from(sealState(report(1, { key }), REPORT_FORM))
  t.ok('value' in openState(octets, reportForm(key)))
  t.match(openState(octets, reportForm('00000000')), { fault: /another secret/ })
})
