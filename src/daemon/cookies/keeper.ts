/**
 * Looks after the secrets of server cookies (RFC 7873 7.1, RFC 9018 5). Those of the operator's file, which several
 * servers share, or one that is drawn here, kept over restarts and followed by another every day: cookies of the one before
 * are accepted for as long as they are valid, so no client loses its own. A secret is never told.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  COOKIE_AHEAD_SECONDS_MAX,
  COOKIE_SECONDS_MAX,
  COOKIE_SECRET_SECONDS,
  COOKIE_SECRET_WATCH_MS,
} from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { readCookieSecrets } from '../../config/cookie-secrets.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import { COOKIE_SECRET_OCTETS, CookieSecrets } from '../../policy/cookie-secrets.ts'
import type { Log } from '../../telemetry/log.ts'
import { StateFile } from '../state/state-file.ts'
import type { StateFolder } from '../state/state-folder.ts'
import { COOKIE_SECRETS_FORM, type KeptSecret, type KeptSecrets } from './form.ts'

/** What it works with. */
export interface CookieKeeperParts {
  readonly config: Pick<Config, 'path' | 'settings'>
  readonly folder: StateFolder
  readonly random: Random
  readonly clock: Pick<Clock, 'after'>
  /** By the clock of the machine. */
  readonly unixSeconds: () => number
  readonly log: Pick<Log, 'info'>
}

/** Who made the secrets in force, and how many are accepted. */
export interface CookieSecretsStatus {
  readonly from: 'file' | 'own'
  readonly accepted: number
  /** When the one was drawn that makes cookies; null where the operator gave it. */
  readonly drawn: string | null
}

/** See the head of this file. */
export class CookieKeeper {
  /** For whoever makes cookies. */
  readonly secrets: CookieSecrets = new CookieSecrets()
  readonly #parts: CookieKeeperParts
  readonly #file: StateFile<KeptSecrets>
  /** Drawn here, the newest first. */
  #own: readonly KeptSecret[]
  /** Those of the operator; none where he gives none. */
  #given: readonly Uint8Array[]
  #cancel: Cancel = () => {}

  /** @throws ConfigError when the operator's file cannot be used */
  constructor(parts: CookieKeeperParts) {
    this.#parts = parts
    this.#file = new StateFile(parts.folder, COOKIE_SECRETS_FORM)
    this.#given = givenSecrets(parts.config)
    this.#own = this.#file.load()?.secrets ?? []
    this.#look()
  }

  get status(): CookieSecretsStatus {
    const accepted = this.secrets.count
    if (this.#given.length > 0) return { from: 'file', accepted, drawn: null }
    return { from: 'own', accepted, drawn: new Date(this.#own[0]!.drawnSeconds * 1000).toISOString() }
  }

  /** Whether the secrets outlast a restart; null where nothing does. */
  get stored(): boolean | null {
    return this.#file.stored
  }

  /**
   * Reads what a changed configuration gives, also where only the operator's file itself has changed.
   *
   * @returns what puts it in force
   * @throws ConfigError, and all stays as it is
   */
  prepare(config: Pick<Config, 'path' | 'settings'>): () => void {
    const given = givenSecrets(config)
    return () => {
      const before = this.#given
      this.#given = given
      this.#look()
      if (!sameSecrets(before, given)) {
        const { from, accepted } = this.status
        this.#parts.log.info({ from, accepted }, 'the secrets of server cookies have changed')
      }
    }
  }

  /** Draws another secret now, as after a leak or a test of it. False where the operator gives them. */
  async roll(): Promise<boolean> {
    if (this.#given.length > 0) return false
    await this.#draw()
    this.#putInForce()
    return true
  }

  /** Has every secret followed by another in its time. */
  start(): void {
    this.#cancel = this.#parts.clock.after(COOKIE_SECRET_WATCH_MS, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** A secret from the future is as good as none: the clock was set since. */
  #look(): void {
    if (this.#given.length === 0) {
      const [newest] = this.#own
      const ageSeconds = newest === undefined ? undefined : this.#parts.unixSeconds() - newest.drawnSeconds
      if (ageSeconds === undefined || ageSeconds < 0 || ageSeconds >= COOKIE_SECRET_SECONDS) void this.#draw()
    }
    this.#putInForce()
  }

  #draw(): Promise<boolean> {
    const { random, unixSeconds } = this.#parts
    const secret = Uint8Array.from({ length: COOKIE_SECRET_OCTETS }, () => random.below(256))
    this.#own = [{ secret, drawnSeconds: unixSeconds() }, ...this.#own.slice(0, 1)]
    return this.#file.save({ secrets: this.#own })
  }

  #putInForce(): void {
    const [newest, before] = this.#own
    if (this.#given.length > 0) this.secrets.set(this.#given)
    else {
      const followedSeconds = this.#parts.unixSeconds() - newest!.drawnSeconds
      const isAccepted = followedSeconds <= COOKIE_SECONDS_MAX + COOKIE_AHEAD_SECONDS_MAX
      this.secrets.set([newest!.secret, ...(before !== undefined && isAccepted ? [before.secret] : [])])
    }
  }
}

function givenSecrets(config: Pick<Config, 'path' | 'settings'>): Uint8Array[] {
  const file = config.settings['server.cookies.secret-file']
  return file === '' ? [] : readCookieSecrets(pathFrom(config, file))
}

function sameSecrets(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((secret, number) => Buffer.compare(secret, b[number]!) === 0)
}
