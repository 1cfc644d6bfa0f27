/** What a check has to say: one finding, and how it is made from a row of the table of faults. */
import { CHECK_EVIDENCE_MAX } from '../base/limits.ts'
import { FAULTS, type FaultCode, type Party, type Severity } from './faults.ts'

/** One thing that is wrong. Every text is whole sentences for people; records are in master-file form. */
export interface Finding {
  readonly code: FaultCode
  readonly severity: Severity
  /** Who can mend it. */
  readonly party: Party
  /** What is wrong. */
  readonly problem: string
  /** What was seen, a line each. */
  readonly evidence: readonly string[]
  /** Servers it was seen at; empty when it is not about servers, or about all of them. */
  readonly servers: readonly string[]
  /** Why it matters to users. */
  readonly impact: string
  /** What to do, exactly. */
  readonly fix: string
  /** Records to put where the fix says, and records to take away. */
  readonly publish: readonly string[]
  readonly remove: readonly string[]
  readonly references: readonly string[]
}

/** What a check of one group adds to the row of the table. */
export interface Told {
  readonly problem: string
  readonly fix: string
  readonly evidence?: readonly string[]
  readonly servers?: readonly string[]
  readonly publish?: readonly string[]
  readonly remove?: readonly string[]
  /** Where they are not the table's. */
  readonly severity?: Severity
  readonly impact?: string
}

/** Makes a finding. */
export function finding(code: FaultCode, told: Told): Finding {
  const { severity, party, impact, references } = FAULTS[code]
  const { problem, fix, evidence = [], servers = [], publish = [], remove = [] } = told
  return {
    code,
    severity: told.severity ?? severity,
    party,
    problem,
    evidence: atMost(evidence),
    servers,
    impact: told.impact ?? impact,
    fix,
    publish,
    remove,
    references,
  }
}

function atMost(lines: readonly string[]): string[] {
  const distinct = [...new Set(lines)]
  if (distinct.length <= CHECK_EVIDENCE_MAX) return distinct
  const more = distinct.length - CHECK_EVIDENCE_MAX
  return [...distinct.slice(0, CHECK_EVIDENCE_MAX), `and ${more} more`]
}
