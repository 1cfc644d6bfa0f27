/** What an operator sees: BIND's `dig` against the daemon, over zones of other people's signers and servers. */
import t from 'tap'
import { inParallel } from '../../bench/processes.ts'
import { peersSkipReason } from '../../bench/programs.ts'
import { startDaemon } from '../support/resolvers.ts'
import { type DigReply, dig as runDig } from './dig.ts'
import { startNameServers } from './servers.ts'
import { buildWorld, removeWorld } from './world.ts'
import { below, parentZone, ZONES, type ZonePlan } from './zone-plan.ts'

/** Runs of dig side by side. */
const WIDTH = 4

/** Healthy leaves whose names are all secure. */
const GOOD: readonly ZonePlan[] = ZONES.filter(
  ({ kind, expected, fault }) => kind === 'leaf' && expected === 'secure' && fault === undefined,
)
const INSECURE: readonly ZonePlan[] = ZONES.filter(({ expected }) => expected === 'insecure')
const BOGUS: readonly ZonePlan[] = ZONES.filter(({ expected }) => expected === 'bogus')
/** One good zone of each kind of denial. */
const ONE_EACH = ['nsec', 'nsec3', 'optout'].map(
  (denial) => GOOD.find(({ signing }) => signing?.denial === denial)!,
)
const ANY_GOOD = ONE_EACH[0]!
const OPT_OUT = ONE_EACH[2]!

const skip = await peersSkipReason()

t.test('dig', { skip, timeout: 170_000 }, async (t) => {
  const world = await buildWorld()
  t.teardown(() => removeWorld(world))
  const nameServers = await startNameServers(world)
  t.teardown(() => Promise.all(nameServers.map((server) => server.stop())))
  const daemon = await startDaemon(world)
  t.teardown(() => daemon.process.stop())
  const dig = (...args: string[]): Promise<DigReply> => runDig(daemon.server, ...args)

  t.test('+dnssec: every healthy zone is authenticated', async (t) => {
    await inParallel(GOOD, WIDTH, async ({ name, signing }) => {
      const reply = await dig(below('www', name), 'A', '+dnssec')
      t.equal(reply.status, 'NOERROR', name)
      t.same([...reply.flags].sort(), ['ad', 'qr', 'ra', 'rd'], name)
      t.same(reply.edns, { version: 0, flags: new Set(['do']) }, name)
      const algorithms = reply.answer
        .filter(({ type }) => type === 'RRSIG')
        .map(({ rdata }) => Number(rdata.split(' ')[1]))
      t.same(
        algorithms.sort((a, b) => a - b),
        signing!.algorithms,
        `${name}: signed with its algorithms`,
      )
      t.ok(
        reply.answer.some(({ type }) => type === 'A'),
        name,
      )
      t.same(reply.ede, [], name)
    })
  })

  t.test('without +dnssec the AD flag is there and the signatures are not', async (t) => {
    const reply = await dig(below('www', ANY_GOOD.name), 'A')
    t.ok(reply.flags.has('ad'))
    t.notOk(reply.answer.some(({ type }) => type === 'RRSIG'))
    const silent = await dig(below('www', ANY_GOOD.name), 'A', '+noadflag')
    t.notOk(silent.flags.has('ad'), 'not for a client that asked for neither AD nor DO')
  })

  t.test('insecure zones are answered without AD', async (t) => {
    await inParallel(INSECURE, WIDTH, async ({ name, ede }) => {
      const reply = await dig(below('www', name), 'A', '+dnssec')
      t.equal(reply.status, 'NOERROR', name)
      t.notOk(reply.flags.has('ad'), name)
      t.same(
        reply.ede.map(({ code }) => code),
        ede === undefined ? [] : [ede],
        `${name}: EDE`,
      )
    })
  })

  t.test('broken zones: SERVFAIL that says why, and the data with +cd', async (t) => {
    await inParallel(BOGUS, WIDTH, async ({ name, ede }) => {
      const reply = await dig(below('www', name), 'A', '+dnssec')
      t.equal(reply.status, 'SERVFAIL', name)
      t.notOk(reply.flags.has('ad'), name)
      t.same(reply.answer, [], `${name}: no data`)
      t.equal(reply.ede[0]?.code, ede, `${name}: EDE`)
      t.ok(
        reply.ede[0]?.text.includes(name.slice(0, -1)),
        `${name}: the extra text names the zone: ${reply.ede[0]?.text}`,
      )
      const raw = await dig(below('www', name), 'A', '+cd')
      t.equal(raw.status, 'NOERROR', `${name} +cd`)
      t.ok(raw.flags.has('cd') && !raw.flags.has('ad'), `${name} +cd: ${[...raw.flags]}`)
      t.ok(
        raw.answer.some(({ type }) => type === 'A'),
        `${name} +cd has the data`,
      )
      t.equal(
        (await dig(below('www', name), 'A')).status,
        'SERVFAIL',
        `${name}: +cd changed nothing for others`,
      )
    })
  })

  t.test('zones broken in part: only what is broken fails', async (t) => {
    const cases: [name: string, type: string, status: string, ede: number | undefined][] = [
      ['www.stripped.se.', 'A', 'SERVFAIL', 10],
      ['mail.stripped.se.', 'A', 'NOERROR', undefined],
      ['alias.stripped.se.', 'A', 'SERVFAIL', 10],
      ['www.changed.org.', 'A', 'SERVFAIL', 6],
      ['mail.changed.org.', 'A', 'NOERROR', undefined],
      ['nothing.no-denial.se.', 'A', 'SERVFAIL', 12],
      ['www.no-denial.se.', 'LOC', 'SERVFAIL', 12],
      ['some.wild.no-denial.se.', 'A', 'SERVFAIL', 12],
      ['www.no-denial.se.', 'A', 'NOERROR', undefined],
      ['nothing.no-denial.nu.', 'A', 'SERVFAIL', 12],
      ['some.wild.no-denial.nu.', 'TXT', 'SERVFAIL', 12],
      ['www.no-denial.nu.', 'A', 'NOERROR', undefined],
    ]
    await inParallel(cases, WIDTH, async ([name, type, status, ede]) => {
      const reply = await dig(name, type, '+dnssec')
      t.equal(reply.status, status, `${name} ${type}`)
      t.equal(reply.flags.has('ad'), status === 'NOERROR', `${name} ${type}: AD`)
      t.equal(reply.ede[0]?.code, ede, `${name} ${type}: EDE ${reply.ede[0]?.text}`)
    })
  })

  t.test('+tcp', async (t) => {
    await inParallel([...ONE_EACH, BOGUS[0]!], WIDTH, async ({ name, expected }) => {
      const reply = await dig(below('www', name), 'A', '+tcp', '+dnssec')
      t.equal(reply.transport, 'TCP', name)
      t.equal(reply.status, expected === 'bogus' ? 'SERVFAIL' : 'NOERROR', name)
      t.equal(reply.flags.has('ad'), expected === 'secure', name)
    })
    const large = await dig(below('longer', ANY_GOOD.name), 'TXT', '+tcp')
    t.equal(large.answer.length, 9)
    t.ok(large.octets > 4000, `${large.octets} octets in one reply`)
  })

  t.test('+bufsize=512: truncated, then whole over TCP', async (t) => {
    const name = below('longer', ANY_GOOD.name)
    const first = await dig(name, 'TXT', '+bufsize=512', '+ignore')
    t.ok(first.flags.has('tc'))
    t.ok(first.octets <= 512, `${first.octets} octets`)
    t.ok(first.edns !== undefined, 'OPT stays in the truncated reply')
    const whole = await dig(name, 'TXT', '+bufsize=512')
    t.ok(whole.retriedByTcp)
    t.equal(whole.answer.length, 9)
    t.ok(whole.flags.has('ad'))
    const small = await dig(below('www', ANY_GOOD.name), 'TXT', '+bufsize=512')
    t.notOk(small.flags.has('tc'), 'what fits is not truncated')
    const large = await dig(name, 'TXT', '+bufsize=4096', '+ignore')
    t.ok(large.octets <= 1232, `a larger buffer does not make fragments: ${large.octets} octets`)
  })

  t.test('+noedns', async (t) => {
    const reply = await dig(below('www', ANY_GOOD.name), 'A', '+noedns')
    t.equal(reply.edns, undefined)
    t.equal(reply.status, 'NOERROR')
    t.ok(reply.flags.has('ad'), 'the AD flag of the query asks for it (RFC 6840 5.7)')
    const broken = await dig(below('www', BOGUS[0]!.name), 'A', '+noedns')
    t.equal(broken.status, 'SERVFAIL')
    t.equal(broken.edns, undefined)
    const large = await dig(below('long', ANY_GOOD.name), 'TXT', '+noedns', '+ignore')
    t.ok(large.flags.has('tc') && large.octets <= 512, `${large.octets} octets`)
  })

  // NSD gives one RRset itself, so there is no more to be had over TCP here.
  t.test('ANY: one RRset with its signature (RFC 8482)', async (t) => {
    for (const { name, signing } of ONE_EACH) {
      for (const transport of ['+notcp', '+tcp']) {
        const reply = await dig(name, 'ANY', transport, '+dnssec')
        t.equal(reply.status, 'NOERROR', name)
        t.ok(reply.flags.has('ad'), `${name} ${transport}: AD`)
        t.equal(reply.transport, transport === '+tcp' ? 'TCP' : 'UDP', name)
        const types = reply.answer.map(({ type }) => type)
        t.equal(new Set(types).size, 2, `${name} ${transport}: ${types}`)
        t.equal(types.filter((type) => type === 'RRSIG').length, signing!.algorithms.length, name)
      }
    }
    t.equal((await dig(below('nothing', ANY_GOOD.name), 'ANY')).status, 'NXDOMAIN')
    t.equal((await dig(below('www', BOGUS[0]!.name), 'ANY')).status, 'SERVFAIL')
  })

  t.test('DS at every cut', async (t) => {
    const cuts = ZONES.filter((plan) => parentZone(plan) !== undefined)
    await inParallel(cuts, WIDTH, async (plan) => {
      const parent = parentZone(plan)!
      const reply = await dig(plan.name, 'DS', '+dnssec')
      t.equal(reply.status, 'NOERROR', plan.name)
      const count = reply.answer.filter(({ type }) => type === 'DS').length
      t.equal(count > 0, plan.ds !== 'none', `${plan.name}: ${count} DS`)
      // ldns gives an unsigned child an NSEC3 record of its own in spite of opt-out; BIND leaves a span (RFC 5155 9.2).
      const optedOut =
        plan.ds === 'none' && parent.signing?.denial === 'optout' && parent.signing.signer === 'bind'
      t.equal(reply.flags.has('ad'), parent.expected === 'secure' && !optedOut, `${plan.name}: AD`)
      for (const { owner, type, rdata } of reply.answer.filter(({ type }) => type === 'RRSIG')) {
        t.equal(rdata.split(' ')[7], parent.name, `${owner} ${type} is signed by the parent`)
      }
    })
    const root = await dig('.', 'DS')
    t.equal(root.status, 'NOERROR')
    t.same(root.answer, [])
  })

  t.test('wildcards', async (t) => {
    await inParallel(ONE_EACH, WIDTH, async ({ name, signing }) => {
      const proofType = signing!.denial === 'nsec' ? 'NSEC' : 'NSEC3'
      const present = await dig(below('some.wild', name), 'A', '+dnssec')
      t.equal(present.status, 'NOERROR', name)
      t.ok(
        present.answer.every(({ owner }) => owner === below('some.wild', name)),
        `${name}: expanded`,
      )
      t.ok(
        present.authority.some(({ type }) => type === proofType),
        `${name}: with the proof of no closer match`,
      )
      // RFC 5155 9.2: what rests on an opt-out span is not authenticated.
      t.equal(present.flags.has('ad'), signing!.denial !== 'optout', name)
      const absent = await dig(below('some.wild', name), 'LOC', '+dnssec')
      t.equal(absent.status, 'NOERROR', name)
      t.same(absent.answer, [], name)
      const alias = await dig(below('some.wild-alias', name), 'A')
      t.same([...new Set(alias.answer.map(({ type }) => type))], ['CNAME', 'A'], name)
      const exact = await dig(below('exact.wild', name), 'TXT', '+dnssec')
      t.same(exact.answer, [], `${name}: a name that exists is not expanded`)
      t.equal(
        (await dig(below('x.exact.wild', name), 'A')).status,
        'NXDOMAIN',
        `${name}: nor are names below it`,
      )
    })
  })

  t.test('NXDOMAIN and NODATA', async (t) => {
    await inParallel(ONE_EACH, WIDTH, async ({ name, signing }) => {
      const proofType = signing!.denial === 'nsec' ? 'NSEC' : 'NSEC3'
      const nxdomain = await dig(below('nothing', name), 'A', '+dnssec')
      t.equal(nxdomain.status, 'NXDOMAIN', name)
      t.equal(nxdomain.flags.has('ad'), signing!.denial !== 'optout', `${name}: AD`)
      const nodata = await dig(below('www', name), 'LOC', '+dnssec')
      t.equal(nodata.status, 'NOERROR', name)
      t.ok(nodata.flags.has('ad'), `${name}: AD`)
      t.same(nodata.answer, [], name)
      const between = await dig(below('b.c.ent', name), 'A', '+dnssec')
      t.equal(between.status, 'NOERROR', `${name}: an empty non-terminal is there`)
      for (const { authority } of [nxdomain, nodata, between]) {
        t.ok(
          authority.some(({ type }) => type === 'SOA'),
          `${name}: SOA`,
        )
        t.ok(
          authority.some(({ type }) => type === proofType),
          `${name}: ${proofType}`,
        )
      }
      const plain = await dig(below('nothing', name), 'A')
      t.same(
        plain.authority.map(({ type }) => type),
        ['SOA'],
        `${name}: only the SOA without +dnssec`,
      )
    })
  })

  t.test('NSEC3 with too many iterations proves nothing, and says so (RFC 9276)', async (t) => {
    for (const name of ['iterations-100.nu.', 'iterations-200.se.']) {
      const present = await dig(below('www', name), 'A', '+dnssec')
      t.ok(present.flags.has('ad'), `${name}: data is not affected`)
      t.same(present.ede, [], name)
      for (const absent of [below('nothing', name), below('some.wild', name)]) {
        const reply = await dig(absent, 'A', '+dnssec')
        t.equal(reply.status, absent.startsWith('some') ? 'NOERROR' : 'NXDOMAIN', absent)
        t.notOk(reply.flags.has('ad'), absent)
        t.equal(reply.ede[0]?.code, 27, absent)
      }
    }
  })

  t.test('CNAME and DNAME across zones', async (t) => {
    const name = ANY_GOOD.name
    const chain = await dig(below('chain-1', name), 'A')
    t.equal(chain.answer.filter(({ type }) => type === 'CNAME').length, 5)
    const dname = await dig(below('www.dname', name), 'A')
    t.same(
      dname.answer.slice(0, 2).map(({ type }) => type),
      ['DNAME', 'CNAME'],
      'the DNAME and the CNAME made from it',
    )
    const long = await dig(`${'a'.repeat(60)}.${'b'.repeat(60)}.${below('dname-long', name)}`, 'A')
    t.equal(long.status, 'YXDOMAIN', 'the name made is too long (RFC 6672 2.2)')
  })

  t.test('what is not for this server', async (t) => {
    const name = below('www', OPT_OUT.name)
    const cases: [expected: string, args: string[]][] = [
      ['REFUSED', [name, 'A', '+norecurse']],
      ['REFUSED', ['version.bind', 'TXT', '-c', 'CH']],
      ['REFUSED', ['id.server', 'TXT', '-c', 'CH']],
      ['NOTIMP', [name, 'A', '+opcode=status']],
      ['BADVERS', [name, 'A', '+edns=7', '+noednsnegotiation']],
      ['NOERROR', [name, 'A', '+ednsopt=65001:c0ffee']],
      ['NOERROR', [name, 'A', '+nsid']],
      ['NOERROR', [name, 'A', '+subnet=192.0.2.0/24']],
    ]
    for (const [expected, args] of cases) {
      const reply = await dig(...args)
      t.equal(reply.status, expected, args.join(' '))
      t.notOk(reply.text.includes('CLIENT-SUBNET'), 'client subnets are not used')
    }
  })
})
