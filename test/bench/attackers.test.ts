/** The hostile zones of the bench `attack`: each costs what it says, for every name that is asked for. */
import t from 'tap'
import {
  attackerAuthorities,
  DEEP,
  FANNED,
  FANNED_SERVERS,
  HASHED,
  HASHED_ITERATIONS,
  TRAP,
  TRAP_KEYS,
  TRAP_SIGNATURES,
  VICTIM,
} from '../../bench/world/attackers.ts'
import { keysOfZone } from '../../bench/world/zone-files.ts'
import { hostsOfZone, type ZoneGroup, zoneName } from '../../bench/world/zone-group.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { parseNsec3 } from '../../src/wire/rdata/nsec3.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { writeQuery } from '../../src/wire/writer.ts'

const authorities = attackerAuthorities()
const EDNS = { version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] }

function ask(group: ZoneGroup, host: number, name: string, type: number): Message {
  const question = { name: nameFrom(name), type, class: 1 }
  const query = writeQuery({ id: 1, question, rd: false, cd: false, edns: EDNS })
  const [reply] = authorities.get(hostsOfZone(group, 0)[host]!)!(query, 'tcp')
  return parseMessage(reply!.message)
}

const ofType = (records: readonly ResourceRecord[], type: number): ResourceRecord[] =>
  records.filter((record) => record.type === type)

t.test('KeyTrap: keys of one tag, and that tag on every signature', async (t) => {
  const zone = zoneName(TRAP, 0)
  const keys = ofType(ask(TRAP, 0, zone, TYPE.DNSKEY).answer, TYPE.DNSKEY).map(
    ({ rdata }) => parseDnskey(rdata)!,
  )
  const { answer } = ask(TRAP, 1, `any.${zone}`, TYPE.A)
  const tags = new Set(ofType(answer, TYPE.RRSIG).map(({ rdata }) => parseRrsig(rdata)!.keyTag))
  t.equal(ofType(answer, TYPE.RRSIG).length, TRAP_SIGNATURES)
  t.equal(tags.size, 1)
  t.equal(keys.filter(({ keyTag }) => tags.has(keyTag)).length, TRAP_KEYS)
  t.ok(
    keysOfZone(zone).every(({ key }) => keys.some(({ keyTag }) => keyTag === key.keyTag)),
    'and the keys that the parent vouches for',
  )
})

t.test('NSEC3: a denial with so many iterations, and no name near the zone', async (t) => {
  const zone = zoneName(HASHED, 0)
  for (const name of [`x1.${DEEP}b.${zone}`, `${DEEP}x1.${zone}`]) {
    const { rcode, authority } = ask(HASHED, 0, name, TYPE.A)
    t.equal(rcode, RCODE.NXDOMAIN)
    const proofs = ofType(authority, TYPE.NSEC3).map(({ rdata }) => parseNsec3(rdata)!)
    t.ok(proofs.length >= 2)
    t.ok(proofs.every(({ iterations, optOut }) => iterations === HASHED_ITERATIONS && optOut))
  }
})

t.test('NXNS: each name has servers that nobody was asked for before, all of the victim', async (t) => {
  const seen = new Set<string>()
  for (const label of ['x1', 'X2']) {
    const { authority, answer } = ask(FANNED, 0, `www.${label}.${zoneName(FANNED, 0)}`, TYPE.A)
    t.equal(answer.length, 0)
    for (const { rdata } of ofType(authority, TYPE.NS)) seen.add(formatName(rdata as never))
  }
  t.equal(seen.size, 2 * FANNED_SERVERS)
  t.ok([...seen].every((name) => name.endsWith(`.${zoneName(VICTIM, 0)}`)))
})
