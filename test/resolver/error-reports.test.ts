/** DNS error reporting (RFC 9567): one question to the agent, and never one too many. */
import t from 'tap'
import { UPSTREAM_QUERIES_MAX } from '../../src/base/limits.ts'
import { concatOctets } from '../../src/base/octets.ts'
import { type Behaviour, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { strippedSignatures } from '../../src/lab/rewrites.ts'
import { reportingAgent, reportName } from '../../src/resolver/error-reports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { writeU16 } from '../../src/wire/integers.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const AGENT = nameFrom('agent.test.')

/** Puts an option 18 into every reply, whose last record is a bare OPT. */
function naming(content: Uint8Array): Behaviour {
  const option = new Uint8Array(6)
  writeU16(option, 0, 4 + content.length)
  writeU16(option, 2, 18)
  writeU16(option, 4, content.length)
  return (inner) => (query, transport) =>
    inner(query, transport).map(({ message, delayMs }) => ({
      message: concatOctets(message.slice(0, -2), option, content),
      delayMs,
    }))
}

/** A zone without its signatures, whose server names an agent, beside the agent's zone. */
function world(content: Uint8Array, errorReporting = true, agent: Partial<LabZone> = {}): World {
  const broken = zone('z.test.', {
    content: '* A 192.0.2.80\n',
    servers: [{ name: 'ns', behaviour: naming(content) }],
    rewrites: () => [strippedSignatures(TYPE.A)],
  })
  const zones = [broken, plainZone('agent.test.', { content: '*._er TXT "thanks"\n', ...agent })]
  return makeWorld(zones, { settings: { errorReporting } })
}

/** What the agent was asked, once all is quiet. */
async function reports(world: World): Promise<string[]> {
  await world.clock.runUntil(() => world.resolver.inFlight.lookups === 0, 30_000)
  return world.asked('ns.agent.test.').filter((question) => question.endsWith(' TXT'))
}

t.test('bogus data is reported, once', async (t) => {
  const it = world(AGENT)
  t.equal((await it.ask('www.z.test', TYPE.A)).status, 'bogus')
  const report = '_er.1.www.z.test.10._er.agent.test. TXT'
  t.same(await reports(it), [report])
  t.equal(it.counts.get('report sent'), 1)
  it.pass(100)
  t.equal((await it.ask('www.z.test', TYPE.A)).status, 'bogus')
  t.same(await reports(it), [report], 'the answer to it is known')
})

t.test('not when nobody wants it, nor for what is well', async (t) => {
  const off = world(AGENT, false)
  t.equal((await off.ask('www.z.test', TYPE.A)).status, 'bogus')
  t.same(await reports(off), [])
  const on = world(AGENT)
  t.equal((await on.ask('z.test', TYPE.SOA)).status, 'secure')
  t.same(await reports(on), [])
})

t.test('an option that holds no name, or the root, or more than a name', async (t) => {
  for (const content of [[], [0], [...AGENT, 0xff], [...AGENT.subarray(0, 5)], [0xc0, 0x0c]]) {
    const it = world(Uint8Array.from(content))
    t.equal((await it.ask('www.z.test', TYPE.A)).status, 'bogus')
    t.same(await reports(it), [], content.join(' '))
  }
  t.equal(reportingAgent(undefined), undefined)
})

t.test('many names are one report a second', async (t) => {
  const it = world(AGENT)
  await it.askAll(Array.from({ length: 20 }, (_, i) => [`h${i}.z.test`] as const))
  t.equal((await reports(it)).length, 1)
  t.equal(it.counts.get('report sent'), 1)
  t.equal(it.counts.get('report held-back'), 19)
})

t.test('what goes wrong with a report is not reported, what goes wrong with its zone is', async (t) => {
  const it = world(AGENT, true, {
    ...zone('agent.test.'),
    content: '* TXT "thanks"\n',
    servers: [{ name: 'ns', behaviour: naming(nameFrom('deaf.test.')) }],
    rewrites: () => [strippedSignatures(TYPE.TXT)],
  })
  const report = '_er.1.www.z.test.10._er.agent.test. TXT'
  t.equal((await it.ask('www.z.test', TYPE.A)).status, 'bogus')
  t.same([...new Set(await reports(it))], [report])
  t.notOk(it.asked().includes('deaf.test. A'))
  t.equal(it.counts.get('report sent'), 1)
  t.equal((await it.ask('x.agent.test', TYPE.TXT)).status, 'bogus')
  await reports(it)
  t.ok(it.asked().includes('deaf.test. A'), 'on the way to the other agent')
})

t.test('a report whose name would be too long', async (t) => {
  const long = nameFrom(`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}.test.`)
  t.equal(reportName(long, TYPE.A, 6, AGENT), undefined)
  t.equal(
    formatName(reportName(nameFrom('x.test.'), TYPE.AAAA, 6, AGENT)!),
    '_er.28.x.test.6._er.agent.test.',
  )
})

t.test('what reports take is charged to the question that met the faults', async (t) => {
  const links = Array.from({ length: 8 }, (_, i) => i)
  const broken = links.map((i) =>
    zone(`z${i}.test.`, {
      content: `www CNAME www.z${i + 1}.test.\n`,
      servers: [{ name: 'ns', behaviour: naming(nameFrom(`agent${i}.test.`)) }],
      rewrites: () => [strippedSignatures(TYPE.CNAME)],
    }),
  )
  const servers = Array.from({ length: 13 }, (_, i) => ({ name: `ns${i}`, behaviour: silent }))
  const agents = links.map((i) => plainZone(`agent${i}.test.`, { servers }))
  const it = makeWorld([...broken, ...agents], { settings: { errorReporting: true } })
  t.equal((await it.ask('www.z0.test', TYPE.A)).status, 'bogus')
  await it.clock.runUntil(() => it.resolver.inFlight.lookups === 0, 30_000)
  t.ok(it.asked().length <= UPSTREAM_QUERIES_MAX, `${it.asked().length} questions`)
})
