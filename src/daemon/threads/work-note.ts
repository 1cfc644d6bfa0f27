/**
 * The question that a resolver thread has in work, noted in shared memory, so that it is known should it end the
 * thread: u16 octets of the name, 0 for no question; u16 type; the name.
 */
import { NAME_OCTETS_MAX } from '../../base/limits.ts'
import type { AskedQuestion, WorkNote } from '../../resolver/ports.ts'
import { readU16, writeU16 } from '../../wire/integers.ts'
import type { Name } from '../../wire/name.ts'

const NAME_AT = 4

/** Octets of memory for a note. */
export const WORK_NOTE_OCTETS: number = NAME_AT + NAME_OCTETS_MAX

/**
 * Notes questions. A note holds until the turn of the event loop ends: what happens in a later one is not the doing of
 * that question, unless it is noted again.
 */
export function workNote(memory: SharedArrayBuffer): WorkNote {
  const octets = new Uint8Array(memory)
  let endsWithTurn = false
  const end = (): void => {
    endsWithTurn = false
    writeU16(octets, 0, 0)
  }
  return (question) => {
    if (question === undefined) {
      writeU16(octets, 0, 0)
      return
    }
    writeU16(octets, 0, question.name.length)
    writeU16(octets, 2, question.type)
    octets.set(question.name, NAME_AT)
    if (endsWithTurn) return
    endsWithTurn = true
    setImmediate(end)
  }
}

/** The question noted last by a thread that has ended, or undefined when there was none. */
export function readWorkNote(memory: SharedArrayBuffer): AskedQuestion | undefined {
  const octets = new Uint8Array(memory)
  const nameOctets = readU16(octets, 0)
  if (nameOctets === 0) return undefined
  return { name: octets.slice(NAME_AT, NAME_AT + nameOctets) as Name, type: readU16(octets, 2) }
}

/** Forgets what a former life noted. */
export function clearWorkNote(memory: SharedArrayBuffer): void {
  writeU16(new Uint8Array(memory), 0, 0)
}
