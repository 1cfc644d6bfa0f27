/** `lookup` against a small signed Internet on real sockets. */
import t from 'tap'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { sigill } from '../support/sigill-process.ts'

t.test('lookup', { timeout: 120_000 }, async (t) => {
  const world = await startLabWorld(testFolder(t), [127, 72])
  t.teardown(() => world.close())
  const config = world.writeConfig('sigill.yaml')
  const lookup = (...words: string[]): ReturnType<typeof sigill> =>
    sigill('lookup', ...words, '--config', config)

  t.test('a secure answer with its chain', async (t) => {
    const { code, stdout, stderr } = await lookup('www.good.se', '--trace')
    t.same({ code, stderr }, { code: 0, stderr: '' })
    t.match(
      stdout,
      /^;; question: www\.good\.se\. A\n;; rcode: NOERROR\n;; verdict: secure; proven by signatures \(secure\)\n/,
    )
    t.match(stdout, /\nwww\.good\.se\.\t\d+\tIN\tA\t192\.0\.2\.80\n/)
    const link = (name: string): string =>
      `${name}: secure, key tag \\d+, ECDSAP256SHA256, expires \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\n`
    const chain = [
      ';; chain of trust:\n',
      `;;   ${link('\\. DNSKEY')}`,
      `;;   └─ ${link('se\\. DS')}`,
      `;;      └─ ${link('se\\. DNSKEY')}`,
      `;;         └─ ${link('good\\.se\\. DS')}`,
      `;;            └─ ${link('good\\.se\\. DNSKEY')}`,
      `;;               └─ ${link('www\\.good\\.se\\. A')}`,
    ]
    t.match(stdout, new RegExp(chain.join('')))
    t.match(
      stdout,
      /;; upstream exchanges: \d+, [\d.]+ ms of [\d.]+\n;; {3}at ms {2}took ms +of ms .*\n;; {3} *[\d.]+ +[\d.]+ +1600 {2}\| *=+ *\| {2}127\.72\.0\.1@\d+ +UDP +\d+ +NOERROR +\. NS of \.\n/,
    )
  })

  t.test('what it prints is a master file but for the comments', async (t) => {
    const { stdout } = await lookup('none.good.se', 'MX')
    for (const line of stdout.trimEnd().split('\n')) t.match(line, /^(;; |\S+\t\d+\tIN\t[A-Z]+\t\S)/)
    t.match(stdout, /;; rcode: NXDOMAIN\n/)
    t.match(stdout, /\tNSEC\t/)
  })

  t.test('a bogus one: why, and exit 1', async (t) => {
    const { code, stdout } = await lookup('www.expired.se', '--trace')
    t.equal(code, 1)
    t.match(stdout, /;; rcode: NOERROR \(a client without CD gets SERVFAIL\)\n/)
    t.match(stdout, /;; verdict: bogus; the signature has expired \(signature-expired\)\n/)
    t.match(stdout, /;; EDE: 7 Signature Expired: .*expired\.se\./)
    t.match(stdout, /└─ expired\.se\. DNSKEY: bogus \(signature-expired\)/)
  })

  t.test('an insecure one', async (t) => {
    const { code, stdout } = await lookup('www.plain.se', '--trace')
    t.equal(code, 0)
    t.match(stdout, /;; verdict: insecure; .*\(unsigned-delegation\)\n/)
    t.match(stdout, /plain\.se\. DS: insecure \(unsigned-delegation\)/)
  })

  t.test('JSON', async (t) => {
    const { code, stdout } = await lookup('alias.good.se', 'A', '--json', '--trace')
    t.equal(code, 0)
    const report = JSON.parse(stdout)
    t.match(report, {
      name: 'alias.good.se.',
      type: 'A',
      rcode: 'NOERROR',
      verdict: 'secure',
      reason: 'secure',
      ede: [],
    })
    t.match(report.answer[0], { owner: 'alias.good.se.', class: 'IN', type: 'CNAME', rdata: 'www.good.se.' })
    t.match(report.chain, [
      { owner: '.', type: 'DNSKEY', verdict: 'secure', keyTag: Number, algorithm: 'ECDSAP256SHA256' },
    ])
    t.equal(report.chain[0].children[0].children[0].owner, 'se.')
    t.ok(report.exchanges.length > 4)
    t.ok(report.waitedMs > 0 && report.waitedMs <= report.elapsedMs)
    for (const { startMs, rttMs, timeoutMs } of report.exchanges) {
      t.ok(startMs >= 0 && startMs + rttMs <= report.elapsedMs + 0.2 && rttMs <= timeoutMs)
    }
    const bogus = JSON.parse((await lookup('www.expired.se', '--json')).stdout)
    t.match(bogus, {
      verdict: 'bogus',
      reason: 'signature-expired',
      ede: [{ code: 7, purpose: 'Signature Expired' }],
    })
    t.equal(bogus.chain, undefined, 'no trace was asked for')
  })

  t.test('names of our own and beyond ASCII', async (t) => {
    t.match(await lookup('localhost'), {
      code: 0,
      stdout: /answered locally.*\n.*answer:\nlocalhost\.\t\d+\tIN\tA\t127\.0\.0\.1\n/,
    })
    t.match(await lookup('räksmörgås.good.se'), {
      code: 0,
      stdout: /question: xn--rksmrgs-5wao1o\.good\.se\. A\n;; rcode: NXDOMAIN/,
    })
  })

  t.test('nobody answers', { timeout: 30_000 }, async (t) => {
    const deaf = world.writeConfig('deaf.yaml')
    await world.close()
    const { code, stdout } = await sigill('lookup', 'www.good.se', '--config', deaf)
    t.equal(code, 1)
    t.match(
      stdout,
      /;; rcode: SERVFAIL\n;; verdict: indeterminate; .*\((no-reachable-authority|network-error)\)\n;; EDE: (22|23) /,
    )
  })
})
