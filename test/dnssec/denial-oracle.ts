/** What a small zone truly holds, worked out from its list of names and without any proof (RFC 1034 4.3.2, RFC 4592). */
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import type { NamesAndTypes } from '../support/denial-records.ts'

/** The truth about one question. */
export type Truth =
  | { readonly kind: 'data' | 'no-data' | 'name-error' | 'elsewhere' }
  /** Data that a wildcard stands for. */
  | { readonly kind: 'wildcard'; readonly closestEncloser: string }

/** A zone as text: names without the final dot, the apex included. */
export class Oracle {
  readonly #apex: string
  readonly #types: ReadonlyMap<string, ReadonlySet<number>>
  readonly #existing = new Set<string>()

  constructor(apex: string, names: NamesAndTypes) {
    this.#apex = apex
    this.#types = new Map(
      Object.entries(names).map(([name, types]) => [
        name,
        new Set(types.split(' ').map((type) => parseType(type)!)),
      ]),
    )
    for (const name of this.#types.keys()) {
      for (let at = name; at !== apex; at = parent(at)) this.#existing.add(at)
    }
    this.#existing.add(apex)
  }

  /** Names with no records that have names below them. */
  emptyNonTerminals(): string[] {
    return [...this.#existing].filter((name) => !this.#types.has(name))
  }

  truth(qname: string, qtype: number): Truth {
    for (let above = qname; above !== this.#apex; ) {
      above = parent(above)
      const types = this.#types.get(above)
      if (types !== undefined && above !== this.#apex && (types.has(TYPE.NS) || types.has(TYPE.DNAME))) {
        return { kind: 'elsewhere' }
      }
    }
    if (this.#existing.has(qname)) return this.#at(qname, qtype, qname)
    let encloser = parent(qname)
    while (!this.#existing.has(encloser)) encloser = parent(encloser)
    const wildcard = `*.${encloser}`
    if (!this.#existing.has(wildcard)) return { kind: 'name-error' }
    const { kind } = this.#at(wildcard, qtype, qname)
    return kind === 'data' ? { kind: 'wildcard', closestEncloser: encloser } : { kind }
  }

  #at(name: string, qtype: number, qname: string): { readonly kind: 'data' | 'no-data' | 'elsewhere' } {
    const types = this.#types.get(name) ?? new Set()
    const isCut = name !== this.#apex && types.has(TYPE.NS)
    if (isCut && qtype !== TYPE.DS) return { kind: 'elsewhere' }
    if (qtype === TYPE.DS && qname === this.#apex) return { kind: 'elsewhere' }
    return { kind: types.has(qtype) || types.has(TYPE.CNAME) ? 'data' : 'no-data' }
  }
}

function parent(name: string): string {
  return name.slice(name.indexOf('.') + 1)
}
