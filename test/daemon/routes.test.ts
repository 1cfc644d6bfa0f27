/** Stub and forward zones of a configuration: over real sockets, and against the zones that are served locally. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { localZones } from '../../src/daemon/parts.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'

t.test(
  'a resolver that forwards everything to a resolver on this machine',
  { timeout: 60_000 },
  async (t) => {
    const world = await startLabWorld(testFolder(t), [127, 79])
    t.teardown(() => world.close())
    const behind = new Running(['serve', '--config', world.writeConfig('behind.yaml')])
    t.teardown(() => behind.signal('SIGKILL'))
    const [, forwarder] = await behind.until(/listening on (127\.0\.0\.1@\d+) /)
    const config = join(world.folder, 'front.yaml')
    writeFileSync(
      config,
      `resolution:\n  forward-zones: [{ name: ".", addresses: ["${forwarder}"] }]\n` +
        'dnssec: { trust-anchor-files: [root.ds] }\n',
    )
    const ask = (name: string): ReturnType<typeof sigill> =>
      sigill('lookup', name, '--config', config, '--trace', '--json')
    const good = await ask('www.good.se')
    t.equal(good.code, 0, good.stderr)
    const { verdict, exchanges } = JSON.parse(good.stdout)
    t.equal(verdict, 'secure')
    const servers = exchanges.map(({ server }: { server: string }) => server)
    t.same([...new Set(servers)], [forwarder])
    const bogus = await ask('www.expired.se')
    t.equal(bogus.code, 1)
    t.match(
      bogus.stdout,
      /"reason": "signature-expired"/,
      'CD brings the data, so that the verdict is our own',
    )
  },
)

t.test('who gives servers for a zone that is served locally has it resolved', async (t) => {
  const path = join(testFolder(t), 'routes.yaml')
  writeFileSync(
    path,
    `resolution:
  stub-zones:
    - { name: 10.in-addr.arpa, addresses: [10.0.0.53] }
    - { name: 1.168.192.in-addr.arpa, addresses: [10.0.0.53] }
  forward-zones:
    - { name: home.arpa, addresses: [10.0.0.54] }
    - { name: ., addresses: [10.0.0.55] }
`,
  )
  const zones = localZones(loadConfig(path).settings)
  const rcodeOf = (name: string): number | undefined => {
    const answer = zones.answer(nameFrom(name), TYPE.PTR)
    return answer?.kind === 'data' ? answer.rcode : undefined
  }
  t.equal(rcodeOf('1.0.0.10.in-addr.arpa'), undefined)
  t.equal(rcodeOf('printer.home.arpa'), undefined)
  t.equal(rcodeOf('7.1.168.192.in-addr.arpa'), undefined)
  t.equal(rcodeOf('7.2.168.192.in-addr.arpa'), RCODE.NXDOMAIN, 'the rest of the zone stays local')
  t.equal(rcodeOf('a.test'), RCODE.NXDOMAIN, 'forwarding everything forwards no special name')
})
