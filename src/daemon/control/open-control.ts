/** The places where commands are taken, as a configuration wants them. */
import { accessSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Endpoint } from '../../base/address.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import { reasonOf } from '../../config/text-file.ts'
import { type HandedSockets, socketKey } from '../../native/handed-sockets.ts'
import type { Log } from '../../telemetry/log.ts'
import { listenFailure, StartError } from '../start-error.ts'
import { type ControlListener, type ControlOptions, listenOnSocket, listenOnTcp } from './control-server.ts'
import { readToken } from './token.ts'

/** What is opened. */
export interface Control {
  /** The path of the socket; undefined where there is none. */
  readonly socket: string | undefined
  /** Where it listens by TCP; undefined where it does not. */
  readonly endpoint: Endpoint | undefined
  /** What another process is to be given to listen there too; undefined where that cannot be had. */
  readonly sockets: HandedSockets | undefined
  /** Takes commands at the second name of the socket as well, before another process has its place. @throws the system's error */
  stepAside(): void
  /** Takes commands at the path of the socket again, which a process had that came to nothing. Never fails. */
  restore(): Promise<void>
  close(): Promise<void>
}

/** How it is opened. */
export interface OpenControlOptions extends ControlOptions {
  readonly config: Config
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Sockets of a daemon that is about to end, whose place for commands is taken; undefined where there is none. */
  readonly inherited: HandedSockets | undefined
}

/** Opens what the configuration asks for. @throws StartError; nothing is left open then */
export async function openControl(options: OpenControlOptions): Promise<Control> {
  const { config } = options
  const { settings } = config
  const listeners: ControlListener[] = []
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()))
  }
  const stepAside = (): void => {
    for (const listener of listeners) listener.stepAside()
  }
  const restore = async (): Promise<void> => {
    try {
      await Promise.all(listeners.map((listener) => listener.restore()))
    } catch (error) {
      options.log.warn({ socket, why: reasonOf(error) }, 'commands are not taken at the socket any more')
    }
  }
  const path = settings['control.socket']
  let socket: string | undefined
  const opened = path === '' ? undefined : await openSocket(pathFrom(config, path), options)
  if (opened !== undefined) {
    listeners.push(opened)
    socket = pathFrom(config, path)
  }
  const endpoint = settings['control.listen']
  if (endpoint === undefined) return { socket, endpoint, sockets: new Map(), stepAside, restore, close }
  try {
    const token = readToken(config)
    const inherited = options.inherited?.get(socketKey('tcp', endpoint))
    const listener = await listenOnTcp(endpoint, token, options, inherited)
    listeners.push(listener)
    const { descriptor, port } = listener
    const there = { ...endpoint, port: port! }
    const sockets = descriptor === undefined ? undefined : new Map([[socketKey('tcp', there), descriptor]])
    return { socket, endpoint: there, sockets, stepAside, restore, close }
  } catch (error) {
    await close()
    if (error instanceof StartError) throw error
    throw listenFailure('control.listen', endpoint, 'tcp', codeOf(error))
  }
}

/** The default socket is used where somebody made its folder, and nobody has it already. */
async function openSocket(path: string, options: OpenControlOptions): Promise<ControlListener | undefined> {
  const { config, log, inherited } = options
  const isWanted = config.changed.has('control.socket')
  const without = 'there is no socket for commands'
  const why = folderFault(dirname(path))
  if (why !== undefined) {
    if (isWanted) throw new StartError(`cannot listen on ${path}: ${why}; change control.socket`)
    log.info({ socket: path }, `${without}: ${why}`)
    return undefined
  }
  try {
    return await listenOnSocket(
      path,
      config.settings['control.socket-mode'],
      inherited !== undefined,
      options,
    )
  } catch (error) {
    const why = codeOf(error) === 'EADDRINUSE' ? 'another process takes commands there' : reasonOf(error)
    if (isWanted) throw new StartError(`cannot listen on ${path}: ${why}; change control.socket`)
    log.warn({ socket: path, why }, without)
    return undefined
  }
}

/** The system says "no permission" of a socket whose folder is not there. Node's permission model may forbid to look. */
function folderFault(folder: string): string | undefined {
  try {
    accessSync(folder)
    return undefined
  } catch (error) {
    return codeOf(error) === 'EACCES'
      ? `its folder cannot be used: ${reasonOf(error)}`
      : 'its folder is not there'
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
