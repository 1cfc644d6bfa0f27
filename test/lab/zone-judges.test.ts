/** The lab's signed zones before other people's judges: ldns-verify-zone and BIND's dnssec-verify. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findProgram } from '../../bench/programs.ts'
import { BROKEN_ZONES } from '../../src/lab/broken-zones.ts'
import { HEALTHY_ZONES } from '../../src/lab/healthy-zones.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { REGISTRY_ZONES } from '../../src/lab/registry-zones.ts'
import { formatZone } from '../../src/wire/zone-text.ts'
import { testFolder } from '../support/folder.ts'

const zones = [...REGISTRY_ZONES, ...HEALTHY_ZONES, ...BROKEN_ZONES]
const internet = buildInternet({ nowSeconds: Math.floor(Date.now() / 1000), zones })

/** Zones of the healthy catalogue that a judge refuses on principle, and why. */
const REFUSED_BY_LDNS = new Map([['unknown-algorithm.se.', 'algorithm 200']])
const REFUSED_BY_BIND = new Map([
  ['unknown-algorithm.se.', 'algorithm 200'],
  ['iterations51.se.', 'newer versions allow 50 iterations'],
  ['iterations2500.se.', 'too many iterations'],
])
/** Zones whose records, not their answers, are broken in a way that each judge looks for. */
const BROKEN_IN_THE_FILE = [
  'expired.se.',
  'not-yet-valid.se.',
  'expired-before-valid.se.',
  'wrong-signature.se.',
  'no-signature.se.',
  'too-many-labels.se.',
  'unsigned-keys.se.',
  'no-dnskey.se.',
  'unpublished-key.se.',
  'wrong-key-same-tag.se.',
  'foreign-key.se.',
  'outage.',
]

const sound = [...REGISTRY_ZONES, ...HEALTHY_ZONES].filter((zone) => zone.signing !== undefined)

/** Runs a judge over every zone in turn; what it says against one, or nothing. */
function judge(
  t: Test,
  program: string,
  args: (zone: string, file: string) => string[],
): (zone: string) => string {
  const folder = testFolder(t)
  return (zone) => {
    const file = join(folder, 'zone')
    writeFileSync(file, formatZone(internet.zones.get(zone)!))
    const { status, stdout, stderr } = spawnSync(program, args(zone, file), { encoding: 'utf8' })
    return status === 0 ? '' : `${stdout}${stderr}`.trim() || `exit code ${status}`
  }
}

const ldns = findProgram('ldns-verify-zone')
t.test(
  'ldns-verify-zone',
  { skip: ldns === undefined && 'ldns-verify-zone not found: install ldnsutils' },
  async (t) => {
    const verdict = judge(t, ldns!, (_, file) => ['-V', '1', file])
    for (const { name } of sound) {
      if (REFUSED_BY_LDNS.has(name))
        t.not(verdict(name), '', `${name} is refused: ${REFUSED_BY_LDNS.get(name)}`)
      else t.equal(verdict(name), '', name)
    }
    for (const name of BROKEN_IN_THE_FILE) t.not(verdict(name), '', `${name} is broken`)
  },
)

const bind = findProgram('dnssec-verify')
t.test(
  'dnssec-verify',
  { skip: bind === undefined && 'dnssec-verify not found: install bind9-utils' },
  async (t) => {
    // -z: a zone may be signed by keys of one kind.
    const verdict = judge(t, bind!, (zone, file) => ['-q', '-z', '-o', zone, file])
    for (const { name } of sound) {
      if (REFUSED_BY_BIND.has(name)) t.comment(`${name}: ${REFUSED_BY_BIND.get(name)}: ${verdict(name)}`)
      else t.equal(verdict(name), '', name)
    }
    for (const name of BROKEN_IN_THE_FILE) t.not(verdict(name), '', `${name} is broken`)
  },
)
