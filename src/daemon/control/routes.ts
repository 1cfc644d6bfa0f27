/** The commands that the running daemon takes. */
import { z } from 'zod'
import { EXCEPTION_SECONDS, EXCEPTION_SECONDS_MAX } from '../../base/limits.ts'
import { formatPrefix, parsePrefix } from '../../base/prefix.ts'
import { parseTypedName } from '../../config/typed-name.ts'
import type { Name } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { CookieKeeper } from '../cookies/keeper.ts'
import type { HandOver } from '../hand-over/hand-over.ts'
import type { Exceptions } from '../operator/exceptions.ts'
import { type Operator, Refusal } from '../operator/operator.ts'
import { REPORT_FORM } from '../report/report-form.ts'
import type { ReportKeeper } from '../report/report-keeper.ts'
import type { Journal } from '../state/journal.ts'
import { handOverRoutes, heldBack } from './hand-over-routes.ts'
import { flag, type Route, route, wholeNumber } from './route.ts'

/** What the commands work with. */
export interface RouteParts {
  readonly operator: Operator
  readonly exceptions: Exceptions
  readonly report: ReportKeeper
  readonly journal: Journal
  readonly cookies: Pick<CookieKeeper, 'roll' | 'status' | 'stored'>
  /** The changes of operators, as they are kept. */
  readonly kept: { readonly stored: boolean | null }
  /** What `status` says besides the rollout: plain data. */
  status(): Record<string, unknown>
  /** All metrics, as an object for JSON. */
  stats(): Promise<unknown>
  /** Begins to stop, after so many seconds of being not ready. */
  drain(seconds: number): void
  readonly handOver: HandOver
}

/** A domain name as typed; what comes out of it is written as we write names. */
export const NAME: z.ZodType<Name, string> = z
  .string({ error: 'expected a domain name' })
  .transform((text, context) => {
    const name = parseTypedName(text)
    if (name instanceof Uint8Array) return name
    context.addIssue({ code: 'custom', message: `expected a domain name (${name.fault})` })
    return z.NEVER
  })

const NETWORK_EXPECTED = 'expected a network such as 192.0.2.0/24'

const NETWORK = z.string({ error: NETWORK_EXPECTED }).transform((text, context) => {
  const prefix = parsePrefix(text)
  if (prefix !== undefined) return formatPrefix(prefix)
  context.addIssue({ code: 'custom', message: `${NETWORK_EXPECTED}, found ${JSON.stringify(text)}` })
  return z.NEVER
})

const NETWORKS = z.array(NETWORK, { error: 'expected a list of networks' })

const MODE = z.enum(['off', 'observe', 'enforce'], { error: 'expected off, observe or enforce' })
const PERCENT = wholeNumber(0, 100)
const TEXTS = z.array(z.string())

const STORED = z
  .boolean()
  .nullable()
  .describe(
    'whether it is in state.directory: when false it is in force, but a restart would undo it, and it is tried again every minute; null where there is no state.directory',
  )

const ROLLOUT = z.strictObject({
  mode: MODE,
  percent: PERCENT,
  always: TEXTS,
  never: TEXTS,
  stored: STORED,
})

/** Seconds for which one is not ready before one stops, at most: what slow watchers need is a few minutes. */
const DRAIN_SECONDS_MAX = 3_600
const JOURNAL_SHOWN = 100

/** The commands. */
export function makeRoutes(parts: RouteParts): Route[] {
  const { operator, handOver } = parts
  const routes = [
    ...reading(parts),
    ...rollout(parts),
    ...reporting(parts),
    ...negativeTrustAnchors(parts),
    ...upkeep(operator),
    rollingCookies(parts),
    draining(parts),
  ]
  return [...heldBack(routes, handOver), ...handOverRoutes(handOver)]
}

function reading({ journal, status, stats }: RouteParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/status',
      summary: 'What the daemon is doing: version, health, listeners, threads, rollout.',
      result: z.looseObject({}),
      run: async () => status(),
    },
    {
      method: 'GET',
      path: '/v1/stats',
      summary: 'All metrics by name.',
      result: z.record(z.string(), z.array(z.looseObject({ value: z.number() }))),
      run: async () => stats(),
    },
    {
      method: 'GET',
      path: '/v1/journal',
      summary: 'The last changes by operators, the newest first.',
      result: z.array(
        z.strictObject({
          time: z.string(),
          who: z.string(),
          why: z.string(),
          what: z.string(),
          detail: z.looseObject({}),
        }),
      ),
      run: async () => journal.recent(JOURNAL_SHOWN),
    },
  ]
}

function rollout(parts: RouteParts): Route[] {
  const { operator } = parts
  return [
    {
      method: 'GET',
      path: '/v1/rollout',
      summary: 'How far validation is enforced.',
      result: ROLLOUT,
      run: async () => withStored(operator.rollout, parts.kept),
    },
    route({
      method: 'POST',
      path: '/v1/rollout',
      summary:
        'Changes how far validation is enforced: what is left out stays. In force at the next question.',
      body: z.strictObject({
        mode: MODE.optional(),
        percent: PERCENT.optional(),
        always: NETWORKS.optional(),
        never: NETWORKS.optional(),
      }),
      result: ROLLOUT,
      run: async (wanted, author) => {
        const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
        return withStored(await operator.setRollout(Object.fromEntries(given), author), parts.kept)
      },
    }),
  ]
}

function withStored<T extends object>(result: T, { stored }: RouteParts['kept']): T & RouteParts['kept'] {
  return { ...result, stored }
}

const EXCEPTION = z.strictObject({
  name: z.string(),
  reason: z.string(),
  author: z.string(),
  added: z.string().nullable(),
  expires: z.string(),
  secondsLeft: z.int(),
  forced: z.boolean(),
  hits: z.int(),
})

const CHANGED_EXCEPTION = EXCEPTION.extend({ stored: STORED })

const SECONDS = wholeNumber(1, EXCEPTION_SECONDS_MAX, ', which is a week').default(EXCEPTION_SECONDS)

function negativeTrustAnchors(parts: RouteParts): Route[] {
  const { exceptions } = parts
  const path = '/v1/negative-trust-anchors'
  return [
    {
      method: 'GET',
      path,
      summary: 'The negative trust anchors in force (RFC 7646).',
      result: z.array(EXCEPTION),
      run: async () => exceptions.list(),
    },
    route({
      method: 'POST',
      path,
      summary: 'Adds a negative trust anchor for a time: who and why are its author and reason.',
      body: z.strictObject({
        name: NAME,
        seconds: SECONDS,
        force: flag()
          .default(false)
          .describe('takes the root and top-level domains too, and keeps it when the zone validates again'),
        replace: flag().default(false).describe('puts it in the place of one of that name'),
      }),
      result: CHANGED_EXCEPTION,
      run: async ({ name, seconds, force, replace }, author) =>
        withStored(await exceptions.add(name, seconds, force, author, replace), parts.kept),
    }),
    route({
      method: 'POST',
      path: `${path}/extend`,
      summary: 'Lets one last so many seconds from now on.',
      body: z.strictObject({ name: NAME, seconds: SECONDS }),
      result: CHANGED_EXCEPTION,
      run: async ({ name, seconds }, author) =>
        withStored(await exceptions.extend(name, seconds, author), parts.kept),
    }),
    route({
      method: 'POST',
      path: `${path}/remove`,
      summary: 'Removes one, also one of the file, as long as the file does not change it.',
      body: z.strictObject({ name: NAME }),
      result: z.strictObject({ removed: z.string(), stored: STORED }),
      run: async ({ name }, author) => {
        await exceptions.remove(name, author)
        return withStored({ removed: formatName(name) }, parts.kept)
      },
    }),
    route({
      method: 'POST',
      path: `${path}/recheck`,
      summary: 'Looks now whether their zones validate, and removes those that are not needed any more.',
      body: z.strictObject({}),
      result: z.array(EXCEPTION),
      run: async () => {
        await exceptions.recheck()
        return exceptions.list()
      },
    }),
  ]
}

const EXPIRING = z.strictObject({
  zone: z.string(),
  set: z.string(),
  ends: z.string(),
  hoursLeft: z.int(),
  lifetimeHours: z.int(),
  fetchedAt: z.string(),
  answersInUse: z.int(),
})

function reporting({ report, journal }: RouteParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/rollout/report',
      summary:
        'What validation does to answers, or would do: by domain, by customers, and what is to be done.',
      result: z.looseObject({ kind: z.literal('sigill-rollout-report'), version: z.literal(2) }),
      run: () => report.view(),
    },
    {
      method: 'GET',
      path: '/v1/rollout/report/export',
      summary:
        'What the report is made of, sketches of clients included: `sigill report merge` makes one of those of several resolvers.',
      result: z.strictObject({
        kind: z.literal(REPORT_FORM.kind),
        version: z.literal(REPORT_FORM.version),
        digest: z.string(),
        content: z.looseObject({}),
      }),
      run: () => report.export(),
    },
    {
      method: 'GET',
      path: '/v1/expiring',
      summary:
        'Zones in use whose signatures end soon and are not being renewed, as the caches show it now; nobody is asked.',
      result: z.array(EXPIRING),
      run: () => report.expiring(),
    },
    route({
      method: 'POST',
      path: '/v1/rollout/report/clear',
      summary: 'Forgets what was counted for the report, and begins anew.',
      body: z.strictObject({}),
      result: z.strictObject({ cleared: z.literal(true) }),
      run: async (_body, author) => {
        await report.clear()
        await journal.add('report-clear', author, {})
        return { cleared: true }
      },
    }),
  ]
}

function upkeep(operator: Operator): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/reload',
      summary: 'Reads the configuration file again, and takes over what a running daemon can.',
      body: z.strictObject({}),
      result: z.strictObject({ changed: TEXTS, needRestart: TEXTS }),
      run: (_body, author) => operator.reload(author),
    }),
    route({
      method: 'POST',
      path: '/v1/flush',
      summary:
        'Forgets what is cached of a name, or of it and all below, or with neither name nor subtree everything.',
      body: z.strictObject({ name: NAME.optional(), subtree: flag().default(false) }),
      result: z.strictObject({ name: z.string(), entries: z.int() }),
      run: async ({ name, subtree }, author) => ({
        // As the journal has it; a name would end in a dot.
        name: name === undefined ? 'everything' : formatName(name),
        entries: await operator.flush(name, !subtree, author),
      }),
    }),
    route({
      method: 'POST',
      path: '/v1/snapshot',
      summary: 'Writes the snapshot of the caches now.',
      body: z.strictObject({}),
      result: z.strictObject({ written: z.literal(true) }),
      run: async (_body, author) => {
        await operator.snapshot(author)
        return { written: true }
      },
    }),
  ]
}

function rollingCookies({ cookies, journal }: RouteParts): Route {
  return route({
    method: 'POST',
    path: '/v1/cookie-secrets/roll',
    summary:
      'Draws another secret for server cookies: those of the one before are accepted while they are valid.',
    body: z.strictObject({}),
    result: z.strictObject({
      from: z.enum(['file', 'own']),
      accepted: z.int(),
      drawn: z.string().nullable(),
      stored: STORED,
    }),
    run: async (_body, author) => {
      if (!(await cookies.roll())) {
        throw new Refusal('server.cookies.secret-file gives the secrets: change the file, and reload')
      }
      await journal.add('cookie-secrets-roll', author, {})
      return withStored(cookies.status, cookies)
    },
  })
}

function draining({ journal, drain }: RouteParts): Route {
  return route({
    method: 'POST',
    path: '/v1/drain',
    summary: 'Stops being ready, serves on for so many seconds, answers what is in work then, and ends.',
    body: z.strictObject({ seconds: wholeNumber(0, DRAIN_SECONDS_MAX).default(30) }),
    result: z.strictObject({ seconds: z.int() }),
    run: async ({ seconds }, author) => {
      await journal.add('drain', author, { seconds })
      drain(seconds)
      return { seconds }
    },
  })
}
