/** Trust anchors that look after themselves, in a running daemon; and where IANA's are got from. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { defaultConfig, loadConfig } from '../../src/config/load.ts'
import { ANCHOR_FORM } from '../../src/daemon/anchors/form.ts'
import type { FetchRecords } from '../../src/daemon/anchors/host-lookup.ts'
import { readKeptAnchors } from '../../src/daemon/anchors/kept.ts'
import { anchorDuties } from '../../src/daemon/anchors/parts.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import { testPlatform } from '../../src/daemon/engine.ts'
import { sealState } from '../../src/daemon/state/state-file.ts'
import { anchorKeyTag, TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { type FollowedKey, newTrustPoint } from '../../src/dnssec/trust-point.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { ROOT as PROJECT } from '../house/project.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'

const DAY = 86_400
const nowSeconds = (): number => Math.floor(Date.now() / 1000)
const OTHER_DS = Uint8Array.from([0, 1, 13, 2, ...new Uint8Array(32).fill(7)])

t.test('a root that changed its key over while nobody looked', { timeout: 60_000 }, async (t) => {
  const world = await startLabWorld(testFolder(t), [127, 88])
  t.teardown(() => world.close())
  const path = world.writeConfig(
    'follow.yaml',
    'dnssec: { trust-anchor-files: [old.ds] }\nstate: { directory: state }\n',
  )
  writeFileSync(
    join(world.folder, 'old.ds'),
    `. DS 1 13 2 ${Buffer.from(OTHER_DS.subarray(4)).toString('hex')}\n`,
  )
  // An earlier process saw the present key twice, and it has waited since.
  writeFileSync(join(world.folder, 'now.yaml'), 'dnssec: { trust-anchor-files: [root.ds] }\n')
  const [present] = loadConfig(join(world.folder, 'now.yaml')).anchors.list
  const key = { dnskey: undefined, sightings: 2, holdDownSeconds: 30 * DAY }
  const keys: FollowedKey[] = [
    { ...key, ds: OTHER_DS, origin: 'configured', state: 'valid', sinceSeconds: nowSeconds() - 90 * DAY },
    {
      ...key,
      ds: present!.ds,
      origin: 'learnt',
      state: 'add-pending',
      sinceSeconds: nowSeconds() - 40 * DAY,
    },
  ]
  const state = join(world.folder, 'state')
  mkdirSync(state)
  writeFileSync(
    join(state, 'trust-anchors.json'),
    sealState({ points: [{ ...newTrustPoint(ROOT), keys }] }, ANCHOR_FORM),
  )

  const lines: Record<string, unknown>[] = []
  const log = createLog(
    { level: 'info', format: 'json' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  const config = loadConfig(path)
  const daemon = await startDaemon(config, log)
  t.teardown(() => daemon.stop())
  await ready(daemon)
  const server = { address: '127.0.0.1', port: daemon.endpoints[0]!.port }
  t.match(await ask(server, { name: 'www.good.se.', type: 'A', do: true }), {
    rcode: 'NOERROR',
    ad: true,
  })
  const page = await (await fetch(`http://127.0.0.1:${daemon.metrics!.port}/metrics`)).text()
  const tag = anchorKeyTag(present!)
  t.match(page, `sigill_trust_anchor{tag="1",state="missing"} 1`)
  t.match(page, `sigill_trust_anchor{tag="${tag}",state="valid"} 1`)
  t.match(page, 'sigill_trust_anchor_roll_ready{zone="."} 1')
  t.match(page, /sigill_trust_anchor_proven_timestamp_seconds\{zone="\."\} \d+/)
  t.ok(lines.some(({ keyTag, to }) => keyTag === tag && to === 'valid'))
  await daemon.stop()

  const kept = readKeptAnchors(config)
  t.same(kept.inForce.list.map(anchorKeyTag), [1, tag])
  t.match(kept, {
    path: join(state, 'trust-anchors.json'),
    fault: undefined,
    zones: [{ point: { failures: 0 } }],
  })
  const again = await startDaemon(config, log)
  t.teardown(() => again.stop())
  const after = { address: '127.0.0.1', port: again.endpoints[0]!.port }
  t.match(
    await ask(after, { name: 'www.good.se.', type: 'A', do: true }),
    { ad: true },
    'at once, when started again',
  )
  await again.stop()

  writeFileSync(path, readFileSync(path, 'utf8').replace('old.ds]', 'old.ds], anchor-updates: false'))
  const still = loadConfig(path)
  t.same(readKeptAnchors(still).inForce.list.map(anchorKeyTag), [1])
  const without = await startDaemon(still, log)
  t.teardown(() => without.stop())
  t.match(
    await ask(
      { address: '127.0.0.1', port: without.endpoints[0]!.port },
      { name: 'www.good.se.', type: 'A' },
    ),
    { rcode: 'SERVFAIL' },
    'what was learnt counts only where keys are followed',
  )
  await without.stop()
})

async function ready(daemon: Daemon): Promise<void> {
  for (let left = 500; !daemon.ready().ok; left--) {
    if (left === 0) throw new Error('not ready')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

t.test('the anchors that IANA publishes (V26)', async (t) => {
  const page = (name: string): Buffer => readFileSync(join(PROJECT, 'trust-anchors', name))
  const asked: string[] = []
  const http = createServer((request, response) => {
    asked.push(request.url!)
    const [, folder, name] = request.url!.split('/')
    if (folder === 'altered' && name!.endsWith('xml'))
      response.end(page(name!).toString().replace('38696', '38697'))
    else if (folder === 'absent') response.writeHead(404).end()
    else response.end(page(name!))
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  t.teardown(() => http.close())
  const { port } = http.address() as AddressInfo
  const told: string[] = []
  const hosts: string[] = []
  // Two aliases, as data.iana.org has.
  const records: FetchRecords = async (name, type) => {
    hosts.push(formatName(name))
    const set = (setType: number, rdata: Uint8Array): Rrset[] => [
      { owner: name, type: setType, class: 1, ttlSeconds: 60, rdatas: [rdata], signatures: [] },
    ]
    const text = formatName(name)
    if (text === 'anchors.example.') return set(TYPE.CNAME, nameFrom('www.example.'))
    if (text === 'www.example.') return type === TYPE.A ? set(TYPE.A, Uint8Array.of(127, 0, 0, 1)) : 'no AAAA'
    return set(TYPE.CNAME, name)
  }
  const { settings, anchors } = defaultConfig()
  const published = (
    bootstrap: string | undefined,
    more = {},
    zone: Name = ROOT,
    configured = anchors,
  ): Promise<readonly object[]> => {
    const duties = anchorDuties({
      config: {
        settings: { ...settings, 'dnssec.anchor-bootstrap': bootstrap, ...more },
        anchors: configured,
      },
      clock: systemClock(),
      platform: testPlatform(),
      serving: { policy: {} as never, fetchRecords: records, changePolicy: async () => true },
      log: { warn: (fields: { fault?: string }) => void told.push(fields.fault ?? '') } as never,
    })
    return Promise.resolve(duties.publication!(zone))
  }
  const at = (folder: string, host = '127.0.0.1'): string => `http://${host}:${port}/${folder}/`
  t.same(
    (await published(at('good'))).map((anchor) => anchorKeyTag(anchor as never)),
    [20326, 38696],
  )
  t.same(
    (await published(at('good', 'anchors.example'))).length,
    2,
    'the host is looked up by our own engine',
  )
  t.same([...new Set(hosts)], ['anchors.example.', 'www.example.'])
  t.same(told, [])
  t.same(await published(at('altered')), [])
  t.match(told.at(-1), /not believed: the file is not the one that was signed/)
  t.same(await published(at('absent')), [])
  t.match(told.at(-1), /the server said 404/)
  t.same(await published(at('good', 'circle.example')), [])
  t.match(told.at(-1), /its name cannot be resolved/)
  const before = asked.length
  t.same(await published(undefined), [], 'nowhere')
  t.same(
    await published(at('good'), { 'dnssec.clock': 1_790_000_000 }),
    [],
    'no certificate is valid at a made-up time',
  )
  t.same(await published(at('good'), {}, nameFrom('example')), [], 'another zone than the root')
  t.same(
    await published(at('good'), {}, ROOT, new TrustAnchors([{ zone: ROOT, ds: OTHER_DS }])),
    [],
    "a root of one's own",
  )
  t.equal(asked.length, before, 'nobody is asked')
})
