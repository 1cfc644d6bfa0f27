/** Who the daemon is: root is warned, `server.user` is believed as far as it can be. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { processAddon } from '../../src/native/process.ts'
import { ask } from '../support/dns-client.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'

/** A user that every Linux has. */
const USER = 'nobody'
const LISTEN = '127.74.0.53'
/** CAP_NET_BIND_SERVICE alone. */
const LOW_PORTS = '0000000000000400'

const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
chmodSync(folder, 0o755)
t.teardown(() => rmSync(folder, { recursive: true }))
const world = await startLabWorld(join(folder, 'world'), [127, 74])
t.teardown(() => world.close())

/** A configuration that listens where `listen` says, as this user. */
function configOf(name: string, user: string, listen: string): string {
  const path = world.writeConfig(name, `state: { directory: "${join(folder, name)}.d" }\n`)
  mkdirSync(`${join(folder, name)}.d`, { mode: 0o777 })
  chmodSync(`${join(folder, name)}.d`, 0o777)
  const server = `listen: ["${listen}"], front-threads: 2, resolver-threads: 1, user: "${user}"`
  writeFileSync(path, readFileSync(path, 'utf8').replace('listen: ["127.0.0.1@0"]', server))
  return path
}

async function start(t: Test, config: string): Promise<Running> {
  const running = new Running(['serve', '--config', config])
  t.teardown(() => running.signal('SIGKILL'))
  await running.until(/sigill ready/)
  return running
}

/** Threads of a process, each as its status file has it. */
function threadsOf(pid: number): string[] {
  const names = readdirSync(`/proc/${pid}/task`)
  return names.map((name) => readFileSync(`/proc/${pid}/task/${name}/status`, 'utf8'))
}

const AS_USER = ['setpriv', '--reuid', '65534', '--clear-groups'] as const
const mayRead = (): boolean => {
  const [program, ...words] = [...AS_USER, process.execPath, join(import.meta.dirname, '../../src/main.js')]
  return spawnSync(program, [...words, '--version']).status === 0
}
const noUser =
  (!isRoot && 'needs root') ||
  (processAddon() === undefined && 'needs the addon') ||
  (!mayRead() && `needs the program where ${USER} may read it`)

t.test('root becomes that user, and serves a low port still', { skip: noUser }, async (t) => {
  const running = await start(t, configOf('user.yaml', USER, `${LISTEN}@53`))
  t.match(running.stdout, /"user":"nobody".*"msg":"this is root no more"/)
  t.notMatch(running.stdout, /this runs as root/)
  t.match(await ask({ address: LISTEN, port: 53 }, { name: 'www.good.se', type: 'A', ad: true }), {
    ad: true,
  })
  const id = /^Uid:\t\d+/m.exec(threadsOf(running.pid)[0]!)![0]
  t.notMatch(id, /\t0$/)
  for (const status of threadsOf(running.pid)) {
    t.equal(/^Uid:\t\d+/m.exec(status)?.[0], id)
    t.notMatch(status, /^(Uid|Gid):.*\t0\b/m, 'no user or group of a thread is root')
    t.match(/^CapEff:\t(.*)$/m.exec(status)?.[1], new RegExp(`^(0{16}|${LOW_PORTS})$`))
    t.notMatch(status, /^Groups:.*\b0\b/m)
  }
  t.match(threadsOf(running.pid)[0], /^NoNewPrivs:\t1$/m)
  const files = readdirSync(join(folder, 'user.yaml.d'))
  t.ok(files.includes('rollout-key.json'), 'it can write what is its own')
  t.equal((await running.stop()).code, 0)
})

t.test('one that is not there', { skip: noUser }, async (t) => {
  const { code, stderr } = await sigill(
    'serve',
    '--config',
    configOf('absent.yaml', 'no-such-user', '127.0.0.1@0'),
  )
  t.equal(code, 2)
  t.match(stderr, /server\.user no-such-user: there is no such user/)
  const root = await sigill('serve', '--config', configOf('root.yaml', 'root', '127.0.0.1@0'))
  t.match(root, { code: 2, stderr: /server\.user root: that is root as well/ })
})

t.test('who is not root becomes nobody else', { skip: isRoot && noUser }, async (t) => {
  const words = ['serve', '--config', configOf('other.yaml', 'root', '127.0.0.1@0')]
  const { code, stderr } = await new Running(words, isRoot ? { through: AS_USER } : {}).ended
  t.equal(code, 2)
  t.match(stderr, /server\.user root: only root can become somebody else/)
})

t.test(
  'root without it is warned, and SIGUSR1 opens nothing',
  { skip: !isRoot && 'needs root' },
  async (t) => {
    const running = await start(t, configOf('as-root.yaml', '', '127.0.0.1@0'))
    t.match(running.stdout, /"level":"warn".*this runs as root/)
    running.signal('SIGUSR1')
    running.signal('SIGHUP')
    await running.until(/the configuration is read again/)
    const ended = await running.stop()
    t.notMatch(ended.stderr, /Debugger listening/)
    t.equal(ended.code, 0)
  },
)
