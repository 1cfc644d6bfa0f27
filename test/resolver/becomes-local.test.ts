/** Names that local zones begin to answer while the resolver is at work on them: nothing of that is kept or renewed. */
import t from 'tap'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import { makeWorld, zone } from '../support/world.ts'

const CONTENT = 'www 100 A 192.0.2.80\nother 100 A 192.0.2.81\n'
const WWW = nameFrom('www.z.test')
const local: ResolverSettings['local'] = (name) => (namesEqual(name, WWW) ? { kind: 'refuse' } : undefined)

t.test('an answer that comes when its name is local is given, and not kept', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings: { prefetch: true } })
  const answers = ['www.z.test', 'other.z.test'].map((name) =>
    world.resolver.resolve({ name: nameFrom(name), type: TYPE.A, checkingDisabled: false }),
  )
  world.resolver.configure({ ...ENGINE_SETTINGS, local })
  world.policy.raise()
  let settled = 0
  for (const answer of answers) void answer.then(() => settled++)
  await world.clock.runUntil(() => settled === answers.length, 30_000)
  const nowMs = world.clock.nowMs()
  const isKept = (name: Name): boolean => world.answers.find(name, 0, name.length, TYPE.A, nowMs) >= 0
  t.notOk(isKept(WWW))
  t.ok(isKept(nameFrom('other.z.test')))

  world.forget()
  world.resolver.prefetch(WWW, TYPE.A)
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 30_000)
  t.same(world.asked(), [], 'nor is it fetched anew')
  world.resolver.configure({ ...ENGINE_SETTINGS })
  await world.askCached('www.z.test')
  t.ok(isKept(WWW), 'local no more')
})
