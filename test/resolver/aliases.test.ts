/** CNAME and DNAME, and the types that stand beside them. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import { lame } from '../../src/lab/behaviours.ts'
import { missingSignatures, wrongSignatures } from '../../src/lab/zone.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, WWW, zone } from '../support/world.ts'

t.test('a bogus alias to what cannot be had is bogus', async (t) => {
  const world = makeWorld([
    zone('s.test.', {
      content: 'a CNAME www.dead.test.\n',
      defects: [wrongSignatures({ type: TYPE.CNAME })],
    }),
    plainZone('dead.test.', { servers: [{ name: 'ns', behaviour: lame }] }),
  ])
  const reply = await world.ask('a.s.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.status, 'bogus')
  t.equal(reply.ede?.code, EDE.DNSSEC_BOGUS)
})

t.test('aliases within a zone cost one question', async (t) => {
  for (const z of [zone, plainZone]) {
    const world = makeWorld([z('z.test.', { content: `${WWW}a CNAME b\nb CNAME c\nc CNAME www\n` })])
    await world.ask('www.z.test', TYPE.MX)
    world.forget()
    const reply = await world.ask('a.z.test', TYPE.A)
    t.equal(reply.message.answer.filter(({ type }) => type !== TYPE.RRSIG).length, 4)
    t.same(world.asked(), ['a.z.test. A'])
  }
})

t.test('an unsigned end of a signed alias is asked for itself', async (t) => {
  const forged: Rewrite = (answer, question) =>
    namesEqual(question.name, nameFrom('a.z.test'))
      ? {
          ...answer,
          answer: answer.answer.map((set) =>
            set.type === TYPE.A ? { ...set, rdatas: [Uint8Array.of(192, 0, 2, 66)], signatures: [] } : set,
          ),
        }
      : answer
  const world = makeWorld([zone('z.test.', { content: `${WWW}a CNAME www\n`, rewrites: () => [forged] })])
  const reply = await world.ask('a.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata[3], 80)
})

t.test('a secure DNAME makes its aliases without asking, an unproven one does not (V40)', async (t) => {
  const content = `${WWW}tree DNAME branch\na.branch A 192.0.2.1\nb.branch A 192.0.2.2\n`
  for (const [z, status] of [
    [zone, 'secure'],
    [plainZone, 'insecure'],
  ] as const) {
    const world = makeWorld([z('z.test.', { content })])
    const first = await world.ask('a.tree.z.test', TYPE.A)
    t.equal(first.status, status, first.ede?.text ?? '')
    t.same(
      first.message.answer.filter(({ type }) => type !== TYPE.RRSIG).map(({ type }) => type),
      [TYPE.DNAME, TYPE.CNAME, TYPE.A],
    )
    world.forget()
    const second = await world.ask('b.tree.z.test', TYPE.A)
    t.equal(second.status, status)
    const asked = status === 'secure' ? ['branch.z.test. A', 'b.branch.z.test. A'] : ['b.tree.z.test. A']
    t.same(world.asked(), asked)
    t.equal(
      (await world.ask('c.tree.z.test', TYPE.CNAME)).message.answer.some(({ type }) => type === TYPE.CNAME),
      true,
    )
    t.equal((await world.ask('tree.z.test', TYPE.DNAME)).status, status)
    world.forget()
    await world.ask('d.tree.z.test', TYPE.A)
    const made = status === 'secure' ? 'd.branch.z.test. A' : 'd.tree.z.test. A'
    t.equal(world.asked()[0], made, 'nor when it was asked for itself')
    t.equal((await world.ask('tree.z.test', TYPE.A)).message.answer.length, 0, 'the owner itself is no alias')
  }
})

t.test("a server's own CNAME must be the one that the DNAME makes, and is never used (V40)", async (t) => {
  const lies: Rewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) =>
      set.type === TYPE.CNAME ? { ...set, rdatas: [nameFrom('www.evil.test')] } : set,
    ),
  })
  const content = 'tree DNAME branch\na.branch A 192.0.2.1\nb.branch A 192.0.2.2\n'
  const rewrites = (): Rewrite[] => [lies]
  for (const [z, status] of [
    [zone, 'bogus'],
    [plainZone, 'insecure'],
  ] as const) {
    const world = makeWorld([z('z.test.', { content, rewrites }), plainZone('evil.test.')])
    const reply = await world.ask('a.tree.z.test', TYPE.A)
    t.equal(reply.status, status)
    if (status === 'bogus') {
      t.match(reply.ede?.text, 'a.tree.z.test. CNAME is not what the DNAME of tree.z.test. makes')
      const next = await world.ask('b.tree.z.test', TYPE.A)
      t.equal(next.status, 'secure', 'the DNAME itself was proven')
      t.equal(next.message.answer.find(({ type }) => type === TYPE.A)?.rdata[3], 2)
    } else t.equal(reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata[3], 1)
  }
})

t.test('a DNAME that makes a name too long: YXDOMAIN with the DNAME (V40)', async (t) => {
  const long = 'a'.repeat(60)
  const world = makeWorld([zone('z.test.', { content: `tree DNAME ${long}.${long}\n` })])
  for (const round of [1, 2]) {
    const reply = await world.ask(`${long}.${long}.${long}.tree.z.test`, TYPE.A)
    t.equal(reply.rcode, RCODE.YXDOMAIN, `${round}`)
    t.equal(reply.status, 'secure')
    t.equal(reply.message.answer[0]?.type, TYPE.DNAME)
  }
})

t.test('a DNAME that leads to itself: all of it, and no more', async (t) => {
  const world = makeWorld([zone('z.test.', { content: 'tree DNAME tree\n' })])
  const reply = await world.ask('a.tree.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.NOERROR)
  t.equal(reply.status, 'secure')
  const types = reply.message.answer.map(({ type }) => type).filter((type) => type !== TYPE.RRSIG)
  t.same(types, [TYPE.DNAME, TYPE.CNAME])
})

t.test('types that stand beside a CNAME are not looked for at its target', async (t) => {
  const world = makeWorld([zone('z.test.', { content: `${WWW}a CNAME www\n` })])
  await world.ask('a.z.test', TYPE.A)
  for (const type of [TYPE.NSEC, TYPE.CNAME]) {
    const reply = await world.ask('a.z.test', type)
    t.equal(reply.status, 'secure')
    t.same(
      reply.message.answer.filter((record) => record.type !== TYPE.RRSIG).map((record) => record.type),
      [type],
    )
  }
  const ds = await world.ask('a.z.test', TYPE.DS)
  t.equal(ds.rcode, RCODE.NOERROR)
  const signatures = await world.ask('a.z.test', TYPE.RRSIG)
  t.ok(signatures.message.answer.every(({ type }) => type === TYPE.RRSIG))
  t.ok(signatures.message.answer.length >= 2)
  t.equal(signatures.authenticated, false, 'signatures are not signed')
})

// --- ANY ----------------------------------------------------------------------------------------------------------

t.test('ANY is one question, over a cached alias too, and follows nothing', async (t) => {
  const world = makeWorld([zone('z.test.', { content: `${WWW}www AAAA 2001:db8::1\na CNAME www\n` })])
  await world.ask('a.z.test', TYPE.A)
  world.forget()
  const alias = await world.ask('a.z.test', TYPE.ANY)
  t.same(world.asked(), ['a.z.test. ANY'])
  t.equal(alias.status, 'secure', alias.ede?.text ?? '')
  t.same(new Set(alias.message.answer.map(({ type }) => type)), new Set([TYPE.CNAME, TYPE.NSEC, TYPE.RRSIG]))
  world.forget()
  const all = await world.ask('www.z.test', TYPE.ANY)
  t.same(world.asked(), ['www.z.test. ANY'])
  t.equal(all.status, 'secure')
  t.same(
    new Set(all.message.answer.map(({ type }) => type)),
    new Set([TYPE.A, TYPE.AAAA, TYPE.NSEC, TYPE.RRSIG]),
  )
  world.forget()
  t.equal((await world.ask('none.z.test', TYPE.ANY)).rcode, RCODE.NXDOMAIN)
})

t.test('every RRset of an answer to ANY is judged', async (t) => {
  const content = `${WWW}www AAAA 2001:db8::1\n`
  for (const defect of [wrongSignatures({ type: TYPE.AAAA }), missingSignatures({ type: TYPE.AAAA })]) {
    const world = makeWorld([zone('z.test.', { content, defects: [defect] })])
    t.equal((await world.ask('www.z.test', TYPE.ANY)).status, 'bogus')
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure', 'what is in order alone stays so')
  }
})

t.test(
  'an answer to ANY: signatures over nothing in it are passed over, an unsigned CNAME is not',
  async (t) => {
    const withoutA: Rewrite = (answer, question) => {
      if (question.type !== TYPE.ANY) return answer
      return {
        ...answer,
        answer: answer.answer.map((set) =>
          set.type === TYPE.A ? { ...set, type: TYPE.RRSIG, rdatas: set.signatures, signatures: [] } : set,
        ),
      }
    }
    const world = makeWorld([
      zone('z.test.', { content: `${WWW}www AAAA 2001:db8::1\n`, rewrites: () => [withoutA] }),
    ])
    t.equal((await world.ask('www.z.test', TYPE.ANY)).status, 'secure')
    const smuggled: Rewrite = (answer, question) => {
      const dname = answer.answer.find(({ type }) => type === TYPE.DNAME)
      if (question.type !== TYPE.ANY || dname === undefined) return answer
      const cname = { ...dname, type: TYPE.CNAME, rdatas: [nameFrom('www.evil.test')], signatures: [] }
      return { ...answer, answer: [dname, cname] }
    }
    const evil = makeWorld([zone('z.test.', { content: 'tree DNAME branch\n', rewrites: () => [smuggled] })])
    t.equal((await evil.ask('tree.z.test', TYPE.ANY)).status, 'bogus')
  },
)
