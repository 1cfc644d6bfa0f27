/**
 * DNS64 (RFC 6147): for clients that have IPv6 alone, names without AAAA get the AAAA that lead to their A through a
 * translator, and PTR questions for such an AAAA get the PTR of the IPv4 address.
 *
 * Both are made of finished answers with their verdicts: the denial of the AAAA was judged before anybody asks for the A
 * (RFC 6147 5.5), and the worse verdict of the two is that of the whole. A failure denies nothing, and nothing is made
 * of it. What is made carries no signature and is never called authenticated; a client that sets CD does its own
 * translation and is never given it.
 */
import type { Address } from '../base/address.ts'
import { embeddedIPv4, embedIPv4 } from '../base/ipv4-embedded.ts'
import { DNS64_TTL_SECONDS_MAX_WITHOUT_SOA } from '../base/limits.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, namesEqual } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import { addressOfIp6Arpa, inAddrArpaOf } from '../wire/reverse-name.ts'
import type { Context, Job } from './context.ts'
import { worseOf } from './judge.ts'
import type { Dns64Settings } from './ports.ts'
import { type Resolution, resolve, resolveDerived } from './resolve.ts'

/** Resolves, and translates what needs it. */
export class Dns64 {
  readonly #context: Context
  readonly #settings: Dns64Settings
  readonly #excluded: PrefixTable<true>

  constructor(context: Context, settings: Dns64Settings) {
    this.#context = context
    this.#settings = settings
    this.#excluded = new PrefixTable(settings.exclude.map((prefix) => ({ prefix, value: true })))
  }

  /** True when an answer of the type may be a translated one. */
  static concerns(type: number): boolean {
    return type === TYPE.AAAA || type === TYPE.PTR
  }

  /** Instead of `resolve`, with the same parameters. */
  async resolve(job: Job, name: Name, type: number, anew: boolean): Promise<Resolution> {
    const pointer = type === TYPE.PTR ? await this.#pointer(job, name, anew) : undefined
    if (pointer !== undefined) return pointer
    const own = await resolve(this.#context, job, name, type, anew)
    return type === TYPE.AAAA && own.rcode === RCODE.NOERROR ? this.#addresses(job, name, own, anew) : own
  }

  /** RFC 6147 5.1: the answer as it is, without addresses that count as none, or with made ones. */
  async #addresses(job: Job, name: Name, own: Resolution, anew: boolean): Promise<Resolution> {
    const last = lastOwner(name, own.answer)
    const given = own.answer.find((set) => set.type === TYPE.AAAA && namesEqual(set.owner, last))
    const kept = given?.rdatas.filter((rdata) => this.#excluded.find(rdata) === undefined) ?? []
    const ignored = this.#settings.ignoreAaaa.some((domain) => isSubdomainOf(name, domain))
    const rest = own.answer.filter((set) => set !== given)
    if (kept.length === 0 || ignored) {
      const mapped = await resolveDerived(this.#context, job, last, TYPE.A, anew)
      if (mapped.answer.some(({ type }) => type === TYPE.A))
        return this.#translated({ ...own, answer: rest }, mapped, given)
      if (given === undefined && mapped.rcode === RCODE.SERVFAIL) return { ...mapped, translated: true }
    }
    if (given === undefined || kept.length === given.rdatas.length) return own
    const cut = kept.length === 0 ? [] : [{ ...given, rdatas: kept, signatures: [] }]
    return { ...own, answer: [...rest, ...cut], translated: true }
  }

  /** The aliases of one answer and what they lead to in the other, with AAAA in place of A. */
  #translated(own: Resolution, mapped: Resolution, given: Rrset | undefined): Resolution {
    // RFC 6147 5.1.7: no longer than the denial of the AAAA stands, as far as it says how long that is.
    const isUntimed = given === undefined && !own.authority.some(({ type }) => type === TYPE.SOA)
    const lifetimeSeconds = isUntimed ? DNS64_TTL_SECONDS_MAX_WITHOUT_SOA : own.ttlSeconds
    const made = mapped.answer.map((set) => {
      if (set.type !== TYPE.A) return set
      const rdatas = set.rdatas.map((rdata) => embedIPv4(this.#settings.prefix, rdata))
      const ttlSeconds = Math.min(set.ttlSeconds, lifetimeSeconds)
      return { ...set, type: TYPE.AAAA, ttlSeconds, rdatas, signatures: [] }
    })
    return {
      rcode: RCODE.NOERROR,
      answer: [...own.answer, ...made],
      // The denial of the AAAA, or of whatever else, says nothing of this answer.
      authority: [],
      judged: worseOf(own.judged, mapped.judged),
      ttlSeconds: Math.min(lifetimeSeconds, mapped.ttlSeconds),
      cached: false,
      uncached: own.uncached || mapped.uncached,
      misshapen: own.misshapen === true || mapped.misshapen === true,
      translated: true,
    }
  }

  /**
   * The PTR of the IPv4 address that the name stands for; undefined when it stands for none, or that has no PTR. The
   * records are given for the name itself, without an alias to the other tree (RFC 6147 5.3.1 allows both).
   */
  async #pointer(job: Job, name: Name, anew: boolean): Promise<Resolution | undefined> {
    const ipv6: Address | undefined = addressOfIp6Arpa(name)
    const ipv4 = ipv6 && embeddedIPv4(this.#settings.prefix, ipv6)
    if (ipv4 === undefined) return undefined
    const found = await resolveDerived(this.#context, job, inAddrArpaOf(ipv4), TYPE.PTR, anew)
    const pointers = found.answer.find(({ type }) => type === TYPE.PTR)
    if (found.rcode === RCODE.SERVFAIL) return found
    if (pointers === undefined) return undefined
    const ttlSeconds = Math.min(...found.answer.map((set) => set.ttlSeconds))
    const made = { ...pointers, owner: name, ttlSeconds, signatures: [] }
    return { ...found, answer: [made], authority: [], translated: true }
  }
}

/** Where the aliases of an answer lead. */
function lastOwner(name: Name, answer: readonly Rrset[]): Name {
  let last = name
  for (const { type, owner, rdatas } of answer)
    if (type === TYPE.CNAME && namesEqual(owner, last)) last = targetName(rdatas[0]!) ?? last
  return last
}
