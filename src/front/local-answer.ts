/** What local zones say to a question in the end: their aliases followed, up to where others have to go on. */
import { ALIASES_MAX } from '../base/limits.ts'
import type { AnswerParts } from '../cache/answer-entry.ts'
import { REASONS } from '../dnssec/reasons.ts'
import type { LocalZones } from '../policy/local-zones.ts'
import type { LocalAnswer } from '../resolver/ports.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import type { Question } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'

/** Aliases of local zones, to stand before the answer of the name that they lead to. */
export interface LocalAliases {
  /** As the client asked. */
  readonly question: Question
  readonly rrsets: readonly Rrset[]
}

/** An answer of local zones alone, or one whose rest the resolver has. */
export type LocalOutcome =
  | Exclude<LocalAnswer, { readonly kind: 'alias' }>
  | { readonly kind: 'onward'; readonly aliases: readonly Rrset[]; readonly target: Name }

/** Undefined when the name itself is no local matter. */
export function followLocally(
  zones: LocalZones,
  name: Name,
  type: number,
  aliasesMax: number = ALIASES_MAX,
): LocalOutcome | undefined {
  const aliases: Rrset[] = []
  let at = name
  for (let links = 0; links <= aliasesMax; links++) {
    const found = zones.answer(at, type)
    if (found === undefined) return links === 0 ? undefined : { kind: 'onward', aliases, target: at }
    if (found.kind === 'data') return { ...found, answer: [...aliases, ...found.answer] }
    if (found.kind !== 'alias') return found
    aliases.push(...found.answer)
    at = found.target
  }
  const text = `more than ${aliasesMax} aliases from ${formatName(name)}`
  const ede = [{ code: REASONS['limit-aliases'].ede, text }]
  return { kind: 'data', rcode: RCODE.SERVFAIL, answer: [], authority: [], ede }
}

/** The answer behind local aliases, with them. Nobody signed those, so it is never authentic; bogus stays bogus. */
export function behindAliases({ question, rrsets }: LocalAliases, parts: AnswerParts): AnswerParts {
  const failed = parts.rcode === RCODE.SERVFAIL
  return {
    ...parts,
    question,
    answer: failed ? [] : [...rrsets, ...parts.answer],
    status: parts.status === 'bogus' ? 'bogus' : 'indeterminate',
    authenticated: false,
  }
}

/** Parts of an answer out of our own data: no verdict, no lifetime. */
export function ownAnswer(
  question: Question,
  { rcode, answer, authority, ede }: Pick<AnswerParts, 'rcode' | 'answer' | 'authority' | 'ede'>,
): AnswerParts {
  return {
    question,
    rcode,
    answer,
    authority,
    status: 'indeterminate',
    reason: REASONS['local-data'].number,
    ede,
    policySequence: 0,
    ttlSeconds: 0,
    authenticated: false,
  }
}
