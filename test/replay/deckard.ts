/** Runs a scenario of the deckard dialect: one question at a time, each with all its traffic before the next step. */
import { parseAddress } from '../../src/base/address.ts'
import { octetsEqual } from '../../src/base/octets.ts'
import { mismatch } from './matching.ts'
import { dressed, type PendingQuery } from './mock-network.ts'
import { checkReply, entryText, type RunResult, StepFailure, type StepFault } from './outcome.ts'
import { type Packet, packetOctets, plainEdns } from './packet.ts'
import type { Entry, Scenario, Step } from './scenario.ts'
import { quiet } from './scenario-clock.ts'
import type { Setup } from './setup.ts'
import { type ClientReply, World } from './world.ts'

const ROUNDS_MAX = 5_000
/** UDP size of the OPT that every packet carries. */
const EDNS_OCTETS = 4096
/** Servers may be silent, so a client waits; longer than any resolver would let it. */
const PATIENCE_SECONDS = 30
const LOOPBACK = parseAddress('127.0.0.1')!

/** Runs the scenario from its first step to its last. */
export async function runDeckard(scenario: Scenario, setup: Setup): Promise<RunResult> {
  const run = new DeckardRun(scenario, setup)
  try {
    await run.all()
    return run.result(undefined)
  } catch (failure) {
    if (failure instanceof StepFailure) return run.result(failure.fault)
    throw failure
  }
}

class DeckardRun {
  readonly #scenario: Scenario
  readonly #world: World
  readonly #strict: StepFault[] = []
  /** Entries of ranges that were used, and of REPLY steps, which are used once. */
  readonly #used = new Set<Entry>()
  /** Questions that are to stay without an answer. */
  readonly #silent = new Set<PendingQuery>()
  #lastReply: ClientReply | undefined

  constructor(scenario: Scenario, setup: Setup) {
    this.#scenario = scenario
    this.#world = new World(setup)
  }

  result(fault: StepFault | undefined): RunResult {
    const { network } = this.#world
    const unanswered = network.unanswered.map((text) => ({
      step: undefined,
      reason: `the file has no answer to ${text}`,
    }))
    return { fault, strictFaults: [...this.#strict, ...unanswered], log: network.log }
  }

  async all(): Promise<void> {
    for (const step of this.#scenario.steps) {
      switch (step.type) {
        case 'QUERY':
          await this.#ask(step, step.entry)
          break
        case 'CHECK_ANSWER':
          this.#checkAnswer(step, step.entry)
          break
        case 'TIME_PASSES':
          await this.#world.clock.pass(Number(step.seconds))
          break
        default:
          // REPLY waits for its question; the others mean nothing here.
          break
      }
    }
    for (const { entries } of this.#scenario.ranges) {
      for (const entry of entries) {
        if (!entry.mandatory || this.#used.has(entry)) continue
        throw new StepFailure({
          step: undefined,
          reason: `nobody asked for the entry in line ${entry.place.line}`,
        })
      }
    }
  }

  async #ask(step: Step, entry: Entry): Promise<void> {
    const { world } = { world: this.#world }
    world.replies.length = 0
    world.ask(entry.octets ?? packetOctets(withEdns(entry.packets[0])), LOOPBACK, 'udp')
    await this.#traffic(step, !entry.raw)
    this.#lastReply = entry.raw ? this.#lastReply : world.replies.at(-1)
  }

  /** Answers questions until none waits and the client has its reply. */
  async #traffic(step: Step, awaitsReply: boolean): Promise<void> {
    const { clock, network, replies, faults } = this.#world
    const until = clock.seconds + PATIENCE_SECONDS
    for (let round = 0; ; round++) {
      if (round === ROUNDS_MAX) {
        throw new StepFailure({ step: step.number, reason: `no end after ${ROUNDS_MAX} rounds` })
      }
      await quiet()
      if (faults[0] !== undefined) throw faults[0]
      const query = network.pending.find((pending) => !this.#silent.has(pending))
      if (query !== undefined) this.#answer(step, query)
      else if (!awaitsReply || replies.length > 0 || clock.seconds > until || !clock.fireNext()) return
    }
  }

  #answer(step: Step, query: PendingQuery): void {
    const entry = this.#findAnswer(step.number, query)
    if (entry === undefined) {
      this.#world.network.refuse(query)
      return
    }
    this.#used.add(entry)
    if (entry.adjust.has('do_not_answer')) {
      this.#silent.add(query)
      return
    }
    this.#world.network.answer(query, entry, adjusted(entry, query))
  }

  /** The first range that fits is used alone; where there is none, the next REPLY step that fits. */
  #findAnswer(number: number, query: PendingQuery): Entry | undefined {
    const { ranges, steps } = this.#scenario
    const { server } = query.request
    const serves = (servers: (typeof ranges)[number]['servers']): boolean =>
      servers.some(({ address }) => octetsEqual(address, server.address))
    const known = ranges.some(({ servers }) => serves(servers))
    const fits = (entry: Entry): boolean => mismatch(entry, query, 'deckard', 'relaxed') === undefined
    const range = ranges.find(
      ({ first, last, servers }) =>
        number >= first && number <= last && (!known || servers.length === 0 || serves(servers)),
    )
    if (range !== undefined) return range.entries.find(fits)
    for (const step of steps) {
      if (step.type !== 'REPLY' || step.number < number || this.#used.has(step.entry)) continue
      if (fits(step.entry)) return step.entry
    }
    return undefined
  }

  #checkAnswer(step: Step, entry: Entry): void {
    const reply = this.#lastReply
    if (reply === undefined) {
      throw new StepFailure({ step: step.number, reason: 'no reply came', expected: entryText(entry) })
    }
    const fault = checkReply(step, entry, reply, 'deckard', this.#strict)
    if (fault !== undefined) throw new StepFailure(fault)
  }
}

function withEdns(packet: Packet): Packet {
  return { ...packet, edns: packet.edns ?? plainEdns(EDNS_OCTETS, false) }
}

/** ADJUST: either word takes over the name that was asked for, `copy_query` the whole question. */
function adjusted({ packets: [packet], adjust }: Entry, query: PendingQuery): Packet {
  const asked = query.packet.questions[0]
  const [own] = packet.questions
  const renamed =
    adjust.has('copy_id') && own !== undefined && asked !== undefined
      ? { ...packet, questions: [{ ...own, name: asked.name }] }
      : packet
  return dressed(renamed, query, adjust.has('copy_query'))
}
