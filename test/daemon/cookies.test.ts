/** Server cookies of a running daemon, by dig, and beside BIND with the same secret. */
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runProgram, ServerProcess } from '../../bench/processes.ts'
import { findProgram } from '../../bench/programs.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'
import { startThreadedDaemon, type ThreadedDaemon } from '../support/threaded-daemon.ts'

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf'
const OTHER_SECRET = '445536bcd2513298075a5d379663c962'
const CLIENT_COOKIE = '2464c4abcf10c957'
const AUTHOR = { who: 'test', why: 'to see' }
const needsDig = findProgram('dig') === undefined && 'dig is not installed'
const needsBind = needsDig || (findProgram('named') === undefined && 'named is not installed')

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 97])
})
t.teardown(() => world.close())

/** What dig says. */
interface Told {
  readonly rcode: string
  readonly answers: number
  /** The whole option in hex; undefined where none came. */
  readonly cookie: string | undefined
}

async function dig(server: { address: string; port: number }, ...words: string[]): Promise<Told> {
  const text = await runProgram(
    'dig',
    [
      `@${server.address}`,
      '-p',
      String(server.port),
      '-b',
      '127.0.0.1',
      '+tries=1',
      '+nobadcookie',
      ...words,
    ],
    world.folder,
  )
  return {
    rcode: /status: (\w+)/.exec(text)?.[1] ?? text,
    answers: Number(/ANSWER: (\d+)/.exec(text)?.[1]),
    cookie: /^; COOKIE: ([0-9a-f]+)/m.exec(text)?.[1],
  }
}

/** A daemon with two front threads whose file names the secrets. */
async function start(
  t: Test,
  cookies: string,
  more = '',
): Promise<{ it: ThreadedDaemon; setCookies: (yaml: string) => void }> {
  const file = join(world.folder, 'threads.yaml')
  writeFileSync(join(world.folder, 'secrets'), `${SECRET}\n`, { mode: 0o600 })
  const plain = readFileSync(world.writeConfig('threads.yaml', more), 'utf8')
  const setCookies = (yaml: string): void =>
    writeFileSync(file, plain.replace('server: {', `server: { cookies: ${yaml},`))
  const writeConfig = (): string => {
    setCookies(cookies)
    return file
  }
  const it = await startThreadedDaemon(
    { ...world, writeConfig },
    { 'server.front-threads': 2, 'server.resolver-threads': 1 },
  )
  t.teardown(() => it.daemon.stop())
  return { it, setCookies }
}

const WWW = ['www.good.se', 'A']

t.test('a cookie is got, shown and renewed by a roll-over of the secret', { skip: needsDig }, async (t) => {
  const { it, setCookies } = await start(t, '{ secret-file: secrets }')
  const { server, daemon, metric } = it
  const first = await dig(server, ...WWW, `+cookie=${CLIENT_COOKIE}`)
  t.match(first, { rcode: 'NOERROR', answers: 2, cookie: /^2464c4abcf10c95701000000[0-9a-f]{24}$/ })
  for (let i = 0; i < 4; i++) {
    const shown = await dig(server, ...WWW, `+cookie=${first.cookie}`)
    t.equal(shown.cookie, first.cookie, 'whichever thread it comes to')
  }
  t.equal(await metric('client_cookies_total', { outcome: 'good' }), 4)
  t.equal(await metric('client_cookies_total', { outcome: 'new' }), 1)
  t.equal((await dig(server, ...WWW, '+nocookie')).cookie, undefined)
  t.equal((await dig(server, ...WWW, '+cookie=2464c4abcf')).rcode, 'FORMERR')
  t.match(await dig(server, '+header-only', `+cookie=${first.cookie}`), {
    rcode: 'NOERROR',
    cookie: first.cookie,
  })

  writeFileSync(join(world.folder, 'secrets'), `${OTHER_SECRET}\n${SECRET}\n`)
  await daemon.operator.reload(AUTHOR)
  const rolled = await dig(server, ...WWW, `+cookie=${first.cookie}`)
  t.not(rolled.cookie, first.cookie)
  t.equal((await dig(server, ...WWW, `+cookie=${rolled.cookie}`)).cookie, rolled.cookie)
  t.equal(await metric('client_cookies_total', { outcome: 'bad' }), 0)

  writeFileSync(join(world.folder, 'secrets'), 'none\n')
  await t.rejects(daemon.operator.reload(AUTHOR), /secrets:1:1: expected a secret of 32 hexadecimal digits/)
  t.equal((await dig(server, ...WWW, `+cookie=${rolled.cookie}`)).cookie, rolled.cookie, 'as before')

  writeFileSync(join(world.folder, 'secrets'), `${OTHER_SECRET}\n`)
  setCookies('{ secret-file: secrets, mode: required }')
  await daemon.operator.reload(AUTHOR)
  t.match(await dig(server, ...WWW, `+cookie=${first.cookie}`), { rcode: 'BADCOOKIE', answers: 0 })
  t.match(await dig(server, ...WWW, `+cookie=${rolled.cookie}`), { rcode: 'NOERROR', answers: 2 })
  setCookies('{ mode: off }')
  await daemon.operator.reload(AUTHOR)
  t.match(await dig(server, ...WWW, `+cookie=${first.cookie}`), { rcode: 'NOERROR', cookie: undefined })
  t.notMatch(JSON.stringify(it.log), new RegExp(`${SECRET}|${OTHER_SECRET}`), 'no secret is in the log')
})

t.test('limits on answers let a client pass that shows its cookie', { skip: needsDig }, async (t) => {
  const limits = 'rate-limiting: { answers: { per-second: 1, burst: 1, slip: 1 } }\n'
  const { it } = await start(t, '{ mode: on }', limits)
  const asked = (...words: string[]): Promise<Told> => dig(it.server, ...WWW, '+ignore', ...words)
  const many = (word: string): Promise<Told[]> => Promise.all(Array.from({ length: 12 }, () => asked(word)))
  const limited = (await many('+nocookie')).filter(({ answers }) => answers === 0)
  t.match(limited[0], { rcode: 'NOERROR', answers: 0 }, 'TC and no data')
  const told = (await many(`+cookie=${CLIENT_COOKIE}`)).find(({ rcode }) => rcode === 'BADCOOKIE')
  t.match(told, { answers: 0, cookie: /^2464c4abcf10c95701/ })
  for (let i = 0; i < 6; i++) {
    t.match(await asked(`+cookie=${told?.cookie}`), { rcode: 'NOERROR', answers: 2 })
  }
  t.ok((await it.metric('client_cookies_total', { outcome: 'good' })) >= 6)
})

/** A port that nobody has by UDP at the moment. */
function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

async function startBind(t: Test): Promise<{ address: string; port: number }> {
  const folder = join(world.folder, 'named')
  // BIND listens at addresses of interfaces, of which loopback has one.
  const server = { address: '127.0.0.1', port: await freePort() }
  const text = `options {
  directory "${world.folder}";
  pid-file none; session-keyfile none;
  listen-on port ${server.port} { ${server.address}; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
  notify no;
  allow-query { any; };
  cookie-algorithm siphash24;
  cookie-secret "${SECRET}";
  require-server-cookie yes;
};
controls { };
zone "." { type primary; file "${folder}.zone"; };
`
  writeFileSync(`${folder}.conf`, text)
  writeFileSync(`${folder}.zone`, '. 60 SOA . . 1 60 60 60 60\n. 60 NS ns.\nns. 60 A 127.0.0.1\n')
  const program = findProgram('named')!
  const named = new ServerProcess(
    'named',
    program,
    ['-f', '-4', '-n', '1', '-c', `${folder}.conf`],
    world.folder,
  )
  t.teardown(() => named.stop())
  for (let tries = 0; ; tries++) {
    const told = await dig(server, '.', 'SOA', '+nocookie', '+timeout=1').catch(() => undefined)
    if (told?.rcode === 'NOERROR') return server
    if (tries === 100) throw new Error('named does not answer')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

t.test('BIND takes our cookies for its own, and we its', { skip: needsBind }, async (t) => {
  const [{ it }, bind] = [await start(t, '{ secret-file: secrets, mode: required }'), await startBind(t)]
  const theirs = await dig(bind, '.', 'SOA', `+cookie=${CLIENT_COOKIE}`)
  t.equal(theirs.rcode, 'BADCOOKIE')
  t.match(await dig(it.server, ...WWW, `+cookie=${theirs.cookie}`), {
    rcode: 'NOERROR',
    cookie: theirs.cookie,
  })
  const ours = await dig(it.server, ...WWW, `+cookie=${CLIENT_COOKIE}`)
  t.equal(ours.rcode, 'BADCOOKIE')
  t.match(await dig(bind, '.', 'SOA', `+cookie=${ours.cookie}`), { rcode: 'NOERROR', answers: 1 })
  const changed = `${ours.cookie!.slice(0, -1)}${ours.cookie!.endsWith('0') ? '1' : '0'}`
  t.equal((await dig(bind, '.', 'SOA', `+cookie=${changed}`)).rcode, 'BADCOOKIE', 'and not another')
})
