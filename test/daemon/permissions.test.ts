/** The daemon under Node's permission model, with the flags that SECURITY.md names: files elsewhere are out of its reach. */
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, readProjectFile } from '../house/project.ts'
import { ask } from '../support/dns-client.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { Running } from '../support/sigill-process.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sigill-')))
t.teardown(() => rmSync(folder, { recursive: true }))
const world = await startLabWorld(join(folder, 'world'), [127, 76])
t.teardown(() => world.close())

const known = (flag: string): boolean => spawnSync(process.execPath, [flag, '-e', '']).status === 0
const [permission] = ['--permission', '--experimental-permission'].filter(known)
const addons = known('--allow-addons') && permission === '--permission' ? ['--allow-addons'] : []
const state = join(folder, 'state')
mkdirSync(state)
const readable = [
  `${ROOT}/`,
  `${realpathSync(join(ROOT, 'node_modules'))}/`,
  `${join(folder, 'world')}/`,
  `${state}/`,
]
const flags = [
  ...[permission ?? '', '--allow-worker', ...addons, `--allow-fs-write=${state}/`],
  ...readable.map((path) => `--allow-fs-read=${path}`),
]
const through = ['sh', '-c', 'node=$1; shift; exec "$node" $FLAGS "$@"', 'sh'] as const
const env = { ...process.env, FLAGS: flags.join(' ') }
const skip = permission === undefined && 'needs a Node with permissions'

for (const threads of [0, 1]) {
  t.test(`it serves and keeps its state, resolver-threads: ${threads}`, { skip }, async (t) => {
    const more = `state: { directory: ${state} }\n`
    const config = world.writeConfig(`threads-${threads}.yaml`, more)
    const text = readFileSync(config, 'utf8')
      .replace('listen: ["127.0.0.1@0"]', `listen: ["127.0.0.1@0"], resolver-threads: ${threads}`)
      .replace('resolution:', 'resolution:\n  root-copy: { sources: [{ file: /etc/hostname }] }')
    writeFileSync(config, text)
    const running = new Running(['serve', '--config', config], { through, env })
    t.teardown(() => running.signal('SIGKILL'))
    const [, port] = await running.until(/listening on 127\.0\.0\.1@(\d+)/)
    const server = { address: '127.0.0.1', port: Number(port) }
    t.match(await ask(server, { name: 'www.good.se', type: 'A', ad: true }), { rcode: 'NOERROR', ad: true })
    await running.until(/hostname.*restricted|restricted.*hostname/)
    const { code, stdout } = await running.stop()
    t.equal(code, 0)
    t.match(stdout, /there is no socket for commands: its folder is not there/)
    t.ok(readdirSync(state).includes('rollout-key.json'))
  })
}

t.test('the flags are those that are written down', async (t) => {
  const text = readProjectFile('SECURITY.md')
  for (const flag of ['--permission', '--experimental-permission', '--allow-worker', '--allow-addons']) {
    t.ok(text.includes(flag), flag)
  }
})
