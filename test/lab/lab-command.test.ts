/** `sigill lab`: its files are all that a resolver needs. */
import { join } from 'node:path'
import t from 'tap'
import { testFolder } from '../support/folder.ts'
import { absent } from '../support/shared-data.ts'
import { Running, sigill } from '../support/sigill-process.ts'

const CAPTURES = 'captures-2026-10-04'

t.test("the lab Internet for a resolver of one's own", async (t) => {
  const folder = join(testFolder(t), 'lab')
  const lab = new Running(['lab', '--folder', folder, '--break', 'ed448.se'])
  t.teardown(() => lab.stop())
  await lab.until(/Ctrl-C ends it/)
  const config = join(folder, 'sigill.yaml')
  t.match(await sigill('check-config', config), { code: 0 })
  const good = await sigill('lookup', 'www.nsec.se', '--trace', '--config', config)
  t.match(good, { code: 0, stdout: /secure/ }, good.stderr)
  t.match(await sigill('lookup', 'www.ed448.se', '--config', config), { code: 1, stdout: /bogus/ })
  t.match(await lab.stop(), { code: 0 })
})

t.test('recorded packets at their clock', { skip: absent(CAPTURES) }, async (t) => {
  const folder = join(testFolder(t), 'lab')
  const recorded = join('../shared/data', CAPTURES)
  const lab = new Running([
    'lab',
    '--folder',
    folder,
    '--recorded',
    recorded,
    '--clock',
    '2026-10-04T14:15:00Z',
  ])
  t.teardown(() => lab.stop())
  await lab.until(/Ctrl-C ends it/)
  const config = join(folder, 'sigill.yaml')
  const keys = await sigill('lookup', 'com', 'DNSKEY', '--trace', '--config', config)
  t.match(keys, { code: 0, stdout: /com\. DS: secure[\s\S]*com\. DNSKEY: secure/ }, keys.stderr)
  // The signature over com NS was not recorded; the chain down to com's keys is shown all the same.
  const ns = await sigill('lookup', 'com', 'NS', '--trace', '--config', config)
  t.match(
    ns,
    { code: 1, stdout: /EDE: 10[\s\S]*\. DNSKEY: secure[\s\S]*com\. DS: secure[\s\S]*com\. DNSKEY: secure/ },
    ns.stderr,
  )
})

t.test('what cannot be used', async (t) => {
  const folder = testFolder(t)
  for (const [words, message] of [
    [['--port', 'x'], /"x" is not a port/],
    [['--recorded', folder], /--recorded needs --clock/],
    [['--recorded', folder, '--clock', '2026-10-04T14:15:00Z'], /holds no recorded packets/],
    [['--recorded', join(folder, 'none'), '--clock', '2026-10-04T14:15:00Z'], /no such file/],
    [
      ['--recorded', folder, '--clock', '2026-10-04T14:15:00Z', '--break', 'nsec.se'],
      /--break is for the lab/,
    ],
    [['--clock', '2026-10-04T14:15:00Z'], /--clock is for --recorded/],
    [['--break', 'none.se'], /"none.se" is not a signed zone/],
  ] as const) {
    const { code, stderr } = await sigill('lab', '--folder', join(folder, 'lab'), ...words)
    t.equal(code, 2, stderr)
    t.match(stderr, message)
    t.equal(stderr.trim().split('\n').length, 1, 'one line, no stack trace')
  }
})
