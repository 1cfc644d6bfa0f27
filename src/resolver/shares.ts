/**
 * Who waits for something that is shared out, and what each has had of it: by network, and in it by client. Who has had least
 * goes first, so a network full of clients has no more than one with a single client in it, and each client in it as much as
 * its neighbours.
 *
 * What was had while nobody waited is held against nobody, and who comes begins level with whoever went last.
 */
import { networkOf } from '../base/client-network.ts'
import { LeastFirst } from './least-first.ts'

/** A client that waits, or has had more than whoever goes next. */
interface Account<W> {
  usedMs: number
  readonly waiting: W[]
}

/** The clients of a network. */
interface Network<W> {
  usedMs: number
  /** What the client had used that went last. */
  levelMs: number
  /** Of all its clients. */
  waiting: number
  readonly accounts: Map<number | undefined, Account<W>>
  readonly order: LeastFirst<Account<W>>
}

/** What goes next. */
export interface Next<W> {
  readonly next: W
  /** Whoever has had least. */
  readonly isLeast: boolean
}

/** See the head of this file. */
export class Shares<W extends { readonly number: number }> {
  /** What nobody waits for is a network too, and a client. */
  readonly #networks = new Map<number | undefined, Network<W>>()
  readonly #order = new LeastFirst<Network<W>>((network) => network.usedMs)
  readonly #clientsMax: number
  /** What the network had used that went last. */
  #levelMs = 0
  #clients = 0
  #waiting = 0

  /**
   * @param clientsMax of how many is known what they have had
   */
  constructor(clientsMax: number) {
    this.#clientsMax = clientsMax
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** How many of a client wait. */
  waitingOf(client: number | undefined): number {
    return this.#networks.get(networkKey(client))?.accounts.get(client)?.waiting.length ?? 0
  }

  /**
   * Has something wait, behind all of the same client.
   *
   * @param client as in `AskedQuestion`
   */
  add(client: number | undefined, it: W): void {
    const network = this.#networkOf(client)
    const account = this.#accountOf(network, client)
    account.waiting.push(it)
    this.#waiting++
    if (account.waiting.length === 1) {
      account.usedMs = Math.max(account.usedMs, network.levelMs)
      network.order.add(account)
    }
    if (network.waiting++ > 0) return
    network.usedMs = Math.max(network.usedMs, this.#levelMs)
    this.#order.add(network)
  }

  /** A client has had so much more. */
  charge(client: number | undefined, ms: number): void {
    const network = this.#networkOf(client)
    network.usedMs += ms
    this.#accountOf(network, client).usedMs += ms
  }

  /**
   * Takes out what goes next.
   *
   * @param isOldest it is whoever came first
   */
  take(isOldest: boolean): Next<W> | undefined {
    const leastNetwork = this.#order.least()
    const least = leastNetwork?.order.least()
    if (leastNetwork === undefined || least === undefined) return undefined
    const [network, account] = isOldest ? this.#oldest(leastNetwork, least) : [leastNetwork, least]
    this.#order.remove(network)
    network.order.remove(account)
    this.#waiting--
    network.waiting--
    this.#levelMs = Math.max(this.#levelMs, network.usedMs)
    network.levelMs = Math.max(network.levelMs, account.usedMs)
    const next = account.waiting.shift()!
    // Before it is begun: while it is, its client may ask again.
    if (account.waiting.length > 0) network.order.add(account)
    if (network.waiting > 0) this.#order.add(network)
    return { next, isLeast: account === least }
  }

  /** Forgets what everybody has had; nobody may wait. */
  clear(): void {
    this.#networks.clear()
    this.#levelMs = 0
    this.#clients = 0
  }

  #oldest(network: Network<W>, account: Account<W>): [Network<W>, Account<W>] {
    let oldest: [Network<W>, Account<W>] = [network, account]
    for (const other of this.#order)
      for (const one of other.order)
        if (one.waiting[0]!.number < oldest[1].waiting[0]!.number) oldest = [other, one]
    return oldest
  }

  #networkOf(client: number | undefined): Network<W> {
    const number = networkKey(client)
    const known = this.#networks.get(number)
    if (known !== undefined) return known
    const order = new LeastFirst<Account<W>>((account) => account.usedMs)
    const network = { usedMs: this.#levelMs, levelMs: 0, waiting: 0, accounts: new Map(), order }
    this.#networks.set(number, network)
    return network
  }

  #accountOf(network: Network<W>, client: number | undefined): Account<W> {
    const known = network.accounts.get(client)
    if (known !== undefined) return known
    // At least half of them are forgotten then: nobody looks through all for each who comes.
    if (this.#clients >= Math.max(this.#clientsMax, 2 * this.#waiting)) this.#forgetDebts(network)
    const account: Account<W> = { usedMs: network.levelMs, waiting: [] }
    network.accounts.set(client, account)
    this.#clients++
    return account
  }

  #forgetDebts(kept: Network<W>): void {
    for (const [number, network] of this.#networks) {
      for (const [client, { waiting }] of network.accounts) {
        if (waiting.length > 0) continue
        network.accounts.delete(client)
        this.#clients--
      }
      if (network.waiting === 0 && network !== kept) this.#networks.delete(number)
    }
  }
}

function networkKey(client: number | undefined): number | undefined {
  return client === undefined ? undefined : networkOf(client)
}
