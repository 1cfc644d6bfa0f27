/** Messages that keep their form and lose their sense: records renamed, retyped, moved, lent from other messages. */
import type { Random } from '../../src/base/random.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { type Name, parentOf, ROOT } from '../../src/wire/name.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { MessageWriter, type Section } from '../../src/wire/writer.ts'
import { noise, pick } from './mutate.ts'

const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional']
const RCODES = [0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 9]
const TTLS = [0, 1, 300, 0x7fff_ffff]
const TYPES = [
  TYPE.A,
  TYPE.NS,
  TYPE.CNAME,
  TYPE.SOA,
  TYPE.DNAME,
  TYPE.DS,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.NSEC3,
  TYPE.DNSKEY,
  TYPE.TXT,
]

type Records = Record<Section, ResourceRecord[]>

/** The reply with some of its records changed; question and id as they were. */
export function recombine(reply: Message, lenders: readonly Message[], random: Random): Uint8Array {
  const records: Records = {
    answer: [...reply.answer],
    authority: [...reply.authority],
    additional: [...reply.additional],
  }
  const flags = { aa: reply.aa, tc: reply.tc, rcode: reply.rcode & 0xf }
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const kind = random.below(10)
    if (kind === 0) flags.rcode = pick(RCODES, random)
    else if (kind === 1) flags.aa = !flags.aa
    else if (kind < 4) lend(records, pick(lenders, random), random)
    else change(records, reply, random)
  }
  if (random.below(40) === 0) flags.tc = true
  return write({ ...reply, ...flags }, records)
}

/** All records of a section of another message, or one of them. */
function lend(records: Records, lender: Message, random: Random): void {
  const from = lender[pick(SECTIONS, random)]
  if (from.length === 0) return
  const lent = random.below(2) === 0 ? from : [pick(from, random)]
  const to = pick(SECTIONS, random)
  records[to] = random.below(2) === 0 ? [...lent, ...records[to]] : [...records[to], ...lent]
}

function change(records: Records, reply: Message, random: Random): void {
  const section = records[pick(SECTIONS, random)]
  if (section.length === 0) return
  const at = random.below(section.length)
  const record = section[at]!
  const kind = random.below(9)
  if (kind === 0) section.splice(at, 1)
  else if (kind === 1) section.push(record)
  else if (kind === 2) {
    section.splice(at, 1)
    records[pick(SECTIONS, random)].push(record)
  } else if (kind === 3) section.reverse()
  else section[at] = changed(record, reply, kind, random)
}

function changed(record: ResourceRecord, reply: Message, kind: number, random: Random): ResourceRecord {
  if (kind === 4) return { ...record, owner: nearName(record.owner, reply, random) }
  if (kind === 5) return { ...record, type: pick(TYPES, random) }
  if (kind === 6) return { ...record, ttlSeconds: pick(TTLS, random) }
  if (kind === 7) return { ...record, rdata: noise(random, random.below(80)) }
  const rdata = record.rdata.slice()
  if (rdata.length > 0) rdata[random.below(rdata.length)]! ^= 1 << random.below(8)
  return { ...record, rdata }
}

/** A name close to those that are there: the question, a parent, the root. */
function nearName(owner: Name, { questions }: Message, random: Random): Name {
  const qname = questions[0]?.name ?? ROOT
  const names = [
    qname,
    ROOT,
    owner.length > 1 ? parentOf(owner) : ROOT,
    qname.length > 1 ? parentOf(qname) : ROOT,
  ]
  return pick(names, random)
}

function write(reply: Message, records: Records): Uint8Array {
  const writer = new MessageWriter()
  writer.header(reply)
  for (const question of reply.questions) writer.question(question)
  for (const section of SECTIONS) {
    for (const { owner, type, class: recordClass, ttlSeconds, rdata } of records[section]) {
      if (type !== TYPE.OPT) writer.record(section, owner, type, recordClass, ttlSeconds, rdata)
    }
  }
  if (reply.edns !== undefined) writer.opt(reply.edns, reply.rcode)
  return writer.finish()
}
