/** Every name of the lab Internet, resolved by the engine under a virtual clock: verdict, rcode and EDE as written beside the zones. */
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import { BROKEN_ZONES } from '../../src/lab/broken-zones.ts'
import { complaintOf, type Expectation, onPlatform } from '../../src/lab/expectation.ts'
import { HEALTHY_ZONES } from '../../src/lab/healthy-zones.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { REGISTRY_ZONES } from '../../src/lab/registry-zones.ts'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { targetName } from '../../src/wire/rdata/target.ts'
import { makeEngine, type TestEngine } from '../support/engine.ts'
import type { EntryReply } from '../support/entry.ts'

const CLOCK = Date.parse('2026-11-21T12:00:00Z') / 1000
const zones = [...REGISTRY_ZONES, ...HEALTHY_ZONES, ...BROKEN_ZONES]
const internet = buildInternet({ nowSeconds: CLOCK, zones })
const algorithms = selfTest()

function hints(): ResolverSettings['rootHints'] {
  const names = internet.rootHints
    .filter((record) => record.type === TYPE.NS)
    .map((record) => targetName(record.rdata)!)
  return names.map((name) => ({
    name,
    addresses: internet.rootHints
      .filter((record) => record.type === TYPE.A && namesEqual(record.owner, name))
      .map((record) => record.rdata),
  }))
}

function engine(seed: number): TestEngine {
  return makeEngine({
    unixSeconds: CLOCK,
    anchors: anchorsFromRecords(internet.trustAnchors),
    rootHints: hints(),
    seed,
    network: (clock) => {
      const network = new LabNetwork({ clock, random: seededRandom(seed) })
      for (const [address, authority] of internet.authorities) network.attach(address, authority)
      return network
    },
  })
}

/** The verdict that the front will put on the wire, from the engine's. */
function asExpected(expected: Expectation, reply: EntryReply): string {
  const wants = onPlatform(expected, algorithms)
  const got: string[] = []
  if (wants.manner === 'usual' && wants.ad !== reply.authenticated) got.push(`status ${reply.status}`)
  if (wants.verdict === 'bogus' && reply.status !== 'bogus') got.push(`status ${reply.status}`)
  if (wants.verdict === 'insecure' && wants.manner === 'usual' && reply.status !== 'insecure')
    got.push(`status ${reply.status}`)
  if (wants.verdict !== 'bogus' && reply.rcode !== wants.rcode) got.push(`rcode ${reply.rcode}`)
  if (wants.manner === 'usual' && complaintOf(reply.edes.map(({ code }) => code)) !== wants.ede)
    got.push(`EDE ${reply.ede?.code} (${reply.ede?.text})`)
  if (wants.verdict !== 'bogus' && wants.data !== reply.message.answer.length > 0) got.push('data')
  return got.join(', ')
}

t.test('a cold engine for every question', async (t) => {
  for (const zone of zones) {
    const faults: string[] = []
    for (const expected of zone.questions) {
      const { ask, resolver } = engine(7)
      const fault = asExpected(expected, await ask(expected.name, parseType(expected.type)!))
      if (fault !== '') faults.push(`${expected.name} ${expected.type} ${expected.manner}: ${fault}`)
      const { questions, lookups, fetches } = resolver.inFlight
      if (questions + lookups + fetches > 0) faults.push(`${expected.name}: something is still under way`)
    }
    // One assertion a zone: a thousand of them would take longer than what they look at.
    t.same(faults, [], `${zone.name}: ${zone.about}`)
  }
})

t.test('one engine for all, twice: what is cached keeps its verdict', async (t) => {
  const { ask, clock } = engine(8)
  for (const round of ['cold', 'warm']) {
    const faults: string[] = []
    for (const expected of zones.flatMap((zone) => zone.questions)) {
      const fault = asExpected(expected, await ask(expected.name, parseType(expected.type)!))
      if (fault !== '') faults.push(`${expected.name} ${expected.type} ${expected.manner}: ${fault}`)
    }
    t.same(faults, [], round)
    clock.advance(1000)
  }
})
