/** A port to start a server on. */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of 127.0.0.1 that is free by TCP, and by UDP as far as a look can tell. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
