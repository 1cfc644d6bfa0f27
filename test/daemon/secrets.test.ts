/** A daemon with every kind of secret tells none of them: not in its log, its faults, its pages, its commands, its report. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { command } from '../../src/cli/control-client.ts'
import { ask } from '../support/dns-client.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { Running, sigill } from '../support/sigill-process.ts'
import { until } from '../support/until.ts'

const FILE_MODE = 0o600
/** An address that no other test has. */
const COMMANDS = '127.75.0.1@9154'
const BY = { who: 'tester', why: 'to see' }

const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const world = await startLabWorld(join(folder, 'world'), [127, 75])
t.teardown(() => world.close())

/** Secrets that the operator gives: what stands in their files. */
const TOKEN = `token-${randomBytes(16).toString('hex')}`
const COOKIE_SECRETS = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
const tokenFile = join(folder, 'token')
const cookieFile = join(folder, 'cookies')
writeFileSync(tokenFile, `${TOKEN}\n`, { mode: FILE_MODE })
writeFileSync(cookieFile, `${COOKIE_SECRETS.join('\n')}\n`, { mode: FILE_MODE })

/** Names of state files with secrets, as far as there are any. */
const SECRET_FILES = /key|secret|cookie/

interface Place {
  readonly config: string
  readonly state: string
  readonly socket: string
}

function place(name: string, server: string): Place {
  const state = join(folder, name)
  const socket = join(folder, `${name}.sock`)
  const more = `control: { socket: ${socket}, listen: "${COMMANDS}", token-file: ${tokenFile} }
state: { directory: ${state} }\n`
  const config = world.writeConfig(`${name}.yaml`, more)
  const text = readFileSync(config, 'utf8')
    .replace('listen: ["127.0.0.1@0"]', `listen: ["127.0.0.1@0"], ${server}`)
    .replace('rrsets-mib: 8', `rrsets-mib: 8, snapshot: ${state}/caches.snapshot`)
  writeFileSync(config, text)
  return { config, state, socket }
}

/** Texts and numbers in the content of a state file that nobody could guess. */
function secretsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(secretsIn)
  if (typeof value === 'string' && /^[0-9a-f]{16,}$|^[A-Za-z0-9+/_-]{20,}=*$/.test(value)) return [value]
  // Below this a number may stand somewhere by chance, as a count of octets or a time may.
  return typeof value === 'number' && value > 2 ** 28 && !isTime(value) ? [String(value)] : []
}

function isTime(value: number): boolean {
  return Math.abs(value - Date.now()) < 1e10 || Math.abs(value - Date.now() / 1_000) < 1e8
}

/** Those of the files that the daemon keeps, by the name of their file. */
function keptSecrets(state: string): [file: string, secret: string][] {
  const files = readdirSync(state).filter((name) => SECRET_FILES.test(name))
  return files.flatMap((name) => {
    const { content } = JSON.parse(readFileSync(join(state, name), 'utf8'))
    return secretsIn(content).map((secret): [string, string] => [name, secret])
  })
}

/** The ways in which octets or a number may be written. */
function spellings(secret: string): string[] {
  const isHex = /^[0-9a-f]{16,}$/.test(secret)
  const isNumber = /^\d+$/.test(secret)
  const octets = isHex ? Buffer.from(secret, 'hex') : Buffer.from(secret)
  const forms = [secret, octets.toString('base64').replace(/=+$/, ''), octets.toString('base64url')]
  if (isHex) forms.push(secret.toUpperCase(), octets.join(','), octets.join(', '))
  if (isNumber) forms.push(Number(secret).toString(16).padStart(8, '0'))
  return forms
}

/** All that a daemon says when it is asked for everything, and is told wrong things; and the report of Node on it. */
async function hearAll(t: Test, { config, socket }: Place, reports: string): Promise<string> {
  mkdirSync(reports)
  const options = `--report-on-signal --report-signal=SIGUSR2 --report-directory=${reports}`
  const running = new Running(['serve', '--config', config], {
    env: { ...process.env, NODE_OPTIONS: options },
  })
  t.teardown(() => running.signal('SIGKILL'))
  const [, port, metrics] = await running.until(
    /listening on 127\.0\.0\.1@(\d+) .*metrics on 127\.0\.0\.1@(\d+)/,
  )
  const heard: string[] = []
  const server = { address: '127.0.0.1', port: Number(port) }
  for (const name of ['www.good.se', 'www.expired.se', 'www.plain.se']) {
    heard.push(JSON.stringify(await ask(server, { name, type: 'A', do: true })))
  }
  for (const page of ['metrics', 'live', 'ready', 'absent']) {
    heard.push(await (await fetch(`http://127.0.0.1:${metrics}/${page}`)).text())
  }
  const described = await command({ socket }, 'GET', '/v1/openapi.json')
  const { paths } = (described.ok ? described.result : {}) as { paths: Record<string, object> }
  const readable = Object.entries(paths).filter(([, methods]) => 'get' in methods)
  t.ok(readable.length > 5, 'there is a lot to read')
  for (const [path] of readable) heard.push(JSON.stringify(await command({ socket }, 'GET', path)))
  for (const path of ['/v1/snapshot', '/v1/reload'])
    heard.push(JSON.stringify(await command({ socket }, 'POST', path, BY)))
  heard.push(JSON.stringify(await command({ socket }, 'POST', '/v1/rollout', { ...BY, percent: 101 })))
  const headers = { authorization: `Bearer ${TOKEN}x` }
  const refused = await fetch(`http://${COMMANDS.replace('@', ':')}/v1/status`, { headers })
  t.equal(refused.status, 401)
  heard.push(await refused.text())
  t.ok((await command({ server: COMMANDS, tokenFile }, 'GET', '/v1/status')).ok, 'who has the token may')
  running.signal('SIGUSR2')
  await until('the report', () => readdirSync(reports).length > 0)
  const { stdout, stderr } = await running.stop()
  for (const name of readdirSync(reports)) heard.push(readFileSync(join(reports, name), 'utf8'))
  return [...heard, stdout, stderr].join('\n')
}

function holdSilence(t: Test, text: string, secrets: readonly (readonly [string, string])[]): void {
  for (const [file, secret] of secrets) {
    const found = spellings(secret).filter((form) => text.includes(form))
    t.equal(found.length, 0, `a secret of ${file} is not told`)
  }
}

const COMMAND_TOKEN = ['control.token-file', TOKEN] as const
const OF_COOKIES = COOKIE_SECRETS.map((secret) => ['server.cookies.secret-file', secret] as const)

const KINDS = [
  ['drawn', 'front-threads: 1, resolver-threads: 1', [COMMAND_TOKEN]],
  ['given', `resolver-threads: 0, cookies: { secret-file: ${cookieFile} }`, [COMMAND_TOKEN, ...OF_COOKIES]],
] as const

for (const [name, server, given] of KINDS) {
  t.test(`secrets that are ${name}`, async (t) => {
    const there = place(name, server)
    const text = await hearAll(t, there, join(folder, `${name}-reports`))
    const kept = keptSecrets(there.state)
    // Once in a hundred times both its numbers could be anything's, and are not looked for.
    t.ok(readdirSync(there.state).includes('rollout-key.json'), 'there are secrets')
    if (name === 'drawn')
      t.ok(
        kept.some(([file]) => /cookie/.test(file)),
        'those of cookies too',
      )
    holdSilence(t, text, [...kept, ...given])
    for (const file of readdirSync(there.state)) {
      t.equal(statSync(join(there.state, file)).mode & 0o777, FILE_MODE, `${file} is nobody else's`)
    }
  })
}

t.test('what is wrong with a secret is told without it', async (t) => {
  const short = TOKEN.slice(0, 12)
  writeFileSync(tokenFile, `${short}\n`)
  const { config } = place('short', 'resolver-threads: 0')
  const ended = await sigill('serve', '--config', config)
  t.match(ended, { code: 2, stderr: /token-file/ })
  t.notMatch(ended.stdout + ended.stderr, short)
  writeFileSync(tokenFile, `${TOKEN}\n`)
  const cut = COOKIE_SECRETS[0]!.slice(0, 30)
  writeFileSync(cookieFile, `${cut}\n`)
  const other = place('cut', `resolver-threads: 0, cookies: { secret-file: ${cookieFile} }`)
  const refused = await sigill('serve', '--config', other.config)
  t.match(refused, { code: 2, stderr: /cookies:1:1: expected a secret/ })
  t.notMatch(refused.stdout + refused.stderr, cut)
})

t.test('the search finds what is told', async (t) => {
  const hex = '00112233445566778899aabbccddeeff'
  for (const form of spellings(hex)) t.ok(spellings(hex).some((one) => `x${form}y`.includes(one)))
  t.ok(spellings(hex).includes('ABEiM0RVZneImaq7zN3u/w'))
  t.same(secretsIn({ a: [hex, 'short', 7, 4_000_000_000] }), [hex, '4000000000'])
})
