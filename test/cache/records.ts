import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { writeU16, writeU32 } from '../../src/wire/integers.ts'
import type { Name } from '../../src/wire/name.ts'
import { parseNameText } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'

/** A name from its text. */
export function name(text: string): Name {
  const parsed = parseNameText(text)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed
}

/** An RRset of class IN. */
export function rrset(
  owner: string,
  type: number,
  ttlSeconds: number,
  rdatas: readonly Uint8Array[],
  signatures: readonly Uint8Array[] = [],
): Rrset {
  return { owner: name(owner), type, class: CLASS.IN, ttlSeconds, rdatas, signatures }
}

/** An A set: `last` octets of 192.0.2.x. */
export function addresses(owner: string, ttlSeconds: number, ...last: number[]): Rrset {
  const rdatas = last.map((octet) => Uint8Array.of(192, 0, 2, octet))
  return rrset(owner, TYPE.A, ttlSeconds, rdatas)
}

/** The RDATA of an RRSIG, well formed and wrong. */
export function rrsig(typeCovered: number, originalTtlSeconds: number, signer = 'example.'): Uint8Array {
  const zone = name(signer)
  const rdata = new Uint8Array(18 + zone.length + 64)
  writeU16(rdata, 0, typeCovered)
  rdata[2] = 13
  rdata[3] = 2
  writeU32(rdata, 4, originalTtlSeconds)
  rdata.set(zone, 18)
  rdata.fill(0x5a, 18 + zone.length)
  return rdata
}

/** A SOA set. */
export function soa(owner: string, ttlSeconds: number): Rrset {
  const [mname, rname] = [name(`ns.${owner}`), name(`hostmaster.${owner}`)]
  const rdata = new Uint8Array(mname.length + rname.length + 20)
  rdata.set(mname)
  rdata.set(rname, mname.length)
  writeU32(rdata, rdata.length - 4, 300)
  return rrset(owner, TYPE.SOA, ttlSeconds, [rdata])
}
