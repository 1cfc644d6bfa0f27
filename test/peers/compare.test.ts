/** Zones of other people's signers on other people's server: this resolver and Debian's Unbound must agree. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { inParallel } from '../../bench/processes.ts'
import { peersSkipReason } from '../../bench/programs.ts'
import { readProjectFile } from '../house/project.ts'
import { Results, stopwatch, tallyText } from '../support/comparison-results.ts'
import { ask, type Reply } from '../support/dns-client.ts'
import { startDaemon, startUnbound } from '../support/resolvers.ts'
import { ALLOWED, faultsOf } from './differences.ts'
import { generateQuestions } from './questions.ts'
import { startNameServers } from './servers.ts'
import { buildWorld, removeWorld } from './world.ts'
import { ZONES, type ZonePlan } from './zone-plan.ts'

const QUESTIONS_MIN = 2000
/** Questions in work at once. */
const WIDTH = 16
/** How long the judge remembers that it failed or found something bogus, and a second more. */
const JUDGE_MEMORY_MS = 6_000
/** Lines printed of a long list. */
const SHOWN_MAX = 25

const skip = await peersSkipReason()

t.test(
  'the zones of ldns and BIND, served by NSD, with Unbound as the judge',
  { skip, timeout: 170_000 },
  async (t) => {
    const clock = stopwatch()
    const world = await buildWorld()
    t.teardown(() => removeWorld(world))
    t.comment(`${world.zones.length} zones signed in ${clock()}`)
    const nameServers = await startNameServers(world)
    t.teardown(() => Promise.all(nameServers.map((server) => server.stop())))
    const judge = await startUnbound(world)
    t.teardown(() => judge.process.stop())
    const daemon = await startDaemon(world)
    t.teardown(() => daemon.process.stop())
    t.comment(`servers started in ${clock()}`)

    t.test('both find each zone as it was made', async (t) => {
      for (const plan of ZONES) {
        for (const { server, process } of [judge, daemon]) {
          const reply = await ask(server, { name: plan.name, type: 'SOA', do: true })
          t.equal(verdict(reply), plan.expected, `${process.name}: ${plan.name}`)
          if (plan.ede !== undefined && process === daemon.process)
            t.equal(reply.ede[0]?.code, plan.ede, 'with its EDE')
        }
      }
    })

    t.test('every difference has a reason', { timeout: 160_000 }, async (t) => {
      const questions = generateQuestions(world)
      t.ok(questions.length >= QUESTIONS_MIN, `${questions.length} questions`)
      const results = new Results(ALLOWED, faultsOf)
      await inParallel(questions, WIDTH, async (question) => {
        const [ours, theirs] = await Promise.allSettled([
          ask(daemon.server, question),
          ask(judge.server, question),
        ])
        if (ours.status === 'fulfilled') {
          results.add(question, ours.value, theirs.status === 'fulfilled' ? theirs.value : undefined)
        } else {
          results.fault(question, String(ours.reason))
        }
      })
      await sleep(JUDGE_MEMORY_MS)
      for (const { question, ours } of results.differing.splice(0)) {
        results.settle(question, ours, await ask(judge.server, question))
      }
      t.comment(`${questions.length} questions asked of both in ${clock()}; ${results.agreed} agree`)
      for (const [manner, rcodes] of results.rcodes) t.comment(`${manner}: ${tallyText(rcodes)}`)
      for (const [name, count] of results.explained) t.comment(`${count} differ: ${name}`)
      t.same(results.unexplained.slice(0, SHOWN_MAX), [], `${results.unexplained.length} unexplained`)
      t.same(results.faults.slice(0, SHOWN_MAX), [], `${results.faults.length} replies break a rule`)
      t.same(
        ALLOWED.filter(({ name, seldom }) => !seldom && !results.explained.has(name)).map(({ name }) => name),
        [],
        'every class of differences occurs',
      )
      t.ok(results.secure > QUESTIONS_MIN / 4, `${results.secure} answers with AD`)
    })

    t.test('the servers lived through it', async (t) => {
      for (const server of [...nameServers, judge.process, daemon.process])
        t.notOk(server.hasEnded, server.name)
    })
  },
)

t.test('README.md names each class of differences', async (t) => {
  const text = readProjectFile('test/peers/README.md')
  for (const { name } of ALLOWED) t.ok(text.includes(`### ${name}\n`), name)
  t.equal(text.split('\n### ').length - 1, ALLOWED.length, 'and no other')
})

function verdict(reply: Reply): ZonePlan['expected'] | string {
  if (reply.rcode === 'SERVFAIL') return 'bogus'
  if (reply.rcode !== 'NOERROR') return reply.rcode
  return reply.ad ? 'secure' : 'insecure'
}
