/** One thread for everything: a cached answer does not wait for names that are being resolved. */
import t from 'tap'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import { systemRandom } from '../../src/base/random.ts'
import { loadConfig } from '../../src/config/load.ts'
import { testPlatform } from '../../src/daemon/engine.ts'
import { THIS_MACHINE } from '../../src/daemon/machine.ts'
import { serveInOneThread } from '../../src/daemon/one-thread.ts'
import { MemoryBackend } from '../../src/lab/memory-socket.ts'
import { CookieSecrets } from '../../src/policy/cookie-secrets.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { query } from '../front/service-under-test.ts'
import { testFolder } from '../support/folder.ts'
import { manyZones, startLabWorld } from '../support/lab-world.ts'

const ZONES = 30
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

t.test('clients are answered between any two steps of resolving', async (t) => {
  const zones = manyZones(ZONES)
  const world = await startLabWorld(testFolder(t), [127, 95], undefined, zones)
  t.teardown(() => world.close())
  const backend = new MemoryBackend(ZONES, 0)
  let proven = false
  const serving = await serveInOneThread({
    config: loadConfig(world.writeConfig('one.yaml')),
    log: createLog({ level: 'error', format: 'json' }),
    udp: backend,
    platform: testPlatform(),
    rolloutKey: drawHashKey(systemRandom()),
    cookieSecrets: new CookieSecrets(),
    onRootProven: () => {
      proven = true
    },
    inherited: new Map(),
    machine: THIS_MACHINE,
    mayListen: undefined,
  })
  t.teardown(() => serving.stop(0))
  const socket = backend.sockets[0]!
  while (!proven) await turn()
  socket.batch([query({ name: 'www.good.se.' })])
  while (socket.later.length === 0) await turn()
  socket.later.length = 0

  let polls = 0
  let answeredMeanwhile = 0
  socket.onPoll = () => {
    polls++
    // Who asks for what is cached while others wait has the answer before they do.
    const [octets] = socket.batch([query({ name: 'www.good.se.' })])
    if (octets! > 0 && socket.later.length < ZONES) answeredMeanwhile++
  }
  const atOnce = socket.batch(zones.map(({ name }) => query({ name: `www.${name}` })))
  t.ok(
    atOnce.every((octets) => octets === 0),
    'all of them have to be resolved',
  )
  t.equal(polls, 0, 'and none was begun while the batch was read')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(polls, 1, 'one is begun in a turn of the event loop')
  while (socket.later.length < ZONES) await turn()
  t.ok(polls >= 2 * ZONES, `${polls} looks: as each question begins, and after each reply of a server`)
  t.ok(answeredMeanwhile >= ZONES, `${answeredMeanwhile} cached answers while others waited`)
  const before = polls
  serving.betweenSteps()
  t.equal(polls, before + 1, 'other work in this thread lets clients through as well')
})
