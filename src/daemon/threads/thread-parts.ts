/** What front and resolver threads have in common: their ears, their log, their view of the policy. */
import { parentPort, type TransferListItem } from 'node:worker_threads'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Settings } from '../../config/settings.ts'
import { TrustAnchors } from '../../dnssec/trust-anchors.ts'
import { PolicyWords } from '../../policy/policy-words.ts'
import { ValidationPolicy } from '../../policy/validation-policy.ts'
import type { Counters } from '../../telemetry/counters.ts'
import { watchEventLoopDelay } from '../../telemetry/event-loop-delay.ts'
import { AnswerTally } from '../../telemetry/report/answer-tally.ts'
import type { Name } from '../../wire/name.ts'
import type { Rrset } from '../../wire/record.ts'
import { faultTeller } from '../fault-teller.ts'
import { policyOptions } from '../parts.ts'
import type { SharedRootCopy } from '../root-copy/shared.ts'
import type { RestoreRequest } from '../snapshot/load.ts'
import { unixSeconds } from '../wall-clock.ts'
import { countersOf } from './shared-memory.ts'
import type { LinkEnd } from './thread-link.ts'
import { forwardingLog, type ThreadLog } from './thread-log.ts'
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts'
import { startBeating } from './watchdog.ts'

/** See the head of this file. */
export interface ThreadParts {
  readonly clock: Clock
  readonly counters: Counters
  readonly log: ThreadLog
  readonly policy: ValidationPolicy
  readonly words: PolicyWords
  /** Counts answers for the report. */
  readonly tally: AnswerTally
  readonly onFault: (fault: unknown) => void
  post(message: FromThread, transfer?: readonly TransferListItem[]): void
  /** Shows from now on that the event loop turns. */
  startBeating(): () => void
}

/** What a thread does when it is told. Changes of policy need nothing of it. */
export interface ThreadDuties {
  /** Takes over settings that may change while it runs. */
  configure(settings: Settings): void
  onLink(peer: number, end: LinkEnd): void
  /** Resolver threads: forgets what is cached of a name. Returns how many entries went. */
  flush?(name: Name | undefined, alone: boolean): number
  /** Front threads: listens now. */
  serve?(): void
  /** Resolver threads: takes up what an earlier process knew. */
  restore?(request: RestoreRequest): void
  /** Resolver threads: goes by this copy of the root zone. */
  setRootCopy?(copy: SharedRootCopy): void
  /** Resolver threads: see `Resolver.fetchRecords`. */
  fetchRecords?(name: Name, type: number): Promise<readonly Rrset[] | string>
  /** Front threads: see `Front.leave`. */
  leave?(timeoutMs: number): Promise<void>
  /** Returns questions left unanswered. */
  drain(timeoutMs: number): Promise<number>
  /** Closes all sockets before it returns. May be called in whatever state things are, and again. */
  close(): void
}

/** Makes what a thread begins with. */
export function threadParts({ name, settings, memory, policy: state }: ThreadData): ThreadParts {
  const clock = systemClock(settings['dnssec.clock'])
  const counters = countersOf(memory, name)
  const post: ThreadParts['post'] = (message, transfer = []) =>
    parentPort!.postMessage(message, [...transfer])
  const log = forwardingLog((line) => post({ kind: 'log', ...line }))
  const tellFault = faultTeller({ log, counters, clock })
  const words = new PolicyWords(memory.policyWords)
  const policy = new ValidationPolicy({
    ...policyOptions(settings),
    ...state,
    anchors: new TrustAnchors(state.anchors),
    clock,
    words,
    follows: true,
  })
  return {
    clock,
    counters,
    log,
    policy,
    words,
    tally: new AnswerTally(unixSeconds),
    post,
    startBeating: () => startBeating(memory.beats, memory.threads.indexOf(name)),
    onFault: (fault) => tellFault(fault, 'the question got SERVFAIL'),
  }
}

/** Listens to the supervisor, for as long as the thread lives. */
export function serveSupervisor(parts: ThreadParts, duties: ThreadDuties): void {
  const { policy, counters, tally, post } = parts
  const stopDelay = watchEventLoopDelay(counters)
  const stopBeating = parts.startBeating()
  parentPort!.on('message', (message: ToThread) => {
    if (message.kind === 'link') duties.onLink(message.peer, message.end)
    else if (message.kind === 'policy') {
      if (message.change.kind === 'settings') duties.configure(message.change.settings)
      else policy.apply(message.change)
      post({ kind: 'policy-taken', number: message.number })
    } else if (message.kind === 'flush') {
      post({ kind: 'flushed', entries: duties.flush?.(message.name, message.alone) ?? 0 })
    } else if (message.kind === 'count') post({ kind: 'counted', data: tally.take() })
    else if (message.kind === 'limit-causes')
      post({ kind: 'limits-met', causes: counters.limitCauses.take() })
    else if (message.kind === 'serve') duties.serve?.()
    else if (message.kind === 'restore') duties.restore?.(message)
    else if (message.kind === 'root-copy') duties.setRootCopy?.(message.copy)
    else if (message.kind === 'fetch') {
      const { number, name, type } = message
      void duties.fetchRecords?.(name, type).then((sets) => post({ kind: 'fetched', number, sets }))
    } else if (message.kind === 'leave') {
      void duties.leave?.(message.timeoutMs).then(() => post({ kind: 'left' }))
    } else if (message.kind === 'drain') {
      void duties.drain(message.timeoutMs).then((unanswered) => {
        stopDelay()
        stopBeating()
        post({ kind: 'drained', unanswered })
      })
    } else if (message.kind === 'close') {
      duties.close()
      post({ kind: 'closed' })
    }
  })
  // An error that nobody catches ends the thread, which is to have no sockets any more then (`orderly-worker.ts`).
  process.on('uncaughtExceptionMonitor', () => duties.close())
}
