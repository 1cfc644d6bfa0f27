/** The rollout report of a running daemon: what it counts, who is told, and what stays of it over a restart. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { command } from '../../src/cli/control-client.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { ReportView } from '../../src/telemetry/report/report-view.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { sigill } from '../support/sigill-process.ts'

const ENDING: LabZone = {
  name: 'ending.se.',
  about: 'signed for half a day more',
  signing: { algorithm: ALGORITHM.ECDSAP256SHA256, days: [-20, 0.5] },
  content: 'www A 192.0.2.80\n',
  questions: [],
}
const world = await startLabWorld(testFolder(t), [127, 93], undefined, [ENDING])
t.teardown(() => world.close())

interface Started {
  readonly daemon: Daemon
  ask(name: string, options?: { cd?: boolean }): Promise<string>
  report(): Promise<ReportView>
}

async function start(t: Test, folder: string, mode: string, oneThread: boolean): Promise<Started> {
  const path = world.writeConfig(
    `${folder}.yaml`,
    `control: { socket: ${folder}.sock }
state: { directory: ${folder} }
dnssec: { trust-anchor-files: [root.ds], mode: ${mode} }
`,
  )
  if (oneThread) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('127.0.0.1@0"] }', '127.0.0.1@0"], resolver-threads: 0 }'))
  }
  const log = createLog({ level: 'info', format: 'json' }, { write: () => {} })
  const daemon = await startDaemon(loadConfig(path), log)
  t.teardown(() => daemon.stop())
  const server = { address: '127.0.0.1', port: daemon.endpoints[0]!.port }
  const socket = daemon.control.socket!
  return {
    daemon,
    ask: async (name, options = {}) => (await ask(server, { name, type: 'A', ...options })).rcode,
    report: async () => {
      const reply = await command({ socket }, 'GET', '/v1/rollout/report')
      if (!reply.ok) throw new Error(reply.error)
      return reply.result as ReportView
    },
  }
}

for (const oneThread of [true, false]) {
  const threads = oneThread ? 'in one thread' : 'in threads'
  t.test(`observed ${threads}: who would be hit is counted, late verdicts too, and kept`, async (t) => {
    const folder = oneThread ? 'one' : 'several'
    const it = await start(t, folder, 'observe', oneThread)
    for (let n = 0; n < 4; n++) t.equal(await it.ask('www.expired.se'), 'NOERROR')
    t.equal(await it.ask('www.expired.se', { cd: true }), 'NOERROR')
    for (let n = 0; n < 3; n++) await it.ask('www.good.se')
    await it.ask('www.plain.se')
    const report = await it.report()
    t.equal(report.unchecked, 1)
    t.same(report.verdicts, { secure: 3, insecure: 1, bogus: 5, indeterminate: 0 })
    t.equal(report.clients, 1)
    t.equal(report.stages.at(-1)?.clients, 1)
    t.same(
      report.domains.map(({ domain, queries, refused, clients, failing }) => [
        domain,
        queries,
        refused,
        clients,
        failing,
      ]),
      [['expired.se.', 4, 0, 1, 'yes']],
    )
    t.same(
      report.domains[0]?.faults.map(({ zone, type, reason }) => [zone, type, reason]),
      [['expired.se.', 'DNSKEY', 'signature-expired']],
    )
    t.match(report.domains[0]?.action, /^Tell the owner of expired\.se\./)
    t.same(report.tlds, [{ tld: 'se.', answers: 4, signedShare: 0.75 }])
    await it.daemon.stop()

    const again = await start(t, folder, 'enforce', oneThread)
    t.equal(await again.ask('www.expired.se'), 'SERVFAIL')
    const later = await again.report()
    t.equal(later.since, report.since)
    t.same(
      later.domains.map(({ domain, queries, refused }) => [domain, queries, refused]),
      [['expired.se.', 5, 1]],
    )
    t.equal(later.domains[0]?.clients, 1, 'the same client')
  })
}

t.test('for people: words and a page', async (t) => {
  const it = await start(t, 'words', 'observe', true)
  await it.ask('www.expired.se')
  await it.ask('www.good.se')
  const socket = it.daemon.control.socket!
  const text = await sigill('control', 'rollout', 'report', '--socket', socket)
  t.equal(text.code, 0)
  t.match(text.stdout, /2 answers to 1 client: /)
  t.match(text.stdout, /Failing domains: 1/)
  t.match(text.stdout, /expired\.se\. DNSKEY in expired\.se\.: .*\(EDE 7, 1 answer\)/)
  const json = await sigill('control', 'rollout', 'report', '--json', '--socket', socket)
  t.equal((JSON.parse(json.stdout) as ReportView).kind, 'sigill-rollout-report')
  const page = await sigill('control', 'rollout', 'report', '--html', '--socket', socket)
  t.match(page.stdout, /^<!doctype html>/)
  t.match(page.stdout, /expired\.se\./)
  t.notMatch(page.stdout, /<script|https?:\/\/(?!www\.dnssec)|src=/, 'nothing from elsewhere')
})

t.test('a domain that fails is looked at by the daemon itself', async (t) => {
  const it = await start(t, 'looks', 'observe', true)
  await it.ask('www.good.se')
  await it.ask('www.expired.se')
  let report = await it.report()
  for (let n = 0; n < 100 && report.domains[0]?.look === null; n++) {
    await setTimeout(50)
    report = await it.report()
  }
  const [domain] = report.domains
  t.match(domain, {
    domain: 'expired.se.',
    failing: 'yes',
    contact: 'hostmaster@expired.se',
    blame: { party: 'them', confidence: 'medium' },
    reach: 'every',
  })
  t.same(
    domain?.look?.trials.map(({ transport, outcome, reason }) => [transport, outcome, reason]),
    [
      ['udp', 'bad', 'signature-expired'],
      ['tcp', 'bad', 'signature-expired'],
    ],
  )
  t.match(domain?.blame?.because.join(' '), /Other zones \(\., se\.\) validate here\./)
  t.match(domain?.action, 'Tell the owner of expired.se. (hostmaster@expired.se)')
})

for (const oneThread of [true, false]) {
  t.test(
    `a zone that ends soon is seen in the caches of ${oneThread ? 'one thread' : 'threads'}`,
    async (t) => {
      const it = await start(t, oneThread ? 'ending-one' : 'ending-several', 'enforce', oneThread)
      for (const name of ['www.good.se', 'www.ending.se']) for (let n = 0; n < 2; n++) await it.ask(name)
      const socket = it.daemon.control.socket!
      const { stdout } = await sigill('control', 'expiring', '--socket', socket)
      t.match(stdout, /^ending\.se\. {2}the signature over .* in 11 of its 492 hours; .* 1 answer in use\n$/)
      t.match((await it.report()).expiring, [{ zone: 'ending.se.' }])
      const stats = await sigill('control', 'stats', '--socket', socket)
      t.match(stats.stdout, 'sigill_expiring_zones 1\n')
    },
  )
}

t.test('exports of two resolvers with one secret are made one report', async (t) => {
  const files: string[] = []
  for (const folder of ['export-a', 'export-b']) {
    if (folder === 'export-b') {
      mkdirSync(join(world.folder, folder))
      copyFileSync(
        join(world.folder, 'export-a', 'rollout-key.json'),
        join(world.folder, folder, 'rollout-key.json'),
      )
    }
    const it = await start(t, folder, 'observe', true)
    await it.ask('www.expired.se')
    const socket = it.daemon.control.socket!
    const { stdout } = await sigill('control', 'rollout', 'report', '--export', '--socket', socket)
    t.notMatch(stdout, /127\.0\.0\.1/, 'no address of a client')
    const file = join(world.folder, `${folder}.json`)
    writeFileSync(file, stdout)
    files.push(file)
  }
  const { code, stdout } = await sigill('report', 'merge', ...files, '--json')
  t.equal(code, 0)
  const report = JSON.parse(stdout) as ReportView
  t.same(
    report.domains.map(({ domain, queries, clients }) => [domain, queries, clients]),
    [['expired.se.', 2, 1]],
  )
  const twice = await sigill('report', 'merge', files[0]!, files[0]!)
  t.match(twice, { code: 2, stderr: /holds counts of the same resolver/ })
})

t.test('a file that is of no use is set aside', async (t) => {
  const it = await start(t, 'damaged', 'observe', true)
  await it.ask('www.expired.se')
  await it.daemon.stop()
  const file = join(world.folder, 'damaged', 'rollout-report.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('expired.se.', 'expired..se'))
  const again = await start(t, 'damaged', 'observe', true)
  t.same((await again.report()).domains, [])
  t.match(readFileSync(`${file}.damaged`, 'utf8'), /expired\.\.se/)
})
