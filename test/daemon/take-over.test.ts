/** Daemons that replace each other while clients ask: nobody is left without an answer, and none is wrong. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { command } from '../../src/cli/control-client.ts'
import { HAND_OVER_PROTOCOL } from '../../src/daemon/hand-over/hand-over.ts'
import { bellsServe } from '../../src/native/bell.ts'
import { canHandOver } from '../../src/native/handed-sockets.ts'
import { ask, encodeName } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { freePort } from '../support/free-port.ts'
import { manyZones, startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'
import { type LoadQuestion, SteadyLoad } from '../support/steady-load.ts'

const ZONES = 8
const IDLE_TIMEOUT_MS = 200
const BY = { who: 'tester', why: 'to see' }

const world = await startLabWorld(testFolder(t), [127, 71], undefined, manyZones(ZONES))
t.teardown(() => world.close())

interface Place {
  readonly config: string
  readonly port: number
  readonly metrics: number
  readonly socket: string
}

/** A configuration with ports of its own, that stay. */
async function place(name: string, server: string): Promise<Place> {
  const [port, metrics] = [await freePort(), await freePort()]
  const config = world.writeConfig(
    `${name}.yaml`,
    `control: { socket: ${name}.sock }\nstate: { directory: ${name} }\n`,
  )
  const text = readFileSync(config, 'utf8')
    .replace('listen: ["127.0.0.1@0"]', `listen: ["127.0.0.1@${port}"], ${server}`)
    .replace('metrics: { listen: "127.0.0.1@0" }', `metrics: { listen: "127.0.0.1@${metrics}" }`)
    .replace('rrsets-mib: 8', `rrsets-mib: 8, snapshot: ${name}.snapshot`)
  writeFileSync(config, text)
  return { config, port, metrics, socket: join(world.folder, `${name}.sock`) }
}

async function start(t: Test, config: string): Promise<Running> {
  const running = new Running(['serve', '--take-over', '--config', config])
  t.teardown(() => running.signal('SIGKILL'))
  await running.until(/sigill ready/)
  return running
}

async function warm(port: number): Promise<void> {
  const server = { address: '127.0.0.1', port }
  for (let i = 0; i < ZONES; i++) await ask(server, { name: `www.z${i}.se`, type: 'A' })
  await ask(server, { name: 'nothing.good.se', type: 'A' })
}

function nextQuestion(): () => LoadQuestion {
  let number = 0
  return () => {
    const i = number++ % (ZONES + 1)
    return i === ZONES ? { name: 'nothing.good.se' } : { name: `www.z${i}.se`, address: i }
  }
}

/** The socket for commands, and what has a name like it. */
function namesOf(socket: string): string[] {
  return readdirSync(dirname(socket)).filter((name) => name.startsWith(basename(socket)))
}

/**
 * Clients by TCP: each opens a connection, asks some questions over it, one after the other, and goes. A question whose
 * connection is closed is asked again over another, as clients do (RFC 7766 6.2.4). A connection that is younger than the
 * idle time-out was in use all along, whatever replaces what: closing it is a fault.
 */
class TcpLoad {
  readonly counts = { asked: 0, right: 0, wrong: [] as string[] }
  readonly #port: number
  readonly #next = nextQuestion()
  readonly #clients: Promise<void>[]
  #over = false

  constructor(port: number, clients: number) {
    this.#port = port
    this.#clients = Array.from({ length: clients }, () => this.#run())
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#clients)
  }

  async #run(): Promise<void> {
    let question = this.#next()
    for (let life = 1; !this.#over; life++) {
      const openedMs = performance.now()
      const socket = createConnection({ host: '127.0.0.1', port: this.#port })
      try {
        for (let left = 1 + (life % 5); left > 0; left--) {
          await this.#ask(socket, question)
          question = this.#next()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      } catch (error) {
        const ageMs = performance.now() - openedMs
        if (ageMs < IDLE_TIMEOUT_MS) this.counts.wrong.push(`${error} after ${ageMs} ms`)
      }
      socket.destroy()
    }
  }

  async #ask(socket: ReturnType<typeof createConnection>, { name, address }: LoadQuestion): Promise<void> {
    const head = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    const query = Buffer.concat([Buffer.from(head), encodeName(name), Buffer.from([0, 1, 0, 1])])
    const replied = readMessage(socket)
    socket.write(Buffer.concat([Buffer.from([0, query.length]), query]))
    const reply = await replied
    this.counts.asked++
    const isRight =
      address === undefined ? (reply[3]! & 15) === 3 : reply.at(-1) === address && reply[7] === 1
    if (isRight) this.counts.right++
    else this.counts.wrong.push(reply.toString('hex'))
  }
}

function readMessage(socket: ReturnType<typeof createConnection>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0)
    const over = (error?: Error): void => reject(error ?? new Error('closed before the answer'))
    const onData = (part: Buffer): void => {
      got = Buffer.concat([got, part])
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return
      socket.off('data', onData).off('close', onClose).off('error', over)
      resolve(got.subarray(2))
    }
    const onClose = (): void => over()
    if (socket.destroyed) onClose()
    else socket.on('data', onData).once('close', onClose).once('error', over)
  })
}

const TCP = `tcp: { idle-timeout-ms: ${IDLE_TIMEOUT_MS} }`
const KINDS: readonly (readonly [string, number, string])[] = [
  ['threads', 3, `front-threads: 2, resolver-threads: 1, ${TCP}`],
  ['one', 1, `resolver-threads: 0, ${TCP}`],
]

for (const [kind, replacements, server] of KINDS) {
  t.test(`replaced under load, ${kind}`, { skip: !canHandOver() && 'needs the addon' }, async (t) => {
    const { config, port, metrics, socket } = await place(kind, server)
    let running = await start(t, config)
    t.match(running.stdout, /there is no daemon to take over from/)
    const wokenBy = kind === 'one' ? undefined : bellsServe() ? 'bells' : 'messages'
    t.equal(/"wokenBy":"(\w+)"/.exec(running.stdout)?.[1], wokenBy, 'it says how threads are woken')
    await warm(port)
    const udp = new SteadyLoad({ address: '127.0.0.1', port }, 20, nextQuestion(), 5)
    const tcp = new TcpLoad(port, 8)
    const pids: number[] = []
    for (let i = 0; i < replacements; i++) {
      const next = await start(t, config)
      const ended = await running.ended
      t.equal(ended.code, 0, 'the one before ends well')
      t.match(ended.stdout, /"unanswered":0/)
      t.match(
        next.stdout,
        /"answers":(?:[89]|\d\d+).*the answers of the snapshot are loaded/,
        'it begins warm',
      )
      t.match(next.stdout, new RegExp(`"runningPid":${running.pid},.*taking over`))
      t.notMatch(next.stdout, /"pid":.*"pid":/, 'no line says twice whose it is')
      running = next
      const status = await command({ socket }, 'GET', '/v1/status')
      t.match(status, { ok: true, result: { pid: next.pid, ready: true } }, 'it takes the commands')
      t.equal((await fetch(`http://127.0.0.1:${metrics}/ready`)).status, 200, 'and serves metrics')
      pids.push(next.pid)
      t.same(namesOf(socket), [`${kind}.sock`], 'and nothing is left of how it was handed over')
    }
    t.equal(new Set(pids).size, replacements)
    await tcp.stop()
    await udp.stopAsking()
    t.same(udp.counts.wrong, [])
    t.same(tcp.counts.wrong, [])
    t.equal(udp.counts.failed, 0)
    t.equal(udp.counts.right, udp.counts.asked, `${udp.counts.asked} questions by UDP`)
    t.equal(tcp.counts.right, tcp.counts.asked, `${tcp.counts.asked} questions by TCP`)
    t.ok(udp.counts.asked > 1_000 && tcp.counts.asked > 50, 'enough of them')
    await running.stop()
  })
}

t.test(
  'what cannot take over leaves the other one serving',
  { skip: !canHandOver() && 'needs the addon' },
  async (t) => {
    const { config, port, socket } = await place('stays', 'front-threads: 1, resolver-threads: 1')
    const running = await start(t, config)
    await warm(port)
    const udp = new SteadyLoad({ address: '127.0.0.1', port }, 5, nextQuestion(), 5)
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace('front-threads: 1', 'front-threads: 2'))
    const refused = await sigill('serve', '--take-over', '--config', config)
    t.match(refused, { code: 2, stderr: /in 1 front threads, this one would in 2: nothing is taken over/ })
    writeFileSync(config, text.replace(/metrics: .*\n/, 'metrics: { listen: "192.0.2.1@1" }\n'))
    t.match(await sigill('serve', '--take-over', '--config', config), { code: 2, stderr: /192.0.2.1/ })
    writeFileSync(join(world.folder, 'token'), 'a-token-of-enough-letters\n')
    const listen = 'stays.sock, listen: "192.0.2.1@1", token-file: token'
    writeFileSync(config, text.replace('stays.sock', listen))
    t.match(await sigill('serve', '--take-over', '--config', config), { code: 2, stderr: /control.listen/ })
    const changed = await command({ socket }, 'POST', '/v1/rollout', { ...BY, mode: 'observe' })
    t.match(changed, { ok: true }, 'and changes are taken again')
    const other = await command({ socket }, 'POST', '/v1/hand-over', {
      ...BY,
      protocol: HAND_OVER_PROTOCOL + 1,
    })
    t.match(other, { ok: false, error: /protocol/ })
    const nowhere = await command({ socket }, 'POST', '/v1/hand-over', {
      ...BY,
      protocol: HAND_OVER_PROTOCOL,
    })
    t.match(nowhere, { ok: false, error: /could not be handed over: / }, 'nobody waits for them')
    t.match(await command({ socket }, 'POST', '/v1/hand-over/end', BY), { ok: false, error: /nobody/ })
    writeFileSync(config, `${text}\n`.replace('hints.zone', 'nowhere.zone'))
    writeFileSync(join(world.folder, 'nowhere.zone'), '. NS a.\na. A 127.0.0.99\n')
    const endWaiting = async (signal: NodeJS.Signals): ReturnType<typeof sigill> => {
      const waiting = new Running(['serve', '--take-over', '--config', config])
      t.teardown(() => waiting.signal('SIGKILL'))
      await waiting.until(/"threads"/)
      waiting.signal(signal)
      return waiting.ended
    }
    const change = (): ReturnType<typeof command> =>
      command({ socket }, 'POST', '/v1/rollout', { ...BY, mode: 'enforce' })
    t.match(await endWaiting('SIGTERM'), { code: 2, stderr: /told to end before it served/ })
    t.match(await change(), { ok: true })
    await endWaiting('SIGKILL')
    t.match(await change(), { ok: false, error: /taking over/ }, 'it is waited for')
    t.match(await command({ socket }, 'POST', '/v1/hand-over/cancel', BY), { ok: true })
    t.match(await change(), { ok: true })
    t.same(namesOf(socket), ['stays.sock'], 'nothing is left of what was killed')
    await udp.stopAsking()
    t.equal(udp.counts.right, udp.counts.asked)
    t.equal((await running.stop()).code, 0)
  },
)

t.test('where addresses have changed', { skip: !canHandOver() && 'needs the addon' }, async (t) => {
  const { config, port, metrics } = await place('moves', 'front-threads: 1, resolver-threads: 1')
  const [moved, control] = [await freePort(), await freePort()]
  writeFileSync(join(world.folder, 'token'), 'a-token-of-enough-letters\n')
  const text = readFileSync(config, 'utf8').replace(
    'moves.sock',
    `moves.sock, listen: "127.0.0.1@${control}", token-file: token`,
  )
  const listen = `listen: ["127.0.0.1@${port}"`
  writeFileSync(config, text.replace(listen, `${listen}, "127.0.0.2@${port}"`))
  const running = await start(t, config)
  const rcode = async (address: string): Promise<string> =>
    (await ask({ address, port }, { name: 'www.z1.se', type: 'A' })).rcode
  const commands = { server: `127.0.0.1@${control}`, tokenFile: join(world.folder, 'token') }
  t.same([await rcode('127.0.0.1'), await rcode('127.0.0.2')], ['NOERROR', 'NOERROR'])
  t.match(await command(commands, 'GET', '/v1/status'), { result: { pid: running.pid } })
  const other = text.replace(listen, `${listen}, "127.0.0.3@${port}"`)
  writeFileSync(config, other.replace(`127.0.0.1@${metrics}`, `127.0.0.1@${moved}`))
  const next = await start(t, config)
  t.equal((await running.ended).code, 0)
  t.same([await rcode('127.0.0.1'), await rcode('127.0.0.3')], ['NOERROR', 'NOERROR'])
  t.match(await command(commands, 'GET', '/v1/status'), { result: { pid: next.pid, handsOver: true } })
  t.equal((await fetch(`http://127.0.0.1:${moved}/ready`)).status, 200)
  t.ok(await isRefused('127.0.0.2', port), 'nobody keeps what nobody reads')
  t.ok(await isRefused('127.0.0.1', metrics))
  t.equal((await next.stop()).code, 0)
})

function isRefused(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port }, () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

t.test('without the addon the other one ends first', async (t) => {
  const { config, port } = await place('dgram', 'resolver-threads: 0, udp-backend: dgram')
  const running = await start(t, config)
  await warm(port)
  const next = await start(t, config)
  t.match(next.stdout, /without the addon sockets cannot be handed over/)
  t.equal((await running.ended).code, 0)
  t.match(next.stdout, /the answers of the snapshot are loaded/)
  t.equal((await ask({ address: '127.0.0.1', port }, { name: 'www.z1.se', type: 'A' })).rcode, 'NOERROR')
  await next.stop()
})
