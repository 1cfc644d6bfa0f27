/**
 * Takes commands by HTTP: over a Unix socket, whose file mode says who may, and over TCP from who shows a token. Sizes,
 * times and connections are bounded.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { linkSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { Endpoint } from '../../base/address.ts'
import { CONTROL_BODY_OCTETS_MAX } from '../../base/limits.ts'
import { ConfigError } from '../../config/problem.ts'
import { descriptorOf } from '../../native/handed-sockets.ts'
import { boundedServer, closeServer, sendLastPage, sendPage, startListening, whereTo } from '../http.ts'
import { Refusal } from '../operator/operator.ts'
import type { Author } from '../state/journal.ts'
import { describeRoutes, OPENAPI_PATH } from './openapi.ts'
import { type Route, withAuthor } from './route.ts'

/** What is served, and to whom faults of ours are told. */
export interface ControlOptions {
  readonly routes: readonly Route[]
  readonly version: string
  readonly onFault: (fault: unknown) => void
}

/** Somewhere that commands are taken. */
export interface ControlListener {
  /** The port, over TCP. */
  readonly port: number | undefined
  /** Over TCP: what another process can be given to share the socket, where that can be had. */
  readonly descriptor: number | undefined
  /** Takes commands by a second name as well, because another process is to have the first. @throws the system's error */
  stepAside(): void
  /** Takes its place again from a process that had it and is gone, or has not come. @throws the system's error */
  restore(): Promise<void>
  close(): Promise<void>
}

/** The second name of a socket, by which who takes its place still reaches who had it. */
export function secondName(path: string): string {
  return `${path}.old`
}

/**
 * Takes commands over a Unix socket. One that a process has left there is replaced.
 *
 * @param takeOver replaces also one at which somebody listens
 * @throws the system's error
 */
export async function listenOnSocket(
  path: string,
  mode: number,
  takeOver: boolean,
  options: ControlOptions,
): Promise<ControlListener> {
  if (!takeOver && (await isServed(path)))
    throw Object.assign(new Error('EADDRINUSE'), { code: 'EADDRINUSE' })
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === false)
    throw new Error('something else than a socket is there')
  const absolute = resolve(path)
  const servers: Server[] = []
  let ino = await place(absolute, mode, options, servers)
  let restoring: Promise<void> | undefined
  let isClosed = false
  const isOurs = (): boolean => inodeOf(absolute) === ino
  const second = secondName(absolute)
  let secondIno: number | undefined
  const dropSecond = (): void => {
    if (secondIno !== undefined && inodeOf(second) === secondIno) rmSync(second, { force: true })
    secondIno = undefined
  }
  return {
    port: undefined,
    descriptor: undefined,
    stepAside: () => {
      if (!isOurs()) throw new Error('another process takes commands at the socket')
      // One that was killed has left it there.
      rmSync(second, { force: true })
      linkSync(absolute, second)
      secondIno = ino
    },
    restore: () => {
      restoring = (async () => {
        dropSecond()
        if (isOurs() || (await isServed(absolute)) || isClosed) return
        ino = await place(absolute, mode, options, servers)
      })()
      return restoring
    },
    close: async () => {
      isClosed = true
      await restoring?.catch(() => {})
      // Another process may have put its own there since.
      if (isOurs()) rmSync(absolute, { force: true })
      dropSecond()
      await Promise.all(servers.map(closeServer))
    },
  }
}

/**
 * Binds a server under another name and puts it in its place, so that there is never none, nor one with another mode.
 *
 * @returns the number of the socket's inode
 */
async function place(
  path: string,
  mode: number,
  options: ControlOptions,
  servers: Server[],
): Promise<number> {
  const server = makeServer(options, () => true)
  const temporary = `${path}.${process.pid}`
  rmSync(temporary, { force: true })
  await listenWithMode(server, temporary, mode)
  servers.push(server)
  try {
    renameSync(temporary, path)
  } catch (error) {
    await closeServer(server)
    throw error
  }
  return lstatSync(path).ino
}

/** Undefined where nothing is there. */
function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}

/**
 * Takes commands over TCP from who shows the token.
 *
 * @param inherited the socket of an earlier process, which listens there
 * @throws the system's error
 */
export async function listenOnTcp(
  endpoint: Endpoint,
  token: string,
  options: ControlOptions,
  inherited?: number,
): Promise<ControlListener> {
  const wanted = digestOf(`Bearer ${token}`)
  const server = makeServer(options, ({ headers }) =>
    timingSafeEqual(digestOf(headers.authorization ?? ''), wanted),
  )
  await startListening(server, whereTo(endpoint, inherited))
  const { port } = server.address() as AddressInfo
  return {
    port,
    descriptor: descriptorOf(server),
    stepAside: () => {},
    restore: async () => {},
    close: () => closeServer(server),
  }
}

/** The system makes the socket while `listen` runs, with the mode that the mask leaves. */
function listenWithMode(server: Server, path: string, mode: number): Promise<void> {
  const mask = process.umask(0o777 & ~mode)
  try {
    return startListening(server, { path })
  } finally {
    process.umask(mask)
  }
}

/** Of equal length whatever is compared. */
function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

/** Whether somebody listens there. @throws the system's error where that cannot be known */
function isServed(path: string): Promise<boolean> {
  return new Promise((done, reject) => {
    const socket = connect({ path })
    socket.on('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') done(false)
      // Its queue is full.
      else if (error.code === 'EAGAIN') done(true)
      else reject(error)
    })
  })
}

// --- requests -----------------------------------------------------------------------------------------------------

function makeServer(options: ControlOptions, mayEnter: (request: IncomingMessage) => boolean): Server {
  const description = describeRoutes(options.routes, options.version)
  return boundedServer(async (request, response) => {
    if (!mayEnter(request)) return sayFault(request, response, 401, 'the token is missing or wrong')
    const path = (request.url ?? '').split('?', 1)[0]!
    if (path === OPENAPI_PATH && request.method === 'GET') return sayResult(request, response, description)
    const there = options.routes.filter((route) => route.path === path)
    const route = there.find(({ method }) => method === request.method)
    if (there.length === 0)
      return sayFault(request, response, 404, `no such command; ${OPENAPI_PATH} has them all`)
    if (route === undefined) {
      response.setHeader('allow', there.map(({ method }) => method).join(', '))
      return sayFault(request, response, 405, `not by ${request.method}`)
    }
    await carryOut(request, response, route)
  }, options.onFault)
}

async function carryOut(request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> {
  const text = await readBody(request)
  if (text === undefined) return
  if (text === TOO_LARGE) {
    return sayFault(request, response, 413, `more than ${CONTROL_BODY_OCTETS_MAX} octets`)
  }
  const author: Author = { who: '', why: '' }
  let told: { readonly body: unknown; readonly author: Author } | string = { body: {}, author }
  if (route.body !== undefined) told = readTold(text, route.body)
  else if (text !== '') told = 'nothing is to be sent with this command'
  if (typeof told === 'string') return sayFault(request, response, 400, told)
  try {
    sayResult(request, response, await route.run(told.body as never, told.author))
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof ConfigError)) throw error
    sayFault(request, response, 409, error.message)
  }
}

/** What was sent, or what is wrong with it. */
function readTold(
  text: string,
  schema: z.ZodObject,
): { readonly body: unknown; readonly author: Author } | string {
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    return 'the body is not JSON'
  }
  const whole = withAuthor(schema).safeParse(value)
  if (!whole.success) {
    return whole.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ')
  }
  const { who, why, ...body } = whole.data as unknown as Author
  return { body, author: { who, why } }
}

const TOO_LARGE = Symbol('too large')

/** `TOO_LARGE`: the rest is not read. Undefined when who sends it went away before its end. */
function readBody(request: IncomingMessage): Promise<string | typeof TOO_LARGE | undefined> {
  return new Promise((done) => {
    const parts: Buffer[] = []
    let octets = 0
    request.on('data', (part: Buffer) => {
      octets += part.length
      parts.push(part)
      if (octets <= CONTROL_BODY_OCTETS_MAX) return
      request.pause()
      done(TOO_LARGE)
    })
    request.on('end', () => done(Buffer.concat(parts).toString('utf8')))
    request.on('error', () => done(undefined))
  })
}

function sayResult(request: IncomingMessage, response: ServerResponse, result: unknown): void {
  sendPage(request, response, page(200, result))
}

function sayFault(request: IncomingMessage, response: ServerResponse, status: number, error: string): void {
  sendLastPage(request, response, page(status, { error }))
}

function page(status: number, value: unknown): { status: number; contentType: string; body: string } {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` }
}
