/** What operators change is kept as long as it means something. */
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { Exceptions } from '../../src/daemon/operator/exceptions.ts'
import { loadChanges } from '../../src/daemon/operator/kept-changes.ts'
import { Operator } from '../../src/daemon/operator/operator.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { type PolicyChange, ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { testFolder } from '../support/folder.ts'

const BY = { who: 'noc', why: 'signatures expired' }

/** An operator of a daemon that goes by a policy, and a clock that the test moves. */
async function bench(t: Test, ofFile: readonly { readonly name: string; readonly seconds: number }[] = []) {
  const clock = new VirtualClock(1_800_000_000)
  const nowSeconds = (): number => clock.unixSeconds()
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  t.teardown(() => policy.close())
  const quiet = { info: () => {}, warn: () => {}, error: () => {} } as never
  const given = defaultConfig()
  const anchors = ofFile.map(({ name, seconds }) => ({
    name: nameFrom(name),
    reason: 'of the file',
    author: '',
    expiresSeconds: nowSeconds() + seconds,
  }))
  const settings = { ...given.settings, 'dnssec.negative-trust-anchors': anchors }
  /** What every change waits for, as for a thread that is late. */
  const stuck: { thread?: Promise<void> } = {}
  const folder = await StateFolder.open({ path: testFolder(t), isWanted: true, log: quiet })
  const kept = (): ReturnType<typeof loadChanges> => loadChanges(folder, settings, 0, quiet)
  const operator = new Operator({
    config: { ...given, settings },
    serving: {
      policy,
      changePolicy: async (change: PolicyChange) => {
        policy.apply(change)
        await stuck.thread
      },
    } as never,
    kept: kept(),
    cookies: { prepare: () => () => {} },
    journal: { add: async () => {} } as never,
    log: { level: 'info' } as never,
    nowSeconds,
    setAnchors: async () => {},
  })
  const add = (name: string, seconds: number): Promise<void> => {
    const addedSeconds = nowSeconds()
    const times = { addedSeconds, expiresSeconds: addedSeconds + seconds }
    const one = { name, reason: '', author: 'noc', forced: false, ...times }
    return operator.change('nta-add', BY, {}, (changes) => ({ ...changes, added: [...changes.added, one] }))
  }
  return { clock, policy, operator, kept, add, stuck }
}

t.test('exceptions that have ended leave the file with the next change', async (t) => {
  const { clock, operator, kept, add } = await bench(t)
  const names = (): string[] => kept().changes.added.map(({ name }) => name)
  await operator.setRollout({ percent: 10 }, BY)
  await add('short.test.', 60)
  await add('long.test.', 3_600)
  t.same(names(), ['short.test.', 'long.test.'])
  clock.advance(60_000)
  await add('new.test.', 60)
  t.same(names(), ['long.test.', 'new.test.'])
  t.equal(operator.rollout.percent, 10, 'the rest stays')
  t.match(kept().changes.rollout, { percent: { value: 10 } })
})

t.test('an exception of the file counts again when the one before it has ended', async (t) => {
  const { clock, policy, operator, add } = await bench(t, [{ name: 'z.test.', seconds: 86_400 }])
  const name = nameFrom('www.z.test.')
  await add('z.test.', 60)
  t.ok(policy.negativeTrustAnchor(name))
  await operator.dropEnded()
  t.equal(operator.changes.added.length, 1, 'it has not ended')
  clock.advance(60_000)
  t.notOk(policy.negativeTrustAnchor(name))
  await operator.dropEnded()
  t.ok(policy.negativeTrustAnchor(name))
  t.equal(operator.changes.added.length, 0)
})

t.test('one of the file that was given another end by command ends then', async (t) => {
  const { clock, policy, operator } = await bench(t, [{ name: 'z.test.', seconds: 86_400 }])
  const name = nameFrom('z.test.')
  for (const anchor of operator.fileSettings['dnssec.negative-trust-anchors'])
    policy.addNegativeTrustAnchor(anchor)
  const exceptions = new Exceptions({
    operator,
    policy,
    clock,
    log: { info: () => {}, warn: () => {} },
    recheckMs: 86_400_000,
    validates: async () => false,
    forget: async () => {},
  })
  t.teardown(() => exceptions.close())
  t.match(await exceptions.extend(name, 60, BY), { secondsLeft: 60 })
  clock.advance(60_000)
  await operator.settled()
  await operator.dropEnded()
  t.notOk(policy.negativeTrustAnchor(name))
  t.equal(operator.changes.removed.length, 1)
})

t.test('a change under way does not undo the way back', async (t) => {
  const { policy, operator, add, stuck } = await bench(t)
  let release = (): void => {}
  stuck.thread = new Promise((resolve) => {
    release = resolve
  })
  const under = add('z.test.', 60)
  await new Promise(setImmediate)
  const back = operator.setRollout({ mode: 'observe' }, BY)
  t.equal(policy.mode, 'observe', 'at once')
  let modeWhenAdded: string | undefined
  const added = under.then(() => {
    modeWhenAdded = policy.mode
  })
  release()
  await Promise.all([added, back])
  t.equal(modeWhenAdded, 'observe', 'what began under enforcement ends without it')
  t.equal(policy.mode, 'observe')
  t.equal(operator.rollout.mode, 'observe')
  await operator.setRollout({ mode: 'enforce' }, BY)
  t.equal(policy.mode, 'enforce', 'and there is a way forward again')
})
