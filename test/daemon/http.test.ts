/** The listener for metrics and health: what it serves, and what it bears. */
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { HTTP_CONNECTIONS_MAX } from '../../src/base/limits.ts'
import { type HttpListener, listenHttp } from '../../src/daemon/http.ts'
import { figure } from '../attacks/row.ts'

const LOOPBACK = { address: Uint8Array.of(127, 0, 0, 1), port: 0 }

async function start(): Promise<{ listener: HttpListener; url: string; faults: unknown[] }> {
  const faults: unknown[] = []
  const page = (status: number, body: string) => () => ({ status, contentType: 'text/plain', body })
  const pages = {
    '/live': page(200, 'live\n'),
    '/ready': page(503, 'not ready\n'),
    '/broken': () => Promise.reject(new Error('on purpose')),
  }
  const listener = await listenHttp(LOOPBACK, pages, (error) => faults.push(error))
  return { listener, url: `http://127.0.0.1:${listener.endpoint.port}`, faults }
}

/** Sends octets and collects what comes back until the server hangs up. */
function talk(port: number, text: string, keepSending?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1')
    let received = ''
    let ended = false
    socket.on('data', (octets) => {
      received += octets.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      ended = true
      resolve(received)
    })
    const pump = (): void => {
      while (!ended && keepSending !== undefined && socket.write(keepSending));
    }
    socket.on('drain', pump)
    socket.write(text, pump)
  })
}

t.test('pages, and what is none', async (t) => {
  const { listener, url, faults } = await start()
  t.teardown(() => listener.close())
  const live = await fetch(`${url}/live?probe=1`)
  t.equal(live.status, 200)
  t.equal(await live.text(), 'live\n')
  t.equal(live.headers.get('cache-control'), 'no-store')
  const head = await fetch(`${url}/live`, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '5')
  t.equal(await head.text(), '')
  t.equal((await fetch(`${url}/ready`)).status, 503)
  for (const path of ['/', '/live/', '/metrics', '/__proto__', '/constructor', '/../etc/passwd', '//live']) {
    t.equal((await fetch(url + path)).status, 404, path)
  }
  const put = await fetch(`${url}/live`, { method: 'DELETE' })
  t.equal(put.status, 405)
  t.equal(put.headers.get('allow'), 'GET, HEAD')
  t.same(faults, [])
  t.equal((await fetch(`${url}/broken`)).status, 500)
  t.equal(faults.length, 1)
})

t.test('a body is refused unread (D13)', { timeout: 30_000 }, async (t) => {
  const { listener, url } = await start()
  t.teardown(() => listener.close())
  t.equal((await fetch(`${url}/live`, { method: 'POST', body: 'x' })).status, 413)
  const before = process.memoryUsage().rss
  const chunk = Buffer.alloc(65_536, 0x61)
  const head = 'POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n'
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => talk(listener.endpoint.port, head, chunk)),
  )
  for (const reply of replies) t.match(reply, /^(HTTP\/1\.1 413 |$)/)
  t.ok(
    replies.some((reply) => reply !== ''),
    'and the client is told',
  )
  const grown = process.memoryUsage().rss - before
  t.ok(grown < 20 * 1024 * 1024, 'memory stays')
  figure(t, 'D13', `${Math.max(0, Math.round(grown / 1_048_576))} MiB more after eight bodies of 1 GiB`)
  t.equal((await fetch(`${url}/live`)).status, 200, 'it still serves')
})

t.test('too many header fields (D13)', { timeout: 30_000 }, async (t) => {
  const { listener, url } = await start()
  t.teardown(() => listener.close())
  const fields = Array.from({ length: 10_000 }, (_, i) => `X-${i}: y\r\n`).join('')
  t.match(
    await talk(listener.endpoint.port, `GET /live HTTP/1.1\r\nHost: x\r\n${fields}\r\n`),
    /^HTTP\/1\.1 431 /,
  )
  t.match(
    await talk(listener.endpoint.port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  )
  t.match(await talk(listener.endpoint.port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
  t.equal((await fetch(`${url}/live`)).status, 200)
})

t.test('a request that never ends is hung up on (D13)', { timeout: 30_000 }, async (t) => {
  const { listener } = await start()
  t.teardown(() => listener.close())
  const startMs = Date.now()
  await talk(listener.endpoint.port, 'GET /live HTTP/1.1\r\nHost: x\r\n')
  const tookMs = Date.now() - startMs
  t.ok(tookMs > 1_000 && tookMs < 15_000, `after ${tookMs} ms`)
})

t.test('connections are bounded, and closing ends them', { timeout: 30_000 }, async (t) => {
  const { listener } = await start()
  const sockets = Array.from({ length: HTTP_CONNECTIONS_MAX + 40 }, () =>
    connect(listener.endpoint.port, '127.0.0.1'),
  )
  let closed = 0
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.on('close', () => closed++)
  }
  for (let i = 0; i < 100 && closed < 40; i++) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(closed, 40)
  t.equal(await listener.connections(), HTTP_CONNECTIONS_MAX)
  await listener.close()
  for (let i = 0; i < 100 && closed < sockets.length; i++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(closed, sockets.length)
})

t.test("an address in use is the system's error", async (t) => {
  const { listener } = await start()
  t.teardown(() => listener.close())
  await t.rejects(
    listenHttp(listener.endpoint, {}, () => {}),
    { code: 'EADDRINUSE' },
  )
})
