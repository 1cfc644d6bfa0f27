/**
 * Where one thread does everything, a cached answer must not wait for names that are being resolved. So the engine works
 * in steps: questions are begun one in a turn of the event loop, and between any two steps clients are answered from the
 * cache, as if they had interrupted it.
 */
import type { Clock } from '../base/clock.ts'
import type { Front } from '../front/front.ts'
import type { ResolverParts } from '../resolver/engine.ts'
import { Entrance, type EntranceOptions } from '../resolver/entrance.ts'

/** See the head of this file. It stands between front and engine. */
export class ClientsFirst extends Entrance {
  /** Given before the first question. */
  front: Front | undefined

  constructor(clock: Clock, counters: EntranceOptions['counters']) {
    super({ clock, counters, sliceMs: 0, before: () => this.serve() })
  }

  /** What the engine is to tell of its work. */
  get steps(): Pick<Required<ResolverParts>, 'betweenSteps' | 'noteWork'> {
    return { betweenSteps: () => this.serve(), noteWork: (question) => this.note(question) }
  }

  /** Between two steps. */
  serve(): void {
    this.front?.poll()
  }
}
