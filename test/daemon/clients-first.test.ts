/** One thread for everything: what comes first, and what waits. */
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { ClientsFirst } from '../../src/daemon/clients-first.ts'
import type { Front } from '../../src/front/front.ts'
import type { ClientReply, ResolverPort } from '../../src/resolver/ports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What happened, in order: `poll`, and numbers of questions as they were begun. */
function parts(): { clients: ClientsFirst; happened: string[] } {
  const happened: string[] = []
  const clients = new ClientsFirst(systemClock(), { limitHit: () => {}, limitTried: () => {} })
  const resolver: ResolverPort = {
    resolve: async ({ type }): Promise<ClientReply> => {
      happened.push(String(type))
      return { entry: Uint8Array.of(type & 0xff) }
    },
    prefetch: (_, type) => void happened.push(`ahead ${type}`),
  }
  clients.resolver = resolver
  clients.front = { poll: () => happened.push('poll') } as unknown as Front
  return { clients, happened }
}

const asked = (type: number): Parameters<ResolverPort['resolve']>[0] => ({
  name: nameFrom('a.test'),
  type,
  checkingDisabled: false,
})

t.test('questions begin one in a turn, in order, clients before each', async (t) => {
  const { clients, happened } = parts()
  const replies = [clients.resolve(asked(1)), clients.resolve(asked(2))]
  clients.prefetch(nameFrom('b.test'), TYPE.AAAA)
  t.same(happened, [], 'not while the front is at work on its batch')
  await turn()
  t.same(happened, ['poll', '1'])
  const third = clients.resolve(asked(3))
  await turn()
  t.same(happened, ['poll', '1', 'poll', '2'])
  await turn()
  await turn()
  t.same(happened.slice(4), ['poll', 'ahead 28', 'poll', '3'])
  t.same(
    (await Promise.all([...replies, third])).map(({ entry }) => entry[0]),
    [1, 2, 3],
    'each has its own reply',
  )
  await turn()
  t.equal(happened.length, 8, 'nothing is looked at while nothing waits')
  clients.serve()
  t.equal(happened.length, 9)
})

t.test('a queue that never empties', async (t) => {
  const { clients, happened } = parts()
  const order: number[] = []
  for (let i = 0; i < 1_000; i++) void clients.resolve(asked(i)).then(() => order.push(i))
  for (let i = 1_000; i < 2_000; i++) {
    await turn()
    void clients.resolve(asked(i)).then(() => order.push(i))
  }
  while (order.length < 2_000) await turn()
  t.same(order, [...order.keys()])
  t.equal(happened.length, 4_000)
})

t.test('closed, it begins nothing more', async (t) => {
  const { clients, happened } = parts()
  void clients.resolve(asked(1))
  void clients.resolve(asked(2))
  await turn()
  clients.close()
  await turn()
  await turn()
  t.same(happened, ['poll', '1'])
})
