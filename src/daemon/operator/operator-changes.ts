/**
 * What operators changed while the daemon ran: it counts over restarts, until the file says something else than it did
 * when the change was made. As plain data: names and networks as text.
 */
import { isDeepStrictEqual } from 'node:util'
import { formatPrefix, type Prefix, parsePrefix } from '../../base/prefix.ts'
import type { Settings } from '../../config/settings.ts'
import type { NegativeTrustAnchorSetting } from '../../config/values.ts'
import type { NegativeTrustAnchor } from '../../policy/validation-policy.ts'
import type { ValidationMode } from '../../resolver/ports.ts'
import { type Name, namesEqual } from '../../wire/name.ts'
import { parseNameText } from '../../wire/name-text.ts'
import type { StateForm } from '../state/state-file.ts'

/** A setting as it was changed, and as the file had it then. */
interface Changed<T> {
  readonly value: T
  readonly file: T
}

/** How far validation is enforced. */
export interface RolloutTerms {
  readonly mode: ValidationMode
  readonly percent: number
  /** Networks as text. */
  readonly always: readonly string[]
  readonly never: readonly string[]
}

type ChangedTerms = { readonly [Term in keyof RolloutTerms]?: Changed<RolloutTerms[Term]> }

/** A negative trust anchor that was added while the daemon ran. */
export interface AddedAnchor {
  readonly name: string
  readonly reason: string
  readonly author: string
  readonly addedSeconds: number
  readonly expiresSeconds: number
  /** It is not looked whether the zone validates again. */
  readonly forced: boolean
}

/** One of the file that is not to count. */
export interface RemovedAnchor {
  readonly name: string
  /** As the file has it: another end makes it another anchor. */
  readonly expiresSeconds: number
}

/** See the head of this file. */
export interface OperatorChanges {
  readonly rollout: ChangedTerms
  readonly added: readonly AddedAnchor[]
  readonly removed: readonly RemovedAnchor[]
}

/** Nothing was changed. */
export const NO_CHANGES: OperatorChanges = { rollout: {}, added: [], removed: [] }

/** The terms of a rollout that settings give. */
export function rolloutTerms(settings: Settings): RolloutTerms {
  return {
    mode: settings['dnssec.mode'],
    percent: settings['dnssec.rollout.percent'],
    always: settings['dnssec.rollout.always'].map(formatPrefix),
    never: settings['dnssec.rollout.never'].map(formatPrefix),
  }
}

/** With other terms, which are held against those of the file. */
export function changeRollout(
  changes: OperatorChanges,
  file: Settings,
  wanted: Partial<RolloutTerms>,
): OperatorChanges {
  const inFile = rolloutTerms(file)
  const rollout: Record<string, Changed<unknown>> = { ...changes.rollout }
  for (const [term, value] of Object.entries(wanted)) {
    rollout[term] = { value, file: inFile[term as keyof RolloutTerms] }
  }
  return { ...changes, rollout: rollout as ChangedTerms }
}

/** Without what the file has spoken about since, and without what has run out. */
export function stillMeant(changes: OperatorChanges, file: Settings, nowSeconds: number): OperatorChanges {
  const inFile = rolloutTerms(file)
  const rollout = Object.entries(changes.rollout).filter(([term, { file: then }]) =>
    isDeepStrictEqual(then, inFile[term as keyof RolloutTerms]),
  )
  return {
    rollout: Object.fromEntries(rollout) as ChangedTerms,
    added: changes.added.filter(({ expiresSeconds }) => expiresSeconds > nowSeconds),
    removed: changes.removed.filter((one) =>
      file['dnssec.negative-trust-anchors'].some((anchor) => isThat(anchor, one)),
    ),
  }
}

/** The settings of the file with the changes. */
export function withChanges(file: Settings, changes: OperatorChanges): Settings {
  const terms: RolloutTerms = { ...rolloutTerms(file), ...valuesOf(changes.rollout) }
  const added = changes.added.map(anchorOf)
  const ofFile = file['dnssec.negative-trust-anchors'].filter(
    (anchor) =>
      !changes.removed.some((one) => isThat(anchor, one)) &&
      !added.some(({ name }) => namesEqual(name, anchor.name)),
  )
  return {
    ...file,
    'dnssec.mode': terms.mode,
    'dnssec.rollout.percent': terms.percent,
    'dnssec.rollout.always': terms.always.map(prefixOf),
    'dnssec.rollout.never': terms.never.map(prefixOf),
    'dnssec.negative-trust-anchors': [...ofFile, ...added],
  }
}

function valuesOf(rollout: ChangedTerms): Partial<RolloutTerms> {
  return Object.fromEntries(Object.entries(rollout).map(([term, { value }]) => [term, value]))
}

function anchorOf({ name, ...rest }: AddedAnchor): NegativeTrustAnchor {
  return { ...rest, name: nameOf(name) }
}

function isThat(anchor: NegativeTrustAnchorSetting, { name, expiresSeconds }: RemovedAnchor): boolean {
  return namesEqual(anchor.name, nameOf(name)) && anchor.expiresSeconds === expiresSeconds
}

/** Of a text that was checked. */
function nameOf(text: string): Name {
  const name = parseNameText(text)
  if (!(name instanceof Uint8Array)) throw new RangeError(`not a name: ${text}`)
  return name
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text)
  if (prefix === undefined) throw new RangeError(`not a network: ${text}`)
  return prefix
}

// --- as state -----------------------------------------------------------------------------------------------------

type Plain = Partial<Record<string, unknown>>

const CHECKS: { readonly [Term in keyof RolloutTerms]: (value: unknown) => boolean } = {
  mode: (value) => value === 'off' || value === 'observe' || value === 'enforce',
  percent: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100,
  always: isNetworks,
  never: isNetworks,
}

/** How they are kept. */
export const OPERATOR_CHANGES_FORM: StateForm<OperatorChanges> = {
  kind: 'operator-changes',
  holds:
    'the rollout (mode, share, networks) and the negative trust anchors that were set by command, so that those of the configuration count',
  mustLast: true,
  version: 1,
  write: (changes) => changes,
  read: (content) => {
    const { rollout, added, removed } = (content ?? {}) as Plain
    const isGood =
      isObject(rollout) &&
      Object.entries(rollout).every(isChangedTerm) &&
      isListOf(added, isAdded) &&
      isListOf(removed, isRemoved)
    return isGood ? (content as OperatorChanges) : { fault: 'it does not hold changes of operators' }
  },
}

function isChangedTerm([term, changed]: [string, unknown]): boolean {
  if (!Object.hasOwn(CHECKS, term) || !isObject(changed)) return false
  const check = CHECKS[term as keyof RolloutTerms]
  const { value, file } = changed
  return check(value) && check(file)
}

function isAdded(value: unknown): boolean {
  if (!isObject(value) || !isRemoved(value)) return false
  const { reason, author, addedSeconds, forced } = value
  return (
    typeof reason === 'string' &&
    typeof author === 'string' &&
    Number.isSafeInteger(addedSeconds) &&
    typeof forced === 'boolean'
  )
}

function isRemoved(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, expiresSeconds } = value
  return (
    typeof name === 'string' &&
    parseNameText(name) instanceof Uint8Array &&
    Number.isSafeInteger(expiresSeconds)
  )
}

function isNetworks(value: unknown): boolean {
  return isListOf(value, (text) => typeof text === 'string' && parsePrefix(text) !== undefined)
}

function isListOf(value: unknown, check: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check)
}

function isObject(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
