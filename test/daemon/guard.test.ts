/** What the guard does about an outage by itself: nothing, unless the operator allows it; and then no more than he allows. */
import t, { type Test } from 'tap'
import { RehearsalWorld } from '../../src/cli/rehearsal-world.ts'
import type { JournalEntry } from '../../src/daemon/state/journal.ts'
import { impostorKeys } from '../../src/lab/broken-zones.ts'
import { clientQuery } from '../../src/lab/clients.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const SIGNED = { algorithm: ALGORITHM.ECDSAP256SHA256 }
const SITES = ['a.de.', 'b.de.', 'c.de.', 'd.com.', 'e.com.', 'f.com.', 'g.com.']
const NAMES = SITES.map((zone) => `www.${zone}`)
const CLIENTS = Array.from({ length: 40 }, (_, n) => Uint8Array.of(100, 64, 0, n))
const DAY_SECONDS = 86_400

/** Zones of which one signs with a key that has the tag of the published one, and is another. */
function zones(impostor = ''): LabZone[] {
  return ['.', 'de.', 'com.', ...SITES].map((name) => ({
    name,
    about: '',
    content: SITES.includes(name) ? 'www 30 A 192.0.2.80\n' : '',
    signing: { ...SIGNED, days: [-1.5, 1.5], ...(name === impostor && { keys: impostorKeys }) },
    questions: [],
  }))
}

interface Outage {
  readonly world: RehearsalWorld
  /** Names that were refused in the last round, after the incident has lasted. */
  readonly refused: readonly string[]
  /** Zones of exceptions, who made them. */
  readonly exceptions: readonly string[]
}

/** Every client asks for every name. Returns names that were refused. */
async function round(world: RehearsalWorld): Promise<string[]> {
  const refused = new Set<string>()
  for (const name of NAMES) {
    const query = clientQuery(nameFrom(name), TYPE.A)
    await world.clients.ask(
      CLIENTS.map((client) => ({ client, query })),
      (_, reply) => {
        if ((reply[3]! & 0xf) === RCODE.SERVFAIL) refused.add(name)
      },
    )
  }
  return [...refused]
}

async function exceptionsOf(world: RehearsalWorld): Promise<string[]> {
  const list = await world.read<readonly { name: string; author: string; secondsLeft: number }[]>(
    '/v1/negative-trust-anchors',
  )
  return list.map(({ name, author }) => `${name} ${author}`)
}

/** A quiet time, then an incident of a minute. */
async function outage(
  t: Test,
  guard: string,
  incident: (world: RehearsalWorld) => void,
  mode = 'enforce',
): Promise<Outage> {
  const world = new RehearsalWorld(zones(), () => {}, `mode: ${mode}, guard: { ${guard} }`)
  t.teardown(() => world.close())
  await world.start()
  for (let step = 0; step < 6; step++) {
    await round(world)
    await world.pass(5)
  }
  incident(world)
  // Longer than anything is kept.
  await world.pass(7_200)
  for (let step = 0; step < 12; step++) {
    await round(world)
    await world.pass(5)
  }
  t.equal(world.alerts.length, 1)
  return { world, refused: await round(world), exceptions: await exceptionsOf(world) }
}

const breaking =
  (zone: string) =>
  (world: RehearsalWorld): void =>
    void world.serve(zones(zone))

t.test('off by default: it tells, and no more', { timeout: 60_000 }, async (t) => {
  const { world, refused, exceptions } = await outage(t, 'exception-seconds: 600', breaking('de.'))
  t.same(exceptions, [])
  t.same(refused, ['www.a.de.', 'www.b.de.', 'www.c.de.'])
  const status = await world.read<{ alert: string }>('/v1/status')
  t.match(status.alert, /nearly all below de\./)
  const stats = await world.read<Record<string, readonly { labels: object; value: number }[]>>('/v1/stats')
  t.same(stats.sigill_guard_alert, [{ labels: { cause: 'top-level', name: 'de.' }, value: 1 }])
  const counted = stats.sigill_guard_alerts_total!.filter(({ value }) => value > 0)
  t.same(counted, [{ labels: { cause: 'top-level' }, value: 1 }])
})

t.test(
  'a zone is excepted where that is allowed, in the journal as by the guard',
  { timeout: 60_000 },
  async (t) => {
    const { world, refused, exceptions } = await outage(
      t,
      'adds-exceptions: true, exception-seconds: 600',
      breaking('d.com.'),
    )
    t.same(exceptions, ['d.com. guard'])
    t.same(refused, [])
    const [last] = await world.read<readonly JournalEntry[]>('/v1/journal')
    t.match(last, { what: 'nta-add', who: 'guard', why: /nearly all below d\.com\./ })
    await world.pass(600)
    t.same(await exceptionsOf(world), [], 'for the time that was allowed')
  },
)

t.test(
  'a top-level domain is excepted only where the operator has said that word',
  { timeout: 60_000 },
  async (t) => {
    const { exceptions } = await outage(t, 'adds-exceptions: true', breaking('de.'))
    t.same(exceptions, [])
    const allowed = await outage(
      t,
      'adds-exceptions: true, exception-causes: [zone, top-level]',
      breaking('de.'),
    )
    t.same(allowed.exceptions, ['de. guard'])
    t.same(allowed.refused, [])
    allowed.world.serve(zones())
    await allowed.world.pass(400)
    t.same(
      await exceptionsOf(allowed.world),
      [],
      'gone when the registry has mended it, with what was cached of it',
    )
    t.same(await round(allowed.world), [])
  },
)

t.test(
  'nothing is excepted for a clock that is wrong, nor where nobody is refused',
  { timeout: 60_000 },
  async (t) => {
    const all = 'adds-exceptions: true, exception-causes: [zone, zones, top-level]'
    const clock = await outage(t, all, ({ clock }) =>
      clock.setUnixSeconds(clock.unixSeconds() + 2 * DAY_SECONDS),
    )
    t.equal(clock.world.alerts[0]?.cause, 'clock')
    t.same(clock.exceptions, [])
    const observed = await outage(t, all, breaking('d.com.'), 'observe')
    t.same([observed.exceptions, observed.refused], [[], []])
  },
)
