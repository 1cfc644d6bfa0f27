/** What a server says of names that nobody asked it about, and what it says of its own that it cannot prove (A07, A12 to A18). */
import t from 'tap'
import { STALE_CLIENT_TIMEOUT_MS, STALE_SECONDS_MAX, STALE_TTL_SECONDS } from '../../src/base/limits.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { deriveKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import { deniedByExpandedNsec, strippedDs, strippedSignatures } from '../../src/lab/rewrites.ts'
import type { ServedZone } from '../../src/lab/served-zone.ts'
import { signRrset, type ValiditySpan } from '../../src/lab/signer.ts'
import { alteredSignatures } from '../../src/lab/zone.ts'
import type { ServeStale } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { proofParameters } from '../support/proof.ts'
import { rrsetFrom } from '../support/records.ts'
import { makeKey, signed } from '../support/sign.ts'
import { CLOCK, makeWorld, plainZone, SIGNED, type World, zone } from '../support/world.ts'
import { replayed, WILD } from './forgeries.ts'
import { inClass, OTHER_CLASSES } from './odd-servers.ts'
import { bankAndEvil, poisons, sets } from './poisons.ts'
import { row, Tally } from './row.ts'

const STALE: ServeStale = {
  clientTimeoutMs: STALE_CLIENT_TIMEOUT_MS,
  maxSeconds: STALE_SECONDS_MAX,
  ttlSeconds: STALE_TTL_SECONDS,
  afterBogus: false,
}

/** A server of the attacker's. */
const ELSEWHERE = '127.9.9.9'
const POISONS = poisons('test', ELSEWHERE)

/** Asks for everything that a poison could have touched; a fault in words, or nothing. */
async function faultsOf(world: World): Promise<string[]> {
  const faults: string[] = []
  const expect = async (name: string, type: number, octet: number | undefined): Promise<void> => {
    const { message, status, rcode } = await world.ask(name, type)
    const got = message.answer[0]?.type === type ? message.answer[0]?.rdata.at(-1) : undefined
    if (rcode !== RCODE.NOERROR || got !== octet || status === 'bogus')
      faults.push(`${name} ${type}: ${rcode} ${got}`)
  }
  await expect('www.bank.test', TYPE.A, 80)
  await expect('late.bank.test', TYPE.A, 81)
  await expect('bank.test', TYPE.MX, 0)
  await expect('bank.test', TYPE.NS, 0)
  await expect('test', TYPE.NS, 0)
  await expect('.', TYPE.NS, 0)
  await expect('bank.test', TYPE.DS, undefined)
  if (world.network.sent.some(({ address }) => address === ELSEWHERE)) faults.push(`${ELSEWHERE} was asked`)
  return faults
}

row('A07', async (t) => {
  const tally = new Tally(t)
  for (const poison of POISONS) {
    for (const when of ['before the victim is known', 'when the victim is known']) {
      const world = makeWorld(bankAndEvil(poison, 'test'))
      if (when.startsWith('when')) await world.ask('www.bank.test', TYPE.A)
      await world.ask('trigger.evil.test', poison.type ?? TYPE.A)
      tally.same(await faultsOf(world), [], `${poison.what}, ${when}`)
    }
  }
  return `${tally}: ${POISONS.length} shapes of poison, before and after the victim is known`
})

row('A12', async (t) => {
  const tally = new Tally(t)
  for (const recordClass of OTHER_CLASSES) {
    const world = makeWorld([plainZone('z.test.', { rewrites: () => [inClass(recordClass)] })])
    const reply = await world.ask('www.z.test', TYPE.A)
    tally.same(reply.message.answer, [], `class ${recordClass}`)
    tally.same(
      world.rrsets.get(nameFrom('www.z.test'), TYPE.A),
      undefined,
      `class ${recordClass} in the cache`,
    )
  }
  return `${tally}: records of five other classes`
})

// --- what a zone cannot prove -------------------------------------------------------------------------------------

const SPAN: ValiditySpan = { inception: CLOCK - 86_400, expiration: CLOCK + 86_400 }

/** Signs an RRset as `zone` would, with a Labels field of one's choice. */
function signedBy(zoneName: string, rrset: Rrset, labels: number, owner = rrset.owner): Rrset {
  const key = deriveKey(`${zoneName} ZSK`, SIGNED.algorithm, ZSK_FLAGS)
  return {
    ...rrset,
    signatures: [signRrset(rrset, { key, signer: nameFrom(zoneName), span: SPAN, labels, owner })],
  }
}

row('A13', async (t) => {
  const tally = new Tally(t)
  const stolen = signedBy(
    'evil.test.',
    sets('www.evil.test. 3600 IN A 192.0.2.66')[0]!,
    1,
    nameFrom('*.test'),
  )
  const forged: Rewrite = (answer, question) =>
    question.type === TYPE.A && namesEqual(question.name, nameFrom('www.evil.test'))
      ? { ...answer, answer: [stolen] }
      : answer
  const world = makeWorld([zone('evil.test.', { rewrites: () => [forged] }), zone('bank.test.')])
  tally.same((await world.ask('www.evil.test', TYPE.A)).status, 'bogus', 'the forger')
  tally.same((await world.ask('other.test', TYPE.A)).rcode, RCODE.NXDOMAIN, 'a name beside it')
  tally.same((await world.ask('www.bank.test', TYPE.A)).status, 'secure', 'another zone')
  // No proof could make an answer of it either. The signature alone has to be refused.
  const key = makeKey('evil.test')
  const set = rrsetFrom('www.evil.test. 3600 A 192.0.2.66\n')
  for (const [labels, wildcard, status] of [
    [2, '*.evil.test', 'secure'],
    [1, '*.test', 'bogus'],
  ] as const) {
    const spread = signed(set, key, { labels, signedOwner: nameFrom(wildcard) })
    const verdict = checkRrset(spread, { zone: key.zone, keys: [key.dnskey] }, proofParameters())
    tally.same(verdict.status, status, `a signature over ${wildcard}`)
  }
  return `${tally}`
})

row('A16', async (t) => {
  const tally = new Tally(t)
  for (const [what, rewrite, name] of [
    ['no proof', replayed('host.wild.z.test', '*.wild.z.test'), 'host.wild.z.test'],
    ['an alias without proof', replayed('host.alias.z.test', '*.alias.z.test'), 'host.alias.z.test'],
    [
      'the proof of another name',
      replayed('host.wild.z.test', '*.wild.z.test', 'zzz.wild.z.test'),
      'host.wild.z.test',
    ],
    [
      'a proof that speaks of something else',
      replayed('host.wild.z.test', '*.wild.z.test', 'z.test'),
      'host.wild.z.test',
    ],
    [
      'the proof of the name, where the next closer name is there',
      replayed('a.host.wild.z.test', '*.wild.z.test', 'a.host.wild.z.test'),
      'a.host.wild.z.test',
    ],
    ['its own record', replayed('host.wild.z.test', '*.wild.z.test', 'host.wild.z.test'), 'host.wild.z.test'],
  ] as const) {
    const world = makeWorld([zone('z.test.', { content: WILD, rewrites: () => [rewrite] })])
    const reply = await world.ask(name, TYPE.A)
    tally.same(reply.status, 'bogus', what)
    const free = await world.ask('free.wild.z.test', TYPE.A)
    tally.same(free.status, 'secure', `${what}: the wildcard itself is in order`)
    tally.same((await world.ask(name, TYPE.A)).status, 'bogus', `${what}: still`)
  }
  return `${tally}: six ways to replay`
})

row('A16', async (t) => {
  const tally = new Tally(t)
  const victim = nameFrom('host.wild.z.test')
  const content = `${WILD}*.tree DNAME branch\nhost.tree A 192.0.2.85\nx.branch A 192.0.2.86\n`
  /** Gives a set of the wildcard to a name that exists, with proofs of whoever. */
  const stolen = (
    owner: string,
    wildcard: string,
    type: number,
    proofs: (served: ServedZone) => Rrset[],
  ): Rewrite => {
    return (answer, question, served) => {
      const source = served?.rrset(nameFrom(wildcard), type)
      if (served === undefined || source === undefined || !namesEqual(question.name, nameFrom(owner)))
        return answer
      const set = { ...source, owner: nameFrom(owner) }
      return { ...answer, rcode: RCODE.NOERROR, answer: [set], authority: proofs(served), additional: [] }
    }
  }
  const foreignProof = signedBy('y.test.', sets('wild.y.test. 300 IN NSEC zzz.y.test. A')[0]!, 3)
  for (const [what, name, type, rewrite] of [
    [
      'the proof of another zone',
      'host.wild.z.test',
      TYPE.A,
      stolen('host.wild.z.test', '*.wild.z.test', TYPE.A, () => [foreignProof]),
    ],
    [
      'a DNAME',
      'host.tree.z.test',
      TYPE.DNAME,
      stolen('host.tree.z.test', '*.tree.z.test', TYPE.DNAME, () => []),
    ],
    [
      'an NSEC that the wildcard made',
      'host.wild.z.test',
      TYPE.A,
      stolen('host.wild.z.test', '*.wild.z.test', TYPE.A, (served) => [
        { ...served.rrset(nameFrom('*.wild.z.test'), TYPE.NSEC)!, owner: nameFrom('a.wild.z.test') },
      ]),
    ],
    [
      'a denial by an NSEC that the wildcard made',
      'host.wild.z.test',
      TYPE.TXT,
      deniedByExpandedNsec(victim, nameFrom('*.wild.z.test')),
    ],
  ] as const) {
    const world = makeWorld([zone('z.test.', { content, rewrites: () => [rewrite] }), zone('y.test.')])
    tally.same((await world.ask(name, type)).status, 'bogus', what)
  }
  // Given after its end (RFC 8767): what a wildcard once made is no answer for a name that exists now.
  let forging = false
  const replaying: Rewrite = (answer, question, served) =>
    forging ? stolen('host.wild.z.test', '*.wild.z.test', TYPE.A, () => [])(answer, question, served) : answer
  const stale = makeWorld([zone('z.test.', { content, rewrites: () => [replaying] })], {
    settings: { serveStale: STALE },
  })
  tally.same((await stale.askCached('host.wild.z.test')).status, 'secure', 'while it is honest')
  stale.pass(3700)
  forging = true
  tally.same((await stale.askCached('host.wild.z.test')).status, 'bogus', 'old data in place of bogus')
  return `${tally}: by other proofs, by DNAME, by expanded NSEC, beside stale data`
})

t.test('what a wildcard made is not used again without its proof (A16)', async (t) => {
  const world = makeWorld([zone('z.test.', { content: WILD })])
  t.equal((await world.ask('free.wild.z.test', TYPE.A)).status, 'secure')
  t.equal(world.rrsets.get(nameFrom('free.wild.z.test'), TYPE.A), undefined)
  t.equal((await world.ask('free.alias.z.test', TYPE.A)).status, 'secure')
  t.equal(world.rrsets.get(nameFrom('free.alias.z.test'), TYPE.CNAME), undefined)
})

row('A18', async (t) => {
  const tally = new Tally(t)
  const relabelled = alteredSignatures({ type: TYPE.A }, (rdata) => {
    const copy = rdata.slice()
    copy[2] = 200
    return copy
  })
  const worlds: [string, World][] = [
    ['no RRSIG at all', makeWorld([zone('z.test.', { rewrites: () => [strippedSignatures()] })])],
    [
      'no RRSIG over the data',
      makeWorld([zone('z.test.', { rewrites: () => [strippedSignatures(TYPE.A)] })]),
    ],
    [
      'no RRSIG over the keys',
      makeWorld([zone('z.test.', { rewrites: () => [strippedSignatures(TYPE.DNSKEY)] })]),
    ],
    ['another algorithm', makeWorld([zone('z.test.', { defects: [relabelled] })])],
    [
      'no DS and no proof',
      makeWorld([
        zone('test.', { content: '', rewrites: () => [strippedDs(nameFrom('z.test'))] }),
        zone('z.test.'),
      ]),
    ],
    [
      'no DS, no signatures and no proof',
      makeWorld([
        zone('test.', {
          content: '',
          rewrites: () => [strippedDs(nameFrom('z.test')), strippedSignatures()],
        }),
        zone('z.test.', { rewrites: () => [strippedSignatures()] }),
      ]),
    ],
  ]
  for (const [what, world] of worlds) {
    for (const name of ['www.z.test', 'none.z.test']) {
      const reply = await world.ask(name, TYPE.A)
      const proven = what.endsWith('over the data') || what.startsWith('another')
      const expected = proven && name.startsWith('none') ? 'secure' : 'bogus'
      tally.same(reply.status, expected, `${what}: ${name} ${reply.reason}`)
    }
  }
  return `${tally}: ${worlds.length} ways to strip`
})

t.test('a parent that denies the DS set with the proof of another child (A15)', async (t) => {
  const denies: Rewrite = (answer, question, served) => {
    if (served === undefined || !namesEqual(question.name, nameFrom('z.test'))) return answer
    const proof = served.nsecFor(nameFrom('plain.test'))!
    const keep = ({ type }: Rrset): boolean => type !== TYPE.DS
    return {
      ...answer,
      answer: answer.answer.filter(keep),
      authority: [...answer.authority.filter(keep), proof],
    }
  }
  const world = makeWorld([
    zone('test.', { content: '', rewrites: () => [denies] }),
    zone('z.test.', { rewrites: () => [strippedSignatures()] }),
    plainZone('plain.test.'),
  ])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'bogus')
  t.equal((await world.ask('www.plain.test', TYPE.A)).status, 'insecure')
})

t.test("a wildcard's NSEC, expanded to the name of a cut, ends no chain", async (t) => {
  // The zone has a wildcard with NS in its bitmap: replayed at the child's name it would say "unsigned".
  const replays: Rewrite = (answer, question, served) => {
    const nsec = served?.rrset(nameFrom('*.test'), TYPE.NSEC)
    if (served === undefined || nsec === undefined || !namesEqual(question.name, nameFrom('z.test')))
      return answer
    const keep = ({ type }: Rrset): boolean => type !== TYPE.DS
    const soa = served.rrset(nameFrom('test'), TYPE.SOA)!
    if (question.type !== TYPE.DS) return { ...answer, authority: answer.authority.filter(keep) }
    return { ...answer, answer: [], authority: [soa, { ...nsec, owner: nameFrom('z.test') }] }
  }
  const world = makeWorld([
    zone('test.', { content: '* NS ns.evil.test.\n', rewrites: () => [replays] }),
    zone('z.test.', { rewrites: () => [strippedSignatures()] }),
  ])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'bogus')
})

/** As if another zone had signed it, in which the validator of this one takes no interest. */
function foreign(set: Rrset): Rrset {
  const spoil = (rdata: Uint8Array): Uint8Array => rdata.map((octet, i) => (i === 19 ? octet ^ 1 : octet))
  const rdatas = set.rdatas.map((rdata) => rdata.map((octet, i) => (i === 1 ? octet ^ 1 : octet)))
  return { ...set, rdatas, signatures: set.signatures.map(spoil) }
}

t.test('AD speaks for the authority section: nothing is in it that was not verified', async (t) => {
  const nsec = sets('zzz.z.test. 300 IN NSEC zzzz.z.test. A\n')
  const falsifying: Rewrite = (answer, { type }) => {
    const { authority } = answer
    if (answer.answer.length > 0) return { ...answer, authority: [...authority, ...nsec] }
    // Some servers say that a name does not exist where they prove that it does.
    const rcode = type === TYPE.TXT ? RCODE.NXDOMAIN : answer.rcode
    return {
      ...answer,
      rcode,
      authority: authority.map((set) => (set.type === TYPE.SOA ? foreign(set) : set)),
    }
  }
  const world = makeWorld([zone('z.test.', { rewrites: () => [falsifying] })])
  for (const [name, type] of [
    ['www.z.test', TYPE.A],
    ['www.z.test', TYPE.MX],
    ['www.z.test', TYPE.TXT],
    ['none.z.test', TYPE.A],
  ] as const) {
    for (const round of ['cold', 'warm']) {
      const { authenticated, message } = await world.ask(name, type)
      t.ok(authenticated, `${name} ${type} ${round}`)
      t.notOk(
        message.authority.some(
          (record) => record.type === TYPE.SOA || namesEqual(record.owner, nsec[0]!.owner),
        ),
        'the rest is left out',
      )
    }
  }
})
