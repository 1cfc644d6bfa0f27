/** The sockets of a daemon, as the next one takes them. */
import { closeSync } from 'node:fs'
import { type HandedSockets, socketKey, socketsOf } from '../../native/handed-sockets.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Control } from '../control/open-control.ts'
import type { HttpListener } from '../http.ts'
import type { Serving } from '../serving.ts'
import { StartError } from '../start-error.ts'
import { frontName } from '../threads/shared-memory.ts'

/** All that are to be handed over; undefined where one cannot be. */
export function allSockets(
  serving: Pick<Serving, 'sockets'>,
  http: Pick<HttpListener, 'endpoint' | 'descriptor'> | undefined,
  control: Pick<Control, 'sockets'> | undefined,
): HandedSockets | undefined {
  const clients = serving.sockets()
  if (clients === undefined || control?.sockets === undefined) return undefined
  const sockets = [...clients, ...socketsOf('control', control.sockets)]
  if (http === undefined) return new Map(sockets)
  if (http.descriptor === undefined) return undefined
  const metrics = new Map([[socketKey('tcp', http.endpoint), http.descriptor]])
  return new Map([...sockets, ...socketsOf('metrics', metrics)])
}

/** Each front thread takes the sockets of one: what waits in a socket that nobody takes would be lost. @throws StartError */
export function mustAgree(fronts: number, inherited: HandedSockets): void {
  const users = new Set([...inherited.keys()].map((key) => key.split(' ', 1)[0]!))
  const own = new Set(Array.from({ length: fronts }, (_, index) => frontName(index)))
  const theirs = [...users].filter((user) => user !== 'metrics' && user !== 'control')
  if (theirs.length === 0 || (theirs.length === fronts && theirs.every((user) => own.has(user)))) return
  throw new StartError(
    `the running daemon serves clients in ${theirs.length} front threads, this one would in ${fronts}: ` +
      'nothing is taken over; stop it, then start this one',
  )
}

/** Lets go of those for which this configuration has no use: a socket that nobody reads must not stay open. */
export function closeUnclaimed(
  inherited: HandedSockets | undefined,
  own: HandedSockets | undefined,
  log: Log,
): void {
  if (inherited === undefined || own === undefined) return
  const used = new Set(own.values())
  for (const [key, descriptor] of inherited) {
    if (used.has(descriptor)) continue
    closeSync(descriptor)
    log.info({ socket: key }, 'a socket of the daemon that ran before is not used any more')
  }
}
