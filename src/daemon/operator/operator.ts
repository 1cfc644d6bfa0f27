/**
 * What operators may do to a running daemon: each change is in force in all threads, in the journal and in the folder
 * for state when it is done. One after the other, so that no two are mixed.
 */
import { type Config, loadConfig } from '../../config/load.ts'
import type { SettingKey, Settings } from '../../config/settings.ts'
import { sameAnchors, type TrustAnchors } from '../../dnssec/trust-anchors.ts'
import type { ValidationMode } from '../../resolver/ports.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Name } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { CookieKeeper } from '../cookies/keeper.ts'
import { hasExemptions } from '../parts.ts'
import type { Serving } from '../serving.ts'
import type { Author, Journal } from '../state/journal.ts'
import type { KeptChanges } from './kept-changes.ts'
import { changedSettings, policyChanges, takeLive, threadChange } from './live-settings.ts'
import {
  changeRollout,
  type OperatorChanges,
  type RolloutTerms,
  rolloutTerms,
  stillMeant,
  withChanges,
} from './operator-changes.ts'

/** Why something is not done: words for who asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** What it works with. */
export interface OperatorParts {
  /** As the file has it. */
  readonly config: Config
  readonly serving: Serving
  readonly kept: KeptChanges
  readonly cookies: Pick<CookieKeeper, 'prepare'>
  readonly journal: Journal
  readonly log: Log
  readonly nowSeconds: () => number
  /** Has all threads go by the anchors that the files give now, with what was learnt of those. */
  readonly setAnchors: (anchors: TrustAnchors) => Promise<unknown>
}

/** What became of a new file. */
export interface Reloaded {
  /** Settings that have changed and are in force. */
  readonly changed: readonly SettingKey[]
  /** Settings that have changed and count from the next start on. */
  readonly needRestart: readonly SettingKey[]
}

/** See the head of this file. */
export class Operator {
  readonly #parts: OperatorParts
  #config: Config
  #changes: OperatorChanges
  /** In force now. */
  #settings: Settings
  #work: Promise<unknown> = Promise.resolve()
  /** Changes away from enforcement that are in force already, and wait for their turn to be kept. */
  #waysBack = 0

  constructor(parts: OperatorParts) {
    this.#parts = parts
    this.#config = parts.config
    this.#changes = parts.kept.changes
    this.#settings = withChanges(parts.config.settings, this.#changes)
  }

  /** The settings in force. */
  get settings(): Settings {
    return this.#settings
  }

  /** As the file has them. */
  get fileSettings(): Settings {
    return this.#config.settings
  }

  get changes(): OperatorChanges {
    return this.#changes
  }

  /** How far validation is enforced. */
  get rollout(): RolloutTerms {
    return rolloutTerms(this.#settings)
  }

  /** Changes how far validation is enforced. */
  setRollout(wanted: Partial<RolloutTerms>, author: Author): Promise<RolloutTerms> {
    // The way back waits for nothing, and what is under way does not undo it.
    const isWayBack = wanted.mode === 'observe' || wanted.mode === 'off'
    if (isWayBack) {
      this.#parts.serving.policy.setMode(wanted.mode)
      this.#waysBack++
    }
    return this.#inTurn(async () => {
      const before = this.rollout
      try {
        await this.#change(changeRollout(this.#changes, this.#config.settings, wanted))
      } finally {
        if (isWayBack) this.#waysBack--
      }
      await this.#parts.journal.add('rollout', author, { before, after: this.rollout })
      return this.rollout
    })
  }

  /**
   * Changes what is kept.
   *
   * @param change makes the new from the old; may throw a `Refusal`
   */
  change(
    what: string,
    author: Author,
    detail: Readonly<Record<string, unknown>>,
    change: (changes: OperatorChanges) => OperatorChanges,
  ): Promise<void> {
    return this.#inTurn(async () => {
      await this.#change(change(this.#changes))
      await this.#parts.journal.add(what, author, detail)
    })
  }

  /** Exceptions that were added and have ended may have stood before one of the file: that counts now. */
  dropEnded(): Promise<void> {
    return this.#inTurn(async () => {
      const nowSeconds = this.#parts.nowSeconds()
      if (this.#changes.added.some(({ expiresSeconds }) => expiresSeconds <= nowSeconds))
        await this.#change(this.#changes)
    })
  }

  /**
   * Takes over what can be taken over of the file as it is now.
   *
   * @throws ConfigError, and nothing is changed
   */
  reload(author: Author): Promise<Reloaded> {
    return this.#inTurn(async () => {
      const { path } = this.#config
      if (path === undefined)
        throw new Refusal('there is no configuration file to read: the daemon runs on the defaults')
      const config = loadConfig(path)
      const changeCookies = this.#parts.cookies.prepare(config)
      const { live, restart } = changedSettings(this.#config.settings, config.settings)
      const anchorsBefore = this.#config.anchors
      const settings = takeLive(this.#config.settings, config.settings)
      this.#config = { ...config, settings }
      await this.#change(this.#changes)
      changeCookies()
      const reloaded = { changed: live, needRestart: restart }
      if (!sameAnchors(config.anchors.list, anchorsBefore.list)) await this.#parts.setAnchors(config.anchors)
      await this.#parts.journal.add('reload', author, reloaded)
      return reloaded
    })
  }

  /** Forgets what is cached. Returns how many entries went. */
  flush(name: Name | undefined, alone: boolean, author: Author): Promise<number> {
    return this.#inTurn(async () => {
      const entries = await this.#parts.serving.flush(name, alone)
      const what = name === undefined ? 'everything' : formatName(name)
      await this.#parts.journal.add('flush', author, { name: what, alone, entries })
      return entries
    })
  }

  /** Writes the snapshot of the caches now. */
  async snapshot(author: Author): Promise<void> {
    const { serving, journal } = this.#parts
    if (serving.snapshot === undefined) throw new Refusal('cache.snapshot names no file')
    const written = await serving.snapshot.writeNow()
    await journal.add('snapshot', author, { written })
    if (!written) throw new Refusal('the snapshot was not written; the log says why')
  }

  /** Settles when nothing is under way. */
  async settled(): Promise<void> {
    await this.#work
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  /** What means nothing any more, as exceptions that have ended, is not kept. */
  async #change(changes: OperatorChanges): Promise<void> {
    const { settings } = this.#config
    this.#changes = stillMeant(changes, settings, this.#parts.nowSeconds())
    const before = this.#settings
    const after = withChanges(settings, this.#changes)
    this.#settings = after
    await this.#apply(before, after)
    await this.#parts.kept.file.save(this.#changes)
  }

  /** What spares clients comes first, what enforces last, so that nobody is enforced for a moment who is not meant. */
  async #apply(before: Settings, after: Settings): Promise<void> {
    const { serving, log } = this.#parts
    const { policy } = serving
    const mode: ValidationMode = after['dnssec.mode']
    if (mode !== 'enforce') this.#setMode(mode)
    log.level = after['log.level']
    for (const change of policyChanges(before, after)) await serving.changePolicy(change)
    const told = threadChange(before, after)
    if (told !== undefined) await serving.configure(after, told.rejudges)
    policy.setShare(after['dnssec.rollout.percent'], hasExemptions(after))
    if (mode === 'enforce') this.#setMode(mode)
  }

  #setMode(mode: ValidationMode): void {
    if (this.#waysBack === 0) this.#parts.serving.policy.setMode(mode)
  }
}
