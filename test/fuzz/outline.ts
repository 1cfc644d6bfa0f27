/** Where the fields of a message lie, as far as one can follow it; shares no code with the reader under test. */

/** What a run of octets means. */
export type FieldKind = 'label' | 'pointer' | 'type' | 'class' | 'ttl' | 'rdlength' | 'rdata'

/** One field. */
export interface Field {
  readonly kind: FieldKind
  readonly at: number
  readonly octets: number
}

/** A record or a question with all its octets. */
export interface Part {
  /** 0 is the question section, 3 the additional one. */
  readonly section: number
  readonly at: number
  readonly end: number
}

/** A message taken apart. */
export interface Outline {
  readonly fields: readonly Field[]
  readonly parts: readonly Part[]
}

const HEADER_OCTETS = 12
const SECTIONS = 4
/** No message of interest has more; a lying count must not keep the outline busy. */
const PARTS_MAX = 400

/** Fields in order; ends where the message makes no sense any more. */
export function outlineOf(message: Uint8Array): Outline {
  const scanner = new Scanner(message)
  for (let section = 0; section < SECTIONS; section++) {
    const countAt = 4 + 2 * section
    const count = ((message[countAt] ?? 0) << 8) | (message[countAt + 1] ?? 0)
    for (let i = 0; i < count; i++) if (!scanner.part(section)) return scanner
  }
  return scanner
}

class Scanner implements Outline {
  readonly fields: Field[] = []
  readonly parts: Part[] = []
  readonly #message: Uint8Array
  #at = HEADER_OCTETS

  constructor(message: Uint8Array) {
    this.#message = message
  }

  /** Follows one question or record; false when it cannot be followed to its end. */
  part(section: number): boolean {
    const at = this.#at
    if (this.parts.length >= PARTS_MAX || !this.#name()) return false
    if (!this.#field('type', 2) || !this.#field('class', 2)) return false
    if (section > 0 && !this.#data()) return false
    this.parts.push({ section, at, end: this.#at })
    return true
  }

  #data(): boolean {
    if (!this.#field('ttl', 4) || !this.#field('rdlength', 2)) return false
    const length = (this.#message[this.#at - 2]! << 8) | this.#message[this.#at - 1]!
    return this.#field('rdata', length)
  }

  #name(): boolean {
    for (;;) {
      const length = this.#message[this.#at]
      if (length === undefined) return false
      if (length >= 0xc0) return this.#field('pointer', 2)
      if (!this.#field('label', length + 1)) return false
      if (length === 0) return true
    }
  }

  #field(kind: FieldKind, octets: number): boolean {
    if (this.#at + octets > this.#message.length) return false
    this.fields.push({ kind, at: this.#at, octets })
    this.#at += octets
    return true
  }
}
