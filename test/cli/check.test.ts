/** `check` against a small signed Internet on real sockets. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { FAULTS } from '../../src/check/faults.ts'
import { type CheckOptions, check as checkDomain } from '../../src/cli/check.ts'
import { helpDeskText } from '../../src/cli/check-letters.ts'
import { ROOT as PROJECT } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { sigill } from '../support/sigill-process.ts'

const SCHEMA = JSON.parse(readFileSync(join(PROJECT, 'conf/check-report.schema.json'), 'utf8'))

interface Printed {
  readonly code: number
  readonly stdout: string
  /** On one line. */
  readonly words: string
}

t.test('the schema knows every fault', async (t) => {
  t.same(SCHEMA.properties.findings.items.properties.code.enum, Object.keys(FAULTS))
})

t.test('what servers said moves no cursor in what a help desk reads', async (t) => {
  const [code] = Object.entries(FAULTS).find(([, { party }]) => party === 'resolver')!
  const finding = { code, party: 'resolver', problem: 'p', fix: 'f', evidence: ['a\u001b[2J\nb'] }
  const counts = { errors: 1, warnings: 0, notices: 0 }
  const text = helpDeskText({ domain: 'x.', counts, findings: [finding] } as never)
  t.match(text, /a\?\[2J\?b/)
})

t.test('check', { timeout: 120_000 }, async (t) => {
  const world = await startLabWorld(testFolder(t), [127, 77], undefined, [
    {
      name: 'sound.se.',
      about: 'nothing to complain of',
      signing: { algorithm: 15 },
      content: 'www A 192.0.2.80\n',
      servers: [{ name: 'ns1' }, { name: 'ns2' }],
      questions: [],
    },
    {
      name: 'unmatched.se.',
      about: 'its DS is wrong',
      signing: { algorithm: 13 },
      ds: () => [Uint8Array.of(0x12, 0x34, 13, 2, ...new Uint8Array(32))],
      servers: [{ name: 'ns1' }, { name: 'ns2' }],
      questions: [],
    },
  ])
  t.teardown(() => world.close())
  const config = world.writeConfig('sigill.yaml')
  // In this process, so that not every word costs the start of another one.
  const check = async (domain: string, options: CheckOptions = {}): Promise<Printed> => {
    let stdout = ''
    const code = await checkDomain(domain, { config, ...options }, (text) => {
      stdout += text
    })
    return { code, stdout, words: stdout.replace(/\s+/g, ' ') }
  }

  t.test('a sound one', async (t) => {
    const { code, stdout, stderr } = await sigill('check', 'sound.se', '--config', config)
    t.same({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, /^sound\.se: 0 errors, 0 warnings, 0 notices\n/)
    t.match(stdout, /verdict {2}secure/)
    t.match(stdout, /\nNothing to complain of\.\n$/)
  })

  t.test('a host in a zone whose signatures have expired', async (t) => {
    const { code, stdout, words } = await check('www.expired.se')
    t.equal(code, 1)
    t.match(stdout, /^www\.expired\.se, in the zone expired\.se: 1 error, /)
    t.match(stdout, /\nERROR signature-expired: Signatures have expired in expired\.se/)
    t.match(words, /BIND: "rndc sign expired\.se"/)
    for (const line of stdout.split('\n')) t.ok(line.length <= 100, line)
  })

  t.test('a DS that matches nothing: the record to publish and the one to remove', async (t) => {
    const { code, stdout } = await check('unmatched.se')
    t.equal(code, 1)
    t.match(stdout, /\n {2}publish {2}unmatched\.se\. 3600 IN DS \d+ 13 2 [0-9A-F]{64}\n/)
    t.match(stdout, /\n {2}remove {3}unmatched\.se\. 3600 IN DS 4660 13 2 0{64}\n/)
  })

  t.test('JSON, by its schema', async (t) => {
    const schema = z.fromJSONSchema(SCHEMA)
    for (const domain of ['sound.se', 'unmatched.se', 'plain.se', 'nothing.se']) {
      const { stdout } = await check(domain, { json: true })
      const report = JSON.parse(stdout)
      t.same(schema.safeParse(report).error?.issues, undefined, domain)
      t.equal(report.domain, `${domain}.`)
    }
    const { findings } = JSON.parse((await check('unmatched.se', { json: true })).stdout)
    t.not(schema.safeParse({ version: 1, findings }).success, true, 'the schema asks for the rest')
    t.match(findings, [{ code: 'ds-matches-nothing', severity: 'error', party: 'registrant' }])
  })

  t.test('words for a help desk', async (t) => {
    const { code, words } = await check('expired.se', { helpDesk: true })
    t.equal(code, 1)
    t.match(words, /not with the customer and not with our network/)
    t.match(words, /its seal is out of date/)
    const sound = await check('sound.se', { helpDesk: true })
    t.match(sound.words, /the fault is with the site itself or on the way/)
  })

  t.test('a mail to the owner', async (t) => {
    const { code, stdout } = await check('unmatched.se', { mail: true })
    t.equal(code, 1)
    t.match(
      stdout,
      /^To: hostmaster@unmatched\.se\nSubject: Fault in the DNS of unmatched\.se: .*\n\nHello,\n/,
    )
    t.match(stdout, /Publish:\n {5}unmatched\.se\. 3600 IN DS /)
  })

  t.test('a resolver that fails tells so, and writes to nobody', async (t) => {
    const early = world.writeConfig(
      'early.yaml',
      'dnssec: { trust-anchor-files: [root.ds], clock: "2020-01-01T00:00:00Z" }\n',
    )
    const { words } = await check('sound.se', { helpDesk: true, config: early })
    t.match(words, /Where the fault is: with our own resolver/)
    const { code, stdout } = await check('sound.se', { mail: true, config: early })
    t.equal(code, 1)
    t.match(stdout, /^There is nothing to write to anybody/)
  })

  t.test('a domain that is not there', async (t) => {
    const { code, stdout } = await check('nothing.se')
    t.equal(code, 1)
    t.match(stdout, /ERROR domain-missing: The servers of se say that nothing\.se does not exist/)
  })

  t.test('input of no use', async (t) => {
    t.match(await sigill('check', 'a..b'), {
      code: 2,
      stdout: '',
      stderr: /^sigill: "a\.\.b" is not a domain name: a label is empty\n$/,
    })
    await t.rejects(check('se', { json: true, mail: true }), /exclude each other/)
  })
})
