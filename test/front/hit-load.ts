/**
 * Cached answers to 10,000 names, asked for in full batches through the listener, the service and the counters of
 * production: all of the hit path but the system's calls.
 */
import { parseAddress } from '../../src/base/address.ts'
import { systemClock } from '../../src/base/clock.ts'
import { UDP_BATCH_MAX } from '../../src/base/limits.ts'
import { NO_OCTETS, octetsEqual } from '../../src/base/octets.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { unixSeconds } from '../../src/daemon/wall-clock.ts'
import { ClientCookies } from '../../src/front/client-cookies.ts'
import { Query } from '../../src/front/query.ts'
import { Service } from '../../src/front/service.ts'
import type { ServiceSettings } from '../../src/front/service-settings.ts'
import { UdpListener } from '../../src/front/udp.ts'
import { MemoryBackend, type MemorySocket } from '../../src/lab/memory-socket.ts'
import { AccessList } from '../../src/policy/access.ts'
import { COOKIE_SECRET_OCTETS, CookieSecrets } from '../../src/policy/cookie-secrets.ts'
import { LimitedPrefixes } from '../../src/policy/limited-prefixes.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { PREFIX_BUCKETS_OCTETS } from '../../src/policy/prefix-buckets.ts'
import { type RateLimitSettings, RateLimits } from '../../src/policy/rate-limits.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { findOption } from '../../src/wire/edns.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import type { Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { anchorsWith, client, parts, query } from './service-under-test.ts'

/** What is asked for; `cookies`: what is signed, by a client that shows the cookie that it was given. */
export type Load = 'plain' | 'signed' | 'cookies'

const NAMES = 10_000
const TTL_SECONDS = 86_400
const SIGNATURE = Buffer.alloc(64, 7).toString('base64')

/** The way from a batch that came to its replies. */
export class HitLoad {
  readonly counters: Counters
  readonly socket: MemorySocket
  readonly #signed: boolean
  readonly #requests: readonly Uint8Array[]
  #next = 0

  private constructor(load: Load, socket: MemorySocket, counters: Counters, requests: readonly Uint8Array[]) {
    this.#signed = load !== 'plain'
    this.socket = socket
    this.counters = counters
    this.#requests = requests
  }

  /** @param rates limits for the clients, of whom there is one for each place of a batch */
  static async start(
    load: Load,
    settings: Partial<ServiceSettings> = {},
    rates?: RateLimitSettings,
  ): Promise<HitLoad> {
    const clock = systemClock()
    const counters = new Counters()
    const isSigned = load !== 'plain'
    const cookieSecrets = new CookieSecrets()
    cookieSecrets.set([new Uint8Array(COOKIE_SECRET_OCTETS).fill(7)])
    const cookie =
      load === 'cookies' ? { code: OPTION.COOKIE, octets: givenCookie(cookieSecrets) } : undefined
    const answers = new AnswerCache({ bytesMax: 32 * 1_048_576, hashKey: [1, 2] })
    const service = new Service({
      hashKey: undefined,
      clock,
      counters,
      answers,
      ...(rates && { rateLimit: rateLimits(rates, counters) }),
      policy: { sequence: 1, mode: 'enforce', anchors: anchorsWith(20326, 38696) },
      resolver: {
        resolve: () => Promise.reject(new Error('a miss')),
        prefetch: () => {},
      },
      cookieSecrets,
      settings: {
        cookies: 'on',
        access: new AccessList(),
        localZones: new LocalZones(),
        any: 'minimal',
        texts: {},
        ...settings,
      },
    })
    const requests: Uint8Array[] = []
    for (let i = 0; i < NAMES; i++) {
      const name = `n${i}.example${i % 7}.${load}.example.`
      const records = `${name} ${TTL_SECONDS} IN A 192.0.2.${i % 256}\n`
      const signed = `${name} ${TTL_SECONDS} IN RRSIG A 13 4 ${TTL_SECONDS} 20261201000000 20261101000000 4711 ${load}.example. ${SIGNATURE}\n`
      const question = { name: nameFrom(name), type: TYPE.A, class: CLASS.IN }
      const answer = {
        ...parts({ question }),
        answer: rrsetsFrom(isSigned ? records + signed : records),
        authenticated: isSigned,
        ttlSeconds: TTL_SECONDS,
      }
      if (!answers.put(question.name, TYPE.A, writeAnswerEntry(answer, clock.nowMs()), clock.nowMs()))
        throw new Error('not stored')
      const edns = isSigned ? { do: true, options: cookie === undefined ? [] : [cookie] } : {}
      requests.push(query({ name, id: i, ...edns }))
    }
    // Neighbours in time are no neighbours in the cache.
    const shuffled = new SeededRandom('hits').shuffled(requests)
    const backend = new MemoryBackend()
    await UdpListener.open({ address: parseAddress('127.0.0.1')!, port: 53 }, { backend, service, counters })
    const socket = backend.sockets[0]!
    if (rates !== undefined) {
      for (const [slot, address] of socket.slots.addresses.entries()) address.set([127, 0, slot, 1])
    }
    return new HitLoad(load, socket, counters, shuffled)
  }

  /** Lays the next batch into the slots, and asks it where wanted. */
  batch(ask = true): void {
    const { requests, requestOctets, replyOctets } = this.socket.slots
    for (let slot = 0; slot < UDP_BATCH_MAX; slot++) {
      const octets = this.#requests[this.#next]!
      this.#next = this.#next + 1 === NAMES ? 0 : this.#next + 1
      requests[slot]!.set(octets)
      requestOctets[slot] = octets.length
    }
    replyOctets.fill(0)
    if (ask) this.socket.handler!.onBatch(UDP_BATCH_MAX)
  }

  /** Asks for every name once. Returns how many replies are not the whole answer to their question. */
  wrong(): number {
    const { requests, requestOctets, replies, replyOctets } = this.socket.slots
    let wrong = 0
    for (let asked = 0; asked < NAMES; asked += UDP_BATCH_MAX) {
      this.batch()
      for (let slot = 0; slot < UDP_BATCH_MAX; slot++) {
        const question = parseMessage(requests[slot]!.subarray(0, requestOctets[slot]))
        const reply = parseMessage(replies[slot]!.subarray(0, replyOctets[slot]))
        const [record, signature] = reply.answer
        const asks = question.questions[0]!.name
        const isWhole =
          reply.id === question.id &&
          reply.rcode === RCODE.NOERROR &&
          reply.ad === this.#signed &&
          reply.answer.length === (this.#signed ? 2 : 1) &&
          record!.ttlSeconds > TTL_SECONDS - 600 &&
          record!.rdata[3] === numberOf(asks) % 256 &&
          octetsEqual(record!.owner, asks) &&
          octetsEqual(cookieOf(reply), cookieOf(question)) &&
          (signature === undefined || signature.type === TYPE.RRSIG)
        if (!isWhole) wrong++
      }
    }
    return wrong
  }

  /** Hits counted so far. */
  get hits(): number {
    const { set } = this.counters
    return set.cells[set.index('cache_hits_total')]!
  }
}

/** The cookie that the client of all questions gets. */
function givenCookie(secrets: CookieSecrets): Uint8Array {
  const cookies = new ClientCookies(secrets, unixSeconds, { clientCookie: () => {} })
  cookies.configure('on')
  const asked = new Query()
  cookies.judge(asked, new Uint8Array(8), 0, 8, client(), new Float64Array(1))
  return asked.cookie
}

/** No octets where there is none. */
function cookieOf({ edns }: Message): Uint8Array {
  return (edns && findOption(edns, OPTION.COOKIE)?.octets) ?? NO_OCTETS
}

function rateLimits(settings: RateLimitSettings, counters: Counters): RateLimits {
  const buckets = new SharedArrayBuffer(PREFIX_BUCKETS_OCTETS)
  return new RateLimits({ buckets, hashKey: [5, 6], limited: new LimitedPrefixes(), counters, settings })
}

/** Which name it is: `n17.example3.plain.example.` is number 17. */
function numberOf(name: Name): number {
  return Number(Buffer.from(name.subarray(2, 1 + name[0]!)).toString('latin1'))
}
