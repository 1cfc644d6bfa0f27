/** Is it them or us? What a second look says of whose fault it is that a domain does not validate. A pure function. */
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import { formatTime } from '../dnssec/rrset-signature.ts'
import { formatDuration } from '../telemetry/report/duration.ts'
import type { AddressTrial, DomainCheck } from '../telemetry/report/report-data.ts'
import { addressesByOutcome } from '../telemetry/report/report-data.ts'
import { formatName } from '../wire/name-text.ts'
import type { SecondLook } from './second-look.ts'

/** See the head of this file. */
export type Blame = Pick<DomainCheck, 'party' | 'confidence' | 'because'>

/** Weighs it. */
export function blame(look: SecondLook): Blame {
  return ourselves(look) ?? (look.verdict.status === 'bogus' ? failing(look) : inOrder(look))
}

/** Who can validate nothing has nobody to blame. */
function ourselves({ controls, clock }: SecondLook): Blame | undefined {
  const names = controls.map(({ zone }) => formatName(zone)).join(', ')
  if (controls.some(({ status }) => status === 'secure' || status === 'insecure')) return undefined
  if (clock !== undefined) {
    const { side, seconds } = clock
    const clockSentence = `Every signature of ${names} ${side === 'ahead' ? 'has ended' : 'begins later'} by the clock of this machine: it is at least ${formatDuration(seconds)} ${side}.`
    return { party: 'us', confidence: 'high', because: [clockSentence] }
  }
  const bogus = controls.filter(({ status }) => status === 'bogus')
  if (bogus.length === 0) return us('medium', `None of ${names} gives an answer here.`)
  const reasons = [...new Set(bogus.map(({ reason }) => textOf(reason)))].join('; ')
  return us('high', `Nothing validates here, not even ${names}: ${reasons}.`)
}

function us(confidence: Blame['confidence'], sentence: string): Blame {
  return { party: 'us', confidence, because: [sentence] }
}

function failing(look: SecondLook): Blame {
  const { trials, isForwarded, suspect } = look
  const validates = `Other zones (${namesOf(look)}) validate here.`
  if (isForwarded)
    return unsure('Its data comes by a forwarder that this resolver was told to ask, which may alter it.')
  const { good, bad, silent } = addressesByOutcome(trials)
  const zone = formatName(suspect.zone)
  const answering = good.length + bad.length
  if (trials.length === 0) return unsure(`No address of the servers of ${zone} is known here.`, validates)
  if (answering === 0)
    return unsure(
      `No address of ${zone} answers (${silent.length} tried): they may be down, or out of reach from here.`,
      validates,
    )
  if (bad.length === 0) return unsure(`Each address of ${zone} gives good data when it is asked alone.`)
  const onTheWay = byTransport(trials) ?? byFamily(trials)
  if (onTheWay !== undefined) return onTheWay
  const reasons = [...new Set(trials.filter(isBad).map(({ reason }) => textOf(reason)))].join('; ')
  const which =
    good.length > 0
      ? `${bad.length} of ${answering} addresses of ${zone} give bad data, the others good: ${reasons}.`
      : `Every address of ${zone} that answers (${answering}) gives bad data, by UDP and TCP: ${reasons}.`
  const times = byTime(look)
  const confidence = answering > 1 && !times.hangsOnClock ? 'high' : 'medium'
  return { party: 'them', confidence, because: [which, validates, ...times.because] }
}

/** Whether signatures have ended, or begun, is seen by a clock: what others signed since needs none. */
function byTime({ verdict, signedSeconds, endedSeconds }: SecondLook): {
  readonly hangsOnClock: boolean
  readonly because: readonly string[]
} {
  const reason = verdict.reason as Reason
  if (reason !== 'signature-expired' && reason !== 'signature-not-yet-valid')
    return { hangsOnClock: false, because: [] }
  if (signedSeconds !== undefined && endedSeconds !== undefined && endedSeconds < signedSeconds) {
    const because = `Its signatures ended ${formatTime(endedSeconds)}, and those zones have been signed since: it is not the clock of this machine.`
    return { hangsOnClock: false, because: [because] }
  }
  return { hangsOnClock: true, because: ['It hangs on the clock of this machine, within some days.'] }
}

/** It does not fail now. */
function inOrder(look: SecondLook): Blame {
  const { verdict, trials, suspect } = look
  if (verdict.status === 'indeterminate')
    return unsure(`There is no answer to judge now: ${textOf(verdict.reason)}.`)
  const { good, bad } = addressesByOutcome(trials)
  const anew = 'Asked anew it validates.'
  if (bad.length === 0) return unsure(`${anew} It was mended, or what made it fail has passed.`)
  const some = `${bad.length} of ${good.length + bad.length} addresses of ${formatName(suspect.zone)} give bad data still.`
  return { party: 'them', confidence: 'medium', because: [`${anew} But ${some}`] }
}

/** The same addresses, good one way and bad the other: what lies between makes the difference. */
function byTransport(trials: readonly AddressTrial[]): Blame | undefined {
  const outcome = (transport: AddressTrial['transport'], kind: AddressTrial['outcome']): Set<string> =>
    new Set(
      trials
        .filter((one) => one.transport === transport && one.outcome === kind)
        .map(({ address }) => address),
    )
  const [badByUdp, goodByTcp] = [outcome('udp', 'bad'), outcome('tcp', 'good')]
  if (outcome('udp', 'good').size > 0 || outcome('tcp', 'bad').size > 0 || goodByTcp.size === 0)
    return undefined
  if (![...goodByTcp].every((address) => badByUdp.has(address))) return undefined
  return us(
    goodByTcp.size > 1 ? 'high' : 'medium',
    'By UDP the data is bad, by TCP good, at the same addresses: something on the way alters or strips datagrams.',
  )
}

/** One family bad and the other good says that it may be the way, or servers that are two machines. */
function byFamily(trials: readonly AddressTrial[]): Blame | undefined {
  const outcomes = (wanted: boolean): Set<string> =>
    new Set(
      trials
        .filter(({ address, outcome }) => isIPv6(address) === wanted && outcome !== 'silent')
        .map(({ outcome }) => outcome),
    )
  const [ipv4, ipv6] = [outcomes(false), outcomes(true)]
  if (ipv4.size !== 1 || ipv6.size !== 1 || ipv4.has('bad') === ipv6.has('bad')) return undefined
  const [bad, good] = ipv4.has('bad') ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  return unsure(
    `By ${bad} all data is bad, by ${good} all is good: their servers, or the way there by ${bad}.`,
  )
}

function isIPv6(address: string): boolean {
  return address.includes(':')
}

function isBad({ outcome }: AddressTrial): boolean {
  return outcome === 'bad'
}

function unsure(...because: readonly string[]): Blame {
  return { party: 'unsure', confidence: 'low', because }
}

function namesOf({ controls }: SecondLook): string {
  const validating = controls.filter(({ status }) => status === 'secure')
  return validating.map(({ zone }) => formatName(zone)).join(', ')
}

function textOf(reason: string): string {
  return REASONS[reason as Reason]?.text ?? reason
}
