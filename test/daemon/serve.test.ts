/** The daemon as a process: from its ready line to its last answer, and what it says when it cannot start. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { listenFailure } from '../../src/daemon/start-error.ts'
import { OUT_DIR } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'
import { parseExposition } from '../telemetry/exposition.ts'

interface Serving {
  readonly process: Running
  /** `127.0.0.1@port` of the listener for clients. */
  readonly server: string
  readonly metrics: string
}

const READY = /^sigill ready: listening on (127\.0\.0\.1@\d+) \(udp, tcp\), metrics on 127\.0\.0\.1@(\d+)$/m

/** Ten for samples of the event loop's delay, a few for the rest. */
const IDLE_WAKES_A_SECOND_MAX = 30

async function serve(config: string): Promise<Serving> {
  const process = new Running(['serve', '--config', config])
  const [, server = '', port = ''] = await process.until(READY)
  return { process, server, metrics: `http://127.0.0.1:${port}` }
}

function logLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function untilReady(metrics: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await fetch(`${metrics}/ready`)).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not become ready')
}

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 73])
})
t.teardown(() => world.close())

t.test(
  'it serves, tells its health and its numbers, and stops when asked',
  { timeout: 60_000 },
  async (t) => {
    const { process, server, metrics } = await serve(world.writeConfig('serve.yaml'))
    t.teardown(() => process.signal('SIGKILL'))
    t.equal(await (await fetch(`${metrics}/live`)).text(), 'live\n')
    await untilReady(metrics)

    const ask = (...words: string[]): ReturnType<typeof sigill> => sigill('lookup', ...words, `@${server}`)
    const good = await ask('www.good.se')
    t.equal(good.code, 0)
    t.match(good.stdout, /;; rcode: NOERROR\n;; server: 127\.0\.0\.1@\d+ by UDP\n;; flags: qr rd ra ad\n/)
    t.match(good.stdout, /\nwww\.good\.se\.\t\d+\tIN\tA\t192\.0\.2\.8[01]\n/)
    const bogus = await ask('www.expired.se')
    t.equal(bogus.code, 1)
    t.match(bogus.stdout, /;; rcode: SERVFAIL\n/)
    t.match(bogus.stdout, /;; EDE: 7 Signature Expired/)
    t.match((await ask('www.plain.se')).stdout, /;; flags: qr rd ra\n/)
    t.match((await ask('www.good.se', '--json')).stdout, /"flags": \[/)

    const page = await fetch(`${metrics}/metrics`)
    t.match(page.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
    const families = parseExposition(await page.text())
    const value = (name: string, label: string, wanted: string): number | undefined =>
      families.get(`sigill_${name}`)?.samples.find((sample) => sample.labels[label] === wanted)?.value
    t.equal(value('client_queries_total', 'transport', 'udp'), 4)
    t.equal(value('answers_total', 'rcode', 'NOERROR'), 3)
    t.equal(value('answers_total', 'rcode', 'SERVFAIL'), 1)
    t.equal(value('servfail_total', 'ede', '7'), 1)
    t.equal(value('bogus_total', 'reason', 'signature-expired')! > 0, true)
    t.equal(value('signature_verifications_total', 'algorithm', '13')! > 3, true)
    t.equal(value('cache_entries', 'cache', 'rrsets')! > 3, true)
    t.equal(families.get('sigill_cache_hits_total')?.samples[0]?.value, 1)
    t.equal(families.get('sigill_trust_anchor')?.samples[0]?.labels.state, 'valid')

    process.signal('SIGHUP')
    await process.until(/the configuration is read again/)
    const ended = await process.stop()
    t.equal(ended.code, 0)
    t.match(ended.stderr, READY)
    t.equal(ended.stderr.trimEnd().split('\n').length, 1, 'nothing but the ready line on standard error')
    const lines = logLines(ended.stdout)
    t.ok(lines.some((line) => line.msg === 'the root DNSKEY set is validated'))
    t.match(lines.at(-1), { msg: 'stopped', unanswered: 0 })
  },
)

t.test(
  'SIGHUP while it starts has the file read again as soon as it serves',
  { timeout: 60_000 },
  async (t) => {
    const path = world.writeConfig('early.yaml')
    const process = new Running(['serve', '--config', path])
    t.teardown(() => process.signal('SIGKILL'))
    await process.until(/"msg":"starting"/)
    world.writeConfig('early.yaml', 'access: { snoop: [127.0.0.0/8] }\n')
    process.signal('SIGHUP')
    await process.until(/the configuration is read again/)
    t.match(
      logLines(process.stdout).find(({ msg }) => msg === 'the configuration is read again'),
      {
        changed: ['access.snoop'],
      },
    )
    t.equal((await process.stop()).code, 0)
  },
)

t.test('SIGHUP while its modules are loaded does not end it', { timeout: 60_000 }, async (t) => {
  const hook = `export function resolve(specifier, context, next) {
    if (specifier.endsWith('cli/serve.js')) process.kill(process.pid, 'SIGHUP')
    return next(specifier, context)
  }`
  const hookUrl = `data:text/javascript,${encodeURIComponent(hook)}`
  const preload = `import { register } from 'node:module'; register(${JSON.stringify(hookUrl)})`
  const through = [
    'env',
    `NODE_OPTIONS=--import=data:text/javascript,${encodeURIComponent(preload)}`,
  ] as const
  const process = new Running(['serve', '--config', world.writeConfig('loading.yaml')], { through })
  t.teardown(() => process.signal('SIGKILL'))
  await process.until(/the configuration is read again/)
  t.equal((await process.stop()).code, 0)
})

/** How often each thread of a process has gone to sleep so far. */
function sleeps(pid: number): Map<string, number> {
  const tasks = `/proc/${pid}/task`
  const count = (task: string): number => {
    const status = readFileSync(join(tasks, task, 'status'), 'latin1')
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1])
  }
  return new Map(readdirSync(tasks).map((task) => [task, count(task)]))
}

t.test(
  'while nobody asks it sleeps',
  { timeout: 60_000, skip: !existsSync('/proc/self/task') && 'needs /proc' },
  async (t) => {
    const { process, metrics } = await serve(world.writeConfig('idle.yaml'))
    t.teardown(() => process.signal('SIGKILL'))
    await untilReady(metrics)
    const restless = async (): Promise<boolean> => {
      const before = sleeps(process.pid)
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      const rates = [...sleeps(process.pid)].map(([task, count]) => (count - (before.get(task) ?? 0)) / 2)
      t.comment(`${rates} times a second`)
      return Math.max(...rates) > IDLE_WAKES_A_SECOND_MAX
    }
    // Just after the start it still has things to do.
    let tries = 5
    while (tries > 0 && (await restless())) tries--
    t.ok(tries > 0)
    await process.stop()
  },
)

t.test('questions in work are answered before it stops', { timeout: 60_000 }, async (t) => {
  const { process, server, metrics } = await serve(world.writeConfig('drain.yaml'))
  t.teardown(() => process.signal('SIGKILL'))
  await untilReady(metrics)
  const asked = sigill('lookup', 'www.slow.se', `@${server}`)
  for (let i = 0; i < 200; i++) {
    const families = parseExposition(await (await fetch(`${metrics}/metrics`)).text())
    if (families.get('sigill_client_queries_total')?.samples.some((sample) => sample.value > 0)) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const ended = await process.stop()
  t.equal(ended.code, 0)
  t.match(logLines(ended.stdout).at(-1), { msg: 'stopped', unanswered: 0 })
  t.match(await asked, { code: 0, stdout: /192\.0\.2\.80/ })
})

t.test('addresses that cannot be listened on', { timeout: 60_000 }, async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const listen = (text: string, metrics = '"127.0.0.1@0"'): string => {
    const path = join(world.folder, 'taken.yaml')
    writeFileSync(path, `server: { listen: ["${text}"] }\nmetrics: { listen: ${metrics} }\n`)
    return path
  }
  const used = await sigill('serve', '--config', listen(`127.0.0.1@${port}`))
  t.equal(used.code, 2)
  t.match(
    used.stderr,
    new RegExp(
      `^sigill: cannot listen on 127\\.0\\.0\\.1@${port} \\(tcp\\): another program listens there already .*server\\.listen\\n$`,
    ),
  )
  const metricsUsed = await sigill('serve', '--config', listen('127.0.0.1@0', `"127.0.0.1@${port}"`))
  t.match(metricsUsed, {
    code: 2,
    stderr: /^sigill: cannot listen on .* another program .* change metrics\.listen\n$/,
  })
  const foreign = await sigill('serve', '--config', listen('192.0.2.1@5300'))
  t.match(foreign, {
    code: 2,
    stderr:
      /^sigill: cannot listen on 192\.0\.2\.1@5300 \(udp\): this machine does not have that address; change server\.listen\n$/,
  })
  const low = listenFailure(
    'server.listen',
    { address: Uint8Array.of(127, 0, 0, 1), port: 53 },
    'udp',
    'EACCES',
  )
  t.match(low.message, /no permission; ports below 1024 need the capability CAP_NET_BIND_SERVICE/)
})

t.test('a clock that is far off', { timeout: 60_000 }, async (t) => {
  for (const [clock, expected] of [
    [
      '2019-03-01T00:00:00Z',
      /the clock of this machine looks wrong: it says 2019-03-01T00:00:00Z, but the signatures of the root begin .*: it is at least \d+ days behind; set the clock \(NTP\)/,
    ],
    [
      '2039-03-01T00:00:00Z',
      /the clock of this machine looks wrong: it says 2039-03-01T00:00:00Z, but the signatures of the root ended .*: it is at least \d+ days ahead/,
    ],
  ] as const) {
    const config = world.writeConfig(
      'clock.yaml',
      `dnssec: { trust-anchor-files: [root.ds], clock: ${clock} }\n`,
    )
    const { process, metrics } = await serve(config)
    await process.until(expected)
    const ready = await fetch(`${metrics}/ready`)
    t.equal(ready.status, 503)
    t.match(await ready.text(), /^not ready: the root DNSKEY set has not been validated yet\n$/)
    t.equal((await process.stop()).code, 0)
  }
})

t.test("trust anchors that are not the root's", { timeout: 60_000 }, async (t) => {
  const { process } = await serve(world.writeConfig('anchors.yaml', 'dnssec: { trust-anchor-files: [] }\n'))
  await process.until(
    /the root publishes the keys \d+, \d+, but the trust anchors are 20326, 38696: check dnssec\.trust-anchor-files/,
  )
  t.equal((await process.stop()).code, 0)
})

t.test('with validation off it is ready at once', { timeout: 60_000 }, async (t) => {
  const { process, metrics } = await serve(world.writeConfig('off.yaml', 'dnssec: { mode: off }\n'))
  t.equal((await fetch(`${metrics}/ready`)).status, 200)
  t.equal((await process.stop()).code, 0)
})

t.test(
  'settings without effect, and zones that are not judged, are named in the log',
  { timeout: 60_000 },
  async (t) => {
    const expires = new Date(Date.now() + 3_600_000).toISOString()
    const more = `
dnssec:
  trust-anchor-files: [root.ds]
  negative-trust-anchors:
    - { name: old.se, reason: x, author: noc, expires: 2020-01-01T00:00:00Z }
    - { name: new.se, reason: x, author: noc, expires: ${expires} }
`
    const { process } = await serve(world.writeConfig('exempt.yaml', more))
    const ended = await process.stop()
    const warnings = logLines(ended.stdout)
      .filter((line) => line.level === 'warn')
      .map((line) => line.msg)
    t.ok(warnings.includes('a negative trust anchor has expired and has no effect'))
    t.ok(
      logLines(ended.stdout).some((line) => line.msg === 'negative trust anchor' && line.zone === 'new.se.'),
    )
  },
)

t.test('the log has the lines that are wanted, in the form that is', { timeout: 60_000 }, async (t) => {
  for (const [level, lines] of [
    ['error', /^$/],
    ['info', /^[^{].*\bstopped\b/m],
  ] as const) {
    const path = world.writeConfig(`log-${level}.yaml`)
    const wanted = `log: { level: ${level}, format: pretty }`
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^log: .*$/m, wanted))
    const { process } = await serve(path)
    const { stdout } = await process.stop()
    t.match(stdout, lines)
    t.notMatch(stdout, /^\{/m)
  }
})

t.test('nobody answers upstream', { timeout: 60_000 }, async (t) => {
  const path = join(world.folder, 'alone.yaml')
  writeFileSync(
    path,
    `
resolution: { root-hints: hints.zone, authority-port: 9, allow-loopback-authorities: true, ipv6: false }
server: { listen: ["127.0.0.1@0"] }
metrics: { listen: "127.0.0.1@0" }
log: { format: json }
`,
  )
  const { process, server } = await serve(path)
  await process.until(
    /no root server gives an answer: check the network, that UDP and TCP to port 53 leave this machine/,
  )
  t.match(
    await sigill('lookup', 'localhost', `@${server}`),
    { code: 0 },
    'what is known here is still served',
  )
  t.equal((await process.stop()).code, 0)
})

t.test('a fault of our own ends it with 70 and a line in the log', { timeout: 60_000 }, async (t) => {
  const script = `
    const { serve } = await import(${JSON.stringify(join(OUT_DIR, 'src/cli/serve.js'))})
    serve({ config: ${JSON.stringify(world.writeConfig('fault.yaml'))} }, () => setTimeout(() => { throw new Error('on purpose') }, 10))
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.equal(code, 70)
  t.match(logLines(stdout).at(-1), {
    level: 'fatal',
    msg: 'internal fault; stopping',
    err: { message: 'on purpose' },
  })
})
