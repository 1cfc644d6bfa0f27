/** The rehearsal of a roll-out: whatever its operator is told and its customers get is as it must be. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { rehearse } from '../../src/cli/rehearsal-steps.ts'
import { REHEARSED_FAULTS, REHEARSED_ZONES, rehearsalZones } from '../../src/lab/rehearsal-zones.ts'

t.test(
  'from the first look to everybody, with an exception and an outage on the way',
  { timeout: 180_000 },
  async (t) => {
    const warnings: unknown[] = []
    process.on('warning', (warning) => warnings.push(warning))
    const steps: string[] = []
    let terminal = ''
    const { checks, report } = await rehearse({
      step: (title) => steps.push(title),
      terminal: (text) => {
        terminal += text
      },
      check: ({ what, expected, seen, good }) => t.ok(good, `${what}: ${seen}, must be ${expected}`),
    })
    t.equal(steps.length, 7)
    t.ok(checks.length >= 28, `${checks.length} checks`)
    t.equal(report.domains.length, REHEARSED_FAULTS.length)
    t.match(terminal, /ALERT: .* below nu\.: its registry has to mend it/)
    t.equal(terminal.match(/ALERT/g)?.length, 1)
    t.match(terminal, /\$ sigill control nta add nu\. .* --force\n/, 'the command that the alert names')
    t.same(warnings, [], 'Node tells of listeners that pile up')
  },
)

t.test('its zones are so many, and no two fail alike', async (t) => {
  const zones = rehearsalZones()
  t.equal(zones.length, REHEARSED_ZONES)
  t.equal(new Set(zones.map(({ name }) => name)).size, REHEARSED_ZONES)
  t.equal(new Set(REHEARSED_FAULTS.map(({ zone }) => zone.about)).size, 20)
})

t.test('it is a script of the package', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  t.match(scripts.rehearsal, /main\.js rehearsal$/)
})
