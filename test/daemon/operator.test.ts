/** What operators change is kept as long as it means something. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { loadChanges } from '../../src/daemon/operator/kept-changes.ts'
import { Operator } from '../../src/daemon/operator/operator.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { type PolicyChange, ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { testFolder } from '../support/folder.ts'

const BY = { who: 'noc', why: 'signatures expired' }

t.test('exceptions that have ended leave the file with the next change', async (t) => {
  const clock = new VirtualClock(1_800_000_000)
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  const quiet = { info: () => {}, warn: () => {} } as never
  const config = defaultConfig()
  const folder = await StateFolder.open({ path: testFolder(t), isWanted: true, log: quiet })
  const nowSeconds = (): number => clock.unixSeconds()
  const kept = (): ReturnType<typeof loadChanges> => loadChanges(folder, config.settings, 0, quiet)
  const operator = new Operator({
    config,
    serving: { policy, changePolicy: async (change: PolicyChange) => policy.apply(change) } as never,
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
  policy.close()
})
