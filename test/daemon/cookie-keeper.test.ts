/** Secrets of server cookies: drawn, kept, followed by others, or the operator's. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { COOKIE_SECRET_WATCH_MS } from '../../src/base/limits.ts'
import { formatHex } from '../../src/base/octets.ts'
import { seededRandom } from '../../src/base/random.ts'
import { writeSipHashKey } from '../../src/base/siphash.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { CookieKeeper } from '../../src/daemon/cookies/keeper.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { testFolder } from '../support/folder.ts'

const HOUR_SECONDS = 3_600
const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf'

interface Kept {
  readonly keeper: CookieKeeper
  readonly folder: StateFolder
  /** Words of those that are accepted, in their order. */
  accepted(): string[]
}

/** Everything that the log was told, as text. */
const told: string[] = []

async function keeperIn(path: string, clock: VirtualClock, seed: number, secretFile = ''): Promise<Kept> {
  const tell = (fields: object, text: string): void => void told.push(JSON.stringify({ ...fields, text }))
  const log = { info: tell, warn: tell, error: tell } as never
  const folder = await StateFolder.open({ path, isWanted: path !== '', log })
  const keeper = new CookieKeeper({
    config: withFile(secretFile),
    folder,
    random: seededRandom(seed),
    clock,
    unixSeconds: () => clock.unixSeconds(),
    log,
  })
  await folder.settled()
  const accepted = (): string[] => {
    const { secrets } = keeper
    return Array.from({ length: secrets.count }, (_, i) => secrets.keys.slice(4 * i, 4 * i + 4).join())
  }
  return { keeper, folder, accepted }
}

function withFile(secretFile: string): Pick<ReturnType<typeof defaultConfig>, 'path' | 'settings'> {
  const { path, settings } = defaultConfig()
  return { path, settings: { ...settings, 'server.cookies.secret-file': secretFile } }
}

function wordsOf(hex: string): string {
  const words = new Int32Array(4)
  writeSipHashKey(Buffer.from(hex, 'hex'), words)
  return words.join()
}

t.test('drawn once, kept for its owner alone, and there again after a restart', async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const first = await keeperIn(path, clock, 1)
  t.equal(first.accepted().length, 1)
  t.equal(statSync(join(path, 'cookie-secrets.json')).mode & 0o777, 0o600)
  const again = await keeperIn(path, clock, 2)
  t.same(again.accepted(), first.accepted())
  t.same(again.keeper.status, { from: 'own', accepted: 1, drawn: '2027-01-15T08:00:00.000Z' })
  t.not(
    (await keeperIn('', clock, 3)).accepted()[0],
    first.accepted()[0],
    'without a folder for this run alone',
  )
})

t.test('followed by another after a day, and accepted while its cookies are valid', async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const { keeper, folder, accepted } = await keeperIn(path, clock, 1)
  const [old] = accepted()
  keeper.start()
  clock.advance(23.9 * HOUR_SECONDS * 1000)
  t.same(accepted(), [old])
  clock.advance(0.1 * HOUR_SECONDS * 1000 + COOKIE_SECRET_WATCH_MS)
  const [made, before] = accepted()
  t.same([made === old, before], [false, old])
  await folder.settled()
  t.same((await keeperIn(path, clock, 9)).accepted(), [made, old], 'after a restart as well')
  clock.advance(HOUR_SECONDS * 1000 - COOKIE_SECRET_WATCH_MS)
  t.same(accepted(), [made, old], 'an hour after')
  clock.advance(2 * COOKIE_SECRET_WATCH_MS)
  t.same(accepted(), [made])
  keeper.stop()
  clock.advance(30 * HOUR_SECONDS * 1000)
  t.same(accepted(), [made], 'what is stopped does no more')
})

t.test('a clock that was ahead: what it drew is followed at once', async (t) => {
  const clock = new VirtualClock(1_900_000_000)
  const { keeper, folder, accepted } = await keeperIn(testFolder(t), clock, 1)
  keeper.start()
  const [old] = accepted()
  clock.setUnixSeconds(1_800_000_000)
  clock.advance(COOKIE_SECRET_WATCH_MS)
  t.same([accepted().length, accepted()[1]], [2, old])
  keeper.stop()
  await folder.settled()
})

t.test('on command', async (t) => {
  const clock = new VirtualClock(1_800_000_000)
  const { keeper, accepted } = await keeperIn(testFolder(t), clock, 1)
  const [old] = accepted()
  t.equal(await keeper.roll(), true)
  const [next] = accepted()
  t.equal(accepted()[1], old)
  await keeper.roll()
  t.same(accepted().slice(1), [next], 'the one before the last is gone')
})

t.test("the operator's", async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const file = join(path, 'shared')
  const write = (...secrets: string[]): void =>
    writeFileSync(file, `${secrets.join('\n')}\n`, { mode: 0o600 })
  write(SECRET)
  const { keeper, folder, accepted } = await keeperIn(path, clock, 1, file)
  const own = await keeperIn(path, clock, 2)
  t.same(accepted(), [wordsOf(SECRET)])
  t.same(keeper.status, { from: 'file', accepted: 1, drawn: null })
  t.equal(await keeper.roll(), false)

  const other = '445536bcd2513298075a5d379663c962'
  write(SECRET, other)
  const change = keeper.prepare(withFile(file))
  t.same(accepted(), [wordsOf(SECRET)], 'not before everything else is found to be in order')
  change()
  t.same(accepted(), [wordsOf(SECRET), wordsOf(other)])
  write('no secret')
  t.throws(() => keeper.prepare(withFile(file)), ConfigError)
  t.same(accepted(), [wordsOf(SECRET), wordsOf(other)], 'all stays as it is')
  t.throws(() => keeper.prepare(withFile(join(path, 'nowhere'))), ConfigError)
  keeper.prepare(withFile(''))()
  t.same(accepted().length, 1)
  t.notMatch(accepted(), [wordsOf(SECRET)])
  t.equal(own.accepted().length, 1)
  t.match(told.at(-1), /have changed/)
  await folder.settled()
})

t.test('no secret is ever told', async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const { keeper } = await keeperIn(path, clock, 1)
  await keeper.roll()
  const kept = readFileSync(join(path, 'cookie-secrets.json'), 'utf8')
  const secrets = [...kept.matchAll(/"secret": "([0-9a-f]{32})"/g)].map(([, secret]) => secret!)
  t.equal(secrets.length, 2)
  for (const secret of [...secrets, SECRET]) t.notMatch(told.join(), new RegExp(secret))
  t.notMatch(JSON.stringify(keeper.status), new RegExp(secrets[0]!.slice(0, 8)))
})

t.test('a file of state that is damaged is set aside, and another secret drawn', async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const [old] = (await keeperIn(path, clock, 1)).accepted()
  const name = join(path, 'cookie-secrets.json')
  writeFileSync(name, readFileSync(name, 'utf8').replace(/[0-9a-f]{32}/, formatHex(new Uint8Array(16))))
  const { accepted } = await keeperIn(path, clock, 2)
  t.equal(accepted().length, 1)
  t.not(accepted()[0], old)
  t.not(accepted()[0], '0,0,0,0')
})
