/** Primes the root and validates its DNSKEY set in the background, until it has been done once. */
import type { Cancel } from '../base/clock.ts'
import { clockOffset } from '../dnssec/clock-offset.ts'
import { anchorKeyTag } from '../dnssec/trust-anchors.ts'
import type { Judgement } from '../resolver/context.ts'
import type { Log } from '../telemetry/log.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { ROOT } from '../wire/name.ts'
import { keyTagOf } from '../wire/rdata/dnskey.ts'
import type { Rrset } from '../wire/record.ts'
import type { Engine } from './engine.ts'

/** The first retry comes soon, for a network that is just coming up … */
const RETRY_MS_INITIAL = 2_000
/** … and one in a minute is enough for one that is gone. */
const RETRY_MS_MAX = 60_000

/** What the watch works with. */
export type RootWatchEngine = Pick<Engine, 'clock' | 'policy' | 'rrsets'> & {
  readonly resolver: Pick<Engine['resolver'], 'checkRoot'>
}

/** Tries until it works. Returns what stops it. */
export function watchRoot(
  engine: RootWatchEngine,
  log: Pick<Log, 'info' | 'error'>,
  onProven: () => void,
): Cancel {
  let cancel: Cancel = () => {}
  let stopped = false
  let told = ''
  const attempt = async (delayMs: number): Promise<void> => {
    const judgement = await engine.resolver.checkRoot()
    if (stopped) return
    if (judgement.status === 'secure') {
      log.info('the root DNSKEY set is validated')
      onProven()
      return
    }
    // Validation may be switched on later, and whoever asks whether this is ready is not to wait long then.
    const isOff = engine.policy.mode === 'off'
    const text = isOff ? told : explainRoot(engine, judgement)
    // The same trouble is told once, however often it is met.
    if (text !== told) log.error({ reason: judgement.reason, detail: judgement.detail }, text)
    told = text
    const [pauseMs, nextMs] = isOff ? [RETRY_MS_INITIAL, RETRY_MS_INITIAL] : [delayMs, 2 * delayMs]
    cancel = engine.clock.after(pauseMs, () => void attempt(Math.min(nextMs, RETRY_MS_MAX)))
  }
  void attempt(RETRY_MS_INITIAL)
  return () => {
    stopped = true
    cancel()
  }
}

/** One line: what keeps the root from being validated, and what to do. */
export function explainRoot(engine: RootWatchEngine, judgement: Judgement): string {
  if (judgement.status === 'bogus') {
    const keys = engine.rrsets.get(ROOT, TYPE.DNSKEY)?.rrset
    const clock = keys === undefined ? undefined : clockFault(keys, engine.clock.unixSeconds(), engine.policy)
    return clock ?? bogusText(engine, judgement, keys)
  }
  if (judgement.status === 'insecure') {
    return (
      'the root DNSKEY set cannot be validated: its algorithms or digests are unsupported here or disabled; ' +
      'check dnssec.disabled-algorithms and dnssec.disabled-digests'
    )
  }
  if (judgement.reason === 'no-trust-anchor') {
    return 'there is no trust anchor for the root, so names outside the anchored zones are not validated; check dnssec.trust-anchor-files'
  }
  return (
    'no root server gives an answer: check the network, that UDP and TCP to port 53 leave this machine, and ' +
    'resolution.root-hints, resolution.source-addresses, resolution.ipv4 and resolution.ipv6'
  )
}

function bogusText(engine: RootWatchEngine, judgement: Judgement, keys: Rrset | undefined): string {
  const anchors = [...new Set(engine.policy.anchors.of(ROOT).map(anchorKeyTag))]
  const published = keys?.rdatas.map(keyTagOf) ?? []
  if (keys !== undefined && !anchors.some((tag) => published.includes(tag))) {
    return (
      `the root publishes the keys ${published.join(', ')}, but the trust anchors are ${anchors.join(', ')}: ` +
      'check dnssec.trust-anchor-files (sigill anchor fetch gets the present ones)'
    )
  }
  return `the root DNSKEY set does not validate (${judgement.reason}): somebody may be tampering with the path to the root servers`
}

/** When every signature over the root's keys lies on one side of now: the clock is what is wrong. */
function clockFault(
  keys: Rrset,
  nowSeconds: number,
  { skewSecondsMax }: Pick<RootWatchEngine['policy'], 'skewSecondsMax'>,
): string | undefined {
  const offset = clockOffset([keys], nowSeconds, skewSecondsMax)
  if (offset === undefined) return undefined
  const { side, edgeSeconds, seconds } = offset
  const off = formatSpan(seconds)
  const what =
    side === 'ahead'
      ? `the signatures of the root ended ${formatInstant(edgeSeconds)}: it is at least ${off} ahead`
      : `the signatures of the root begin ${formatInstant(edgeSeconds)}: it is at least ${off} behind`
  return `the clock of this machine looks wrong: it says ${formatInstant(nowSeconds)}, but ${what}; set the clock (NTP), or dnssec.clock in a lab`
}

function formatInstant(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`
}

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

function formatSpan(seconds: number): string {
  if (seconds >= 2 * DAY_SECONDS) return `${Math.floor(seconds / DAY_SECONDS)} days`
  if (seconds >= 2 * HOUR_SECONDS) return `${Math.floor(seconds / HOUR_SECONDS)} hours`
  return `${Math.ceil(seconds / 60)} minutes`
}
