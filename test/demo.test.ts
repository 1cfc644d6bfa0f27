/** The demo: over real sockets every row is as it must be, and a zone broken on purpose is noticed. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { askAll, DEMO_ZONES, demo, type RunningDemo, startDemo } from '../src/cli/demo.ts'
import { askOverSocket } from '../src/cli/demo-client.ts'
import { formatRow, isGood } from '../src/cli/demo-table.ts'
import { UnusableInput } from '../src/cli/exit-code.ts'
import { secure } from '../src/lab/expectation.ts'
import { EDE } from '../src/wire/iana/extended-error.ts'
import { RCODE } from '../src/wire/iana/rcode.ts'

const ANYWHERE = { address: '127.0.0.1', port: 0 }

function start(network: readonly [number, number], broken: readonly string[] = []): Promise<RunningDemo> {
  return startDemo({ resolver: ANYWHERE, metrics: ANYWHERE, network, broken })
}

t.test('every row is as it must be', async (t) => {
  const running = await start([127, 67])
  t.teardown(() => running.stop())
  let printed = ''
  const rows = await askAll(running, (text) => {
    printed += text
  })
  t.ok(rows.length >= 45, `${rows.length} rows`)
  for (const row of rows) t.ok(isGood(row), formatRow(row))
  for (const zone of DEMO_ZONES)
    t.ok(printed.includes(`\n${zone.name}: ${zone.about}\n`), `${zone.name} has its heading`)
  t.equal(printed.split('\n').filter((line) => line.endsWith(' ok')).length, rows.length)
})

t.test('a zone broken on purpose is noticed, and only that one', async (t) => {
  const running = await start([127, 68], ['ed25519.se.'])
  t.teardown(() => running.stop())
  const observed = await askOverSocket(running.resolver, secure('www.ed25519.se.'), 1)
  t.match(observed, { rcode: RCODE.SERVFAIL, ad: false, edes: [EDE.DNSSEC_BOGUS], data: false })
  const row = { zone: DEMO_ZONES[0]!, expected: secure('www.ed25519.se.'), observed }
  t.notOk(isGood(row))
  t.match(formatRow(row), /bogus +SERVFAIL +- +6 +NOT OK\n +secure +NOERROR +ad +- +must be\n$/)
  t.match(await askOverSocket(running.resolver, secure('www.ed448.se.'), 2), {
    rcode: RCODE.NOERROR,
    ad: true,
  })
})

t.test('a demo that stops asks no further', async (t) => {
  const running = await start([127, 69])
  const asking = askAll(running, () => {})
  await running.stop()
  t.ok((await asking).length < 100)
})

t.test('a client without an answer says so', async (t) => {
  const observed = await askOverSocket({ address: '127.0.0.1', port: 1 }, secure('www.nsec.se.'), 3)
  t.type(observed, 'string')
  const row = { zone: DEMO_ZONES[0]!, expected: secure('www.nsec.se.'), observed }
  t.notOk(isGood(row))
  t.match(formatRow(row), /NOT OK/)
})

t.test('only signed zones of the lab can be broken', async (t) => {
  for (const zone of ['unsigned.se', 'no-such-zone.se']) {
    await t.rejects(
      demo({ once: true, break: [zone] }, () => {}),
      UnusableInput,
      zone,
    )
  }
})

t.test('the demo is a script of the package', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  t.match(scripts.demo, /main\.js demo$/)
})
