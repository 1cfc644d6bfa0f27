/** What the resolver itself finds: addresses of name servers, and its verdict on the zone and what lies above. */
import type { Address } from '../base/address.ts'
import { parseAnswerEntry } from '../cache/answer-entry.ts'
import { reasonFromNumber } from '../dnssec/reasons.ts'
import { addressTypes } from '../resolver/address-families.ts'
import type { Clock, ResolverPort, ResolverSettings } from '../resolver/ports.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Name } from '../wire/name.ts'
import type { OwnVerdict } from './observations.ts'

/** What became of looking up a server's addresses. */
export interface FoundAddresses {
  readonly addresses: readonly Address[]
  readonly isAlias: boolean
  readonly isUnknown: boolean
}

/** The resolver, asked as a client asks it. */
export class OwnResolver {
  readonly #resolver: ResolverPort
  readonly #clock: Clock
  readonly #types: readonly number[]

  constructor(resolver: ResolverPort, clock: Clock, settings: ResolverSettings) {
    this.#resolver = resolver
    this.#clock = clock
    this.#types = addressTypes(settings)
  }

  /** The addresses of a name in the families that are in use. */
  async addresses(name: Name): Promise<FoundAddresses> {
    const answers = await Promise.all(this.#types.map((type) => this.#ask(name, type)))
    const sets = answers.flatMap(({ answer }) => answer)
    const isAddress = (type: number): boolean => type === TYPE.A || type === TYPE.AAAA
    return {
      addresses: sets.filter(({ type }) => isAddress(type)).flatMap(({ rdatas }) => rdatas),
      isAlias: sets.some(({ type }) => type === TYPE.CNAME),
      isUnknown: answers.every(({ rcode }) => rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN),
    }
  }

  /** Its verdict, as it would be for a client. */
  async verdict(name: Name, type: number): Promise<OwnVerdict> {
    const { status, rcode, reason, ede } = await this.#ask(name, type)
    const detail = ede.map(({ text }) => text).filter((text) => text !== '')
    return { status, rcode, reason: reasonFromNumber(reason) ?? 'not-judged', detail: detail.join('; ') }
  }

  async #ask(name: Name, type: number): Promise<ReturnType<typeof parseAnswerEntry>> {
    const { entry } = await this.#resolver.resolve({ name, type, checkingDisabled: false })
    return parseAnswerEntry(entry, 0, this.#clock.nowMs())
  }
}
