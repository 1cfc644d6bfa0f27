/** The sockets themselves, on both ways. */
import t, { type Test } from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { UDP_BATCH_MAX, UDP_REQUEST_OCTETS_MAX, WILDCARD_LOOK_MS } from '../../src/base/limits.ts'
import { dgramBackend } from '../../src/native/dgram.ts'
import { type InterfaceAddress, interfaceAddresses } from '../../src/native/interface-addresses.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'
import { udpBackends } from '../support/udp-backends.ts'
import { asText, numbered, openEcho, UdpClient, type When } from './udp-client.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Addresses of this machine that need no zone index. */
const OWN = interfaceAddresses().flatMap(({ text }) => (text.includes('%') ? [] : [text]))
/** Addresses that the test may use, one at least. */
const FAMILIES = ['127.0.0.1', '::1'].filter((address) => OWN.includes(address))
const isLinux = process.platform === 'linux'

for (const { name, udp, skip } of udpBackends()) {
  t.test(`${name}: bursts larger than a batch`, { skip }, async (t) => {
    for (const address of FAMILIES) {
      for (const when of ['now', 'later'] as const) {
        // The system makes of this the least that it allows.
        const echo = await openEcho(udp, address, { when, sendBufferOctets: 1 })
        const client = await UdpClient.open(address.includes(':') ? 6 : 4)
        const sent = numbered(3 * UDP_BATCH_MAX + 17)
        await Promise.all(sent.map((octets) => client.send(octets, echo.socket.port, address)))
        t.equal(await client.wait(sent.length), sent.length, `${address}, ${when}`)
        t.same(asText(client.received.map(({ octets }) => octets)), asText(sent))
        t.ok(
          client.received.every(({ from }) => from.address === address && from.port === echo.socket.port),
          'from where it was asked',
        )
        t.equal(
          echo.batches.reduce((sum, count) => sum + count, 0),
          sent.length,
        )
        t.ok(Math.max(...echo.batches) <= echo.socket.slots.requests.length)
        t.equal(echo.lost, 0)
        await client.close()
        await echo.socket.close()
      }
    }
  })

  t.test(`${name}: who asks, in octets`, { skip }, async (t) => {
    for (const address of FAMILIES) {
      const socket = await udp.open({ address: parseAddress(address)!, port: 0, replyOctetsMax: 512 })
      const seen: { address: Uint8Array; port: number }[] = []
      socket.start({
        onLost: () => {},
        onBatch: () =>
          seen.push({ address: Uint8Array.from(socket.slots.addresses[0]!), port: socket.slots.ports[0]! }),
      })
      const client = await UdpClient.open(address.includes(':') ? 6 : 4)
      await client.send(Uint8Array.of(1), socket.port, address)
      for (let i = 0; i < 100 && seen.length === 0; i++) await sleep(5)
      t.same(seen, [{ address: parseAddress(address)!, port: client.port }])
      await client.close()
      await socket.close()
    }
  })

  t.test(
    `${name}: empty datagrams, and ones too long, which are told by their length`,
    { skip },
    async (t) => {
      const echo = await openEcho(udp, '127.0.0.1')
      const client = await UdpClient.open()
      const lengths = [0, 1, UDP_REQUEST_OCTETS_MAX, UDP_REQUEST_OCTETS_MAX + 1, 65_507]
      for (const length of lengths) {
        await client.send(new Uint8Array(length).fill(0x5a), echo.socket.port, '127.0.0.1')
      }
      // An empty reply is none.
      t.equal(await client.wait(lengths.length - 1), lengths.length - 1)
      t.same(
        echo.lengths.toSorted((a, b) => a - b),
        lengths,
      )
      t.same(
        client.received.map(({ octets }) => octets.length).sort((a, b) => a - b),
        [1, 1232, 1232, 1232],
      )
      t.ok(client.received.every(({ octets }) => octets.every((octet) => octet === 0x5a)))
      await client.close()
      await echo.socket.close()
    },
  )

  t.test(`${name}: asked between two turns of the event loop`, { skip }, async (t) => {
    const echo = await openEcho(udp, '127.0.0.1')
    const { socket } = echo
    const client = await UdpClient.open()
    socket.poll()
    t.same(echo.batches, [], 'nothing has come')
    await Promise.all(numbered(70).map((octets) => client.send(octets, socket.port, '127.0.0.1')))
    const byLoop = echo.batches.length
    client.send(Uint8Array.of(1, 2, 3), socket.port, '127.0.0.1')
    // No turn of the loop from here: what is on its way comes by asking, if at all.
    const endMs = performance.now() + 1_000
    while (echo.batches.length === byLoop && performance.now() < endMs && name === 'addon') socket.poll()
    socket.poll()
    if (name === 'addon') t.ok(echo.batches.length > byLoop, 'handed over at once')
    else t.equal(echo.batches.length, byLoop, 'left to the loop')
    t.equal(await client.wait(71), 71, 'each is answered, once')
    t.equal(
      echo.batches.reduce((sum, count) => sum + count, 0),
      71,
    )
    await client.close()
    await socket.close()
    socket.poll()
  })

  t.test(`${name}: asked from within a batch, it keeps the slots as they are`, { skip }, async (t) => {
    const socket = await udp.open({ address: parseAddress('127.0.0.1')!, port: 0, replyOctetsMax: 512 })
    let depth = 0
    let deepest = 0
    let datagrams = 0
    socket.start({
      onLost: () => {},
      onBatch: (count) => {
        deepest = Math.max(deepest, ++depth)
        datagrams += count
        const before = Uint8Array.from(socket.slots.requests[0]!.subarray(0, 40))
        socket.poll()
        t.same(socket.slots.requests[0]!.subarray(0, 40), before)
        depth--
      },
    })
    const client = await UdpClient.open()
    await Promise.all(numbered(200).map((octets) => client.send(octets, socket.port, '127.0.0.1')))
    for (let i = 0; i < 200 && datagrams < 200; i++) await sleep(5)
    t.equal(datagrams, 200)
    t.equal(deepest, 1)
    await client.close()
    await socket.close()
  })

  t.test(`${name}: a slot keeps nothing of the batch before`, { skip }, async (t) => {
    const socket = await udp.open({ address: parseAddress('127.0.0.1')!, port: 0, replyOctetsMax: 512 })
    let turn = 0
    socket.start({
      onLost: () => {},
      onBatch: (count) => {
        for (let i = 0; i < count; i++) {
          t.equal(socket.slots.replyOctets[i], 0)
          if (turn++ === 0) socket.slots.replyOctets[i] = 100
        }
      },
    })
    const client = await UdpClient.open()
    await client.send(Uint8Array.of(1), socket.port, '127.0.0.1')
    t.equal(await client.wait(1), 1)
    await client.send(Uint8Array.of(2), socket.port, '127.0.0.1')
    t.equal(await client.wait(2, 100), 1, 'the second got no answer')
    t.equal(turn, 2)
    await client.close()
    await socket.close()
  })

  t.test(`${name}: closed within a batch, twice, and with answers still to come`, { skip }, async (t) => {
    const client = await UdpClient.open()
    const socket = await udp.open({ address: parseAddress('127.0.0.1')!, port: 0, replyOctetsMax: 512 })
    const late: ((reply: Uint8Array) => void)[] = []
    let batches = 0
    let lost = 0
    const closed: Promise<void>[] = []
    socket.start({
      onLost: (count) => {
        lost += count
      },
      onBatch: (count) => {
        batches++
        for (let i = 0; i < count; i++) late.push(socket.answerLater(i))
        closed.push(socket.close(), socket.close())
        socket.slots.replyOctets.fill(100)
      },
    })
    const { port } = socket
    await Promise.all(numbered(100).map((octets) => client.send(octets, port, '127.0.0.1').catch(() => {})))
    for (let i = 0; i < 100 && closed.length === 0; i++) await sleep(5)
    await Promise.all(closed)
    for (const answer of late) answer(new Uint8Array(20))
    await sleep(30)
    await socket.close()
    t.equal(batches, 1, 'nothing is handed over after the end')
    t.equal(lost, 0)
    t.equal(client.received.length, 0)
    const again = await openEcho(udp, '127.0.0.1', { port })
    t.equal(again.socket.port, port, 'its port is free')
    await again.socket.close()
    await client.close()
  })

  t.test(`${name}: close sends what was said before`, { skip }, async (t) => {
    const client = await UdpClient.open()
    const socket = await udp.open({ address: parseAddress('127.0.0.1')!, port: 0, replyOctetsMax: 512 })
    const asked = new Promise<(reply: Uint8Array) => void>((resolve) => {
      socket.start({ onLost: () => {}, onBatch: () => resolve(socket.answerLater(0)) })
    })
    await client.send(Uint8Array.of(1), socket.port, '127.0.0.1')
    const answer = await asked
    await sleep(10)
    answer(Uint8Array.of(7))
    await socket.close()
    t.equal(await client.wait(1), 1)
    await client.close()
  })

  t.test(`${name}: why a socket cannot be had, by the system's names`, { skip }, async (t) => {
    const { socket } = await openEcho(udp, '127.0.0.1')
    const code = (address: string, port: number): Promise<unknown> =>
      udp.open({ address: parseAddress(address)!, port, replyOctetsMax: 512 }).then(
        (opened) => opened.close(),
        (error: NodeJS.ErrnoException) => error.code,
      )
    t.equal(await code('127.0.0.1', socket.port), 'EADDRINUSE')
    t.equal(await code('192.0.2.77', 0), 'EADDRNOTAVAIL')
    t.equal(await code('fe80::1', 0), 'EINVAL', 'link-local, without its interface')
    await socket.close()
  })

  t.test(
    `${name}: IPv6 sockets leave IPv4 to others`,
    { skip: skip || !FAMILIES.includes('::1') },
    async (t) => {
      const six = await openEcho(udp, '::')
      const four = await openEcho(udp, '0.0.0.0', { port: six.socket.port })
      t.equal(four.socket.port, six.socket.port)
      await six.socket.close()
      await four.socket.close()
    },
  )

  t.test(
    `${name}: two sockets share a port where both want it`,
    { skip: skip || (!udp.reusePort && 'this version of Node cannot') },
    async (t) => {
      const first = await openEcho(udp, '127.0.0.1', { reusePort: true })
      const { port } = first.socket
      const second = await openEcho(udp, '127.0.0.1', { port, reusePort: true })
      const clients = await Promise.all(Array.from({ length: 40 }, () => UdpClient.open()))
      for (const client of clients) await client.send(Uint8Array.of(1), port, '127.0.0.1')
      for (const client of clients) t.equal(await client.wait(1), 1)
      t.equal(first.lengths.length + second.lengths.length, 40)
      t.ok(first.lengths.length > 0 && second.lengths.length > 0, 'each has its share')
      await first.socket.close()
      await clients[0]!.send(Uint8Array.of(1), port, '127.0.0.1')
      t.equal(await clients[0]!.wait(2), 2, 'the other serves all once one is closed')
      await second.socket.close()
      for (const client of clients) await client.close()
      const alone = await openEcho(udp, '127.0.0.1')
      await t.rejects(openEcho(udp, '127.0.0.1', { port: alone.socket.port, reusePort: true }), {
        code: 'EADDRINUSE',
      })
      await alone.socket.close()
    },
  )

  t.test(`${name}: clients that are gone cost nobody else an answer`, { skip }, async (t) => {
    for (const when of ['now', 'later'] as const) {
      const echo = await openEcho(udp, '127.0.0.1', { when })
      const stays = await UdpClient.open()
      for (let round = 0; round < 20; round++) {
        const gone = await UdpClient.open()
        await gone.send(Uint8Array.of(1), echo.socket.port, '127.0.0.1')
        await gone.close()
        await stays.send(Uint8Array.of(2), echo.socket.port, '127.0.0.1')
      }
      t.equal(await stays.wait(20), 20, when)
      await stays.close()
      await echo.socket.close()
    }
  })
}

/** What a wildcard of a family is asked at: by the addon also what no interface has. */
function askedAt(name: string, family: 4 | 6): string[] {
  const others = name === 'addon' && family === 4 ? ['127.0.0.2', '127.9.8.7'] : []
  return [...OWN.filter((address) => address.includes(':') === (family === 6)), ...others]
}

/** Asks a wildcard at each address; every reply has to come from there. */
async function askAll(t: Test, udp: UdpBackend, addresses: readonly string[], when: When): Promise<void> {
  const [first] = addresses
  if (first === undefined) return
  const family = first.includes(':') ? 6 : 4
  const echo = await openEcho(udp, family === 4 ? '0.0.0.0' : '::', { when })
  // At a loopback address, from which the system would answer of itself whatever was asked.
  const client = await UdpClient.open(family)
  for (const [i, address] of addresses.entries()) {
    await client.send(Uint8Array.of(i), echo.socket.port, address)
    t.equal(await client.wait(i + 1), i + 1, `${address}, ${when}`)
    t.equal(client.received[i]?.from.address, address)
  }
  t.equal(echo.lost, 0)
  await client.close()
  await echo.socket.close()
}

for (const { name, udp, skip } of udpBackends()) {
  t.test(`${name}: on a wildcard address replies leave from the address asked`, { skip }, async (t) => {
    for (const family of [4, 6] as const) {
      const addresses = askedAt(name, family)
      t.comment(`asked at ${addresses.join(' ')}`)
      for (const when of ['now', 'later'] as const) await askAll(t, udp, addresses, when)
    }
  })
}

/** The twin on a machine that has these addresses. */
function dgramAt(...addresses: string[]): UdpBackend {
  return dgramBackend(() => addresses.map((text) => ({ address: parseAddress(text)!, text })))
}

t.test(
  'dgram: a wildcard is each address of its family',
  { skip: !isLinux && 'needs 127.0.0.0/8' },
  async (t) => {
    const several = ['127.0.0.2', '127.0.0.1', '127.9.8.7']
    for (const when of ['now', 'later'] as const) await askAll(t, dgramAt(...several, '::1'), several, when)
    await askAll(t, dgramAt('192.0.2.77', ...several), several, 'now')
    t.pass('one that went since it was listed is passed over')
    await t.rejects(openEcho(dgramAt('192.0.2.77', '192.0.2.78'), '0.0.0.0'), { code: 'EADDRNOTAVAIL' })
    await askAll(t, dgramAt('::1'), ['127.0.0.1'], 'now')
    t.pass('where none is known it is what the system makes of it')
  },
)

t.test(
  'dgram: a wildcard follows the addresses of the machine',
  { skip: !isLinux && 'needs 127.0.0.0/8' },
  async (t) => {
    const clock = new VirtualClock(0)
    let now: string[] = []
    const list = (): InterfaceAddress[] => now.map((text) => ({ address: parseAddress(text)!, text }))
    const held: ((reply: Uint8Array) => void)[] = []
    let lost = 0
    const socket = await dgramBackend(list, clock).open({
      address: parseAddress('0.0.0.0')!,
      port: 0,
      replyOctetsMax: 512,
    })
    socket.start({
      onLost: () => lost++,
      onBatch: () => {
        if (socket.slots.requests[0]![0] === 9) held.push(socket.answerLater(0))
        else socket.slots.replyOctets[0] = 1
      },
    })
    const client = await UdpClient.open()
    const answers = async (address: string): Promise<boolean> => {
      const before = client.received.length
      await client.send(Uint8Array.of(1), socket.port, address)
      return (await client.wait(before + 1, 100)) > before && client.received.at(-1)!.from.address === address
    }
    const look = async (...addresses: string[]): Promise<void> => {
      now = addresses
      clock.advance(WILDCARD_LOOK_MS)
      // It looks again once it is done.
      while (clock.nextTimerMs() === undefined) await sleep(1)
    }
    t.ok(await answers('127.0.0.1'), 'none is known: what the system makes of it')
    await look('127.0.0.1', '127.0.0.2')
    t.ok(await answers('127.0.0.2'))
    t.notOk(await answers('127.0.0.3'))
    await client.send(Uint8Array.of(9), socket.port, '127.0.0.2')
    while (held.length === 0) await sleep(1)

    await look('127.0.0.3', '192.0.2.77', '127.0.0.1')
    t.ok(await answers('127.0.0.3'), 'one that came')
    t.ok(await answers('127.0.0.1'), 'one that stayed')
    t.notOk(await answers('127.0.0.2'), 'one that went')
    held[0]!(Uint8Array.of(1))
    t.equal(lost, 1, 'what is to leave from there is lost')
    await look()
    t.ok(await answers('127.0.0.3'), 'not to know any is not to have none')
    now = ['127.0.0.2']
    clock.advance(WILDCARD_LOOK_MS)
    await socket.close()
    t.equal(clock.nextTimerMs(), undefined)
    const again = await openEcho(dgramAt('127.0.0.1', '127.0.0.2', '127.0.0.3'), '0.0.0.0', {
      port: socket.port,
    })
    await again.socket.close()
    await client.close()
  },
)

t.test(
  'dgram: a wildcard has its port everywhere, or nowhere',
  { skip: !isLinux && 'needs 127.0.0.0/8' },
  async (t) => {
    const udp = dgramAt('127.0.0.1', '127.0.0.2')
    const other = await openEcho(udp, '127.0.0.2')
    const { port } = other.socket
    await t.rejects(openEcho(udp, '0.0.0.0', { port }), { code: 'EADDRINUSE' })
    const left = await openEcho(udp, '127.0.0.1', { port })
    await left.socket.close()
    await other.socket.close()
    const all = await openEcho(udp, '0.0.0.0', { port })
    await all.socket.close()
    await t.rejects(
      openEcho(dgramAt('127.0.0.1', '127.0.0.1'), '0.0.0.0'),
      { code: 'EADDRINUSE' },
      'no end of drawing',
    )
  },
)

const [, { udp: addon, skip: noAddon }] = udpBackends() as [unknown, ReturnType<typeof udpBackends>[number]]

t.test('addon: batches', { skip: noAddon }, async (t) => {
  const echo = await openEcho(addon, '127.0.0.1')
  const client = await UdpClient.open()
  // The loop does not get to the socket before all are there.
  const sent = numbered(2 * UDP_BATCH_MAX + 3)
  await Promise.all(sent.map((octets) => client.send(octets, echo.socket.port, '127.0.0.1')))
  await client.wait(sent.length)
  t.ok(Math.max(...echo.batches) > 1, `sizes: ${echo.batches.join(' ')}`)
  await client.close()
  await echo.socket.close()
})
