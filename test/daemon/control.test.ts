/** Commands to a running daemon: what they change at once, what stays of it, and who may give them. */
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ControlReply, command } from '../../src/cli/control-client.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type ControlListener, listenOnSocket, secondName } from '../../src/daemon/control/control-server.ts'
import { withAuthor } from '../../src/daemon/control/route.ts'
import { makeRoutes } from '../../src/daemon/control/routes.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { sigill } from '../support/sigill-process.ts'

const TOKEN = 'a-token-of-enough-letters'
const BY = { who: 'tester', why: 'to see' }

const world = await startLabWorld(testFolder(t), [127, 87])
t.teardown(() => world.close())
writeFileSync(join(world.folder, 'token'), `${TOKEN}\n`)

interface Started {
  readonly daemon: Daemon
  readonly path: string
  readonly log: readonly Record<string, unknown>[]
  get(path: string): Promise<never>
  post(path: string, body?: object): Promise<never>
  rcode(name: string, cd?: boolean): Promise<string>
}

/** A daemon with a folder for state of the test's name, on the file as it is written now. */
async function start(t: Test, folder: string, dnssec = '', oneThread = false): Promise<Started> {
  const path = world.writeConfig(
    `${folder}.yaml`,
    `control: { socket: ${folder}.sock, listen: "127.0.0.1@0", token-file: token }
state: { directory: ${folder} }
dnssec:
  trust-anchor-files: [root.ds]
${dnssec}
`,
  )
  if (oneThread) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('127.0.0.1@0"] }', '127.0.0.1@0"], resolver-threads: 0 }'))
  }
  const log: Record<string, unknown>[] = []
  const write = (line: string): void => void log.push(JSON.parse(line))
  const daemon = await startDaemon(loadConfig(path), createLog({ level: 'info', format: 'json' }, { write }))
  t.teardown(() => daemon.stop())
  const place = { socket: daemon.control.socket! }
  const server = { address: '127.0.0.1', port: daemon.endpoints[0]!.port }
  return {
    daemon,
    path,
    log,
    get: async (path) => result(await command(place, 'GET', path)),
    post: async (path, body = {}) => result(await command(place, 'POST', path, { ...BY, ...body })),
    rcode: async (name, cd = false) => (await ask(server, { name, type: 'A', cd })).rcode,
  }
}

function result(reply: ControlReply): never {
  if (!reply.ok) throw new Error(reply.error)
  return reply.result as never
}

for (const oneThread of [true, false]) {
  t.test(
    `the rollout, ${oneThread ? 'in one thread' : 'in threads'}: at the next question, and over a restart`,
    async (t) => {
      const folder = oneThread ? 'one' : 'several'
      const it = await start(t, folder, '', oneThread)
      t.equal(await it.rcode('www.expired.se'), 'SERVFAIL')
      const rollout = { mode: 'observe', percent: 100, always: [], never: [], stored: true }
      t.same(await it.post('/v1/rollout', { mode: 'observe' }), rollout)
      t.equal(await it.rcode('www.expired.se'), 'NOERROR', 'the one-command way back')
      t.same(await it.post('/v1/rollout', { mode: 'enforce', percent: 0 }), {
        ...rollout,
        mode: 'enforce',
        percent: 0,
      })
      t.equal(await it.rcode('www.expired.se'), 'NOERROR', 'nobody is among none')
      await it.post('/v1/rollout', { always: ['127.0.0.0/8'] })
      t.equal(await it.rcode('www.expired.se'), 'SERVFAIL', 'but who is always')
      await it.post('/v1/rollout', { never: ['127.0.0.1/32'] })
      t.equal(await it.rcode('www.expired.se'), 'NOERROR')
      await it.daemon.stop()
      const again = await start(t, folder, '', oneThread)
      t.same(await again.get('/v1/rollout'), {
        mode: 'enforce',
        percent: 0,
        always: ['127.0.0.0/8'],
        never: ['127.0.0.1/32'],
        stored: true,
      })
      t.equal(await again.rcode('www.expired.se'), 'NOERROR')
      const journal: { who: string; why: string; what: string }[] = await again.get('/v1/journal')
      t.equal(journal.length, 4)
      t.match(journal[0], { ...BY, what: 'rollout' })
      await again.daemon.stop()
      const other = await start(t, folder, '  rollout: { percent: 1 }', oneThread)
      t.match(await other.get('/v1/rollout'), { mode: 'enforce', percent: 1, never: ['127.0.0.1/32'] })
      t.ok(
        other.log.some(({ term }) => term === 'percent'),
        'the file has spoken since',
      )
    },
  )
}

t.test('reload: what can change does, the rest is told, a bad file changes nothing', async (t) => {
  const it = await start(t, 'reload')
  t.equal(await it.rcode('www.good.se'), 'NOERROR')
  const good = readFileSync(it.path, 'utf8')
  writeFileSync(it.path, `${good}local-zones: { zones: [{ name: good.se, type: refuse }] }\nserver2: x\n`)
  await t.rejects(it.post('/v1/reload'), /reload.yaml:\d+:1: .*server2/s)
  t.equal(await it.rcode('www.good.se'), 'NOERROR')
  writeFileSync(
    it.path,
    `${good.replace('rrsets-mib: 8', 'rrsets-mib: 9')}local-zones: { zones: [{ name: good.se, type: refuse }] }\n`,
  )
  t.same(await it.post('/v1/reload'), { changed: ['local-zones.zones'], needRestart: ['cache.rrsets-mib'] })
  t.equal(await it.rcode('www.good.se'), 'REFUSED', 'though the answer was cached')
  writeFileSync(it.path, good.replace('dnssec:', 'access: { deny: ["127.0.0.1/32"] }\ndnssec:\n  mode: off'))
  t.same(await it.post('/v1/reload'), {
    changed: ['access.deny', 'local-zones.zones', 'dnssec.mode'],
    needRestart: [],
  })
  t.equal(await it.rcode('www.good.se'), 'REFUSED')
  t.equal(it.daemon.ready().ok, true)
})

t.test('flush: a name, what is below it, everything', async (t) => {
  const it = await start(t, 'flush')
  const entries = async (): Promise<number> => {
    const { caches }: { caches: { answers: { entries: number } } } = await it.get('/v1/status')
    return caches.answers.entries
  }
  for (const name of ['www.good.se', 'good.se', 'www.plain.se', 'alias.good.se']) await it.rcode(name)
  const before = await entries()
  t.match(await it.post('/v1/flush', { name: 'www.good.se' }), { name: 'www.good.se.' })
  t.equal(await entries(), before - 1)
  await it.post('/v1/flush', { name: 'good.se', subtree: true })
  t.equal(await entries(), before - 3)
  const all: { entries: number } = await it.post('/v1/flush')
  t.ok(all.entries > 3)
  t.equal(await entries(), 0)
  t.equal(await it.rcode('www.good.se'), 'NOERROR')
  await t.rejects(it.post('/v1/flush', { name: 'a..b' }), /name: expected a domain name/)
  await t.rejects(it.post('/v1/snapshot'), /cache.snapshot names no file/)
})

t.test('who may give commands, and how large they may be', async (t) => {
  const it = await start(t, 'access', '', true)
  const socket = it.daemon.control.socket!
  t.equal(statSync(socket).mode & 0o777, 0o660)
  const { port } = it.daemon.control.endpoint!
  const server = `127.0.0.1@${port}`
  const tokenFile = join(world.folder, 'token')
  t.equal((await command({ server, tokenFile }, 'GET', '/v1/status')).ok, true)
  writeFileSync(join(world.folder, 'wrong'), `${TOKEN}x\n`)
  t.same(await command({ server, tokenFile: join(world.folder, 'wrong') }, 'GET', '/v1/status'), {
    ok: false,
    error: 'the token is missing or wrong',
    unusable: false,
  })
  const post = (body: object): Promise<ControlReply> =>
    command({ socket }, 'POST', '/v1/rollout', { ...body })
  t.match(await post({ mode: 'observe' }), { ok: false, error: /who/ }, 'nobody changes anything unnamed')
  t.match(await post({ ...BY, mode: 'on' }), { ok: false, error: /mode/ })
  t.match(await post({ ...BY, percent: 101 }), { ok: false, error: /percent/ })
  t.match(await post({ ...BY, more: 1 }), { ok: false, error: /more/ })
  t.match(await post({ ...BY, never: ['x'] }), { ok: false, error: /network/ })
  t.match(await post({ ...BY, why: 'x'.repeat(300_000) }), { ok: false, error: /octets/ })
  t.match(await command({ socket }, 'GET', '/v2'), { ok: false, error: /openapi/ })
  t.match(await command({ socket }, 'GET', '/v1/drain'), { ok: false, error: /not by GET/ })
  t.match(await it.get('/v1/rollout'), { mode: 'enforce' }, 'none of it did anything')
  t.same(await it.get('/v1/journal'), [])
  await t.rejects(start(t, 'access', '', true), /another process takes commands there/)
  const leaving = createConnection(socket)
  leaving.write('POST /v1/rollout HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{')
  await new Promise((resolve) => setTimeout(resolve, 50))
  leaving.destroy()
  t.equal((await command({ socket }, 'GET', '/v1/status')).ok, true)
  t.notOk(
    it.log.some(({ msg }) => /not carried out/.test(String(msg))),
    'who goes away in the middle is no fault of ours',
  )
  const nowhere = loadConfig(world.writeConfig('nowhere.yaml', 'control: { socket: nowhere/at.sock }\n'))
  const silent = createLog({ level: 'error', format: 'json' }, { write: () => {} })
  await t.rejects(startDaemon(nowhere, silent), /nowhere\/at\.sock: its folder is not there; change control/)
  writeFileSync(join(world.folder, 'no-socket.sock'), 'precious')
  await t.rejects(start(t, 'no-socket', '', true), /something else than a socket is there/)
  t.equal(readFileSync(join(world.folder, 'no-socket.sock'), 'utf8'), 'precious')
})

t.test('the place of a socket: taken over, taken back, left to who listens there', async (t) => {
  const path = join(world.folder, 'place.sock')
  const listen = (version: string, takeOver: boolean): Promise<ControlListener> =>
    listenOnSocket(path, 0o600, takeOver, {
      routes: [],
      version,
      onFault: (fault: unknown) => void t.fail(String(fault)),
    })
  const who = async (): Promise<unknown> => {
    const reply = await command({ socket: path }, 'GET', '/v1/openapi.json')
    return reply.ok && (reply.result as { info: { version: string } }).info.version
  }
  const first = await listen('first', false)
  t.teardown(() => first.close())
  await t.rejects(listen('second', false), { code: 'EADDRINUSE' })
  const second = await listen('second', true)
  await first.restore()
  t.equal(await who(), 'second', 'nobody who listens is replaced')
  await second.close()
  t.notOk(existsSync(path))
  await first.restore()
  t.equal(await who(), 'first')
  const killed = createServer().listen(`${path}.killed`)
  await once(killed, 'listening')
  renameSync(`${path}.killed`, path)
  killed.close()
  await t.rejects(who(), /ECONNREFUSED/)
  await first.restore()
  t.equal(await who(), 'first')
  const secondly = async (): Promise<unknown> =>
    (await command({ socket: secondName(path) }, 'GET', '/v1/openapi.json')).ok
  writeFileSync(secondName(path), 'left by who was killed')
  first.stepAside()
  const third = await listen('third', true)
  t.same([await who(), await secondly()], ['third', true], 'both are heard')
  t.throws(() => first.stepAside(), /another process/)
  await third.close()
  await first.restore()
  t.same([await who(), existsSync(secondName(path))], ['first', false])
  first.stepAside()
  rmSync(secondName(path))
  writeFileSync(secondName(path), "another's")
  await first.restore()
  t.ok(existsSync(secondName(path)), 'what is not its own stays')
  rmSync(secondName(path))
  first.stepAside()
  await first.close()
  t.notOk(existsSync(secondName(path)))
  await first.restore()
  t.notOk(existsSync(path), 'who has closed comes back no more')
})

t.test('a socket of which nobody can say whether somebody listens is left alone', async (t) => {
  const path = join(world.folder, 'loop.sock')
  symlinkSync(path, path)
  const options = { routes: [], version: '', onFault: (fault: unknown) => void t.fail(String(fault)) }
  await t.rejects(listenOnSocket(path, 0o600, false, options), { code: 'ELOOP' })
  t.ok(lstatSync(path).isSymbolicLink())
})

t.test('an answer without end is not waited for', async (t) => {
  const path = join(world.folder, 'endless.sock')
  const server = createHttpServer((_, response) => {
    const chunk = 'x'.repeat(1_048_576)
    const more = (): void => void (response.destroyed || response.write(chunk, more))
    more()
  }).listen(path)
  await once(server, 'listening')
  await t.rejects(command({ socket: path }, 'GET', '/v1/status'), /more than \d+ octets/)
  server.closeAllConnections()
  server.close()
})

t.test('what is wrong with a command is told in words of ours', async (t) => {
  const faults = makeRoutes({} as never).flatMap(({ path, body }) => {
    if (body === undefined) return []
    const schema = withAuthor(body)
    const fields = [...Object.keys(schema.shape), 'unheard-of']
    return [null, -1, 1e9, 1.5, '', 'x..', 'x'.repeat(2_000), true, [], [7], ['x'], {}].flatMap((value) =>
      fields.map((field) => ({ path, field, found: schema.safeParse({ ...BY, [field]: value }).error })),
    )
  })
  const texts = faults.flatMap(({ path, field, found }) =>
    (found?.issues ?? []).map(({ message }) => `${path} ${field}: ${message}`),
  )
  t.ok(texts.length > 100)
  t.same(
    texts.filter((text) => !/: (?:expected [a-z0-9]|unknown: )/.test(text)),
    [],
  )
})

t.test('every command is described, and is what its description says', async (t) => {
  const it = await start(t, 'described', '', true)
  const description: Description = await it.get('/v1/openapi.json')
  t.equal(description.openapi, '3.1.0')
  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = makeRoutes({} as never)
  t.same(described.sort(), routes.map(({ method, path }) => `${method} ${path}`).sort())
  for (const { method, path, body, result: shape } of routes) {
    const operation = description.paths[path]![method.toLowerCase()]!
    t.equal(operation.requestBody !== undefined, body !== undefined, `${path}: a body`)
    if (body !== undefined) {
      const { properties, required } = operation.requestBody!.content['application/json'].schema
      t.same(Object.keys(properties).sort(), [...Object.keys(body.shape), 'who', 'why'].sort(), path)
      t.ok(required?.includes('who'), `${path}: an author`)
    }
    if (method === 'GET') t.equal(shape.safeParse(await it.get(path)).success, true, `${path}: the result`)
  }
})

interface Description {
  readonly openapi: string
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly requestBody?: {
          readonly content: Record<
            'application/json',
            { readonly schema: { readonly properties: object; readonly required?: readonly string[] } }
          >
        }
      }
    >
  >
}

t.test('a negative trust anchor: in force at once, counted, kept, removed', async (t) => {
  const it = await start(t, 'nta', '', false)
  const path = '/v1/negative-trust-anchors'
  t.equal(await it.rcode('www.expired.se'), 'SERVFAIL')
  t.equal(await it.rcode('www.good.se'), 'NOERROR')
  const cached: { caches: { rrsets: { entries: number } } } = await it.get('/v1/status')
  const beganMs = performance.now()
  t.match(await it.post(path, { name: 'EXPIRED.se' }), { name: 'EXPIRED.se.' })
  await t.rejects(it.post(path, { name: 'expired.se' }), /there is one for EXPIRED\.se\. already/)
  t.match(await it.post(path, { name: 'expired.se', replace: true }), {
    name: 'expired.se.',
    author: 'tester',
    reason: 'to see',
  })
  t.equal(await it.rcode('www.expired.se'), 'NOERROR')
  t.ok(performance.now() - beganMs < 1_000, 'within a second')
  t.match(await it.post('/v1/flush', { name: 'exämple.se' }), { name: 'xn--exmple-cua.se.' }, 'as typed')
  const after: typeof cached = await it.get('/v1/status')
  t.ok(after.caches.rrsets.entries >= cached.caches.rrsets.entries, 'the cache stays')
  for (let i = 0; i < 3; i++) await it.rcode('www.expired.se')
  t.match(await it.get(path), [{ name: 'expired.se.', hits: 4, forced: false, secondsLeft: Number }])
  await t.rejects(it.post(path, { name: 'se' }), /force/)
  await t.rejects(it.post(path, { name: '.' }), /force/)
  await t.rejects(it.post(path, { name: 'x.se', seconds: 604_801 }), /seconds/)
  await t.rejects(it.post(path, { name: 'x.se', why: '' }), /a reason is needed/)
  t.match(await it.post(path, { name: 'se', force: true }), { name: 'se.', forced: true })
  const extended: { secondsLeft: number } = await it.post(`${path}/extend`, {
    name: 'expired.se',
    seconds: 7_200,
  })
  t.ok(extended.secondsLeft > 7_100)
  await it.daemon.stop()
  const again = await start(t, 'nta', '', false)
  const names = async (): Promise<string[]> => {
    const list: { name: string }[] = await again.get(path)
    return list.map(({ name }) => name).sort()
  }
  t.same(await names(), ['expired.se.', 'se.'], 'over a restart')
  t.equal(await again.rcode('www.expired.se'), 'NOERROR')
  await again.post(`${path}/remove`, { name: 'se' })
  t.match(await again.post(`${path}/recheck`), [{ name: 'expired.se.' }], 'it is broken still')
  await again.post(`${path}/remove`, { name: 'expired.se' })
  await t.rejects(again.post(`${path}/remove`, { name: 'expired.se' }), /there is no negative trust anchor/)
  t.equal(await again.rcode('www.expired.se'), 'SERVFAIL')
  await again.post(path, { name: 'good.se' })
  t.same(await again.post(`${path}/recheck`), [], 'a zone that validates needs none')
  const journal: { what: string; who: string }[] = await again.get('/v1/journal')
  t.match(journal[0], { what: 'nta-remove', who: 'sigill', why: 'the zone validates again' })
})

t.test('drain: not ready at once, serving on, then ending with nobody unanswered', async (t) => {
  const it = await start(t, 'drain')
  t.equal(await it.rcode('www.good.se'), 'NOERROR')
  let over = false
  const ended = it.daemon.stopAsked.then(() => {
    over = true
  })
  t.same(await it.post('/v1/drain', { seconds: 1 }), { seconds: 1 })
  t.match(it.daemon.ready(), { ok: false, text: /stopping/ })
  let answers = 0
  const load = async (): Promise<void> => {
    for (; !over; answers++) if ((await it.rcode('www.good.se')) !== 'NOERROR') t.fail('not served')
  }
  await Promise.all([ended, ...Array.from({ length: 8 }, load)])
  const slow = it.rcode('www.slow.se')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(await it.daemon.stop(), 0, 'nobody is left unanswered')
  t.equal(await slow, 'NOERROR')
  t.ok(answers > 100, `${answers} answers in the second before the end`)
})

t.test('the command line', async (t) => {
  const it = await start(t, 'words', '', true)
  const run = (...words: string[]): ReturnType<typeof sigill> =>
    sigill('control', ...words, '--config', it.path)
  const [status, rollout, flush, refused, drain] = await Promise.all([
    run('status', '--json'),
    run('rollout', 'enforce', '--percent', '10', '--never', '192.0.2.0/24', '--reason', 'first step'),
    run('flush', 'good.se', '--subtree'),
    run('snapshot'),
    run('rollout', '--percent', 'x'),
  ])
  t.match(JSON.parse(status.stdout), { ready: true, pid: process.pid })
  t.match(rollout, {
    code: 0,
    stdout: /mode: enforce\nenforced for: 10 % .*\nalways: none\nnever: 192.0.2.0\/24/,
  })
  t.match(flush, { code: 0, stdout: /^name: good\.se\.\nentries: \d+/ })
  t.match(await run('flush'), { code: 0, stdout: /^name: everything\nentries: \d+/ })
  t.match(refused, { code: 1, stdout: /not done: cache.snapshot names no file/ })
  t.match(drain, { code: 2, stderr: /"x" is not a whole number/ })
  t.match(await run('nta', 'add', 'x.se', '--for', '2h', '--reason', 'why not'), {
    code: 0,
    stdout: /^x\.se\. until .*: why not \(0 answers\)\n$/,
  })
  const again = ['nta', 'add', 'x.se', '--for', '1h', '--reason', 'another']
  t.match(await run(...again), { code: 1, stdout: /^not done: there is one for x\.se\. already/ })
  t.match(await run(...again, '--replace'), { code: 0, stdout: /: another / })
  const hidden = 'x\n2020-01-01 nobody \u001b[2J'
  t.match((await run('nta', 'extend', 'x.se', '--for', '3h', '--reason', hidden)).stdout, /another/)
  const journal = (await run('journal')).stdout
  t.match(journal, /rollout .*\(first step\)/)
  t.match(journal, /nta-extend .*\(x\?2020-01-01 nobody \?\[2J\)/, 'nobody forges a line of it')
  const [mode, name] = await Promise.all([run('rollout', 'banana'), run('flush', 'a..se')])
  t.match(mode, { code: 2, stdout: '', stderr: /^sigill: mode: expected off, observe or enforce\n/ })
  t.match(name, { code: 2, stdout: '', stderr: /^sigill: name: / })
  const faults: [words: string[], stderr: RegExp][] = [
    [
      ['rollout', 'enforce', '--percent', '101'],
      /^sigill: --percent: expected a whole number from 0 to 100\n/,
    ],
    [['rollout', '--never', '192.0.2.1/24'], /^sigill: --never: expected a network such as .*, found "192/],
    [['rollout', 'off', '--author', ''], /^sigill: --author: expected a text of 1 to 200 characters\n/],
    [['nta', 'add', 'x.se', '--for', '8d'], /^sigill: --for: expected a second to a week \(7d\), found 8d\n/],
    [['nta', 'add', 'x.se', '--for', 'ever'], /^sigill: --for: "ever" is not a time/],
    [['rollout', 'report', '--json', '--html'], /^sigill: --json, --html and --export exclude each other\n/],
    [['rollout', 'report', '--json', '--export'], /exclude each other/],
    [['drain', '--seconds', '9999'], /^sigill: --seconds: expected a whole number from 0 to 3600\n/],
  ]
  for (const [words, stderr] of faults)
    t.match(await run(...words), { code: 2, stdout: '', stderr }, words.join(' '))
  const nobody = await sigill('control', 'status', '--socket', join(world.folder, 'nobody.sock'))
  t.match(nobody, { code: 2, stderr: /no daemon takes commands at .*nobody.sock/ })
})

t.test('a change that cannot be stored is in force, and nobody is told that it lasts', async (t) => {
  const it = await start(t, 'unstored', '', true)
  const folder = join(world.folder, 'unstored')
  const names = ['operator-changes.json', 'cookie-secrets.json']
  for (const name of names) mkdirSync(join(folder, `${name}.new`, 'x'), { recursive: true })
  const run = (...words: string[]): ReturnType<typeof sigill> =>
    sigill('control', ...words, '--config', it.path, '--reason', 'incident')
  const unstored = async (): Promise<number> => {
    const stats: { sigill_state_unstored_files: { value: number }[] } = await it.get('/v1/stats')
    return stats.sigill_state_unstored_files[0]!.value
  }
  t.match(await run('rollout', 'observe'), {
    code: 1,
    stdout: /^mode: observe\n/,
    stderr: /^sigill: in force, but NOT STORED: a restart undoes it\./,
  })
  t.equal(await it.rcode('www.expired.se'), 'NOERROR')
  const added = await run('nta', 'add', 'x.se', '--json')
  t.match([added.code, JSON.parse(added.stdout)], [1, { name: 'x.se.', stored: false }])
  t.match(await run('roll-cookies'), { code: 1, stderr: /NOT STORED/ })
  t.match(await it.get('/v1/rollout'), { mode: 'observe', stored: false })
  const { notStored } = (await it.get('/v1/status')) as { notStored: { file: string; holds: string }[] }
  t.same(notStored.map(({ file }) => file).sort(), names.map((name) => join(folder, name)).sort())
  t.equal(await unstored(), 2)
  const lines = it.log.filter(({ level }) => level === 'error').map(({ msg }) => msg)
  t.match(lines, [/mode, share.*negative trust anchors/, /secrets of server cookies/])
  for (const name of names) rmSync(join(folder, `${name}.new`), { recursive: true })
  t.match(await run('rollout', 'observe'), { code: 0, stderr: '' })
  t.match(await it.post('/v1/cookie-secrets/roll'), { stored: true })
  t.equal(await unstored(), 0)
})

t.test('what is gone with a damaged file is told as an error', async (t) => {
  const folder = join(world.folder, 'damaged')
  mkdirSync(folder)
  for (const name of ['operator-changes.json', 'rollout-key.json']) writeFileSync(join(folder, name), '{')
  const it = await start(t, 'damaged', '', true)
  const lines = it.log.filter(({ level }) => level === 'error').map(({ msg }) => msg)
  t.match(lines, [
    /set aside; this is gone: the rollout .* that were set by command, so that those of the configuration count/,
    /set aside; this is gone: the secret .*, so that others than before are among its share/,
  ])
  t.match(await it.get('/v1/status'), { setAside: [{ fault: 'it is not whole JSON' }, {}] })
})
