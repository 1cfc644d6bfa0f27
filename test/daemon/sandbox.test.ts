/** The unit of systemd: how much it leaves open, and that the daemon with all it has works under its restrictions. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { command } from '../../src/cli/control-client.ts'
import { addonPart } from '../../src/native/addon-part.ts'
import { canHandOver } from '../../src/native/handed-sockets.ts'
import { formatZone } from '../../src/wire/zone-text.ts'
import { OUT_DIR, ROOT, readProjectFile } from '../house/project.ts'
import { ask } from '../support/dns-client.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { makeSandbox, SANDBOX_UID } from '../support/sandbox.ts'
import { Running } from '../support/sigill-process.ts'
import { readUnit } from '../support/unit-file.ts'

const UNIT = 'conf/systemd/sigill.service'
/** In tenths. */
const EXPOSURE_MAX = 15
const LISTEN = '127.73.0.53'
const PATIENCE_MS = 20_000
const FILE_MODE_OTHERS = 0o077
const BY = { who: 'tester', why: 'to see' }

const unit = readUnit(readProjectFile(UNIT))
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test('systemd finds little left open', { skip: !hasAnalyze && 'needs systemd-analyze' }, async (t) => {
  const args = ['security', '--no-pager', '--offline=true', `--threshold=${EXPOSURE_MAX}`, join(ROOT, UNIT)]
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  t.equal(status, 0, `not more than ${EXPOSURE_MAX} tenths ${stderr}`)
  t.match(stdout, /Overall exposure level for sigill\.service: 1\.[0-5] OK/)
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', join(ROOT, UNIT)], {
    encoding: 'utf8',
  })
  t.notMatch(`${verified.stdout}${verified.stderr}`, /sigill\.service:\d+:/, 'no line that it does not know')
})

// Paths of sockets have to be short.
const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
chmodSync(folder, 0o755)
const [state, run] = [join(folder, 'state'), join(folder, 'run')]
for (const path of [state, run]) {
  mkdirSync(path, { mode: 0o700 })
  if (process.getuid?.() === 0) chownSync(path, SANDBOX_UID, SANDBOX_UID)
}
t.teardown(() => rmSync(folder, { recursive: true }))
const within = makeSandbox(unit, folder, [state, run])
const skip = typeof within === 'string' && within
const sandbox = typeof within === 'string' ? (['false'] as const) : within

/** What a line of JavaScript prints there. */
function inside(script: string): string {
  const [program, ...words] = [...sandbox, process.execPath, '-e', script]
  return spawnSync(program!, words, { encoding: 'utf8' }).stdout
}

t.test('the restrictions are in force', { skip }, async (t) => {
  const tried = (expression: string): string =>
    inside(`try { ${expression}; console.log('done') } catch (e) { console.log(e.code ?? e.message) }`).trim()
  t.equal(tried(`fs.writeFileSync('${folder}/x', '')`), 'EROFS')
  t.equal(tried(`fs.writeFileSync('${state}/x', '')`), 'done')
  t.equal(tried(`fs.chownSync('${state}/x', 0, 0)`), 'EPERM')
  t.equal(tried('os.networkInterfaces()'), 'ERR_SYSTEM_ERROR', 'no netlink')
  t.equal(tried("fs.readFileSync('/proc/meminfo')"), 'ENOENT')
  t.equal(tried('os.setPriority(os.getPriority() + 1)'), 'done', 'nicer')
  t.equal(tried('os.setPriority(os.getPriority() - 1)'), 'ERR_SYSTEM_ERROR', 'not less so')
  t.equal(tried(`fs.rmSync('${state}/x')`), 'done')
  for (const what of [
    "import('OUT/short-slices.js').then((m) => console.log(m.askForShortSlices()))",
    "import('OUT/large-pages.js').then((m) => console.log(m.preferLargePages(new ArrayBuffer(1 << 23))))",
  ]) {
    const script = what.replace('OUT', join(OUT_DIR, 'src/native'))
    const outside = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout
    t.match(outside, /^(true|false)\n$/)
    t.equal(inside(script), outside, 'what the system grants elsewhere it grants here')
  }
  const status = inside("console.log(fs.readFileSync('/proc/self/status', 'utf8'))")
  for (const line of [`Uid:\t${SANDBOX_UID}`, 'CapEff:\t0000000000000400', 'CapBnd:\t0000000000000400']) {
    t.ok(status.includes(line), line)
  }
  t.match(status, /NoNewPrivs:\t1\n[\s\S]*Seccomp:\t2\n/)
})

/** Where a service manager would listen. */
class Manager {
  readonly path: string
  readonly #descriptor: number
  readonly heard: string[] = []

  constructor(path: string) {
    this.path = path
    this.#descriptor = addonPart().openMailbox!(path)
    chmodSync(path, 0o777)
    // Nobody is to wait until there is room.
    setInterval(() => this.#listen(), 50).unref()
  }

  async hears(pattern: RegExp): Promise<boolean> {
    const deadline = Date.now() + PATIENCE_MS
    while (!this.#listen().some((text) => pattern.test(text))) {
      if (Date.now() > deadline) return false
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return true
  }

  #listen(): string[] {
    const room = Buffer.alloc(1_024)
    for (;;) {
      try {
        this.heard.push(room.toString('utf8', 0, readSync(this.#descriptor, room)))
      } catch {
        return this.heard
      }
    }
  }
}

const needs = skip || (!canHandOver() && 'needs the addon')

t.test('the daemon works under them, with all it has', { skip: needs }, async (t) => {
  const world = await startLabWorld(join(folder, 'world'), [127, 73])
  t.teardown(() => world.close())
  writeFileSync(join(world.folder, 'root.zone'), formatZone(world.root))
  const socket = join(run, 'control.sock')
  const config = world.writeConfig(
    'sigill.yaml',
    `control: { socket: ${socket} }\nstate: { directory: ${state} }\n`,
  )
  const threads = 'front-threads: 1, resolver-threads: 1, udp-backend: addon'
  const changed = readFileSync(config, 'utf8')
    .replace('listen: ["127.0.0.1@0"]', `listen: ["${LISTEN}@53"], ${threads}`)
    .replace('metrics: { listen: "127.0.0.1@0" }', `metrics: { listen: "${LISTEN}@9153" }`)
    .replace('rrsets-mib: 8', `rrsets-mib: 8, snapshot: ${state}/caches.snapshot`)
    .replace('resolution:', 'resolution:\n  root-copy: { sources: [{ file: root.zone }] }')
  writeFileSync(config, changed)
  const manager = new Manager(join(folder, 'notify'))
  const told = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '1500000' }
  const start = async (...words: string[]): Promise<Running> => {
    const running = new Running(['serve', ...words, '--config', config], {
      through: sandbox,
      env: { ...process.env, ...told },
    })
    t.teardown(() => running.signal('SIGKILL'))
    await running.until(/sigill ready/)
    return running
  }
  const server = { address: LISTEN, port: 53 }
  const control = async (
    method: 'GET' | 'POST',
    path: string,
    body?: Record<string, unknown>,
  ): Promise<unknown> => {
    const reply = await command({ socket }, method, path, body)
    t.ok(reply.ok, `${path} ${reply.ok ? '' : reply.error}`)
    return reply.ok ? reply.result : undefined
  }

  const first = await start()
  await first.until(/a copy of the root zone answers/)
  t.match(await ask(server, { name: 'www.good.se', type: 'A', do: true }), { rcode: 'NOERROR', ad: true })
  t.match(await ask(server, { name: 'www.plain.se', type: 'A', tcp: true }), { rcode: 'NOERROR' })
  t.match(await ask(server, { name: 'www.expired.se', type: 'A' }), { rcode: 'SERVFAIL' })
  t.equal((await fetch(`http://${LISTEN}:9153/metrics`)).status, 200)
  await control('POST', '/v1/rollout', { ...BY, never: ['192.0.2.0/24'] })
  t.match(await control('GET', '/v1/status'), { rootCopy: {} })
  await control('POST', '/v1/snapshot', BY)

  t.ok(await manager.hears(/^WATCHDOG=1$/))
  t.match(manager.heard[0], /^READY=1\nSTATUS=serves 127\.73\.0\.53@53$/)
  first.signal('SIGHUP')
  t.ok(await manager.hears(/^RELOADING=1\nMONOTONIC_USEC=\d+$/))
  await first.until(/the configuration is read again/)

  const second = await start('--take-over')
  const { code, stdout } = await first.ended
  t.equal(code, 0, stdout)
  t.ok(await manager.hears(/^STOPPING=1\n/))
  t.match(await ask(server, { name: 'www.good.se', type: 'A', ad: true }), { rcode: 'NOERROR', ad: true })
  const ended = await second.stop()
  t.equal(ended.code, 0)
  const lines = `${first.stdout}\n${ended.stdout}`.split('\n')
  const trouble = lines.filter(
    (line) => /"level":"(warn|error|fatal)"/.test(line) && !/this is Node/.test(line),
  )
  t.same(trouble, [], 'nothing is missed')
  const files = readdirSync(state)
  for (const name of ['caches.snapshot', 'journal.jsonl', 'rollout-key.json'])
    t.ok(files.includes(name), name)
  for (const name of files)
    t.equal(statSync(join(state, name)).mode & FILE_MODE_OTHERS, 0, `${name} is nobody else's`)
})
