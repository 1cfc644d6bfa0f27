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

/** Errors that do not say what they are about: the zone whose link is broken, and which link; else the name that was asked. */
function vague(name: string, { edes, link }: EntryReply): string[] {
  const [zone, type] = link?.split(' ') ?? []
  return edes
    .map(({ text }) => text)
    .filter((text) => {
      if (zone === undefined || type === undefined) return !zonesAbove(name).some((one) => text.includes(one))
      const denied = text.includes(` NXDOMAIN in ${zone}`) || text.includes(` from a wildcard in ${zone}`)
      // The SOA record that stands in every denial.
      const unproven = text.includes(`${zone} SOA in ${zone}`)
      return !denied && !unproven && !(text.includes(zone) && new RegExp(`\\b${type}\\b`).test(text))
    })
}

/** Those of the lab at or above a name, the root aside. */
function zonesAbove(name: string): string[] {
  return zones.map((zone) => zone.name).filter((zone) => zone !== '.' && `.${name}`.endsWith(`.${zone}`))
}

t.test('a cold engine for every question', async (t) => {
  for (const zone of zones) {
    const faults: string[] = []
    for (const expected of zone.questions) {
      const { ask, resolver } = engine(7)
      const reply = await ask(expected.name, parseType(expected.type)!)
      const fault = asExpected(expected, reply)
      faults.push(...vague(expected.name, reply))
      if (fault !== '') faults.push(`${expected.name} ${expected.type} ${expected.manner}: ${fault}`)
      const { questions, lookups, fetches } = resolver.inFlight
      if (questions + lookups + fetches > 0) faults.push(`${expected.name}: something is still under way`)
    }
    // One assertion a zone: a thousand of them would take longer than what they look at.
    t.same(faults, [], `${zone.name}: ${zone.about}`)
  }
})

t.test(
  'a bogus answer says whose link is broken, also when the verdict comes out of the cache',
  async (t) => {
    const links: Readonly<Record<string, string>> = {
      'www.expired.se.': 'expired.se. DNSKEY',
      'www.ds-mismatch.se.': 'ds-mismatch.se. DNSKEY',
      'www.no-dnskey.se.': 'no-dnskey.se. DNSKEY',
      'www.wrong-key-same-tag.se.': 'wrong-key-same-tag.se. A',
      'www.no-signature.se.': 'no-signature.se. A',
      'none.no-nsec3.se.': 'no-nsec3.se. A',
      'to-bogus.alias-trouble.se.': 'wrong-signature.se. A',
      'www.shop.outage.': 'outage. DS',
      'www.vault.tampered.': 'tampered. DS',
      'www.no-edns.se.': 'no-edns.se. DNSKEY',
    }
    const { ask, clock } = engine(9)
    for (const round of ['fetched', 'out of the cache of records', 'fetched again']) {
      const found: Record<string, string | undefined> = {}
      for (const name of Object.keys(links)) found[name] = (await ask(name, TYPE.A)).link
      t.same(found, links, round)
      if (round !== 'fetched') clock.advance(120_000)
    }
  },
)

t.test('one engine for all, twice: what is cached keeps its verdict', async (t) => {
  const { ask, clock } = engine(8)
  for (const round of ['cold', 'warm']) {
    const faults: string[] = []
    for (const expected of zones.flatMap((zone) => zone.questions)) {
      const reply = await ask(expected.name, parseType(expected.type)!)
      const fault = asExpected(expected, reply)
      if (fault !== '') faults.push(`${expected.name} ${expected.type} ${expected.manner}: ${fault}`)
      faults.push(...vague(expected.name, reply))
    }
    t.same(faults, [], round)
    clock.advance(1000)
  }
})
