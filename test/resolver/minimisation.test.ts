/** Strict and relaxed minimisation (RFC 9156), and denials whose proof says something else than their header. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { labelCount } from '../../src/wire/name.ts'
import { makeWorld, plainZone, zone } from '../support/world.ts'

const DEEP = 'a.b A 192.0.2.1\n'

/** Serves no empty non-terminal: says that it does not exist. */
const deniesEmptyNames: Rewrite = (answer, question, served) =>
  served !== undefined && labelCount(question.name) === 3 && answer.answer.length === 0
    ? { ...answer, rcode: RCODE.NXDOMAIN }
    : answer

const failsOnEmptyNames: Rewrite = (answer, question, served) =>
  served !== undefined && labelCount(question.name) === 3 && answer.answer.length === 0
    ? { ...answer, rcode: RCODE.SERVFAIL, authority: [] }
    : answer

t.test('relaxed asks the whole name of a server that fails on a part of it, strict does not', async (t) => {
  for (const [rewrite, strictRcode] of [
    [deniesEmptyNames, RCODE.NXDOMAIN],
    [failsOnEmptyNames, RCODE.SERVFAIL],
  ] as const) {
    for (const [qnameMinimisation, rcode] of [
      ['relaxed', RCODE.NOERROR],
      ['strict', strictRcode],
      ['off', RCODE.NOERROR],
    ] as const) {
      const world = makeWorld([plainZone('z.test.', { content: DEEP, rewrites: () => [rewrite] })], {
        settings: { qnameMinimisation },
      })
      const reply = await world.ask('a.b.z.test', TYPE.A)
      t.equal(reply.rcode, rcode, `${qnameMinimisation}: ${reply.ede?.text}`)
      const shown = world.asked('ns.z.test.').includes('a.b.z.test. A')
      t.equal(shown, qnameMinimisation !== 'strict', `${qnameMinimisation}: the whole name`)
    }
  }
})

t.test('strict resolves what is in order', async (t) => {
  const world = makeWorld([zone('z.test.', { content: DEEP })], { settings: { qnameMinimisation: 'strict' } })
  t.equal((await world.ask('a.b.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('c.d.z.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.notOk(world.asked().includes('c.d.z.test. A'))
})

t.test('strict does not believe an NXDOMAIN that the zone disproves', async (t) => {
  const world = makeWorld([zone('z.test.', { content: DEEP, rewrites: () => [deniesEmptyNames] })], {
    settings: { qnameMinimisation: 'strict' },
  })
  const reply = await world.ask('a.b.z.test', TYPE.A)
  t.equal(reply.status, 'bogus')
  t.equal(reply.reason, 'denial-wrong')
})

t.test('shortened questions are of type A, or NS where the operator wants it', async (t) => {
  for (const minimisedType of [TYPE.A, TYPE.NS]) {
    const world = makeWorld([zone('z.test.', { content: DEEP })], { settings: { minimisedType } })
    t.equal((await world.ask('www.b.a.z.test', TYPE.TXT)).status, 'secure')
    const shortened = world
      .asked()
      .filter((text) => /^(?:test|z\.test|a\.z\.test|b\.a\.z\.test)\. (?:A|NS)$/.test(text))
    t.ok(shortened.length >= 3)
    t.ok(
      shortened.every((text) => text.endsWith(minimisedType === TYPE.A ? ' A' : ' NS')),
      `${shortened}`,
    )
  }
})

t.test('where the header denies the name and the proof only the type, the proof counts', async (t) => {
  const nameless: Rewrite = (answer) =>
    answer.answer.length === 0 ? { ...answer, rcode: RCODE.NXDOMAIN } : answer
  for (const denial of [{ kind: 'nsec' } as const, PLAIN_NSEC3]) {
    const signed = zone('z.test.', { content: 'www A 192.0.2.1\n', rewrites: () => [nameless] })
    const world = makeWorld([{ ...signed, signing: { ...signed.signing!, denial } }])
    for (const when of ['at first', 'from the cache']) {
      const reply = await world.askCached('www.z.test', TYPE.TXT)
      t.same(
        [reply.rcode, reply.status],
        [RCODE.NOERROR, 'secure'],
        `${denial.kind} ${when}: ${reply.ede?.text}`,
      )
    }
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure', 'the name is not gone')
  }
})

t.test('a denied type whose proof denies nothing of it stays bogus', async (t) => {
  const lies: Rewrite = (answer, _question, served) =>
    served === undefined
      ? answer
      : { ...answer, rcode: RCODE.NXDOMAIN, answer: [], authority: answer.authority }
  const world = makeWorld([zone('z.test.', { rewrites: () => [lies] })])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'bogus')
})
