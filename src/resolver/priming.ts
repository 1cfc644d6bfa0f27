/** Learning the root's servers (RFC 9609). */
import type { Address } from '../base/address.ts'
import { NS_PER_DELEGATION_MAX } from '../base/limits.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message, Question } from '../wire/message.ts'
import { isRoot, nameKey, ROOT } from '../wire/name.ts'
import { groupRrsets, type Rrset } from '../wire/record.ts'
import { askZone } from './ask-zone.ts'
import type { Lame } from './classify.ts'
import { type Context, failure, type Job, type ResolutionFailure, unjudged } from './context.ts'
import { type Cut, serverNames } from './cut.ts'
import { isLimit, share } from './joining.ts'
import { askRootCopy } from './root-copy.ts'

const QUESTION: Question = { name: ROOT, type: TYPE.NS, class: CLASS.IN }

interface Primed {
  readonly kind: 'primed'
  readonly ns: Rrset
  readonly glue: readonly Rrset[]
}

/** Learns the root's name servers from a server of the hints, once for all who need them. */
export async function prime(context: Context, job: Job): Promise<Cut | ResolutionFailure> {
  const copied = askRootCopy(context, QUESTION)
  const known = copied && readPriming(copied)
  if (known?.kind === 'primed') return keepPrimed(context, job, known)
  const failed = context.failures.get(ROOT, TYPE.NS)
  if (failed?.reason === 'lame-servers') return hintsCut(context)
  if (failed !== undefined) {
    return { ...failure(failed.reason, failed.detail), ttlSeconds: failed.ttlSeconds, cached: true }
  }
  return share(
    context,
    context.primings,
    '',
    job,
    () => 'the root',
    (own) => askHints(context, own),
  )
}

/** The root's cut by its NS set; addresses that did not come with it are those of the hints (RFC 9609 3.3). */
export function rootCut(context: Context, ns: Rrset): Cut {
  return { kind: 'cut', zone: ROOT, servers: serverNames(ns), hints: hintsOf(context) }
}

function hintsCut(context: Context): Cut {
  const servers = context.settings.rootHints.map((hint) => hint.name)
  return { kind: 'cut', zone: ROOT, servers, hints: hintsOf(context) }
}

function hintsOf(context: Context): ReadonlyMap<string, readonly Address[]> {
  return new Map(context.settings.rootHints.map(({ name, addresses }) => [nameKey(name), addresses]))
}

async function askHints(context: Context, job: Job): Promise<Cut | ResolutionFailure> {
  const reply = await askZone(context, job, {
    cut: hintsCut(context),
    question: QUESTION,
    budget: job.budget.question(ROOT, TYPE.NS),
    avoid: new Set(),
    probing: false,
    read: readPriming,
  })
  if (reply.kind === 'failure') {
    const failed = rememberFailure(context, reply)
    // Servers that are there and have no NS set to give may still know the rest of the root.
    return reply.reason === 'lame-servers' ? hintsCut(context) : failed
  }
  return keepPrimed(context, job, reply.value)
}

function keepPrimed(context: Context, job: Job, { ns, glue }: Primed): Cut {
  context.rrsets.putDelegation({ ...ns, rdatas: ns.rdatas.slice(0, NS_PER_DELEGATION_MAX) })
  for (const set of glue) context.rrsets.putGlue(set)
  context.rrsets.put(ns, { rank: RANK.ANSWER_AA, ...unjudged(job) })
  return rootCut(context, ns)
}

/** Everything waits for the root, so a failure to reach it stands for the shortest time only. */
function rememberFailure(context: Context, failed: ResolutionFailure): ResolutionFailure {
  const { reason } = failed
  if (reason === 'overload' || failed.unneeded === true) return failed
  const detail = `no root server of the hints answers: ${failed.detail}`
  if (isLimit(reason)) return { ...failed, detail }
  const ttlSeconds = context.failures.add(ROOT, TYPE.NS, reason, detail, { limit: true })
  return { ...failed, detail, ttlSeconds }
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
