/** Files in conf/ speak only of metrics that exist, with labels that they have. */
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { Counters } from '../../src/telemetry/counters.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { listProjectFiles, readProjectFile } from '../house/project.ts'
import { parseExposition } from './exposition.ts'

async function page(): Promise<ReturnType<typeof parseExposition>> {
  const use = { bytes: 1, entries: 1 }
  const metrics = new Metrics({
    counters: [new Counters().set],
    caches: () => ({ answers: use, rrsets: use }),
    anchors: () => [{ tag: 20326, state: 'valid', holdDownEndSeconds: 1 }],
    followedZones: () => [{ zone: '.', lastProbeSeconds: 1, lastSuccessSeconds: 1, isRollReady: true }],
    negativeTrustAnchors: () => [{ name: 'a.', secondsLeft: 1, hits: 2 }],
    expiringZones: () => 2,
    unstoredFiles: () => 1,
    enforcedRatio: () => 1,
    rootCopy: () => ({ isInForce: true, serial: 1, octets: 1, ageSeconds: 1 }),
    alert: () => ({ cause: 'zone', ancestor: 'a.' }),
  })
  return parseExposition((await metrics.page()).body)
}

t.test('every metric named in conf/ exists, and so do the label values it is asked for', async (t) => {
  const families = await page()
  const samples = [...families.values()].flatMap((family) => family.samples)
  let named = 0
  for (const path of listProjectFiles('conf', '')) {
    const text = readProjectFile(`conf/${path}`)
    for (const [, name, selector = ''] of text.matchAll(/\b(sigill_[a-z0-9_]+)(?:\{([^}]*)\})?/g)) {
      named++
      const matching = samples.filter((sample) => sample.name === name)
      t.ok(families.has(name!) || matching.length > 0, `${path}: ${name}`)
      for (const [, label, value] of selector.matchAll(/([a-z]+)="([^"]*)"/g)) {
        t.ok(
          matching.some((sample) => sample.labels[label!] === value),
          `${path}: ${name}{${label}="${value}"}`,
        )
      }
    }
  }
  t.ok(named > 8, 'and some are named')
})

t.test('YAML files in conf/ are YAML', async (t) => {
  for (const path of listProjectFiles('conf', '.yaml')) {
    const documents = parseAllDocuments(readProjectFile(`conf/${path}`))
    t.same(
      documents.flatMap((document) => document.errors),
      [],
      path,
    )
  }
})
