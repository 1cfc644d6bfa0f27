/** Inputs that did harm once, or could have: each is tried for ever. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, readProjectFile } from '../house/project.ts'
import { CASES_FOLDER } from './cases.ts'
import { tryClientCase } from './client-target.ts'
import { tryConfigCase } from './config-target.ts'
import { tryMessageCase } from './message-target.ts'
import { TARGETS } from './targets.ts'
import { tryUpstreamCase } from './upstream-target.ts'
import { tryZoneCase } from './zone-target.ts'

const TRY: Readonly<Record<string, (text: string) => void | Promise<void>>> = {
  client: tryClientCase,
  upstream: tryUpstreamCase,
  message: tryMessageCase,
  zone: tryZoneCase,
  config: tryConfigCase,
}

t.test('every case', async (t) => {
  for (const file of readdirSync(join(ROOT, CASES_FOLDER)).sort()) {
    const target = file.split('-', 1)[0]!
    const text = readProjectFile(`${CASES_FOLDER}/${file}`)
    await t.resolves(
      Promise.resolve().then(() => TRY[target]!(text)),
      file,
    )
  }
})

t.test('every target has cases', async (t) => {
  const files = readdirSync(join(ROOT, CASES_FOLDER))
  for (const { name } of TARGETS)
    t.ok(
      files.some((file) => file.startsWith(`${name}-`)),
      name,
    )
})
