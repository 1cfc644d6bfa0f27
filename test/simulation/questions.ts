/** What clients ask: questions of the lab's catalogue, names beside them, and what no honest client sends. */
import type { Random } from '../../src/base/random.ts'
import type { Expectation } from '../../src/lab/expectation.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { labelsOf, type Name, nameFromLabels } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { CHANGING_NAMES, type Editions } from './editions.ts'

/** One question as a client puts it. */
export interface ClientForm {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly transport: 'udp' | 'tcp'
  readonly do: boolean
  readonly ad: boolean
  readonly cd: boolean
  /** Undefined: no OPT. */
  readonly payload: number | undefined
  /** The octets are not as they should be: whatever comes back is right, but something must. */
  readonly mangled: boolean
  readonly expectation: Expectation | undefined
  /** Put as the catalogue means it, so that all of the answer is known. */
  readonly usual: boolean
  readonly octets: Uint8Array
}

const FLAG_AD = 0x20
const FLAG_CD = 0x10
const PAYLOADS = [512, 1232, 4096] as const
const TYPES = [
  TYPE.A,
  TYPE.A,
  TYPE.A,
  TYPE.AAAA,
  TYPE.NS,
  TYPE.SOA,
  TYPE.MX,
  TYPE.TXT,
  TYPE.DS,
  TYPE.DNSKEY,
  TYPE.CNAME,
  TYPE.DNAME,
  TYPE.NSEC,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
  TYPE.RRSIG,
  TYPE.ANY,
  TYPE.HTTPS,
  65_280,
] as const
/** Types that cannot be asked for. */
const IMPOSSIBLE = [0, TYPE.OPT, TYPE.AXFR, TYPE.IXFR, TYPE.NXNAME, 250] as const

/** The catalogue's question as it must be put to be judged by what is written there. */
export function formOf(expectation: Expectation, id: number): ClientForm {
  const { manner } = expectation
  return assemble(
    {
      name: nameFrom(expectation.name),
      type: parseType(expectation.type)!,
      class: CLASS.IN,
      transport: 'tcp',
      do: manner === 'usual',
      ad: manner === 'usual',
      cd: manner === 'cd',
      payload: 1232,
      mangled: false,
      expectation,
      usual: true,
    },
    id,
  )
}

/** Draws questions. */
export class QuestionSource {
  readonly #expectations: readonly Expectation[]
  readonly #random: Random

  /** @param oneIn how many zones of the lab it is about: one in so many */
  constructor(editions: Editions, random: Random, oneIn = 8) {
    this.#random = random
    const zones = editions.zones.filter(() => random.below(oneIn) === 0)
    const chosen = zones.length > 0 ? zones : editions.zones.slice(0, 3)
    this.#expectations = chosen.flatMap((zone) => zone.questions)
  }

  /** What the catalogue says of the zones that this seed is about. */
  get expectations(): readonly Expectation[] {
    return this.#expectations
  }

  draw(): ClientForm {
    const random = this.#random
    const id = random.below(0x1_0000)
    const expectation = this.#expectations[random.below(this.#expectations.length)]!
    const kind = random.below(20)
    if (kind < 9) return this.#varied(formOf(expectation, id), id)
    const base = { ...formOf(expectation, id), expectation: undefined, usual: false }
    if (kind < 12) return this.#varied({ ...base, name: this.#beside(base.name), type: this.#type() }, id)
    if (kind < 14) return this.#varied({ ...base, type: this.#type() }, id)
    if (kind < 17) {
      const name = nameFrom(CHANGING_NAMES[random.below(CHANGING_NAMES.length)]!)
      return this.#varied({ ...base, name, type: random.below(4) === 0 ? this.#type() : TYPE.A }, id)
    }
    if (kind < 18) return this.#varied({ ...base, type: IMPOSSIBLE[random.below(IMPOSSIBLE.length)]! }, id)
    if (kind < 19) return this.#varied({ ...base, name: this.#odd(base.name) }, id)
    return this.#mangle(this.#varied(base, id))
  }

  /** The same question from a client of another kind; what the catalogue says of it counts only for the usual kind. */
  #varied(form: ClientForm, id: number): ClientForm {
    const random = this.#random
    if (random.below(3) === 0) return assemble(form, id)
    const edns = random.below(4) > 0
    return assemble(
      {
        ...form,
        usual: false,
        name: random.below(4) === 0 ? recased(form.name, random) : form.name,
        class: random.below(40) === 0 ? random.below(256) : CLASS.IN,
        transport: random.below(4) === 0 ? 'tcp' : 'udp',
        do: edns && random.below(3) > 0,
        ad: random.below(2) === 0,
        cd: random.below(4) === 0,
        payload: edns ? PAYLOADS[random.below(PAYLOADS.length)]! : undefined,
      },
      id,
    )
  }

  #type(): number {
    return TYPES[this.#random.below(TYPES.length)]!
  }

  /** Another name below, beside or above. */
  #beside(name: Name): Name {
    const random = this.#random
    const labels = labelsOf(name)
    if (random.below(4) === 0) return nameFromLabels(labels.slice(1)) ?? name
    const label = Buffer.from(`n${random.below(30)}`)
    const below = random.below(2) === 0 ? [label, ...labels] : [label, ...labels.slice(1)]
    return nameFromLabels(below) ?? name
  }

  /** A name of any octets, as long as can be, or a wildcard. */
  #odd(name: Name): Name {
    const random = this.#random
    const labels = labelsOf(name).slice(1)
    const octets = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))
    const kinds = [
      [Buffer.from('*'), ...labels],
      [octets(1 + random.below(63)), ...labels],
      [...Array.from({ length: 100 }, () => octets(1)), ...labels],
      [Buffer.from('*'), Buffer.from('*'), ...labels],
      [Buffer.from('localhost')],
      [Buffer.from('_x'), Buffer.from('_tcp'), ...labels],
    ]
    return nameFromLabels(kinds[random.below(kinds.length)]!) ?? name
  }

  #mangle(form: ClientForm): ClientForm {
    const random = this.#random
    const octets = form.octets.slice(0, random.below(3) === 0 ? random.below(form.octets.length) : undefined)
    for (let flips = random.below(4); flips > 0 && octets.length > 0; flips--) {
      octets[random.below(octets.length)]! ^= 1 << random.below(8)
    }
    return { ...form, octets, usual: false, mangled: true }
  }
}

function assemble(form: Omit<ClientForm, 'octets'>, id: number): ClientForm {
  const { name, type, payload } = form
  const edns =
    payload === undefined
      ? {}
      : { edns: { version: 0, udpPayloadOctets: payload, do: form.do, flags: 0, options: [] } }
  const question = { name, type, class: form.class }
  const octets = writeQuery({ id, question, rd: true, cd: form.cd, ...edns })
  if (form.ad) octets[3]! |= FLAG_AD
  if (form.cd) octets[3]! |= FLAG_CD
  return { ...form, octets }
}

function recased(name: Name, random: Random): Name {
  return name.map((octet) =>
    /[a-z]/i.test(String.fromCharCode(octet)) && random.below(2) === 0 ? octet ^ 0x20 : octet,
  ) as Name
}
