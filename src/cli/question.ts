/** What is asked on the command line: `NAME [TYPE] [@SERVER]`, the server anywhere. */
import { type Endpoint, parseAddress } from '../base/address.ts'
import { parseTypedName } from '../config/typed-name.ts'
import { isMetaType, parseType, TYPE } from '../wire/iana/rrtype.ts'
import type { Name } from '../wire/name.ts'
import { UnusableInput } from './exit-code.ts'

/** A question, and whom to ask; without a server we resolve ourselves. */
export interface AskedQuestion {
  readonly name: Name
  readonly type: number
  readonly server: Endpoint | undefined
}

const DNS_PORT = 53

/**
 * Reads the words behind `lookup`.
 *
 * @throws UnusableInput
 */
export function parseQuestion(words: readonly string[]): AskedQuestion {
  const servers = words.filter((word) => word.startsWith('@'))
  const [name, type, ...more] = words.filter((word) => !word.startsWith('@'))
  if (name === undefined) throw new UnusableInput('a name is missing')
  if (servers.length > 1) throw new UnusableInput('only one server can be asked')
  if (more.length > 0) throw new UnusableInput(`"${more[0]}" is one word too many after the type`)
  return {
    name: parseName(name),
    type: type === undefined ? TYPE.A : parseAskedType(type),
    server: servers[0] === undefined ? undefined : parseServer(servers[0].slice(1)),
  }
}

/** Reads a name. @throws UnusableInput */
export function parseName(text: string): Name {
  const name = parseTypedName(text)
  if (name instanceof Uint8Array) return name
  throw new UnusableInput(`"${text}" is not a domain name: ${name.fault}`)
}

function parseAskedType(text: string): number {
  const type = parseType(text)
  if (type === undefined)
    throw new UnusableInput(`"${text}" is not a type; expected one such as AAAA or TYPE65280`)
  if (isMetaType(type) && type !== TYPE.ANY) throw new UnusableInput(`type ${text} cannot be looked up`)
  return type
}

function parseServer(text: string): Endpoint {
  const [addressText = '', portText, ...rest] = text.split('@')
  const address = parseAddress(addressText)
  const port = portText === undefined ? DNS_PORT : Number(portText)
  const portIsGood = portText === undefined || (/^[0-9]{1,5}$/.test(portText) && port > 0 && port <= 65_535)
  if (address === undefined || !portIsGood || rest.length > 0) {
    throw new UnusableInput(`"@${text}" is not a server; expected @address or @address@port`)
  }
  return { address, port }
}
