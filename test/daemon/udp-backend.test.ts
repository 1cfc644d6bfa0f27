/** Which way to UDP sockets a daemon takes, and that it says so. */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { type Endpoint, parseAddress } from '../../src/base/address.ts'
import { StartError } from '../../src/daemon/start-error.ts'
import { tellWildcards, udpBackend } from '../../src/daemon/udp-backend.ts'
import { loadAddon } from '../../src/native/addon.ts'
import { chooseBackend } from '../../src/native/backend.ts'
import { DGRAM, dgramBackend } from '../../src/native/dgram.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'

const addon = { ...DGRAM, name: 'addon' as const }

/** A log that keeps its lines. */
function keeping(): { log: Log; lines: unknown[][] } {
  const lines: unknown[][] = []
  const keep = (...words: unknown[]): unknown => lines.push(words)
  return { log: { info: keep, warn: keep } as unknown as Log, lines }
}

t.test('it says which and why', async (t) => {
  const { log, lines } = keeping()
  t.equal(
    udpBackend('auto', log, (wish) => chooseBackend(wish, () => addon)),
    addon,
  )
  t.equal(
    udpBackend('auto', log, (wish) => chooseBackend(wish, () => 'it was not built')),
    DGRAM,
  )
  t.match(lines, [
    [{ udp: 'addon' }, /by the addon/],
    [{ udp: 'dgram' }, /by node:dgram; .*: it was not built$/],
  ])
})

t.test('who wants the addon and nothing else gets it or no daemon', async (t) => {
  const { log } = keeping()
  t.equal(
    udpBackend('addon', log, (wish) => chooseBackend(wish, () => addon)),
    addon,
  )
  t.throws(
    () => udpBackend('addon', log, (wish) => chooseBackend(wish, () => 'it was not built')),
    new StartError(
      'server.udp-backend is addon, which cannot be had: it was not built; npm run build makes it and says what it lacks, or set auto',
    ),
  )
})

t.test('it says what a wildcard address does not stand for without the addon', async (t) => {
  const at = (text: string): Endpoint => ({ address: parseAddress(text)!, port: 53 })
  const list = ['127.0.0.1', '192.0.2.7', '::1'].map((text) => ({ address: parseAddress(text)!, text }))
  const { log, lines } = keeping()
  tellWildcards(
    dgramBackend(() => list),
    ['127.0.0.1', '0.0.0.0', '::', '::1'].map(at),
    log,
  )
  t.match(lines, [
    [
      { listen: '0.0.0.0@53', served: ['127.0.0.1', '192.0.2.7'] },
      /\(127\.0\.0\.1, 192\.0\.2\.7; later ones within 10 seconds\), not any .* routed here nor others of 127\.0\.0\.0\/8;/,
    ],
    [{ listen: '::@53', served: ['::1'] }, /\(::1; later .*\), not any that is only routed here; list all/],
  ])
  const { log: unsure, lines: doubts } = keeping()
  tellWildcards(
    dgramBackend(() => []),
    [at('::')],
    unsure,
  )
  t.match(doubts, [[{ served: [] }, /no address of an interface is known/]])
  const { addressesOf: _, ...whole } = addon
  tellWildcards(whole, [at('0.0.0.0')], unsure)
  t.equal(doubts.length, 1, 'the addon serves all')
})

t.test('a daemon on each way', { timeout: 60_000 }, async (t) => {
  const world = await startLabWorld(testFolder(t), [127, 77])
  t.teardown(() => world.close())
  const beside = loadAddon()
  if (typeof beside === 'string') t.comment(`only node:dgram, for the addon: ${beside}`)
  for (const wish of typeof beside === 'string' ? ['dgram'] : ['dgram', 'addon']) {
    const path = world.writeConfig(`${wish}.yaml`)
    writeFileSync(path, readFileSync(path, 'utf8').replace('server: {', `server: { udp-backend: ${wish},`))
    const running = new Running(['serve', '--config', path])
    t.teardown(() => running.signal('SIGKILL'))
    const [, server = ''] = await running.until(/listening on (\S+) \(udp, tcp\)/)
    const told = await running.until(/"udp":"([a-z]+)"/)
    t.equal(told[1], wish)
    for (let i = 0; i < 2; i++) {
      const answer = await sigill('lookup', 'www.good.se', `@${server}`)
      t.equal(answer.code, 0, wish)
      t.match(answer.stdout, /;; flags: qr rd ra ad\n/)
    }
    t.equal((await running.stop()).code, 0)
  }
})
