/** What came of a scenario. */
import { parseMessage } from '../../src/wire/message.ts'
import type { Level } from './compare.ts'
import { mismatch, type Sent } from './matching.ts'
import { type Packet, packetText } from './packet.ts'
import type { Dialect, Entry, Step } from './scenario.ts'
import type { ClientReply } from './world.ts'

/** A step that did not go as the file says. */
export interface StepFault {
  readonly step: number | undefined
  readonly reason: string
  /** The packet that should have come, in the text form of scenarios. */
  readonly expected?: string
  /** What came instead. */
  readonly received?: string
}

/** The end of a run. */
export interface RunResult {
  /** Undefined when the scenario passed. */
  readonly fault: StepFault | undefined
  /** What the strict level objects to beside that. */
  readonly strictFaults: readonly StepFault[]
  /** Upstream questions and answers, a line each. */
  readonly log: readonly string[]
}

/** Thrown by a driver to end its scenario. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly fault: StepFault

  constructor(fault: StepFault) {
    super(fault.reason)
    this.fault = fault
  }
}

/**
 * A reply off the wire. Where an entry wants TC and all the data beside it, what was cut off is courtesy: at the relaxed
 * level a reply without that courtesy will do, at the strict level there must have been a truncated one.
 */
function readReply({ octets, transport, afterTruncation }: ClientReply, entry: Entry, level: Level): Sent {
  const packet = parseMessage(octets)
  const wanted = entry.packets[0].tc && (level === 'relaxed' || afterTruncation)
  return { transport, packet: { ...packet, tc: packet.tc || wanted } }
}

/** Undefined when a reply is as expected at the relaxed level, else why not; strict objections go to `strict`. */
export function checkReply(
  step: Step,
  entry: Entry,
  reply: ClientReply,
  dialect: Dialect,
  strict: StepFault[],
): StepFault | undefined {
  const received = readReply(reply, entry, 'relaxed')
  const relaxed = mismatch(entry, received, dialect, 'relaxed')
  const texts = (reason: string): StepFault => ({
    step: step.number,
    reason,
    expected: entryText(entry),
    received: packetText(received.packet),
  })
  if (relaxed !== undefined) return texts(`reply differs: ${relaxed}`)
  const objection = mismatch(entry, readReply(reply, entry, 'strict'), dialect, 'strict')
  if (objection !== undefined) strict.push(texts(`reply differs: ${objection}`))
  return undefined
}

/** An entry's packet and what of it counts. */
export function entryText(entry: Entry): string {
  const words = entry.match.map(({ word, argument }) =>
    argument === undefined ? word : `${word}=${argument}`,
  )
  return [`MATCH ${words.join(' ')}`, packetText(entry.packets[0] satisfies Packet)].join('\n')
}
