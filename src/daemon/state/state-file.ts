/**
 * One thing that the daemon keeps in its folder for state: JSON with its kind, its version and a digest, so that what was
 * cut, changed or written by another version is not taken for what was saved.
 */
import { createHash } from 'node:crypto'
import { jsonText } from '../../base/json-text.ts'
import type { StateFolder, StateMeaning } from './state-folder.ts'

/** A kind of state, between the program and JSON. */
export interface StateForm<T> extends StateMeaning {
  /** Name of the file without its ending, and what stands in it as its kind. */
  readonly kind: string
  /** Raised when what is written now would be misread by an older program, or the other way round. */
  readonly version: number
  /** As plain data for JSON. */
  write(value: T): unknown
  /** Checks everything; a text says what is wrong. */
  read(content: unknown): T | { readonly fault: string }
}

/** The file of a form in a folder. */
export class StateFile<T extends object> {
  readonly #folder: StateFolder
  readonly #form: StateForm<T>
  readonly #name: string

  constructor(folder: StateFolder, form: StateForm<T>) {
    this.#folder = folder
    this.#form = form
    this.#name = stateFileName(form)
  }

  /** What was saved last, by this process or an earlier one. A file that is of no use is set aside; the log tells. */
  load(): T | undefined {
    const octets = this.#folder.read(this.#name, undefined, this.#form)
    if (octets === undefined) return undefined
    const value = openState(octets, this.#form)
    if (!('fault' in value)) return value.value
    this.#folder.setAside(this.#name, value.fault, this.#form)
    return undefined
  }

  /** Returns whether it is written. */
  save(value: T): Promise<boolean> {
    return this.#folder.write(this.#name, sealState(value, this.#form), this.#form)
  }

  /** Whether what was to be saved last is in the file; null where nothing is to outlast the process. */
  get stored(): boolean | null {
    return this.#folder.isStored(this.#name)
  }
}

/** The name of its file. */
export function stateFileName({ kind }: Pick<StateForm<object>, 'kind'>): string {
  return `${kind}.json`
}

/** What stands in a file: `openState` reads it as JSON. */
export interface SealedState {
  readonly kind: string
  readonly version: number
  readonly digest: string
  readonly content: unknown
}

/** Makes it. */
export function sealedState<T>(value: T, form: StateForm<T>): SealedState {
  const content = form.write(value)
  const { kind, version } = form
  return { kind, version, digest: digestOf(content), content }
}

/** The text of a file. */
export function sealState<T>(value: T, form: StateForm<T>): string {
  return `${jsonText(sealedState(value, form))}\n`
}

/** What a file holds, or why it is of no use. */
export function openState<T extends object>(
  octets: Uint8Array,
  form: StateForm<T>,
): { readonly value: T } | { readonly fault: string } {
  let envelope: unknown
  try {
    envelope = JSON.parse(Buffer.from(octets).toString('utf8'))
  } catch {
    return { fault: 'it is not whole JSON' }
  }
  const { kind, version, digest, content } = (envelope ?? {}) as Partial<Record<string, unknown>>
  if (kind !== form.kind) return { fault: `it is not of the kind ${form.kind}` }
  if (version !== form.version) return { fault: `it is of version ${String(version)}, not ${form.version}` }
  if (digest !== digestIfShallow(content)) return { fault: 'its digest is not that of its content' }
  const value = form.read(content)
  return 'fault' in value ? value : { value }
}

/** Undefined where it nests deeper than the stack is: JSON is read without recursion, but not written so. */
function digestIfShallow(content: unknown): string | undefined {
  try {
    return digestOf(content)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function digestOf(content: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(content) ?? '')
    .digest('hex')
}
