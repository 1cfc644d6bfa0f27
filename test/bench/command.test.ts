/** The command as it is typed, a short measurement included where this machine can make one. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { compile } from '../../bench/compile.ts'
import { peersSkipReason, portFault } from '../../bench/programs.ts'
import { DNS_PORT } from '../../bench/world/authorities.ts'
import { AUTHORITY_HOSTS, NETWORK } from '../../bench/world/zone-group.ts'
import { OUT_DIR, ROOT } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'

const MAIN = join(OUT_DIR, 'bench/main.js')

function bench(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...words], { timeout: 110_000 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

t.test('what cannot be used is told', async (t) => {
  const cases: [words: string[], message: RegExp][] = [
    [[], /missing required argument/],
    [['nonsense'], /there is no bench nonsense: expected one of hits/],
    [['hits', '--seconds', 'x'], /--seconds x: expected a number/],
    [['hits', '--rate', '0'], /--rate 0: expected a number from 1/],
    [['hits', '--rounds', '0'], /--rounds 0: expected a number/],
    [['hits', '--only', 'x'], /x is none of sigill/],
    [['hits', '--peer', 'x=y'], /expected NAME=PATH/],
    [['hits', '--peer', 'bind=/not/here'], /\/not\/here is no program \(BIND\)/],
    [['hits', '--build', 'before'], /expected NAME=CHECKOUT/],
    [['hits', '--build', 'a/b=/'], /NAME of up to 40 letters/],
    [['hits', '--build', 'before=/not/here'], /\/not\/here\/dist\/src\/main\.js is not there: build it/],
    [['hits', '--build', `a=${ROOT}`, '--build', `a=${ROOT}`], /two have the same name/],
    [['hits', '--nonsense'], /unknown option/],
  ]
  for (const [words, message] of cases) {
    const { code, stderr } = await bench(...words)
    t.equal(code, 2, words.join(' '))
    t.match(stderr, message)
    t.equal(/\n\s+at /.exec(stderr), null, 'no stack trace')
  }
})

t.test('the list', async (t) => {
  const { code, stdout } = await bench('list')
  t.equal(code, 0)
  t.match(stdout, /^hits {4}10,000 cached names/m)
})

const built = compile('generator')
const missing = 'missing' in built && built.missing
const skip = missing || (await peersSkipReason(['nsd'])) || (await authoritiesSkipReason())

/** Why the authorities cannot have their addresses: another bench may run. */
async function authoritiesSkipReason(): Promise<string | false> {
  const address = `${NETWORK}.${AUTHORITY_HOSTS.root[0]}`
  const fault = await portFault(address, DNS_PORT)
  return fault !== undefined && `port 53 of ${address} cannot be had (${fault})`
}

t.test('hits of this server, and of another build of it', { skip, timeout: 120_000 }, async (t) => {
  const words = [
    'hits',
    ...['--only', 'sigill', '--build', `same=${ROOT}`],
    ...['--names', '1000', '--seconds', '0.25', '--rounds', '1', '--json'],
  ]
  const { code, stdout, stderr } = await bench(...words)
  t.equal(code, 0, stderr)
  const { parts, faults } = JSON.parse(stdout || '{"parts":[]}')
  t.same(faults, [])
  t.equal(parts.length, 2)
  for (const part of parts) {
    const [own, other] = part.rows
    t.same([own.server, other.server], ['Sigill', 'Sigill same'])
    for (const { figures } of [own, other]) {
      t.ok(figures.rate.median > 100, `${figures.rate.median} answers/s`)
      t.ok(figures.p99.median >= figures.p50.median)
    }
    t.ok(other.ratios.rate.median > 0)
  }
})

t.test('hits asked at a rate', { skip, timeout: 120_000 }, async (t) => {
  const words = ['hits', '--only', 'sigill', '--names', '1000', '--seconds', '0.5', '--rounds', '1', '--json']
  const { code, stdout, stderr } = await bench(...words, '--rate', '2000')
  t.equal(code, 0, stderr)
  const { parts } = JSON.parse(stdout || '{"parts":[]}')
  t.equal(parts.length, 2)
  for (const { title, rows } of parts) {
    t.match(title, /, 2,000 asked a second$/)
    for (const { server, figures } of rows) {
      t.ok(Math.abs(figures.rate.median - 2_000) < 100, `${server}: ${figures.rate.median} answers/s`)
    }
  }
})

/** Processes that are at work in a folder, or in one below it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
    } catch {
      // It has ended.
      return false
    }
  })
}

t.test('Ctrl-C ends all that was started and leaves nothing', { skip, timeout: 120_000 }, async (t) => {
  // Its name is short: NSD's control sockets are below it.
  const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn(process.execPath, [MAIN, 'hits', '--only', 'sigill', '--names', '1000'], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (/^round 1/m.test(stderr)) child.kill('SIGINT')
  })
  const [code] = await once(child, 'close')
  t.equal(code, 130)
  t.notMatch(stderr, /^bench: |\n\s+at /m)
  t.same(
    readdirSync(folder).filter((name) => !name.includes('zones')),
    [],
  )
  t.same(processesIn(folder), [])
})

t.test('wrong answers fail a bench, however fast they are', { skip, timeout: 120_000 }, async (t) => {
  const program = join(testFolder(t), 'unbound')
  const liar = join(OUT_DIR, 'test/bench/lying-resolver.js')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${liar}' "$@"\n`, { mode: 0o755 })
  const words = ['rtt', '--only', 'unbound', '--peer', `unbound=${program}`, '--rounds', '1', '--json']
  const { code, stdout, stderr } = await bench(...words)
  t.equal(code, 1, stderr)
  t.match(
    stderr,
    /FAULT: Unbound, cold names: 20 wrong, 0 without reply, 0 not sent, of 20 questions: www\.rtt/,
  )
  const { parts, servers, faults } = JSON.parse(stdout || '{}')
  t.equal(faults.length, 34, 'what warms, and each turn')
  t.match(servers, { Unbound: '0.lies' })
  for (const { rows } of parts) t.ok(rows[0].figures.trips.median < 1, 'it asked nobody')
})
