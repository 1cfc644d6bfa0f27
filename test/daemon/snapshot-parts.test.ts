/** A snapshot as a configuration and a policy want it. */
import { join } from 'node:path'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import type { SnapshotHead } from '../../src/cache/snapshot.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { SnapshotFile } from '../../src/daemon/snapshot/file.ts'
import { snapshotKeeper } from '../../src/daemon/snapshot/parts.ts'
import { restoreInThreads } from '../../src/daemon/snapshot/threads.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { testFolder } from '../support/folder.ts'

t.test('what the verdicts of a snapshot stand for is told by what held as it was written', async (t) => {
  const path = join(testFolder(t), 'caches')
  const config = defaultConfig()
  const settings = { ...config.settings, 'cache.snapshot': path }
  const clock = new VirtualClock(1_790_000_000)
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  let isSettled = true
  let live = settings
  /** The digest that verdicts are marked with now. */
  const digest = async (): Promise<string> => {
    const hashKey = [1, 2] as const
    const answers = new AnswerCache({ bytesMax: 1_048_576, hashKey })
    const rrsets = new RrsetCache({ bytesMax: 1_048_576, hashKey, nowMs: () => clock.nowMs() })
    const keeper = snapshotKeeper({
      config: { ...config, settings },
      policy,
      settingsNow: () => live,
      isSettled: () => isSettled,
      platform: { algorithms: new Set(), digests: new Set() },
      clock,
      counters: new Counters(),
      log: createLog({ level: 'error', format: 'json' }, { write: () => {} }),
      readers: { answers: [answers.reader()], rrsets: [rrsets.reader()] },
      restore: async () => undefined,
    })!
    keeper.keepWriting()
    await keeper.stop()
    const file = await SnapshotFile.open(path)
    let head: SnapshotHead | undefined
    await file.read(
      (found) => (head = found),
      () => true,
    )
    await file.close()
    return Buffer.from(head!.judgementDigest).toString('hex')
  }
  const before = await digest()
  t.equal(await digest(), before)
  policy.apply({ kind: 'insecure-zones', zones: [nameFrom('corp.')] })
  isSettled = false
  const amid = await digest()
  t.not(await digest(), amid, 'in the middle of a change: like no other')
  policy.raise()
  isSettled = true
  const after = await digest()
  t.equal(new Set([before, amid, after]).size, 3)
  live = { ...settings, 'resolution.private-domains': [nameFrom('corp.')] }
  t.not(await digest(), after, 'a setting that was changed since the start')
  live = { ...settings, 'local-zones.disable': [nameFrom('test.')] }
  t.not(await digest(), after, 'names that are answered here, and were not when they were resolved')
  live = settings
  t.equal(await digest(), after)
})

t.test('a thread that ends while it loads loads once more in its next life, and not for ever', async (t) => {
  const counts = { answers: 2, rrsets: 3 }
  const ready = { kind: 'ready' }
  const scripts: readonly [script: readonly object[], loaded: object][] = [
    [[{ kind: 'restored', counts }], counts],
    [[{}, {}, ready, { kind: 'restored', counts }], counts],
    [[{}, ready, {}], { answers: 0, rrsets: 0 }],
  ]
  for (const [script, loaded] of scripts) {
    const rest = [...script]
    const told: unknown[] = []
    /** Says what comes next in the script: nothing, as one that ends, for an empty object. */
    const next = async (kind: string): Promise<undefined> => {
      if (kind === 'answers-restored') return undefined
      const message = rest.shift() as { kind?: string }
      if (message.kind === undefined) return undefined
      t.equal(message.kind, kind)
      return message as never
    }
    const thread = {
      worker: {} as never,
      next: next as never,
      post: (message: unknown) => void told.push(message),
    }
    const restoring = { path: 'x', terms: {} as never, onAnswers: () => {}, isWanted: () => true }
    t.same(await restoreInThreads([thread], restoring), loaded)
    t.equal(told.length, script.length === 1 ? 1 : 2)
    t.equal(rest.length, 0)
  }
})
