/**
 * What somebody does who may answer for any server: he has every record that the lab ever signed, keys of his own, and
 * none of the lab's keys. Each forgery is a well-formed reply to the question.
 */

import type { ZoneAnswer } from '../../src/authority/answer.ts'
import type { Random } from '../../src/base/random.ts'
import { failure, readQuery, writeReply } from '../../src/lab/authority.ts'
import { writeNsec } from '../../src/lab/denial-chain.ts'
import { deriveKey, KSK_FLAGS } from '../../src/lab/keys.ts'
import { makeDs, signRrset } from '../../src/lab/signer.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseHeader, parseMessage } from '../../src/wire/message.ts'
import { isRoot, labelsOf, type Name, nameFromLabels, parentOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { writeSoa } from '../../src/wire/rdata/soa.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import type { Editions } from './editions.ts'

/** Where the forger's own name server listens. */
export const FORGER_ADDRESS = '127.66.6.6'
const FORGED_ADDRESS = Uint8Array.of(203, 0, 113, 66)
const FORGED_TTL_SECONDS = 86_400
const KEY = deriveKey('the forger', ALGORITHM.ED25519, KSK_FLAGS)

/** What a forgery is made from. */
interface Material {
  readonly random: Random
  readonly name: Name
  readonly type: number
  /** What the server would have said. */
  readonly genuine: ZoneAnswer
  readonly draw: () => Rrset
  readonly now: number
}

type Forgery = (material: Material) => ZoneAnswer

/** A forger with a library. */
export class Forger {
  readonly #library: readonly Rrset[]

  constructor({ all }: Editions) {
    this.#library = all.flatMap(({ rrsets }) => rrsets)
  }

  /** A forged reply; undefined where the query cannot be read. */
  forge(
    query: Uint8Array,
    genuine: Uint8Array | undefined,
    random: Random,
    now: number,
  ): Uint8Array | undefined {
    const header = parseHeader(query)
    const read = readQuery(query)
    const question = read?.questions[0]
    if (header === undefined || read === undefined || question === undefined) return undefined
    const { name, type } = question
    const forgery = FORGERIES[random.below(FORGERIES.length)]!
    const draw = (): Rrset => this.#library[random.below(this.#library.length)]!
    const answer = forgery({ random, name, type, genuine: answerOf(genuine), draw, now })
    return writeReply(header, read, answer, 'tcp')
  }
}

function answerOf(octets: Uint8Array | undefined): ZoneAnswer {
  if (octets === undefined) return { ...failure(RCODE.NOERROR), authoritative: true }
  const message = parseMessage(octets)
  return {
    rcode: message.rcode,
    authoritative: message.aa,
    answer: groupRrsets(message.answer),
    authority: groupRrsets(message.authority),
    additional: groupRrsets(message.additional),
  }
}

function rrset(owner: Name, type: number, ...rdatas: readonly Uint8Array[]): Rrset {
  return { owner, type, class: CLASS.IN, ttlSeconds: FORGED_TTL_SECONDS, rdatas, signatures: [] }
}

function onAll(answer: ZoneAnswer, change: (set: Rrset) => Rrset): ZoneAnswer {
  const { authority, additional } = answer
  return {
    ...answer,
    answer: answer.answer.map(change),
    authority: authority.map(change),
    additional: additional.map(change),
  }
}

const unsigned = (set: Rrset): Rrset => ({ ...set, signatures: [] })

/** Addresses that are the forger's. */
function moved(set: Rrset): Rrset {
  return set.type === TYPE.A ? { ...set, rdatas: [FORGED_ADDRESS] } : set
}

/** Signed by the forger, in the name of any zone. */
function selfSigned(set: Rrset, signer: Name, now: number): Rrset {
  const span = { inception: now - 86_400, expiration: now + 86_400 }
  return { ...set, signatures: [...set.signatures, signRrset(set, { key: KEY, signer, span })] }
}

function soaOf(zone: Name): Rrset {
  const numbers = { serial: 2, refresh: 3600, retry: 900, expire: 604_800, minimumSeconds: 86_400 }
  return rrset(zone, TYPE.SOA, writeSoa({ mname: zone, rname: zone, ...numbers }))
}

/** Some ancestor of the name, or the name. */
function above(name: Name, random: Random): Name {
  let at = name
  while (!isRoot(at) && random.below(2) === 0) at = parentOf(at)
  return at
}

function positive({ name, type, random }: Material): Rrset {
  if (type === TYPE.DS) return rrset(name, TYPE.DS, makeDs(name, KEY, DIGEST.SHA256))
  if (type === TYPE.DNSKEY) return rrset(name, TYPE.DNSKEY, KEY.dnskey)
  if (type === TYPE.NS) return rrset(name, TYPE.NS, SERVER)
  if (type === TYPE.CNAME) return rrset(name, TYPE.CNAME, SERVER)
  if (type === TYPE.A) return rrset(name, TYPE.A, FORGED_ADDRESS)
  return rrset(
    name,
    type,
    Uint8Array.from({ length: 1 + random.below(40) }, () => random.below(256)),
  )
}

const SERVER = nameFrom('ns.forger.example.')
const SERVER_RRSET = rrset(SERVER, TYPE.A, Uint8Array.from(FORGER_ADDRESS.split('.'), Number))

function referral(zone: Name, more: readonly Rrset[]): ZoneAnswer {
  const below = nameFromLabels([Buffer.from('ns'), ...labelsOf(zone)]) ?? SERVER
  return {
    ...failure(RCODE.NOERROR),
    authority: [rrset(zone, TYPE.NS, below, SERVER), ...more],
    additional: [{ ...SERVER_RRSET, owner: below }, SERVER_RRSET],
  }
}

function authoritative(parts: Partial<ZoneAnswer>): ZoneAnswer {
  return { ...failure(RCODE.NOERROR), authoritative: true, ...parts }
}

const FORGERIES: readonly Forgery[] = [
  // The genuine reply, changed.
  ({ genuine }) => onAll(genuine, moved),
  ({ genuine }) => onAll(genuine, unsigned),
  ({ genuine }) => onAll(onAll(genuine, moved), unsigned),
  ({ genuine }) => ({ ...genuine, authority: [] }),
  ({ genuine }) => ({ ...genuine, authority: genuine.authority.filter(({ type }) => type !== TYPE.DS) }),
  ({ genuine }) => ({
    ...genuine,
    authority: genuine.authority.filter(({ type }) => type !== TYPE.NSEC && type !== TYPE.NSEC3),
  }),
  ({ genuine, random }) => ({ ...genuine, authority: genuine.authority.filter(() => random.below(2) === 0) }),
  ({ genuine, random }) => ({ ...genuine, answer: genuine.answer.filter(() => random.below(2) === 0) }),
  ({ genuine, random }) => onAll(genuine, (set) => ({ ...set, ttlSeconds: random.below(2) * 0x7fffffff })),
  ({ genuine, random }) => ({ ...genuine, rcode: random.below(11) }),
  ({ genuine }) => ({ ...genuine, rcode: RCODE.NXDOMAIN }),
  ({ genuine }) => ({ ...genuine, rcode: RCODE.NXDOMAIN, answer: [] }),
  ({ genuine }) => ({ ...genuine, rcode: RCODE.NOERROR, answer: [] }),
  ({ genuine, now, random, name }) =>
    onAll(onAll(genuine, moved), (set) => selfSigned(set, above(name, random), now)),
  // Records of other names and zones, in genuine company.
  ({ genuine, draw }) => ({ ...genuine, answer: [...genuine.answer, draw(), moved(draw())] }),
  ({ genuine, draw }) => ({ ...genuine, authority: [...genuine.authority, draw(), draw(), draw()] }),
  ({ genuine, draw }) => ({ ...genuine, additional: [...genuine.additional, moved(draw()), draw()] }),
  ({ genuine, name, random }) => ({
    ...genuine,
    authority: [...genuine.authority, rrset(above(name, random), TYPE.NS, SERVER)],
    additional: [SERVER_RRSET],
  }),
  // Signed records under another name, or proofs of another.
  ({ draw, name }) => authoritative({ answer: [{ ...draw(), owner: name }] }),
  ({ genuine, draw, name }) =>
    authoritative({ answer: [{ ...draw(), owner: name }], authority: genuine.authority }),
  ({ draw }) => authoritative({ authority: [draw(), draw(), draw(), draw()] }),
  ({ draw, name, random }) =>
    authoritative({
      rcode: random.below(2) * RCODE.NXDOMAIN,
      authority: [soaOf(above(name, random)), draw(), draw(), draw()],
    }),
  ({ genuine, name, random }) =>
    authoritative({
      rcode: RCODE.NXDOMAIN,
      authority: [soaOf(above(name, random)), ...genuine.authority, ...genuine.answer],
    }),
  // Made up.
  (material) => authoritative({ answer: [positive(material)] }),
  (material) => {
    const { name, random, now } = material
    return authoritative({ answer: [selfSigned(positive(material), above(name, random), now)] })
  },
  ({ name, type }) =>
    authoritative({ answer: [rrset(name, TYPE.CNAME, SERVER), rrset(SERVER, type, FORGED_ADDRESS)] }),
  ({ name, draw }) => authoritative({ answer: [rrset(name, TYPE.CNAME, draw().owner)] }),
  ({ name, random, draw }) =>
    authoritative({ answer: [rrset(above(name, random), TYPE.DNAME, draw().owner)] }),
  ({ name, random }) =>
    authoritative({ rcode: random.below(2) * RCODE.NXDOMAIN, authority: [soaOf(above(name, random))] }),
  ({ name, random, now }) => {
    const zone = above(name, random)
    const nsec = rrset(zone, TYPE.NSEC, writeNsec(zone, [TYPE.SOA, TYPE.NS, TYPE.RRSIG, TYPE.NSEC]))
    const signed = [soaOf(zone), nsec].map((set) => selfSigned(set, zone, now))
    return authoritative({ rcode: random.below(2) * RCODE.NXDOMAIN, authority: signed })
  },
  ({ name, random }) => referral(above(name, random), []),
  ({ name, random, draw }) => referral(above(name, random), [draw(), draw()]),
  ({ name, random, genuine }) => referral(above(name, random), genuine.authority),
  ({ name, random }) => {
    const zone = above(name, random)
    return referral(zone, [rrset(zone, TYPE.DS, makeDs(zone, KEY, DIGEST.SHA256))])
  },
]
