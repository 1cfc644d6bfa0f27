/** What our questions say in OPT: the same to all servers, but for cookies, and a text that the operator has for some of them. */
import type { Endpoint } from '../base/address.ts'
import { UDP_PAYLOAD_OCTETS } from '../base/limits.ts'
import type { Prefix } from '../base/prefix.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import type { Edns, EdnsOption } from '../wire/edns.ts'

/** Texts by which servers know this resolver, each in an EDNS option of its own. */
export interface ClientStrings {
  readonly optionCode: number
  /** The longest network that covers a server decides; no octets: no option. */
  readonly texts: readonly { readonly network: Prefix; readonly text: Uint8Array }[]
}

const PLAIN: Edns = { version: 0, udpPayloadOctets: UDP_PAYLOAD_OCTETS, do: true, flags: 0, options: [] }

/** EDNS by server, made once. */
export class QueryEdns {
  readonly #byNetwork: PrefixTable<Edns>

  constructor({ optionCode, texts }: ClientStrings) {
    this.#byNetwork = new PrefixTable(
      texts.map(({ network, text }) => {
        const options = text.length === 0 ? [] : [{ code: optionCode, octets: text }]
        return { prefix: network, value: { ...PLAIN, options } }
      }),
    )
  }

  /** For a question to this server, which is asked at its own address or through a translator. */
  to({ address }: Endpoint, cookie: EdnsOption | undefined): Edns {
    const edns = this.#byNetwork.find(address) ?? PLAIN
    return cookie === undefined ? edns : { ...edns, options: [...edns.options, cookie] }
  }
}
