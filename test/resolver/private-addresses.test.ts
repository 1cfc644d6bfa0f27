/** Addresses of the inside that a public name must not have (DNS rebinding). */
import t from 'tap'
import { parsePrefix } from '../../src/base/prefix.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const INSIDE = ['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8', 'fe80::/10'].map((text) => parsePrefix(text)!)

const CONTENT = `
public A 192.0.2.1
inside A 10.1.2.3
mixed A 192.0.2.1
mixed A 10.1.2.3
six AAAA fd00::1
mapped AAAA ::ffff:10.1.2.3
alias CNAME inside
hint HTTPS 1 . ipv4hint=10.20.30.40
hint6 SVCB 1 foo ipv6hint=fe80::15
hints SVCB 1 foo ipv4hint=192.0.2.7
hints SVCB 2 foo ipv4hint=192.0.2.1,10.20.30.42,192.0.2.2
alpn SVCB 1 foo alpn=h2 port=10 ech=CgAAAQ==
text TXT "10.1.2.3"
`

function insideWorld(): World {
  return makeWorld(
    [
      zone('z.test.', { content: CONTENT }),
      plainZone('plain.test.', { content: CONTENT }),
      zone('corp.test.', { content: CONTENT }),
    ],
    { settings: { privateAddresses: INSIDE, privateDomains: [nameFrom('corp.test')] } },
  )
}

/** The data of an answer, without signatures. */
function data(message: Message): string[] {
  return message.answer
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(({ type, rdata }) => formatRdata(type, rdata))
    .sort()
}

for (const of of ['z.test', 'plain.test']) {
  t.test(`${of}: a public name loses private addresses`, async (t) => {
    const world = insideWorld()
    for (const [name, type, left] of [
      ['inside', TYPE.A, []],
      ['mixed', TYPE.A, ['192.0.2.1']],
      ['six', TYPE.AAAA, []],
      ['mapped', TYPE.AAAA, []],
      ['alias', TYPE.A, [`inside.${of}.`]],
      ['hint', TYPE.HTTPS, []],
      ['hint6', TYPE.SVCB, []],
      ['hints', TYPE.SVCB, [`1 foo.${of}. ipv4hint=192.0.2.7`]],
    ] as const) {
      for (const when of ['at first', 'from the cache']) {
        const reply = await world.askCached(`${name}.${of}`, type)
        t.equal(reply.rcode, RCODE.NOERROR, `${name} ${when}`)
        t.same(data(reply.message), left, `${name} ${when}`)
        t.equal(reply.authenticated, false, `${name} ${when}: it is not what the zone signed`)
        t.equal(reply.edes.at(-1)?.code, EDE.BLOCKED, `${name} ${when}`)
        const owner = name === 'alias' ? 'inside' : name
        t.match(reply.edes.at(-1)?.text, `${owner}.${of}.: private addresses`)
        const signed = reply.message.answer.filter(({ type }) => type === TYPE.RRSIG)
        t.notOk(
          signed.some((record) => formatName(record.owner) === `${owner}.${of}.`),
          'no signature over less',
        )
      }
    }
  })
}

t.test('what holds no private address is left as it is', async (t) => {
  const world = insideWorld()
  for (const [name, type] of [
    ['public', TYPE.A],
    ['alpn', TYPE.SVCB],
    ['text', TYPE.TXT],
  ] as const) {
    const reply = await world.ask(`${name}.z.test`, type)
    t.equal(data(reply.message).length, 1, name)
    t.equal(reply.authenticated, true, name)
    t.equal(reply.ede, undefined, name)
  }
})

t.test('private domains may have private addresses', async (t) => {
  const world = insideWorld()
  for (const [name, type, count] of [
    ['inside', TYPE.A, 1],
    ['mixed', TYPE.A, 2],
    ['hint', TYPE.HTTPS, 1],
  ] as const) {
    const reply = await world.ask(`${name}.corp.test`, type)
    t.equal(data(reply.message).length, count, name)
    t.equal(reply.authenticated, true, name)
  }
})

t.test('a bogus answer is bogus first (A17)', async (t) => {
  const world = makeWorld(
    [
      zone('z.test.', {
        content: CONTENT,
        rewrites: () => [
          (answer) => ({ ...answer, answer: answer.answer.map((set) => ({ ...set, signatures: [] })) }),
        ],
      }),
    ],
    { settings: { privateAddresses: INSIDE } },
  )
  const reply = await world.ask('inside.z.test', TYPE.A)
  t.equal(reply.status, 'bogus')
  t.not(reply.ede?.code, EDE.BLOCKED)
  t.same(data(reply.message), [], 'a client with CD does not get it either')
})

t.test('without the setting nothing is looked at', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })])
  const reply = await world.ask('inside.z.test', TYPE.A)
  t.same(data(reply.message), ['10.1.2.3'])
  t.equal(reply.authenticated, true)
})
