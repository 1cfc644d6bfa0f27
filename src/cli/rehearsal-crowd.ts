/** The customers of the rehearsal: what they ask in a minute, and what they get. */

import { type Random, seededRandom } from '../base/random.ts'
import { type AskedByClient, clientQuery } from '../lab/clients.ts'
import { HEALTHY_NAMES, REHEARSED_CLIENTS, REHEARSED_FAULTS } from '../lab/rehearsal-zones.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { parseType, TYPE } from '../wire/iana/rrtype.ts'
import { nameFrom } from '../wire/name-text.ts'
import type { RehearsalWorld } from './rehearsal-world.ts'

/** What customers got of one name. */
export interface Got {
  queries: number
  /** Numbers of clients. */
  readonly clients: Set<number>
  /** Those who got SERVFAIL. */
  readonly refused: Set<number>
  /** Answers with AD. */
  authenticated: number
}

interface Wish {
  readonly client: number
  /** Place in `NAMES`. */
  readonly name: number
}

const SEED = 20_261_122
/** Names in order that a client asks for in a minute, for every one that fails of a usual kind there are some seventy. */
const ORDINARY_NAMES = 36
/** A minute in steps. */
const STEPS = 12
const STEP_SECONDS = 5
/** 100.64.0.0/10: addresses that providers give to customers (RFC 6598). */
const CUSTOMERS = [100, 64] as const

const NAMES: readonly { readonly name: string; readonly query: Uint8Array }[] = [
  ...HEALTHY_NAMES.map((zone) => ({ name: `www.${zone}`, type: TYPE.A })),
  ...REHEARSED_FAULTS.map(({ name, type }) => ({ name, type: parseType(type)! })),
].map(({ name, type }) => ({ name, query: clientQuery(nameFrom(name), type) }))

const ADDRESSES: readonly Uint8Array[] = Array.from({ length: REHEARSED_CLIENTS }, (_, client) =>
  Uint8Array.of(...CUSTOMERS, client >> 8, client & 0xff),
)

/** See the head of this file. */
export class Crowd {
  readonly #random: Random = seededRandom(SEED)
  readonly #world: RehearsalWorld
  /** By place in `REHEARSED_FAULTS`, without the known test, which has its own way of being asked. */
  readonly #fans: readonly (readonly number[])[]

  constructor(world: RehearsalWorld) {
    this.#world = world
    const all = Array.from({ length: REHEARSED_CLIENTS }, (_, client) => client)
    this.#fans = REHEARSED_FAULTS.map(({ clients }, i) =>
      i === 0 ? [] : this.#shuffled(all).slice(0, clients),
    )
  }

  /** A minute in which everybody asks this share of what he usually does. */
  async minute(share = 1): Promise<ReadonlyMap<string, Got>> {
    const wishes: Wish[] = []
    for (let client = 0; client < REHEARSED_CLIENTS; client++) {
      for (let i = 0; i < Math.round(ORDINARY_NAMES * share); i++)
        wishes.push({ client, name: this.#random.below(HEALTHY_NAMES.length) })
    }
    for (const [fault, fans] of this.#fans.entries()) {
      for (const client of fans.slice(0, Math.ceil(fans.length * share)))
        wishes.push({ client, name: HEALTHY_NAMES.length + fault })
    }
    const got = new Map<string, Got>()
    const mixed = this.#shuffled(wishes)
    const perStep = Math.ceil(mixed.length / STEPS)
    for (let from = 0; from < mixed.length; from += perStep) {
      await this.#ask(mixed.slice(from, from + perStep), got)
      await this.#world.pass(STEP_SECONDS)
    }
    return got
  }

  /** Everybody (or so many) asks for one name. */
  async everybody(name: string, clients: number = REHEARSED_CLIENTS): Promise<Got> {
    const place = NAMES.findIndex((one) => one.name === name)
    const got = new Map<string, Got>()
    await this.#ask(
      Array.from({ length: clients }, (_, client) => ({ client, name: place })),
      got,
    )
    return got.get(name)!
  }

  async #ask(wishes: readonly Wish[], got: Map<string, Got>): Promise<void> {
    const asked = wishes.map(
      ({ client, name }): AskedByClient => ({ client: ADDRESSES[client]!, query: NAMES[name]!.query }),
    )
    await this.#world.clients.ask(asked, (index, reply) => {
      const { client, name } = wishes[index]!
      const of = gotOf(got, NAMES[name]!.name)
      of.queries++
      of.clients.add(client)
      if ((reply[3]! & 0xf) === RCODE.SERVFAIL) of.refused.add(client)
      if ((reply[3]! & AD) !== 0) of.authenticated++
    })
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const mixed = [...list]
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1)
      ;[mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!]
    }
    return mixed
  }
}

const AD = 0x20

function gotOf(got: Map<string, Got>, name: string): Got {
  const known = got.get(name)
  if (known !== undefined) return known
  const made: Got = { queries: 0, clients: new Set(), refused: new Set(), authenticated: 0 }
  got.set(name, made)
  return made
}
