/** Engines that live no longer than a question or a look, in the thread that may answer clients: these come between any two steps. */
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { testPlatform } from '../../src/daemon/engine.ts'
import { THIS_MACHINE } from '../../src/daemon/machine.ts'
import { type ZoneCheckParts, zoneValidates } from '../../src/daemon/operator/zone-check.ts'
import { takeLook } from '../../src/daemon/report/take-look.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 79])
})
t.teardown(() => world.close())

/** What they are made of, and how often clients could come between. */
function bench(): { readonly parts: ZoneCheckParts; readonly steps: () => number } {
  const config = loadConfig(world.writeConfig('sigill.yaml'))
  let steps = 0
  const parts: ZoneCheckParts = {
    config,
    platform: testPlatform(),
    machine: THIS_MACHINE,
    policy: { anchors: config.anchors, negativeTrustAnchors: [] },
    onFault: (fault) => t.fail(String(fault)),
    betweenSteps: () => void steps++,
  }
  return { parts, steps: () => steps }
}

t.test('a second look', async (t) => {
  const { parts, steps } = bench()
  const { signal } = new AbortController()
  const suspect = { name: nameFrom('www.expired.se'), type: TYPE.A, zone: nameFrom('expired.se') }
  const check = await takeLook(parts, suspect, { wellKnown: [], atSeconds: 0, signal })
  t.match(check, { verdict: 'bogus', trials: [{ transport: 'udp' }, { transport: 'tcp' }] })
  // The verdict, the root beside it, and each trial have a chain of several exchanges and signatures.
  t.ok(steps() >= 20, `${steps()} steps`)
})

t.test('a look at a zone that has an exception', async (t) => {
  const { parts, steps } = bench()
  t.equal(await zoneValidates(parts, nameFrom('good.se')), true)
  t.equal(await zoneValidates(parts, nameFrom('expired.se')), false)
  t.ok(steps() >= 15, `${steps()} steps`)
})
