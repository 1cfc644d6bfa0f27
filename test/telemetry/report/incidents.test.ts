/**
 * Incidents that happened, in the lab and under a virtual clock: a registry signs with a key that has the tag of a
 * published one and is another (.ru 2024-01-30, .de 2026-05-05), and a clock two days off. Each gives its one alert.
 */
import t from 'tap'
import { seededRandom } from '../../../src/base/random.ts'
import { anchorsFromRecords } from '../../../src/dnssec/trust-anchors.ts'
import { impostorKeys } from '../../../src/lab/broken-zones.ts'
import { buildInternet } from '../../../src/lab/internet.ts'
import type { LabZone, Signing } from '../../../src/lab/lab-zone.ts'
import { LabNetwork } from '../../../src/lab/network.ts'
import type { ResolverSettings } from '../../../src/resolver/ports.ts'
import { AnswerTally } from '../../../src/telemetry/report/answer-tally.ts'
import { spreadHash } from '../../../src/telemetry/report/distinct-clients.ts'
import { type Alert, Guard } from '../../../src/telemetry/report/guard.ts'
import { ALGORITHM } from '../../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../../src/wire/name.ts'
import { nameFrom } from '../../../src/wire/name-text.ts'
import { targetName } from '../../../src/wire/rdata/target.ts'
import { makeEngine } from '../../support/engine.ts'

const NOW = Date.parse('2026-05-05T19:30:00Z') / 1000
const DAY_SECONDS = 86_400
const STEP_MS = 5_000
const CLIENTS = 40
const SIGNED: Signing = { algorithm: ALGORITHM.ECDSAP256SHA256 }

/** Zones of which most people's are signed for four days at a time, as signers in the cloud do it. */
function zonesOf(registry: Signing): LabZone[] {
  const zone = (name: string, signing: Signing): LabZone => ({
    name,
    about: '',
    content: name.split('.').length === 3 ? 'www 30 A 192.0.2.80\n' : '',
    signing,
    questions: [],
  })
  const days = [-1.5, 1.5] as const
  return [
    zone('.', SIGNED),
    zone('de.', registry),
    zone('com.', SIGNED),
    ...['a.de.', 'b.de.', 'c.de.', 'd.com.', 'e.com.', 'f.com.'].map((name) =>
      zone(name, { ...SIGNED, days }),
    ),
    zone('old.com.', SIGNED),
  ]
}

/** The alerts of five minutes in which every client asks for every name again and again. */
async function alertsOf(zones: LabZone[], unixSeconds: number): Promise<Alert[]> {
  const internet = buildInternet({ nowSeconds: NOW, zones })
  const names = internet.rootHints
    .filter(({ type }) => type === TYPE.NS)
    .map(({ rdata }) => targetName(rdata)!)
  const rootHints: ResolverSettings['rootHints'] = names.map((name) => ({
    name,
    addresses: internet.rootHints
      .filter(({ type, owner }) => type === TYPE.A && namesEqual(owner, name))
      .map(({ rdata }) => rdata),
  }))
  const engine = makeEngine({
    unixSeconds,
    anchors: anchorsFromRecords(internet.trustAnchors),
    rootHints,
    network: (clock) => {
      const network = new LabNetwork({ clock, random: seededRandom(3) })
      for (const [address, authority] of internet.authorities) network.attach(address, authority)
      return network
    },
  })
  const { clock, resolver } = engine
  const tally = new AnswerTally(() => clock.unixSeconds())
  const guard = new Guard()
  const alerts: Alert[] = []
  const asked = zones.filter(({ content }) => content !== '').map(({ name }) => nameFrom(`www.${name}`))
  for (let step = 0; step < 60; step++) {
    for (const name of asked) {
      let entry: Uint8Array | undefined
      const asking = resolver.resolve({ name, type: TYPE.A, checkingDisabled: false })
      void asking.then((reply) => {
        entry = reply.entry
      })
      await clock.runUntil(() => entry !== undefined, 30_000)
      for (let n = 1; n <= CLIENTS; n++) tally.count(entry!, 0, spreadHash(n), 'refused')
    }
    const alert = guard.note(tally.take()!, clock.nowMs(), clock.unixSeconds())
    if (alert !== undefined) alerts.push(alert)
    clock.advance(STEP_MS)
  }
  return alerts
}

t.test('all is well: no alert', async (t) => {
  t.same(await alertsOf(zonesOf(SIGNED), NOW), [])
})

t.test('the key of a registry has the tag of the one that it published, and is another', async (t) => {
  const alerts = await alertsOf(zonesOf({ ...SIGNED, keys: impostorKeys }), NOW)
  t.same(
    alerts.map(({ cause, ancestor, reason, command }) => [cause, ancestor, reason, command]),
    [
      [
        'top-level',
        'de.',
        'signature-wrong',
        'sigill control nta add de. --for 1h --reason "outage of de." --force',
      ],
    ],
  )
})

t.test('a clock two days off, either way', async (t) => {
  for (const [days, reason] of [
    [2, 'signature-expired'],
    [-2, 'signature-not-yet-valid'],
  ] as const) {
    const alerts = await alertsOf(zonesOf(SIGNED), NOW + days * DAY_SECONDS)
    t.same(
      alerts.map((alert) => [alert.cause, alert.ancestor, alert.reason, alert.command]),
      [['clock', '.', reason, 'sigill control rollout observe']],
    )
  }
})
