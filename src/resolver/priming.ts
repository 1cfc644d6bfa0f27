/** Learning the root's servers (RFC 9609). */
import type { Address } from '../base/address.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message, Question } from '../wire/message.ts'
import { isRoot, nameKey, ROOT } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import { groupRrsets, type Rrset } from '../wire/record.ts'
import { askZone } from './ask-zone.ts'
import type { Lame } from './classify.ts'
import { type Context, type Job, type ResolutionFailure, unjudged } from './context.ts'
import type { Cut } from './server-pool.ts'

const QUESTION: Question = { name: ROOT, type: TYPE.NS, class: CLASS.IN }

interface Primed {
  readonly kind: 'primed'
  readonly ns: Rrset
  readonly glue: readonly Rrset[]
}

/** Asks a server of the hints for the root's NS set and stores it with its addresses. */
export async function prime(context: Context, job: Job): Promise<Cut | ResolutionFailure> {
  const hints = new Map<string, readonly Address[]>()
  for (const { name, addresses } of context.settings.rootHints) hints.set(nameKey(name), addresses)
  const cut: Cut = { zone: ROOT, servers: context.settings.rootHints.map((hint) => hint.name), hints }
  const reply = await askZone(context, job, cut, QUESTION, { queries: 0 }, new Set(), readPriming)
  if (reply.kind === 'failure') return reply
  const { ns, glue } = reply.value
  context.rrsets.putDelegation(ns)
  for (const set of glue) context.rrsets.putGlue(set)
  context.rrsets.put(ns, { rank: RANK.ANSWER_AA, ...unjudged(context) })
  // RFC 9609 3.3: addresses that did not fit are those of the hints.
  return { zone: ROOT, servers: serverNames(ns), hints }
}

/** The names in an NS set. */
export function serverNames(ns: Rrset): NonNullable<ReturnType<typeof targetName>>[] {
  return ns.rdatas.map(targetName).filter((name) => name !== undefined)
}

function readPriming(message: Message): Primed | Lame {
  const ns = groupRrsets(message.answer).find((set) => set.type === TYPE.NS && isRoot(set.owner))
  if (message.rcode !== RCODE.NOERROR || ns === undefined)
    return { kind: 'lame', reason: 'no root NS set', lasting: true }
  const servers = new Set(serverNames(ns).map(nameKey))
  const glue = groupRrsets(
    message.additional.filter(
      (record) => (record.type === TYPE.A || record.type === TYPE.AAAA) && servers.has(nameKey(record.owner)),
    ),
  )
  return { kind: 'primed', ns, glue }
}
