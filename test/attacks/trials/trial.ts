/** Rows of the catalogue as tests of any resolver: zones on real sockets, a client's questions, one number. */
import type { Authority } from '../../../src/lab/authority.ts'
import type { LabZone } from '../../../src/lab/lab-zone.ts'
import type { Ask, Reply } from '../../support/dns-client.ts'

/** Where and when the Internet of a trial is. */
export interface Place {
  /** The first two octets of every address. */
  readonly network: readonly [number, number]
  readonly nowSeconds: number
}

/** A question as an authority had it. */
export interface Asked {
  /** In lower case, with the final dot. */
  readonly name: string
  readonly type: number
  /** The authority's address. */
  readonly address: string
}

/** A client of the resolver that is tried, and what can be seen of that from outside. */
export interface Client {
  /** The reply; undefined when none comes in time, or none that can be read. */
  ask(name: string, type: string, more?: Partial<Ask>): Promise<Reply | undefined>
  /** Questions for names at or below this one, in order. */
  asked(below: string): readonly Asked[]
  /** Waits for what a resolver still asks when it has answered. */
  settle(): Promise<void>
  /** Processor milliseconds of the resolver so far. */
  processorMs(): number
  /** Tells what was not as it should be. */
  note(text: string): void
}

/** One row put to a resolver. */
export interface Trial {
  readonly row: string
  /** What its number counts: `of 5`, `questions`. */
  readonly unit: string
  /** All at or below the domain of the row. */
  readonly zones: readonly LabZone[]
  /** Servers of no zone, by address. */
  readonly servers?: ReadonlyMap<string, Authority>
  /** `alone` where processor time is measured; `last` where a resolver that falls for it is of no use afterwards. */
  readonly when?: 'alone' | 'last'
  run(client: Client): Promise<number>
}

/** A trial for a place. */
export type TrialMaker = (place: Place) => Trial

/** The zone above those of all rows. Some resolvers answer for `test.` themselves (RFC 6761 6.2). */
export const ROWS_ZONE = 'rows'

/** The domain of a row, without the final dot. */
export function domainOf(row: string): string {
  return `${row.toLowerCase()}.${ROWS_ZONE}`
}

/** Numbers from 0. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

// --- verdicts -----------------------------------------------------------------------------------------------------

/** Every client here sets DO: AD says that an answer is secure. */
export const SECURE = 'secure NOERROR'
export const NO_NAME = 'secure NXDOMAIN'
export const INSECURE = 'insecure NOERROR'
export const INSECURE_NO_NAME = 'insecure NXDOMAIN'
export const BOGUS = 'SERVFAIL'
/** The outcome for data of each status. */
export const OUTCOMES: Readonly<Record<'secure' | 'insecure' | 'bogus', string>> = {
  secure: SECURE,
  insecure: INSECURE,
  bogus: BOGUS,
}

/** What else must be true of a reply. */
export type Holds = (reply: Reply) => boolean

/** A question with what may come back, and what else must hold for it. */
export type Expected = readonly [
  name: string,
  type: string,
  outcome: string | readonly string[],
  holds?: Holds,
]

/** What a reply says of itself. */
export function outcomeOf(reply: Reply | undefined): string {
  if (reply === undefined) return 'no reply'
  if (reply.rcode === 'SERVFAIL') return BOGUS
  return `${reply.ad ? 'secure' : 'insecure'} ${reply.rcode}`
}

/** Asks everything in turn; how many answers are as they should be. */
export async function countHeld(client: Client, questions: readonly Expected[]): Promise<number> {
  let held = 0
  for (const [name, type, wanted, holds] of questions) {
    const reply = await client.ask(name, type)
    const outcome = outcomeOf(reply)
    const isWanted = [wanted].flat().includes(outcome)
    if (isWanted && (reply === undefined || holds === undefined || holds(reply))) held++
    else client.note(`${name} ${type}: ${outcome}${isWanted ? ', with other content' : `, not ${wanted}`}`)
  }
  return held
}

/** A trial whose number is that of answers that are as they should be. */
export function verdicts(
  row: string,
  zones: readonly LabZone[],
  questions: readonly Expected[],
  more: Partial<Trial> = {},
): Trial {
  return {
    row,
    unit: `of ${questions.length}`,
    zones,
    run: (client) => countHeld(client, questions),
    ...more,
  }
}

/** Records of one type in the answer section. */
export function answersOf(reply: Reply, type: string): Reply['answer'] {
  return reply.answer.filter((record) => record.type === type)
}

/** The last octet of the first address. */
export function lastOctet(reply: Reply): number | undefined {
  const rdata = answersOf(reply, 'A')[0]?.rdata
  return rdata === undefined ? undefined : Number.parseInt(rdata.slice(-2), 16)
}
