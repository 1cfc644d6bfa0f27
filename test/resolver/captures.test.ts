/** The engine against packets recorded from the real Internet, at the time they were recorded. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import type { Clock } from '../../src/base/clock.ts'
import { octetsEqual, octetsFromHex } from '../../src/base/octets.ts'
import type { Upstream } from '../../src/resolver/ports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { isSubdomainOf, nameKey, ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import { figure } from '../attacks/row.ts'
import { authoritative } from '../support/authoritative.ts'
import { collector, makeEngine, type TestEngine } from '../support/engine.ts'
import { rootAnchors } from '../support/root-anchors.ts'

const FOLDER = '../shared/data/captures-2026-10-04'
const CLOCK = Date.parse('2026-10-04T14:15:00Z') / 1000
const skip = existsSync(FOLDER) ? false : `${FOLDER} is not there`
const COM = nameFrom('com')
const ROOT_SERVER = parseAddress('193.0.14.129')!

/** Serves each capture to whoever asks its question; the root refers all questions below com. */
function capturedNetwork(clock: Clock, flip?: { file: string; octet: number }): Upstream {
  const answers = new Map<string, Uint8Array>()
  let referral: Uint8Array | undefined
  for (const file of [
    'root-dnskey',
    'root-referral-com',
    'com-dnskey',
    'root-nxdomain',
    'com-nxdomain-nsec3-optout',
  ]) {
    const octets = octetsFromHex(readFileSync(`${FOLDER}/${file}.hex`, 'latin1').replace(/[#;].*/g, ''))!
    if (flip?.file === file) octets[flip.octet]! ^= 1
    const question = parseMessage(octets).questions[0]!
    if (file === 'root-referral-com') referral = octets
    else answers.set(`${question.type} ${nameKey(question.name)}`, octets)
  }
  answers.set(`${TYPE.NS} ${nameKey(ROOT)}`, priming())
  return {
    ask: (request) => {
      const { name, type } = parseMessage(request.message).questions[0]!
      const atRoot = octetsEqual(request.server.address, ROOT_SERVER)
      const referred = atRoot && isSubdomainOf(name, COM)
      const found = referred ? referral : answers.get(`${type} ${nameKey(name)}`)
      return new Promise((resolve) => {
        clock.after(found === undefined ? request.timeoutMs : 10, () => {
          if (found === undefined) resolve({ kind: 'failure', reason: 'timeout' })
          else resolve({ kind: 'reply', message: found, rttMs: 10 })
        })
      })
    },
  }
}

/** The priming reply was not recorded: one root server stands for all. */
function priming(): Uint8Array {
  const server = nameFrom('k.root-servers.net')
  const writer = new MessageWriter()
  writer.header(authoritative(0))
  writer.question({ name: ROOT, type: TYPE.NS, class: 1 })
  writer.record('answer', ROOT, TYPE.NS, 1, 86_400, server)
  writer.record('additional', server, TYPE.A, 1, 86_400, ROOT_SERVER)
  return writer.finish()
}

function engine(flip?: { file: string; octet: number }): TestEngine {
  return makeEngine({
    unixSeconds: CLOCK,
    anchors: rootAnchors(),
    rootHints: [{ name: nameFrom('k.root-servers.net'), addresses: [ROOT_SERVER] }],
    network: (clock) => capturedNetwork(clock, flip),
    settings: { allowLoopbackAuthorities: false },
  })
}

t.test('the root DNSKEY set is secure by both anchors', { skip }, async (t) => {
  const { ask } = engine()
  const { events, trace } = collector()
  const reply = await ask('.', TYPE.DNSKEY, trace)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(reply.message.answer.filter((record) => record.type === TYPE.DNSKEY).length, 4)
  t.ok(events.some((event) => event.kind === 'link' && event.verdict === 'secure'))
})

t.test('com DNSKEY is secure by the DS of the referral', { skip }, async (t) => {
  const { ask, counts } = engine()
  const reply = await ask('com', TYPE.DNSKEY)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(counts.get('query udp'), 4, 'priming, referral, com DNSKEY, root DNSKEY')
})

t.test('recorded denials of com and the root (V03, V41)', { skip }, async (t) => {
  for (const { file, type } of [
    { file: 'root-nxdomain', type: TYPE.A },
    { file: 'com-nxdomain-nsec3-optout', type: TYPE.A },
  ]) {
    const octets = octetsFromHex(readFileSync(`${FOLDER}/${file}.hex`, 'latin1').replace(/#.*/g, ''))!
    const { ask } = engine()
    const name = formatName(parseMessage(octets).questions[0]!.name)
    const reply = await ask(name, type)
    t.equal(reply.rcode, 3)
    const optOut = file.includes('optout')
    t.equal(reply.status, optOut ? 'insecure' : 'secure')
    t.equal(reply.authenticated, !optOut, 'no AD over an opt-out span')
    figure(t, optOut ? 'V03' : 'V41', `recorded on 2026-10-04: ${reply.status}`)
  }
})
