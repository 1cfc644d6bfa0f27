/** `sigill serve --take-over`: the talk with the daemon that runs, from which this process takes over. */
import { closeSync } from 'node:fs'
import { TAKE_OVER_END_MS_MAX } from '../base/limits.ts'
import { sudoUser } from '../config/environment.ts'
import type { Config } from '../config/load.ts'
import { pathFrom } from '../config/path-from.ts'
import { secondName } from '../daemon/control/control-server.ts'
import { HAND_OVER_PROTOCOL, mailboxOf } from '../daemon/hand-over/hand-over.ts'
import { StartError } from '../daemon/start-error.ts'
import { canHandOver, type HandedSockets, Mailbox } from '../native/handed-sockets.ts'
import type { Log } from '../telemetry/log.ts'
import { type ControlReply, command, defaultAuthor } from './control-client.ts'
import { UnusableInput } from './exit-code.ts'

/** How often one looks whether the daemon has ended. */
const LOOK_MS = 20
const WHY = 'sigill serve --take-over'

/** The daemon that ends when this one serves. */
export interface Predecessor {
  readonly sockets: HandedSockets
  /** This process serves. */
  end(): Promise<void>
  /** This process does not come to serve: the other one goes on. */
  cancel(): Promise<void>
}

/**
 * Meets the daemon that takes commands where the configuration says. Where sockets cannot be handed over, has it end
 * first.
 *
 * @returns undefined where none runs (any more)
 * @throws StartError when it cannot be taken over from; it serves on then
 */
export async function meetPredecessor(config: Config, log: Log): Promise<Predecessor | undefined> {
  const setting = config.settings['control.socket']
  if (setting === '')
    throw new StartError('--take-over finds the running daemon by control.socket, which is empty')
  const socket = pathFrom(config, setting)
  const status = await statusOf(socket)
  if (status === undefined) {
    log.info({ socket }, 'there is no daemon to take over from: starting as ever')
    return undefined
  }
  const { pid, version, handsOver } = status
  if (typeof handsOver !== 'boolean') {
    throw new StartError(
      `the running daemon (version ${version}) cannot hand over: stop it, then start this one`,
    )
  }
  // Not by the name of the field that says whose line it is.
  log.info({ runningPid: pid, version }, 'taking over from the running daemon')
  if (config.settings['cache.snapshot'] === '') {
    log.warn('cache.snapshot is not set: this process begins with empty caches')
  }
  if (handsOver && canHandOver()) return receive(socket, version)
  log.warn(
    'without the addon sockets cannot be handed over: the running daemon ends first, and nobody serves meanwhile',
  )
  await endFirst(socket)
  return undefined
}

interface Status {
  readonly pid: unknown
  readonly version: unknown
  /** Daemons that know nothing of handing over do not say. */
  readonly handsOver?: unknown
}

/** Undefined where nobody takes commands. */
async function statusOf(socket: string): Promise<Status | undefined> {
  try {
    return resultOf(await command({ socket }, 'GET', '/v1/status')) as Status
  } catch (error) {
    if (error instanceof UnusableInput) return undefined
    throw error
  }
}

async function receive(socket: string, version: unknown): Promise<Predecessor> {
  // The path will be ours; by this name, which it gives itself, the other one still hears us.
  const other = secondName(socket)
  const mailbox = openMailbox(socket)
  try {
    const told = { ...author(), protocol: HAND_OVER_PROTOCOL }
    const reply = await command({ socket }, 'POST', '/v1/hand-over', told)
    if (!reply.ok) {
      throw new StartError(`the running daemon (version ${version}) does not hand over: ${reply.error}`)
    }
    const { sockets: keys } = reply.result as { sockets: string[] }
    const descriptors = mailbox.take()
    if (descriptors.length !== keys.length) {
      for (const descriptor of descriptors) closeSync(descriptor)
      await command({ socket: other }, 'POST', '/v1/hand-over/cancel', author())
      throw new StartError(`of ${keys.length} sockets ${descriptors.length} came: nothing is taken over`)
    }
    const tell = async (path: string): Promise<void> => {
      resultOf(await command({ socket: other }, 'POST', path, author()))
    }
    return {
      sockets: new Map(keys.map((key, number) => [key, descriptors[number]!])),
      end: () => tell('/v1/hand-over/end'),
      cancel: () => tell('/v1/hand-over/cancel'),
    }
  } finally {
    mailbox.close()
  }
}

function openMailbox(socket: string): Mailbox {
  const path = mailboxOf(socket)
  try {
    return new Mailbox(path)
  } catch (error) {
    throw new StartError(`cannot take over: ${path}: ${(error as Error).message}`)
  }
}

/** Has it write down what it knows, and end. @throws StartError when it does not */
async function endFirst(socket: string): Promise<void> {
  await command({ socket }, 'POST', '/v1/snapshot', author())
  resultOf(await command({ socket }, 'POST', '/v1/drain', { ...author(), seconds: 0 }))
  const deadlineMs = Date.now() + TAKE_OVER_END_MS_MAX
  while ((await statusOf(socket)) !== undefined) {
    if (Date.now() > deadlineMs) throw new StartError('the running daemon was told to end and does not')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function author(): { readonly who: string; readonly why: string } {
  return { who: defaultAuthor(sudoUser()), why: WHY }
}

function resultOf(reply: ControlReply): unknown {
  if (!reply.ok) throw new StartError(`the running daemon says: ${reply.error}`)
  return reply.result
}
