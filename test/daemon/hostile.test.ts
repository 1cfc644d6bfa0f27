/** Ten thousand hostile packets at the ports of the daemon: noise, broken queries, real messages sent back. */
import { createSocket, type Socket } from 'node:dgram'
import t from 'tap'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { askUdp, framed, sleep, TcpClient } from '../front/sockets-under-test.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { absent, capturedMessage } from '../support/shared-data.ts'
import { Running, sigill } from '../support/sigill-process.ts'
import { parseExposition } from '../telemetry/exposition.ts'

const PACKETS_BY_UDP = 7_000
const PACKETS_BY_TCP = 3_000
const GROWTH_OCTETS_MAX = 64 * 1_048_576
/** What the daemon says at start and at its end, and a little more. */
const LOG_LINES_MAX = 12

const CAPTURES = [
  'root-nxdomain',
  'com-nxdomain-nsec3-optout',
  'cloudflare-com-compact-denial',
  'root-dnskey',
]

const NAMES = [
  'www.good.se.',
  'alias.good.se.',
  'none.good.se.',
  'www.expired.se.',
  'www.plain.se.',
  'localhost.',
  '1.0.0.10.in-addr.arpa.',
  '.',
  `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(50)}.se.`,
]
const TYPES = [TYPE.A, TYPE.AAAA, TYPE.DS, TYPE.DNSKEY, TYPE.ANY, TYPE.RRSIG, TYPE.TXT, TYPE.AXFR]

function queries(): Uint8Array[] {
  const options = [
    { code: 10, octets: new Uint8Array(8) },
    { code: 11, octets: new Uint8Array(0) },
  ]
  return NAMES.flatMap((name) =>
    TYPES.map((type, i) =>
      writeQuery({
        id: i,
        question: { name: nameFrom(name), type, class: 1 },
        rd: true,
        cd: i % 3 === 0,
        ...(i % 2 === 0
          ? { edns: { version: 0, udpPayloadOctets: 1232, do: i % 4 === 0, flags: 0, options } }
          : {}),
      }),
    ),
  )
}

/** Replies that the daemon itself gives, and recorded ones where they are at hand. */
async function realMessages(port: number): Promise<Uint8Array[]> {
  const client = new TcpClient(port)
  const asked = queries()
  for (const octets of asked) client.send(octets)
  await client.wait(asked.length, 10_000)
  client.socket.destroy()
  const captures = CAPTURES.map((name) => `captures-2026-10-04/${name}.hex`).filter((path) => !absent(path))
  return [...client.messages, ...captures.map(capturedMessage)]
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** Some octets changed, cut off, put in or doubled. */
function mutated(random: Random, original: Uint8Array): Uint8Array {
  let octets = Uint8Array.from(original)
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(octets.length + 1)
    const kind = random.below(12)
    if (kind === 0) octets = octets.slice(0, at)
    else if (kind === 1) octets = Uint8Array.of(...octets, ...noise(random, random.below(40)))
    else if (kind === 2) octets = Uint8Array.of(...octets.subarray(0, at), ...octets)
    else if (octets.length > 0) octets[Math.min(at, octets.length - 1)] = random.below(256)
  }
  return octets.subarray(0, 60_000)
}

function packets(random: Random, real: readonly Uint8Array[]): () => Uint8Array {
  const asked = queries()
  return () => {
    const draw = random.below(10)
    if (draw === 0) return noise(random, random.below(1_400))
    if (draw < 7) return mutated(random, asked[random.below(asked.length)]!)
    const octets = Uint8Array.from(real[random.below(real.length)]!)
    // As it came it is a response, which gets silence; else it is a query with far too much in it.
    if (draw < 9) octets[2]! &= 0x7f
    return mutated(random, octets)
  }
}

async function byUdp(socket: Socket, port: number, count: number, next: () => Uint8Array): Promise<void> {
  for (let i = 0; i < count; i++) {
    socket.send(next(), port, '127.0.0.1')
    if (i % 20 === 0) await sleep(5)
  }
}

/** Ten messages a connection, some with a length that lies, some cut off, some never read. */
async function byTcp(port: number, count: number, random: Random, next: () => Uint8Array): Promise<void> {
  for (let sent = 0; sent < count; sent += 100) {
    const clients = Array.from({ length: 10 }, () => new TcpClient(port))
    for (const { socket } of clients) {
      for (let i = 0; i < 10; i++) {
        const octets = next()
        socket.write(random.below(15) === 0 ? octets : framed(octets))
      }
      if (random.below(4) === 0) socket.pause()
      if (random.below(2) === 0) socket.end()
    }
    await sleep(30)
    for (const { socket } of clients) {
      if (random.below(2) === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
  }
}

async function figures(metrics: string): Promise<(name: string) => number> {
  const families = parseExposition(await (await fetch(`${metrics}/metrics`)).text())
  return (name) => (families.get(name)?.samples ?? []).reduce((sum, { value }) => sum + value, 0)
}

t.test('it goes on answering, its memory stays level, and its log short', { timeout: 180_000 }, async (t) => {
  const world = await startLabWorld(testFolder(t), [127, 76])
  t.teardown(() => world.close())
  const daemon = new Running(['serve', '--config', world.writeConfig('hostile.yaml')])
  t.teardown(() => daemon.signal('SIGKILL'))
  const [, server = '', portText = '', metricsPort = ''] = await daemon.until(
    /listening on (127\.0\.0\.1@(\d+)) \(udp, tcp\), metrics on 127\.0\.0\.1@(\d+)/,
  )
  const port = Number(portText)
  const metrics = `http://127.0.0.1:${metricsPort}`
  const random = seededRandom(20261121)
  const real = await realMessages(port)
  t.ok(real.length >= NAMES.length * TYPES.length, `${real.length} real messages`)
  const next = packets(random, real)
  const socket = createSocket('udp4').on('message', () => {})
  t.teardown(() => socket.close())

  await byUdp(socket, port, PACKETS_BY_UDP / 4, next)
  await byTcp(port, PACKETS_BY_TCP / 4, random, next)
  const before = await figures(metrics)
  await byUdp(socket, port, PACKETS_BY_UDP, next)
  await byTcp(port, PACKETS_BY_TCP, random, next)
  const after = await figures(metrics)

  const grown = after('process_resident_memory_bytes') - before('process_resident_memory_bytes')
  t.ok(grown < GROWTH_OCTETS_MAX, `${Math.round(grown / 1024)} KiB more memory`)
  const taken = after('sigill_client_queries_total') - before('sigill_client_queries_total')
  t.ok(taken > (PACKETS_BY_UDP + PACKETS_BY_TCP) / 2, `${taken} were looked at`)
  t.equal(after('sigill_internal_faults_total'), 0)
  const asked = writeQuery({
    id: 7,
    question: { name: nameFrom('www.good.se.'), type: 1, class: 1 },
    rd: true,
    cd: false,
  })
  t.ok(((await askUdp(port, asked))?.length ?? 0) > asked.length, 'it answers by UDP')
  t.match(await sigill('lookup', 'www.good.se', `@${server}`), { code: 0, stdout: /qr rd ra ad/ })
  t.equal((await fetch(`${metrics}/ready`)).status, 200)

  const ended = await daemon.stop()
  t.equal(ended.code, 0)
  const lines = ended.stdout.trimEnd().split('\n')
  t.ok(lines.length <= LOG_LINES_MAX, `${lines.length} lines of log`)
  t.notMatch(ended.stdout, /internal fault/)
})
