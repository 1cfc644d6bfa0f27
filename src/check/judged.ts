/** Every RRset that the zone's servers gave, verified under the keys that the zone publishes, whatever vouches for these. */
import { mapKey } from '../base/octets.ts'
import { checkRrset, type RrsetVerdict } from '../dnssec/rrset-signature.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isStrictSubdomainOf, isSubdomainOf, type Name, nameKey, namesEqual } from '../wire/name.ts'
import { parseRrsig, type Rrsig } from '../wire/rdata/rrsig.ts'
import { groupRrsets, type Rrset } from '../wire/record.ts'
import type { DataReply, ServerView } from './observations.ts'
import { messageOf, type ZoneView } from './zone-view.ts'

/** One RRset at one server. */
export interface Judged {
  readonly rrset: Rrset
  readonly section: 'answer' | 'authority'
  readonly server: ServerView
  readonly asked: DataReply
  readonly verdict: RrsetVerdict
}

/** Judges all RRsets of the zone; none where it publishes no keys. What several servers have alike is verified once. */
export function judgeRrsets(view: ZoneView): Judged[] {
  const { zone, keys, parameters } = view
  if (keys.length === 0) return []
  const verdicts = new Map<string, RrsetVerdict>()
  const judge = (rrset: Rrset): RrsetVerdict => {
    const id = identityOf(rrset)
    const verdict = verdicts.get(id) ?? checkRrset(rrset, { zone, keys }, parameters)
    verdicts.set(id, verdict)
    return verdict
  }
  return view.speaking.flatMap((server) =>
    server.data.flatMap((asked) =>
      rrsetsOf(asked, zone).map(([section, rrset]) => ({
        rrset,
        section,
        server,
        asked,
        verdict: judge(rrset),
      })),
    ),
  )
}

function identityOf({ owner, type, rdatas, signatures }: Rrset): string {
  const octets = [...rdatas.map(mapKey).sort(), '', ...signatures.map(mapKey).sort()]
  return `${type} ${nameKey(owner)} ${octets.map((text) => `${text.length} ${text}`).join('')}`
}

/** The signed RRsets of an answer with authority; what the zone only carries is not its own. */
function rrsetsOf({ reply }: DataReply, zone: Name): ['answer' | 'authority', Rrset][] {
  const message = messageOf(reply)
  if (message?.aa !== true) return []
  const answer = groupRrsets(message.answer).filter((set) => isOwn(set, zone))
  const dname = answer.find(({ type }) => type === TYPE.DNAME)
  const signed = answer.filter((set) => !isMadeBy(dname, set))
  const authority = groupRrsets(message.authority).filter(
    (set) => AUTHORITY_TYPES.has(set.type) && isOwn(set, zone),
  )
  return [
    ...signed.map((set): ['answer', Rrset] => ['answer', set]),
    ...authority.map((set): ['authority', Rrset] => ['authority', set]),
  ]
}

const AUTHORITY_TYPES: ReadonlySet<number> = new Set([TYPE.SOA, TYPE.NSEC, TYPE.NSEC3])

/** In the zone, and not in one below that the same server happens to have. */
function isOwn({ owner, type, signatures }: Rrset, zone: Name): boolean {
  if (type === TYPE.RRSIG || !isSubdomainOf(owner, zone)) return false
  const signers = signatures.map((rdata) => parseRrsig(rdata)?.signer).filter((name) => name !== undefined)
  const isBelow = (signer: Name): boolean => isStrictSubdomainOf(signer, zone) && isSubdomainOf(owner, signer)
  return signers.length === 0 || !signers.every(isBelow)
}

/** The CNAME beside a DNAME is made from it and never signed (RFC 6672 3.1). */
function isMadeBy(dname: Rrset | undefined, { owner, type }: Rrset): boolean {
  return dname !== undefined && type === TYPE.CNAME && isStrictSubdomainOf(owner, dname.owner)
}

/** The zone's own signatures over an RRset. */
export function signaturesOf({ signatures }: Rrset, zone: Name): Rrsig[] {
  return signatures
    .map(parseRrsig)
    .filter((rrsig) => rrsig !== undefined)
    .filter(({ signer }) => namesEqual(signer, zone))
}
