/** Where the root zone is got from: by HTTP and by transfer, from servers that do it well or badly; and a daemon that does. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer, globalAgent } from 'node:https'
import type { AddressInfo } from 'node:net'
import forge from 'node-forge'
import t, { type Test } from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { command } from '../../src/cli/control-client.ts'
import { download, type HostLookup } from '../../src/daemon/download.ts'
import { rootSource } from '../../src/daemon/root-copy/sources.ts'
import { type Transferred, transferRoot } from '../../src/daemon/root-copy/transfer.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { freshKeyPair } from '../support/key-pair.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { recordsFrom } from '../support/records.ts'
import { rootZone } from '../support/root-zones.ts'
import { startThreadedDaemon, type ThreadedDaemon } from '../support/threaded-daemon.ts'
import {
  giving,
  startTransferServer,
  type TransferReply,
  type TransferServer,
  transferOf,
} from '../support/transfer-server.ts'
import { until } from '../support/until.ts'

const ZONE = rootZone({ serial: 7 })
const { signal } = new AbortController()

// --- HTTP ---------------------------------------------------------------------------------------------------------

async function serve(t: Test, listener: RequestListener): Promise<URL> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/root.zone`)
}

t.test('a page is got again only when it has changed', async (t) => {
  const since: (string | undefined)[] = []
  const stamp = 'Sat, 21 Nov 2026 12:00:00 GMT'
  const url = await serve(t, (request, response) => {
    since.push(request.headers['if-modified-since'])
    if (request.headers['if-modified-since'] === stamp) response.writeHead(304).end()
    else response.writeHead(200, { 'Last-Modified': stamp }).end('; a zone\n')
  })
  const parts = {
    wallSeconds: () => 1_000,
    random: seededRandom(1),
    lookup: () => {},
    pathFrom: (path: string) => path,
    sourceAddresses: [],
  }
  const source = rootSource({ url: url.href }, parts)
  t.equal(source.label, url.href)
  t.match(await source.look(undefined, signal), { kind: 'zone', mark: stamp, asOfSeconds: 1_000 })
  const known = { serial: 1, mark: stamp }
  t.same(await source.look(known, signal), { kind: 'unchanged', asOfSeconds: 1_000 })
  t.match(await source.look({ serial: 1, mark: undefined }, signal), { kind: 'zone' })
  t.same(since, [undefined, stamp, undefined])
})

t.test('a page that is slow, too long, cut off or not there', async (t) => {
  const bounds = { octetsMax: 1_000, timeoutMs: 5_000 }
  const faulty = async (listener: RequestListener, options: object = {}): Promise<unknown> =>
    download(await serve(t, listener), { ...bounds, ...options })
  const drip: RequestListener = (_request, response) => {
    response.write('; the first line\n')
  }
  t.match(await faulty(drip, { timeoutMs: 100 }), { fault: /took too long/ })
  t.match(await faulty(() => {}, { timeoutMs: 100 }), { fault: /took too long/ })
  t.match(await faulty((_request, response) => response.end('x'.repeat(2_000))), {
    fault: /more than 1000 octets/,
  })
  t.match(
    await faulty((_request, response) => {
      response.writeHead(200, { 'Content-Length': 500 })
      response.write('x')
      setTimeout(() => response.destroy(), 20)
    }),
    { fault: /cannot be fetched/ },
  )
  t.match(await faulty((_request, response) => response.writeHead(404).end()), { fault: /said 404/ })
  t.match(
    await faulty((_request, response) => response.writeHead(304).end()),
    { fault: /said 304/ },
    'unasked',
  )
  t.match(await faulty((_request, response) => response.writeHead(302, { Location: '/' }).end()), {
    fault: /302/,
  })
  const ending = new AbortController()
  const waiting = faulty(() => ending.abort(), { signal: ending.signal })
  t.match(await waiting, { fault: /cannot be fetched/ })
})

/** A key and a certificate that it signed itself, for this name, as PEM. */
function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey } = freshKeyPair(2048)
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const own = forge.pki.privateKeyFromPem(key)
  const cert = forge.pki.createCertificate()
  cert.publicKey = forge.pki.setRsaPublicKey(own.n, own.e)
  cert.validity.notBefore = new Date(Date.now() - 86_400_000)
  cert.validity.notAfter = new Date(Date.now() + 86_400_000)
  const subject = [{ name: 'commonName', value: name }]
  cert.setSubject(subject)
  cert.setIssuer(subject)
  cert.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }])
  cert.sign(own, forge.md.sha256.create())
  return { key, cert: forge.pki.certificateToPem(cert) }
}

t.test('a page by TLS: from whom it is said to be, or not at all', async (t) => {
  const pair = selfSigned('root.test')
  const server = createTlsServer(pair, (_request, response) => response.end('; a zone\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const authorities = globalAgent.options.ca
  t.teardown(() => {
    globalAgent.options.ca = authorities
    globalAgent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const lookup: HostLookup = (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }])
  const from = (host: string): Promise<unknown> =>
    download(new URL(`https://${host}:${port}/root.zone`), { octetsMax: 1_000, timeoutMs: 5_000, lookup })
  t.match(await from('root.test'), { fault: /self-signed/ }, 'nobody vouches for it')
  globalAgent.options.ca = pair.cert
  t.match(await from('root.test'), { octets: Buffer.from('; a zone\n') })
  t.match(await from('other.test'), { fault: /altnames/ }, 'the certificate is for another name')
})

// --- transfers ----------------------------------------------------------------------------------------------------

const server = await startTransferServer()
t.teardown(() => server.close())

function transfer(from: TransferServer, change: object = {}): Promise<Transferred> {
  server.asked.length = 0
  const bounds = { octetsMax: 1_000_000, timeoutMs: 5_000, silenceMs: 5_000, random: seededRandom(1) }
  return transferRoot({ server: from.endpoint, newerThan: undefined, ...bounds, signal, ...change })
}

t.test('a transfer, and only of what is newer', async (t) => {
  server.behave(giving(ZONE))
  const messages = await transfer(server)
  t.equal((messages as readonly Uint8Array[]).length, transferOf(ZONE).length)
  t.same(server.asked, [TYPE.SOA, TYPE.AXFR])
  t.ok(Array.isArray(await transfer(server, { newerThan: 6 })))
  t.equal(await transfer(server, { newerThan: 7 }), 'unchanged')
  t.same(server.asked, [TYPE.SOA])
  t.match(await transfer(server, { newerThan: 8 }), { fault: 'its serial 7 is older than 8' })
  t.ok(Array.isArray(await transfer(server, { newerThan: 0xffff_fff0 })), 'serials wrap')
})

t.test('transfers that are not whole', async (t) => {
  const all = transferOf(ZONE)
  const [soa] = ZONE
  const [other] = recordsFrom('more. A 192.0.2.1')
  const last = all.at(-1)!
  const cases: [reply: Partial<TransferReply>, fault: RegExp][] = [
    [{ messages: all.slice(0, -1), closes: true }, /connection ended before the zone did/],
    [{ messages: all.slice(0, -1) }, /fell silent/],
    [{ messages: [] }, /fell silent/],
    [{ messages: [], rcode: RCODE.REFUSED }, /said REFUSED/],
    [{ messages: [...all.slice(0, -1), [...last, other!]] }, /more behind the end/],
    [{ messages: [[other!], ...all] }, /does not begin with the SOA/],
    [{ messages: [[]] }, /does not begin with the SOA/],
    [{ messages: [[soa!], Uint8Array.of(1, 2, 3)] }, /malformed/],
    [{ messages: [new Uint8Array(12)] }, /something else/],
    [{ messages: all }, /more than 500 octets/],
  ]
  for (const [reply, fault] of cases) {
    server.behave((type) => (type === TYPE.SOA ? giving(ZONE)(type) : { messages: [], ...reply }))
    const octetsMax = String(fault).includes(' 500 ') ? 500 : 1_000_000
    t.match(await transfer(server, { silenceMs: 150, octetsMax }), { fault }, String(fault))
  }
  server.behave(() => ({ messages: [[]] }))
  t.match(await transfer(server), { fault: 'the server does not have the root zone' })
  server.behave(() => ({ messages: [] }))
  t.match(await transfer(server, { timeoutMs: 100 }), { fault: 'it took too long' })
  const ending = new AbortController()
  const waiting = transfer(server, { signal: ending.signal })
  ending.abort()
  t.match(await waiting, { fault: 'the daemon stops' })
  const gone = await startTransferServer()
  await gone.close()
  t.match(await transfer(gone), { fault: /ECONNREFUSED/ })
})

// --- the daemon ---------------------------------------------------------------------------------------------------

/** Waits until the first look came to this. */
async function looked(it: ThreadedDaemon, outcome: string): Promise<void> {
  const count = (): Promise<number> => it.metric('root_copy_refreshes_total', { outcome })
  await until(`a look that came to ${outcome}`, async () => (await count()) > 0)
}

// The names are short, since sockets lie in folders that are called after them.
for (const threads of [0, 2]) {
  t.test(threads === 0 ? 'one thread' : 'threads', { timeout: 90_000 }, async (t) => {
    const world = await startLabWorld(testFolder(t), [127, 94 + threads])
    t.teardown(() => world.close())
    server.behave(giving(world.root))
    const more = 'state: { directory: state }\ncontrol: { socket: control.sock }\n'
    const settings = {
      'resolution.root-copy.sources': [{ axfr: server.endpoint }],
      'server.resolver-threads': threads,
      'server.front-threads': 1,
    }
    const it = await startThreadedDaemon(world, settings, {}, more)
    t.teardown(() => it.daemon.stop())
    await looked(it, 'updated')
    t.equal(await it.metric('root_copy_refreshes_total', { outcome: 'updated' }), 1)
    const before = await it.metric('root_copy_answers_total')
    t.match(await ask(it.server, { name: 'absent.', type: 'A', do: true }), { rcode: 'NXDOMAIN', ad: true })
    t.match(await ask(it.server, { name: 'www.good.se.', type: 'A', do: true }), {
      rcode: 'NOERROR',
      ad: true,
    })
    t.match(await ask(it.server, { name: 'www.plain.se.', type: 'A', do: true }), {
      rcode: 'NOERROR',
      ad: false,
    })
    t.ok((await it.metric('root_copy_answers_total')) > before)
    const status = await command({ socket: it.daemon.control.socket! }, 'GET', '/v1/status')
    t.match(status, {
      result: { rootCopy: { isInForce: true, serial: 1, source: /^axfr 127.0.0.1@/, faults: {} } },
    })
    await it.daemon.stop()

    server.behave(() => ({ messages: [], rcode: RCODE.REFUSED }))
    const again = await startThreadedDaemon(world, settings, {}, more)
    t.teardown(() => again.daemon.stop())
    await looked(again, 'failed')
    t.equal(await again.metric('root_copy_in_force'), 1)
    t.match(await ask(again.server, { name: 'www.good.se.', type: 'A', do: true }), { ad: true })
    t.ok(again.log.some(({ fault }) => String(fault).includes('said REFUSED')))
    await again.daemon.stop()
  })
}
