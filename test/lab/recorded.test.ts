/** The real Internet of past days, served from recorded packets and resolved at its own clock. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { type RecordedInternet, recordedInternet } from '../../src/lab/recorded.ts'
import { readRecordings } from '../../src/lab/recordings.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { collector, makeEngine, type TestEngine } from '../support/engine.ts'
import { rootKeys } from '../support/recorded-root-keys.ts'
import { rootAnchors } from '../support/root-anchors.ts'

const DATA = '../shared/data'
const CAPTURES = `${DATA}/captures-2026-10-04`
const SE = `${DATA}/zonemaster/real-se-2025-11-14.jsonl.gz`
const skip = existsSync(DATA) ? false : `${DATA} is not there`

function seconds(time: string): number {
  return Date.parse(time) / 1000
}

function engineOn(internet: RecordedInternet, clock: string, anchors: readonly TrustAnchor[]): TestEngine {
  return makeEngine({
    unixSeconds: seconds(clock),
    anchors,
    rootHints: hintsOf(internet.rootHints),
    network: (clock) => {
      const network = new LabNetwork({ clock })
      for (const [address, authority] of internet.authorities) network.attach(address, authority)
      return network
    },
  })
}

t.test('root and com, 2026-10-04', { skip }, async (t) => {
  const internet = recordedInternet(readRecordings(CAPTURES))
  for (const { name, type, status, rcode, authenticated } of [
    { name: '.', type: TYPE.DNSKEY, status: 'secure', rcode: 0, authenticated: true },
    { name: 'com', type: TYPE.DS, status: 'secure', rcode: 0, authenticated: true },
    { name: 'com', type: TYPE.DNSKEY, status: 'secure', rcode: 0, authenticated: true },
    { name: 'com', type: TYPE.SOA, status: 'secure', rcode: 0, authenticated: true },
    { name: 'no-such-tld', type: TYPE.A, status: 'secure', rcode: 3, authenticated: true },
    {
      name: 'no-such-name-dnsbox-1234.com',
      type: TYPE.A,
      status: 'insecure',
      rcode: 3,
      authenticated: false,
    },
    { name: 'com', type: TYPE.NS, status: 'bogus', rcode: 2, authenticated: false },
  ]) {
    const { ask } = engineOn(internet, '2026-10-04T14:15:00Z', rootAnchors())
    const { events, trace } = collector()
    const reply = await ask(name, type, trace)
    t.equal(reply.status, status, `${name} ${type}: ${reply.ede?.text ?? ''}`)
    if (status !== 'bogus') t.equal(reply.rcode, rcode)
    t.equal(reply.authenticated, authenticated)
    const links = events.filter((event) => event.kind === 'link' && event.verdict === 'secure')
    t.ok(links.length > 0, 'the chain of trust is told')
  }
})

t.test('root and se, 2025-11-14', { skip }, async (t) => {
  const packets = readRecordings(SE)
  const internet = recordedInternet([...packets, ...rootKeys('2025111000', packets)])
  for (const { name, type, data } of [
    { name: 'se', type: TYPE.DS, data: true },
    { name: 'se', type: TYPE.DNSKEY, data: true },
    { name: 'se', type: TYPE.SOA, data: true },
    { name: 'se', type: TYPE.NS, data: true },
    { name: 'se', type: TYPE.NSEC, data: true },
    { name: 'se', type: TYPE.CDS, data: false },
  ]) {
    const { ask } = engineOn(internet, '2025-11-14T10:13:53Z', rootAnchors())
    const reply = await ask(name, type)
    t.equal(reply.status, 'secure', `${name} ${formatType(type)}: ${reply.ede?.text ?? ''}`)
    t.equal(reply.message.answer.length > 0, data)
  }
})

t.test('nic.se under its own keys as anchor, 2025-11-14', { skip }, async (t) => {
  const packets = readRecordings(SE)
  const internet = recordedInternet([...packets, ...rootKeys('2025111000', packets)])
  const keys = packets.find(({ question, message }) => {
    return (
      question.type === TYPE.DNSKEY &&
      namesEqual(question.name, nameFrom('nic.se')) &&
      message.answer.length > 2
    )
  })!
  const dnskeys = keys.message.answer.filter((record) => record.type === TYPE.DNSKEY)
  const anchors = [...rootAnchors(), ...anchorsFromRecords(dnskeys)]
  for (const type of [TYPE.DNSKEY, TYPE.SOA]) {
    const { ask } = engineOn(internet, '2025-11-14T10:13:53Z', anchors)
    const reply = await ask('nic.se', type)
    t.equal(reply.status, 'secure', `${formatType(type)}: ${reply.ede?.text ?? ''}`)
  }
})
