/**
 * The rehearsal: how a provider turns validation on, from the first look to everybody, with an exception and an outage on
 * the way. Each step is taken by the commands that an operator gives, and what customers get is checked.
 */
import { EXCEPTION_RECHECK_SECONDS, EXCEPTION_WATCH_MS } from '../base/limits.ts'
import type { JournalEntry } from '../daemon/state/journal.ts'
import {
  BREAKING_TLD,
  type BrokenZone,
  HEALTHY_NAMES,
  KNOWN_TEST_NAME,
  MENDED_ZONE,
  REHEARSED_CLIENTS,
  REHEARSED_FAULTS,
  REHEARSED_ZONES,
  rehearsalZones,
} from '../lab/rehearsal-zones.ts'
import type { DomainView, ReportView } from '../telemetry/report/report-view.ts'
import { Crowd, type Got } from './rehearsal-crowd.ts'
import { RehearsalWorld } from './rehearsal-world.ts'

/** One thing that must come out. */
export interface Check {
  readonly what: string
  readonly expected: string
  readonly seen: string
  readonly good: boolean
}

/** Who is told how it goes. */
export interface Audience {
  /** A step begins. */
  step(title: string): void
  /** What the operator's terminal shows. */
  terminal(text: string): void
  check(check: Check): void
}

/** What came of it. */
export interface Rehearsed {
  readonly checks: readonly Check[]
  /** The report as it was when validation had been observed. */
  readonly report: ReportView
}

/** Distinct clients are told within so much. */
const CLIENTS_ERROR_MAX = 0.03
/** Of the traffic of a usual minute, in stages: every customer asks what shows whether he is enforced as well. */
const STAGE_TRAFFIC = 0.2
const OUTAGE_TRAFFIC = 0.1
/** Stages, and by how many points the share that is enforced may be off: three standard deviations of a draw, and a bit. */
const STAGES = [
  { percent: 1, points: 0.5 },
  { percent: 10, points: 1.3 },
  { percent: 100, points: 0 },
] as const
/** Longer than anything of a registry is kept. */
const CACHES_RUN_OUT_SECONDS = 3_700
const STAGE_SECONDS = 60

/** Holds it, from the first step to the last. */
export async function rehearse(audience: Audience): Promise<Rehearsed> {
  const world = new RehearsalWorld(rehearsalZones(), (text) => audience.terminal(text))
  try {
    return await new Rehearsal(world, audience).run()
  } finally {
    await world.close()
  }
}

class Rehearsal {
  readonly #world: RehearsalWorld
  readonly #crowd: Crowd
  readonly #audience: Audience
  readonly #checks: Check[] = []

  constructor(world: RehearsalWorld, audience: Audience) {
    this.#world = world
    this.#crowd = new Crowd(world)
    this.#audience = audience
  }

  async run(): Promise<Rehearsed> {
    const report = await this.#observe()
    await this.#stages(report)
    await this.#exception()
    await this.#outage()
    await this.#wayBack()
    return { checks: this.#checks, report }
  }

  /** Nothing changes for customers, and the report says for whom it would. */
  async #observe(): Promise<ReportView> {
    this.#audience.step(
      `observe: ${REHEARSED_ZONES} zones, ${REHEARSED_FAULTS.length} of them broken, ${REHEARSED_CLIENTS} clients`,
    )
    await this.#world.start()
    await this.#world.type('sigill control rollout')
    const got = new Map(await this.#crowd.minute())
    got.set(KNOWN_TEST_NAME, await this.#crowd.everybody(KNOWN_TEST_NAME))
    await this.#world.pass(10)
    const refused = [...got.values()].reduce((sum, of) => sum + of.refused.size, 0)
    this.#check('customers who were refused an answer', '0', String(refused), refused === 0)
    const report = await this.#world.read<ReportView>('/v1/rollout/report')
    await this.#world.type('sigill control rollout report')
    this.#checkReport(report, got)
    this.#check(
      'alerts while nothing unusual happens',
      '0',
      String(this.#world.alerts.length),
      this.#world.alerts.length === 0,
    )
    return report
  }

  #checkReport({ domains, clients }: ReportView, got: ReadonlyMap<string, Got>): void {
    const wanted = REHEARSED_FAULTS.map(({ zone }) => zone.name)
    const reported = domains.map(({ domain }) => domain)
    const others = reported.filter((domain) => !wanted.includes(domain))
    const missed = wanted.filter((domain) => !reported.includes(domain))
    this.#check(
      'domains in the report',
      `the ${wanted.length} that are broken`,
      others.length + missed.length === 0
        ? `the ${reported.length} that are broken`
        : `${reported.length}; not broken: ${others.join(' ') || 'none'}; missed: ${missed.join(' ') || 'none'}`,
      others.length + missed.length === 0,
    )
    const each = (what: string, isRight: (fault: BrokenZone, view: DomainView, of: Got) => boolean): void => {
      const wrong = REHEARSED_FAULTS.filter((fault) => {
        const view = domains.find(({ domain }) => domain === fault.zone.name)
        return view === undefined || !isRight(fault, view, got.get(fault.name)!)
      })
      const seen = wrong.length === 0 ? 'all' : `all but ${wrong.map(({ zone }) => zone.name).join(' ')}`
      this.#check(what, 'all', seen, wrong.length === 0)
    }
    each('with the cause and the broken link', (fault, { faults }) =>
      faults.every(
        ({ zone, reason, type }) =>
          zone === fault.zone.name && reason === fault.reason && type === fault.link,
      ),
    )
    each('with the number of answers, exactly', (_, { queries }, of) => queries === of.queries)
    each('with the number of clients, within 3 %', (_, view, of) => isNear(view.clients, of.clients.size))
    each('with words for who can mend it', (fault, { faults }) =>
      faults.every(({ fix }) => fix.includes(fault.zone.name) && !fix.startsWith('Check')),
    )
    each('with an action for the operator', (fault, { action, knownTest }) =>
      fault.name === KNOWN_TEST_NAME ? knownTest !== null && action.startsWith('Nothing') : action !== '',
    )
    this.#check(
      'clients in all, within 3 %',
      String(REHEARSED_CLIENTS),
      String(clients),
      isNear(clients, REHEARSED_CLIENTS),
    )
  }

  /** From a few to all: who is enforced stays so, also over a restart. */
  async #stages({ stages }: ReportView): Promise<void> {
    let before: ReadonlySet<number> = new Set()
    for (const { percent, points } of STAGES) {
      this.#audience.step(`enforce for ${percent} %`)
      await this.#world.pass(STAGE_SECONDS)
      await this.#world.type(
        `sigill control rollout enforce --percent ${percent} --reason "stage ${percent} %"`,
      )
      const { refused } = await this.#crowd.everybody(KNOWN_TEST_NAME)
      const share = (100 * refused.size) / REHEARSED_CLIENTS
      this.#check(
        'customers for whom it is enforced',
        points === 0 ? `${percent} %` : `${percent} % ± ${points}`,
        `${share.toFixed(2)} %`,
        Math.abs(share - percent) <= points,
      )
      const foretold = stages.find((stage) => stage.percent === percent)!.clients
      this.#check(
        'of them refused what is bogus, as the report foretold within 3 %',
        String(foretold),
        String(refused.size),
        isNear(foretold, refused.size),
      )
      const back = [...before].filter((client) => !refused.has(client)).length
      this.#check('customers who went back', '0', String(back), back === 0)
      await this.#checkConsistency(refused)
      if (percent === STAGES[1].percent) await this.#restart(refused)
      before = refused
    }
  }

  /** Whoever is enforced is so for every name, and nobody else for any. */
  async #checkConsistency(enforced: ReadonlySet<number>): Promise<void> {
    const got = await this.#crowd.minute(STAGE_TRAFFIC)
    const failing = new Set(REHEARSED_FAULTS.map(({ name }) => name))
    let contradictions = 0
    for (const [name, { clients, refused }] of got) {
      for (const client of clients) {
        if (refused.has(client) !== (failing.has(name) && enforced.has(client))) contradictions++
      }
    }
    this.#check(
      'answers that another customer should have had',
      '0',
      String(contradictions),
      contradictions === 0,
    )
  }

  async #restart(enforced: ReadonlySet<number>): Promise<void> {
    await this.#world.stop()
    await this.#world.start()
    const { refused } = await this.#crowd.everybody(KNOWN_TEST_NAME)
    const moved = [...enforced].filter((client) => !refused.has(client)).length + refused.size - enforced.size
    this.#check('customers whom a restart of the daemon moves', '0', String(moved), moved === 0)
  }

  /** Customers need a zone whose owner has to mend it first. */
  async #exception(): Promise<void> {
    const fault = REHEARSED_FAULTS.find(({ zone }) => zone.name === MENDED_ZONE)!
    this.#audience.step(`an exception for ${MENDED_ZONE}, which is mended later`)
    const before = await this.#asked(fault.name)
    await this.#world.type(
      `sigill control nta add ${MENDED_ZONE} --for 1h --reason "its owner knows and is at work on it"`,
    )
    const during = await this.#asked(fault.name)
    this.#check(
      'customers refused its name before and after the command',
      `${before.clients.size}, 0`,
      `${before.refused.size}, ${during.refused.size}`,
      before.refused.size === before.clients.size && during.refused.size === 0,
    )
    await this.#world.pass(EXCEPTION_RECHECK_SECONDS + EXCEPTION_WATCH_MS / 1000)
    const kept = (await this.#exceptions()).length
    this.#check('exceptions while the zone is still broken', '1', String(kept), kept === 1)
    this.#world.serve(rehearsalZones({ mended: true }))
    await this.#world.pass(EXCEPTION_RECHECK_SECONDS + EXCEPTION_WATCH_MS / 1000)
    await this.#world.type('sigill control nta list')
    const left = (await this.#exceptions()).length
    this.#check('exceptions minutes after it is mended', '0', String(left), left === 0)
    const after = await this.#asked(fault.name)
    this.#check(
      'its answers that are authenticated then',
      `${after.queries} of ${after.queries}`,
      `${after.authenticated} of ${after.queries}`,
      after.authenticated === after.queries,
    )
    const [last] = await this.#world.read<readonly JournalEntry[]>('/v1/journal')
    this.#check(
      'last line of the journal',
      'nta-remove by sigill',
      `${last?.what} by ${last?.who}`,
      last?.what === 'nta-remove' && last.who === 'sigill',
    )
  }

  /** What customers get of a name among all that they ask in a minute. */
  async #asked(name: string): Promise<Got> {
    return (await this.#crowd.minute(STAGE_TRAFFIC)).get(name)!
  }

  #exceptions(): Promise<readonly unknown[]> {
    return this.#world.read('/v1/negative-trust-anchors')
  }

  /** A registry makes a mistake: the operator is told once, with the command to run. */
  async #outage(): Promise<void> {
    this.#audience.step(`the registry of ${BREAKING_TLD} signs with a key that nobody knows`)
    this.#world.serve(rehearsalZones({ mended: true, outage: true }))
    await this.#world.pass(CACHES_RUN_OUT_SECONDS)
    for (let minute = 0; minute < 3; minute++) await this.#crowd.minute(OUTAGE_TRAFFIC)
    const { alerts } = this.#world
    const told = alerts.map(({ cause, ancestor }) => `${cause} ${ancestor}`).join(', ')
    this.#check(
      'alerts',
      `one: top-level ${BREAKING_TLD}`,
      alerts.length === 1 ? `one: ${told}` : `${alerts.length}: ${told}`,
      alerts.length === 1 && told === `top-level ${BREAKING_TLD}`,
    )
    const below = `www.${HEALTHY_NAMES.find((name) => name.endsWith(`.${BREAKING_TLD}`))!}`
    const before = await this.#crowd.everybody(below)
    if (alerts[0] !== undefined) await this.#world.type(alerts[0].command)
    const during = await this.#crowd.everybody(below)
    this.#check(
      "customers refused a name of it before and after the alert's command",
      `${REHEARSED_CLIENTS}, 0`,
      `${before.refused.size}, ${during.refused.size}`,
      before.refused.size === REHEARSED_CLIENTS && during.refused.size === 0,
    )
  }

  /** One command, from the next question on. */
  async #wayBack(): Promise<void> {
    this.#audience.step('the way back')
    await this.#world.type('sigill control rollout observe --reason "the rehearsal is over"')
    const { refused } = await this.#crowd.everybody(KNOWN_TEST_NAME)
    this.#check('customers who are refused an answer after it', '0', String(refused.size), refused.size === 0)
    await this.#world.type('sigill control journal')
  }

  #check(what: string, expected: string, seen: string, good: boolean): void {
    const check = { what, expected, seen, good }
    this.#checks.push(check)
    this.#audience.check(check)
  }
}

function isNear(told: number, truth: number): boolean {
  return Math.abs(told / truth - 1) <= CLIENTS_ERROR_MAX
}
