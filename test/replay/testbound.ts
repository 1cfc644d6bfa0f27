/** Runs a scenario of the testbound dialect: steps and traffic take turns, and no time passes unless a step says so. */
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import { octetsEqual } from '../../src/base/octets.ts'
import { MacroFault, Macros } from './macros.ts'
import { mismatch } from './matching.ts'
import { dressed, type PendingQuery, queryText } from './mock-network.ts'
import { checkReply, entryText, type RunResult, StepFailure, type StepFault } from './outcome.ts'
import { packetOctets } from './packet.ts'
import type { Entry, Range, Scenario, Step } from './scenario.ts'
import { quiet } from './scenario-clock.ts'
import type { Setup } from './setup.ts'
import { trustStateFault } from './trust-state.ts'
import { type ClientReply, World } from './world.ts'

const ROUNDS_MAX = 5_000
const LOOPBACK = parseAddress('127.0.0.1')!

/** Runs the scenario from its first step to its last. */
export async function runTestbound(scenario: Scenario, setup: Setup): Promise<RunResult> {
  const run = new TestboundRun(scenario, setup)
  try {
    await run.all()
    return run.result(undefined)
  } catch (failure) {
    if (failure instanceof StepFailure) return run.result(failure.fault)
    if (failure instanceof MacroFault) return run.result({ step: run.number, reason: failure.message })
    throw failure
  }
}

class TestboundRun {
  readonly #scenario: Scenario
  readonly #world: World
  readonly #macros: Macros
  readonly #strict: StepFault[] = []
  #next = 0

  constructor(scenario: Scenario, setup: Setup) {
    this.#scenario = scenario
    this.#world = new World(setup)
    const { clock, network } = this.#world
    this.#macros = new Macros({
      timeSeconds: () => clock.seconds,
      timerSeconds: () => clock.timerSeconds ?? 0,
    })
    network.onSend = (query) => this.#checkSent(query)
  }

  /** Number of the step that is next; what counts for ranges. */
  get number(): number | undefined {
    return this.#step?.number
  }

  get #step(): Step | undefined {
    return this.#scenario.steps[this.#next]
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
    this.#world.followKeys()
    for (let round = 0; this.#step !== undefined; round++) {
      if (round === ROUNDS_MAX) this.#fail(`no end after ${ROUNDS_MAX} rounds`)
      await this.#quiet()
      await this.#round(this.#step)
    }
    await this.#quiet()
    const { network, replies } = this.#world
    const left = [...network.pending].map(queryText)
    if (left.length > 0) this.#strict.push({ step: undefined, reason: `never answered: ${left.join(', ')}` })
    if (replies.length > 0) {
      throw new StepFailure({
        step: undefined,
        reason: 'a reply was never checked',
        received: Buffer.from(replies[0]!.octets).toString('hex'),
      })
    }
  }

  async #quiet(): Promise<void> {
    await quiet()
    const [fault] = this.#world.faults
    if (fault !== undefined) throw fault
  }

  #fail(reason: string): never {
    throw new StepFailure({ step: this.number, reason })
  }

  /** One action, the first that is possible. */
  async #round(step: Step): Promise<void> {
    if (step.type === 'CHECK_OUT_QUERY' && this.#checkOutQuery(step, step.entry)) return
    if (step.type === 'CHECK_ANSWER' && this.#world.replies.length > 0) {
      this.#checkAnswer(step, step.entry)
      return
    }
    if (this.#deliverOne(step.number)) return
    if (step.type === 'CHECK_ANSWER' || step.type === 'CHECK_OUT_QUERY') this.#breakDeadlock(step)
    else await this.#execute(step)
  }

  // --- upstream traffic --------------------------------------------------------------------------------------------

  /** A question that the current step waits for is noticed as it is sent; then nothing but the notice happens. */
  #checkSent(query: PendingQuery): void {
    const step = this.#step
    if (step?.type === 'CHECK_OUT_QUERY' && this.#isWanted(step, step.entry, query)) this.#next++
  }

  #isWanted(step: Step, entry: Entry, query: PendingQuery): boolean {
    const { server } = query.request
    const { address } = step
    const there =
      address === undefined || (address.port === server.port && octetsEqual(address.address, server.address))
    return there && mismatch(entry, query, 'testbound', 'relaxed') === undefined
  }

  #checkOutQuery(step: Step, entry: Entry): boolean {
    const query = this.#world.network.pending.find((pending) => this.#isWanted(step, entry, pending))
    if (query === undefined) return false
    this.#next++
    if (entry.adjust.has('copy_id')) this.#answer(query, entry)
    return true
  }

  /** Answers the question sent last that has an answer. */
  #deliverOne(number: number): boolean {
    const { pending } = this.#world.network
    for (let i = pending.length - 1; i >= 0; i--) {
      const query = pending[i]!
      const entry = findAnswer(this.#scenario.ranges, number, query)
      if (entry === undefined) continue
      this.#answer(query, entry)
      return true
    }
    return false
  }

  #answer(query: PendingQuery, entry: Entry): void {
    const packet = dressed(entry.packets[0], query, entry.adjust.has('copy_query'))
    this.#world.network.answer(query, entry, packet)
  }

  /** The file says nothing to what the resolver asks, and the step cannot be without: a server that fails is nearest. */
  #breakDeadlock(step: Step): void {
    const { network } = this.#world
    const query = network.pending.at(-1)
    if (query !== undefined) network.refuse(query)
    else {
      const reason = step.type === 'CHECK_ANSWER' ? 'no reply came' : 'no such question was sent'
      const expected = 'entry' in step ? { expected: entryText(step.entry) } : {}
      throw new StepFailure({ step: step.number, reason, ...expected })
    }
  }

  // --- steps -------------------------------------------------------------------------------------------------------

  #checkAnswer(step: Step, entry: Entry): void {
    const { replies } = this.#world
    let fault: StepFault | undefined
    for (const [index, reply] of replies.entries()) {
      fault = this.#replyFault(step, entry, reply)
      if (fault !== undefined) continue
      replies.splice(index, 1)
      this.#next++
      return
    }
    throw new StepFailure(fault!)
  }

  #replyFault(step: Step, entry: Entry, reply: ClientReply): StepFault | undefined {
    if (step.address !== undefined && formatAddress(step.address.address) !== reply.address) {
      return { step: step.number, reason: `the reply went to ${reply.address}` }
    }
    return checkReply(step, entry, reply, 'testbound', this.#strict)
  }

  async #execute(step: Step): Promise<void> {
    const { clock, network } = this.#world
    switch (step.type) {
      case 'QUERY':
        // Traffic that follows from it meets the next step already.
        this.#next++
        this.#ask(step, step.entry)
        return
      case 'TIME_PASSES': {
        const seconds = step.evaluated ? this.#macros.number(step.seconds) : Number(step.seconds)
        await clock.pass(seconds)
        break
      }
      case 'ASSIGN':
        this.#macros.assign(step.variable, step.expression)
        break
      case 'CHECK_AUTOTRUST': {
        const expected = step.lines.map((line) => this.#macros.expand(line)).join('\n')
        const fault = trustStateFault(expected, this.#world.trustState(step.id), clock.seconds)
        if (fault !== undefined) throw new StepFailure({ step: step.number, ...fault })
        break
      }
      case 'REPLY':
        this.#answer(this.#newest(), step.entry)
        break
      case 'TIMEOUT':
        network.fail(this.#newest(), 'timeout')
        break
      case 'ERROR':
        network.fail(this.#newest(), 'refused')
        break
      case 'TRAFFIC':
      case 'NOTHING':
        break
      default:
        throw new RangeError(`step ${step.type} needs what this product does not have`)
    }
    this.#next++
  }

  #newest(): PendingQuery {
    return this.#world.network.pending.at(-1) ?? this.#fail('no question is waiting for an answer')
  }

  #ask(step: Step, entry: Entry): void {
    const octets = entry.octets ?? packetOctets(entry.packets[0])
    const tcp = entry.match.some(({ word }) => word === 'TCP')
    this.#world.ask(octets, step.address?.address ?? LOOPBACK, tcp ? 'tcp' : 'udp')
  }
}

/** The answer in force at a step: the range that stands last in the file and has a fitting entry. */
export function findAnswer(ranges: readonly Range[], number: number, query: PendingQuery): Entry | undefined {
  const { server } = query.request
  for (let i = ranges.length - 1; i >= 0; i--) {
    const { first, last, servers, entries } = ranges[i]!
    // If an address is repeated, the last one counts.
    const only = servers.at(-1)
    const there =
      only === undefined || (only.port === server.port && octetsEqual(only.address, server.address))
    if (number < first || number > last || !there) continue
    const entry = entries.find(
      (candidate) => mismatch(candidate, query, 'testbound', 'relaxed') === undefined,
    )
    if (entry !== undefined) return entry
  }
  return undefined
}
