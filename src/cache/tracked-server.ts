/** One server as the table of servers has it: what is kept of it, and how those hold it who ask about it several times in a row. */
import { type Address, type Endpoint, endpointKey } from '../base/address.ts'
import type { EdnsOption } from '../wire/edns.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { ServerQuota } from './server-quota.ts'

/** What is kept of a server. */
export interface Server {
  /** When it was last kept anew. */
  keptMs: number
  /** Smoothed round-trip time and its variation, milliseconds; undefined before the first reply. */
  srttMs: number | undefined
  rttvarMs: number
  /** When it last replied, and when it was last asked; minus infinity when it never did, or was. */
  repliedMs: number
  askedMs: number
  /** A question was not answered in the usual time, and nothing has come since. */
  isLate: boolean
  /** Time-outs since the last reply, and when the last one ended. */
  timeouts: number
  timedOutMs: number
  /** The last pause, 0 when none; and when it ends. */
  pauseMs: number
  pausedUntilMs: number
  /** While a probe is on its way nobody else asks. */
  probedUntilMs: number
  ednsWorks: boolean
  ednsBrokenUntilMs: number
  tcpUntilMs: number
  /** It said to ask by TCP, and then nothing. */
  tcpSilentUntilMs: number
  /** Until when it is known whether it answers by TCP what it did not by UDP; and whether it does. */
  tcpAfterSilenceUntilMs: number
  answersAfterSilence: boolean
  /** It does not repeat the letters of a question. */
  lettersChangedUntilMs: number
  /** Questions in mixed letters that were not answered since the last that was; undefined while none was. */
  mixedUnanswered: number | undefined
  cookie: EdnsOption | undefined
  /** When another one is to be made up. */
  cookieUntilMs: number
  cookiesBrokenUntilMs: number
  /** A question with a cookie was answered well. */
  cookiesTaken: boolean
  readonly quota: ServerQuota
}

/** Nothing is known of it. */
export function newServer(): Server {
  return {
    keptMs: 0,
    srttMs: undefined,
    rttvarMs: 0,
    repliedMs: Number.NEGATIVE_INFINITY,
    askedMs: Number.NEGATIVE_INFINITY,
    isLate: false,
    timeouts: 0,
    timedOutMs: 0,
    pauseMs: 0,
    pausedUntilMs: 0,
    probedUntilMs: 0,
    ednsWorks: false,
    ednsBrokenUntilMs: 0,
    tcpUntilMs: 0,
    tcpSilentUntilMs: 0,
    tcpAfterSilenceUntilMs: 0,
    answersAfterSilence: false,
    lettersChangedUntilMs: 0,
    mixedUnanswered: undefined,
    cookie: undefined,
    cookieUntilMs: 0,
    cookiesBrokenUntilMs: 0,
    cookiesTaken: false,
    quota: new ServerQuota(),
  }
}

/** A server, for those who ask about it several times in a row: the table looks it up once. */
export class TrackedServer implements Endpoint {
  readonly address: Address
  readonly port: number
  /** `endpointKey`. */
  readonly key: string
  /** Under whose key it is kept how silent the server is to questions of this kind; itself for those that everybody answers. */
  readonly standing: TrackedServer
  // What the table had when it last looked, and its epoch then: nobody else's, for there are secrets in it.
  #known: Server | undefined
  #epoch = 0

  /**
   * @param kind of the question that it is to be asked (`questionKind`)
   */
  constructor({ address, port }: Endpoint, key: string, kind = '') {
    this.address = address
    this.port = port
    this.key = key
    this.standing = kind === '' ? this : new TrackedServer({ address, port }, key + kind)
  }

  /** What was learnt in this epoch; undefined when that was nothing. */
  knownIn(epoch: number): Server | undefined {
    return this.#epoch === epoch ? this.#known : undefined
  }

  learn(server: Server | undefined, epoch: number): void {
    this.#known = server
    this.#epoch = epoch
  }
}

/**
 * Some servers, and boxes in front of them, drop questions of types that they do not know, and answer the others: their
 * silence speaks against them for such questions only. What everybody answers, addresses of IPv4 and what leads down to them,
 * is of the kind ''.
 */
export function questionKind(type: number): string {
  switch (type) {
    case TYPE.A:
    case TYPE.NS:
    case TYPE.SOA:
    case TYPE.DS:
    case TYPE.DNSKEY:
      return ''
    case TYPE.AAAA:
      return ' AAAA'
    case TYPE.HTTPS:
    case TYPE.SVCB:
      return ' HTTPS'
    default:
      return ' others'
  }
}

/** Under what it is kept how silent it is. */
export function standingOf(at: Endpoint): Endpoint {
  return at instanceof TrackedServer ? at.standing : at
}

/** The key of a server in tables. */
export function keyOf(at: Endpoint): string {
  return at instanceof TrackedServer ? at.key : endpointKey(at)
}
