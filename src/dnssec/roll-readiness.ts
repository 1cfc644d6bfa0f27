/** Whether a resolver that follows a zone's keys would go on validating when the zone changes them. */
import { PROBE_SECONDS_MAX } from '../base/limits.ts'
import { followedTag, isEnded, isTrusted, type TrustPoint } from './trust-point.ts'

/** See the head of this file. */
export interface RollReadiness {
  readonly isReady: boolean
  /** One sentence. */
  readonly text: string
}

/** What else it hangs on. */
export interface RollTerms {
  readonly nowSeconds: number
  /** Whether what is learnt outlives the process; undefined where nobody knows. */
  readonly isSaved: boolean | undefined
}

/** Judges by what the last probes showed. */
export function rollReadiness(point: TrustPoint, { nowSeconds, isSaved }: RollTerms): RollReadiness {
  const { lastSuccessSeconds, fault, published, keys } = point
  if (isEnded(point)) return no('all trust anchors were revoked, so nothing is validated')
  if (lastSuccessSeconds === undefined) {
    return no(`the keys of the zone have not been proven yet${fault === '' ? '' : `: ${fault}`}`)
  }
  if (nowSeconds - lastSuccessSeconds > PROBE_SECONDS_MAX) {
    return no(
      `the keys of the zone were last proven ${day(lastSuccessSeconds)}${fault === '' ? '' : `: ${fault}`}`,
    )
  }
  const known = (tag: number): TrustPoint['keys'] => keys.filter((key) => followedTag(key) === tag)
  const waiting = published.filter((tag) => !known(tag).some(isTrusted))
  const pending = waiting.flatMap(known).filter(({ state }) => state === 'add-pending')
  if (pending.length > 0) {
    const endSeconds = Math.max(
      ...pending.map(({ sinceSeconds, holdDownSeconds }) => sinceSeconds + holdDownSeconds),
    )
    return no(`${list(pending.map(followedTag))} is published and believed from ${day(endSeconds)} on`)
  }
  if (waiting.length > 0) return no(`${list(waiting)} is published, but not believed`)
  const learnt = published.filter((tag) => known(tag).every(({ origin }) => origin !== 'configured'))
  if (isSaved === false && learnt.length > 0) {
    return no(
      `${list(learnt)} was learnt and cannot be kept over a restart: state.directory cannot be written`,
    )
  }
  return {
    isReady: true,
    text: `every key that the zone has published is believed (${published.join(', ')})`,
  }
}

function no(text: string): RollReadiness {
  return { isReady: false, text }
}

function list(tags: readonly number[]): string {
  return tags.length === 1 ? `key ${tags[0]}` : `each of the keys ${tags.join(', ')}`
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10)
}
