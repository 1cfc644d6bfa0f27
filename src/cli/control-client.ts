/** Commands to a running daemon, over its socket or over TCP. */
import { request } from 'node:http'
import { userInfo } from 'node:os'
import { formatAddress } from '../base/address.ts'
import { CONTROL_MS_MAX, CONTROL_REPLY_OCTETS_MAX } from '../base/limits.ts'
import { defaultConfig, loadConfig } from '../config/load.ts'
import { pathFrom } from '../config/path-from.ts'
import { readBoundedFile } from '../config/text-file.ts'
import { parseEndpoint } from '../config/values.ts'
import { socketPathFault } from '../daemon/control/socket-path.ts'
import { UnusableInput } from './exit-code.ts'

/** Where the daemon is. */
export interface ControlPlace {
  /** Configuration whose `control` says where; the defaults when left out. */
  readonly config?: string
  /** Path of the socket, before what the configuration says. */
  readonly socket?: string
  /** address@port, by TCP. */
  readonly server?: string
  readonly tokenFile?: string
}

/** What came back. */
export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  /** `unusable`: what was given is no such command, however the daemon stands. */
  | { readonly ok: false; readonly error: string; readonly unusable: boolean }

/**
 * Gives a command.
 *
 * @param body undefined for commands that change nothing
 * @throws UnusableInput when nobody takes commands there
 */
export function command(
  place: ControlPlace,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<ControlReply> {
  const { where, headers, name } = locate(place)
  const text = body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const options = {
      ...where,
      method,
      path,
      timeout: CONTROL_MS_MAX,
      // One that was kept may be that of a daemon which has been replaced meanwhile.
      agent: false,
      headers: {
        ...headers,
        ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    }
    const asking = request(options, (response) => {
      const parts: Buffer[] = []
      let octets = 0
      response.on('data', (part: Buffer) => {
        octets += part.length
        parts.push(part)
        if (octets > CONTROL_REPLY_OCTETS_MAX)
          response.destroy(new Error(`${name} answers with more than ${CONTROL_REPLY_OCTETS_MAX} octets`))
      })
      response.on('end', () =>
        resolve(readReply(response.statusCode ?? 0, Buffer.concat(parts).toString('utf8'))),
      )
      response.on('error', reject)
    })
    asking.on('timeout', () => asking.destroy(new Error('no answer in time')))
    asking.on('error', (error: Error) =>
      reject(new UnusableInput(`no daemon takes commands at ${name}: ${error.message}`)),
    )
    asking.end(text)
  })
}

/** Who gives commands, for the journal: the person behind sudo, if there is one. */
export function defaultAuthor(sudoUser: string | undefined): string {
  try {
    return sudoUser ?? userInfo().username
  } catch {
    return 'unknown'
  }
}

interface Located {
  readonly where: { readonly socketPath: string } | { readonly host: string; readonly port: number }
  readonly headers: Readonly<Record<string, string>>
  readonly name: string
}

function locate({ config: file, socket, server, tokenFile }: ControlPlace): Located {
  if (server !== undefined) {
    const endpoint = parseEndpoint(server)
    if (endpoint === undefined) throw new UnusableInput(`"${server}" is not address@port`)
    const where = { host: formatAddress(endpoint.address), port: endpoint.port }
    return { where, headers: { authorization: `Bearer ${readToken(tokenFile)}` }, name: server }
  }
  if (socket !== undefined) return atSocket(socket)
  const config = file === undefined ? defaultConfig() : loadConfig(file)
  const path = config.settings['control.socket']
  if (path === '') throw new UnusableInput('control.socket is empty: give --server and --token-file')
  return atSocket(pathFrom(config, path))
}

function atSocket(path: string): Located {
  const fault = socketPathFault(path)
  if (fault !== undefined) throw new UnusableInput(`no daemon takes commands at ${path}: ${fault}`)
  return { where: { socketPath: path }, headers: {}, name: path }
}

function readToken(path: string | undefined): string {
  if (path === undefined) throw new UnusableInput('--server needs --token-file')
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new UnusableInput(`${path}: ${octets}`)
  return Buffer.from(octets).toString('utf8').split('\n', 1)[0]!.trim()
}

function readReply(status: number, text: string): ControlReply {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, error: `not an answer of a daemon (${status})`, unusable: false }
  }
  if (status === 200) return { ok: true, result: value }
  const { error } = (value ?? {}) as { error?: unknown }
  return {
    ok: false,
    error: typeof error === 'string' ? error : `refused (${status})`,
    unusable: status === 400,
  }
}
