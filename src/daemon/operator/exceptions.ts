/**
 * Negative trust anchors while the daemon runs (RFC 7646): added for a time, extended, removed, looked at again and
 * again, and gone as soon as the zone validates without them.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  EXCEPTION_EXPIRY_WARNING_SECONDS,
  EXCEPTION_SECONDS_MAX,
  EXCEPTION_WATCH_MS,
  EXCEPTIONS_MAX,
} from '../../base/limits.ts'
import { shellName } from '../../base/shell-word.ts'
import type { ValidationPolicy } from '../../policy/validation-policy.ts'
import type { Log } from '../../telemetry/log.ts'
import { labelCount, type Name, nameKey, namesEqual } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { Author } from '../state/journal.ts'
import { type Operator, Refusal } from './operator.ts'
import type { OperatorChanges } from './operator-changes.ts'

/** What they work with. */
export interface ExceptionsParts {
  readonly operator: Operator
  readonly policy: ValidationPolicy
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'warn'>
  /** From one look at a zone to the next. */
  readonly recheckMs: number
  /** Whether the zone validates without its exception. */
  readonly validates: (zone: Name) => Promise<boolean>
  /** Forgets what is cached of a zone and all below. */
  readonly forget: (zone: Name) => Promise<unknown>
}

/** One that is in force. */
export interface ExceptionView {
  readonly name: string
  readonly reason: string
  readonly author: string
  /** RFC 3339; null for one of the file. */
  readonly added: string | null
  readonly expires: string
  readonly secondsLeft: number
  /** It stays when the zone validates again. */
  readonly forced: boolean
  /** Answers that it made insecure, since it was added or the daemon started. */
  readonly hits: number
}

/** See the head of this file. */
export class Exceptions {
  readonly #parts: ExceptionsParts
  /** Ends that were told of, by key. */
  readonly #warned = new Map<string, number>()
  #cancelWatch: Cancel = () => {}
  #lastRecheckMs: number
  #isRechecking = false
  #isClosed = false

  constructor(parts: ExceptionsParts) {
    this.#parts = parts
    this.#lastRecheckMs = parts.clock.nowMs()
    this.#watch()
  }

  /** Those in force. */
  list(): ExceptionView[] {
    const { policy } = this.#parts
    const nowSeconds = this.#parts.clock.unixSeconds()
    return policy.negativeTrustAnchors.map((anchor) => ({
      name: formatName(anchor.name),
      reason: anchor.reason,
      author: anchor.author,
      added: anchor.addedSeconds === undefined ? null : instant(anchor.addedSeconds),
      expires: instant(anchor.expiresSeconds),
      secondsLeft: anchor.expiresSeconds - nowSeconds,
      forced: anchor.forced === true,
      hits: policy.exceptionHits(anchor.name),
    }))
  }

  /**
   * Adds one.
   *
   * @param force takes the root and top-level domains as well, and keeps it when the zone validates again
   * @param replaces it may take the place of one of that name, with its reason and its end
   */
  async add(
    zone: Name,
    seconds: number,
    force: boolean,
    author: Author,
    replaces = false,
  ): Promise<ExceptionView> {
    if (author.why.trim() === '') throw new Refusal('a reason is needed: others will have to decide about it')
    if (labelCount(zone) < 2 && !force) {
      throw new Refusal(`${formatName(zone)} would switch validation off for all below it; force does it`)
    }
    return this.#add(zone, seconds, force, author, replaces)
  }

  /**
   * Adds one that no operator has asked for. It ends as soon as the zone validates, be it a top-level domain.
   *
   * @param why what the guard has seen
   */
  addForGuard(zone: Name, seconds: number, why: string): Promise<ExceptionView> {
    return this.#add(zone, seconds, false, { who: 'guard', why }, false)
  }

  async #add(
    zone: Name,
    seconds: number,
    forced: boolean,
    author: Author,
    replaces: boolean,
  ): Promise<ExceptionView> {
    const { policy } = this.#parts
    const known = policy.negativeTrustAnchors.some(({ name }) => namesEqual(name, zone))
    if (!known && policy.negativeTrustAnchors.length >= EXCEPTIONS_MAX) {
      throw new Refusal(`there are ${EXCEPTIONS_MAX} negative trust anchors already`)
    }
    const check = replaces ? () => {} : () => this.#refuseSecond(zone)
    const terms = { reason: author.why, author: author.who, forced, seconds }
    await this.#put(zone, terms, 'nta-add', author, { check })
    return this.#view(zone)
  }

  /** Nobody shortens by chance what another one has seen reason for. */
  #refuseSecond(zone: Name): void {
    const nowSeconds = this.#parts.clock.unixSeconds()
    const there = this.#parts.policy.negativeTrustAnchors.find(({ name }) => namesEqual(name, zone))
    if (there === undefined || there.expiresSeconds <= nowSeconds) return
    const name = formatName(there.name)
    throw new Refusal(
      `there is one for ${name} already, until ${instant(there.expiresSeconds)}, by ${there.author}: ` +
        `sigill control nta extend ${shellName(name)} gives it more time; nta add --replace puts another in its place`,
    )
  }

  /** Gives one so many seconds from now on; one of the file ends with them too. */
  async extend(zone: Name, seconds: number, author: Author): Promise<ExceptionView> {
    const { reason, author: by, forced } = this.#view(zone)
    await this.#put(zone, { reason, author: by, forced, seconds }, 'nta-extend', author, { ofFileToo: true })
    return this.#view(zone)
  }

  /** Removes one, also one of the file. */
  async remove(zone: Name, author: Author): Promise<void> {
    const { name } = this.#view(zone)
    const { operator } = this.#parts
    await operator.change('nta-remove', author, { name }, (changes) => {
      return { ...this.#withoutOfFile(changes, zone), added: withoutName(changes.added, name) }
    })
  }

  /** Looks at all zones now, and removes the exceptions of those that validate. Never rejects. */
  async recheck(): Promise<void> {
    const { policy, validates, forget, log } = this.#parts
    for (const { name: zone, forced } of policy.negativeTrustAnchors) {
      if (forced === true || this.#isClosed) continue
      try {
        if (!(await validates(zone)) || this.#isClosed) continue
        const still = policy.negativeTrustAnchors.some(({ name }) => namesEqual(name, zone))
        if (!still) continue
        // What was fetched while the zone was broken would be judged now: its keys may fit nothing that it signs today.
        await forget(zone)
        await this.remove(zone, { who: 'sigill', why: 'the zone validates again' })
      } catch (error) {
        log.warn({ err: error, zone: formatName(zone) }, 'a zone could not be looked at again')
      }
    }
  }

  close(): void {
    this.#isClosed = true
    this.#cancelWatch()
  }

  #watch(): void {
    const { clock, recheckMs } = this.#parts
    this.#cancelWatch = clock.after(Math.min(EXCEPTION_WATCH_MS, recheckMs), () => {
      this.#warn()
      void this.#parts.operator.dropEnded()
      if (!this.#isRechecking && clock.nowMs() - this.#lastRecheckMs >= recheckMs) {
        this.#lastRecheckMs = clock.nowMs()
        this.#isRechecking = true
        void this.recheck().finally(() => {
          this.#isRechecking = false
        })
      }
      if (!this.#isClosed) this.#watch()
    })
  }

  /** Before each of them ends, once. */
  #warn(): void {
    const { policy, clock, log } = this.#parts
    const nowSeconds = clock.unixSeconds()
    const present = new Set<string>()
    for (const { name, expiresSeconds } of policy.negativeTrustAnchors) {
      const key = nameKey(name)
      present.add(key)
      const secondsLeft = expiresSeconds - nowSeconds
      if (secondsLeft > EXCEPTION_EXPIRY_WARNING_SECONDS || this.#warned.get(key) === expiresSeconds) continue
      this.#warned.set(key, expiresSeconds)
      const zone = formatName(name)
      log.warn(
        { zone, secondsLeft },
        `a negative trust anchor ends soon and the zone does not validate yet: sigill control nta extend ${shellName(zone)}`,
      )
    }
    for (const key of [...this.#warned.keys()]) if (!present.has(key)) this.#warned.delete(key)
  }

  /** One of that name in the file counts no more. */
  #withoutOfFile(changes: OperatorChanges, zone: Name): OperatorChanges {
    const name = formatName(zone)
    const ofFile = this.#parts.operator.fileSettings['dnssec.negative-trust-anchors']
      .filter((anchor) => namesEqual(anchor.name, zone))
      .map(({ expiresSeconds }) => ({ name, expiresSeconds }))
    return { ...changes, removed: [...withoutName(changes.removed, name), ...ofFile] }
  }

  async #put(
    zone: Name,
    terms: {
      readonly reason: string
      readonly author: string
      readonly forced: boolean
      readonly seconds: number
    },
    what: string,
    author: Author,
    {
      ofFileToo = false,
      check = () => {},
    }: {
      /** One of that name in the file counts no more. */
      readonly ofFileToo?: boolean
      /** Asked when it is its turn; throws a `Refusal`. */
      readonly check?: () => void
    },
  ): Promise<void> {
    const { seconds, ...rest } = terms
    if (seconds < 1 || seconds > EXCEPTION_SECONDS_MAX) throw new Refusal('it may last a week at most')
    const name = formatName(zone)
    const addedSeconds = this.#parts.clock.unixSeconds()
    const expiresSeconds = addedSeconds + seconds
    const detail = { name, expires: instant(expiresSeconds), forced: terms.forced }
    await this.#parts.operator.change(what, author, detail, (changes): OperatorChanges => {
      check()
      return {
        ...(ofFileToo ? this.#withoutOfFile(changes, zone) : changes),
        added: [...withoutName(changes.added, name), { ...rest, name, addedSeconds, expiresSeconds }],
      }
    })
  }

  #view(zone: Name): ExceptionView {
    const name = formatName(zone)
    const found = this.list().find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (found === undefined) throw new Refusal(`there is no negative trust anchor for ${name}`)
    return found
  }
}

/** However the name is spelled. */
function withoutName<T extends { readonly name: string }>(list: readonly T[], name: string): T[] {
  return list.filter((one) => one.name.toLowerCase() !== name.toLowerCase())
}

function instant(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`
}
