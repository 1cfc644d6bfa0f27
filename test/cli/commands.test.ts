/** The command line: words, exit codes, and messages instead of stack traces. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readGiven } from '../../src/cli/published-anchors.ts'
import { formatReference } from '../../src/config/reference.ts'
import { ANCHOR_FORM } from '../../src/daemon/anchors/form.ts'
import { sealState } from '../../src/daemon/state/state-file.ts'
import { newTrustPoint, type TrustPoint } from '../../src/dnssec/trust-point.ts'
import { processAddon } from '../../src/native/process.ts'
import { ROOT } from '../../src/wire/name.ts'
import { ROOT as PROJECT } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'
import { Running, sigill } from '../support/sigill-process.ts'

const folder = testFolder(t)

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

t.test('words that make no command', async (t) => {
  const version = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version
  t.same(await sigill('--version'), { code: 0, stdout: `${version}\n`, stderr: '' })
  t.match(await sigill('--help'), { code: 0, stdout: /Usage: sigill/, stderr: '' })
  t.match(await sigill(), { code: 2, stdout: '', stderr: /Usage: sigill/ })
  for (const words of [
    ['nonsense'],
    ['serve', '--loud'],
    ['lookup'],
    ['anchor', 'nonsense'],
    ['check-config', 'a', 'b'],
  ]) {
    const { code, stdout, stderr } = await sigill(...words)
    t.equal(code, 2, words.join(' '))
    t.equal(stdout, '')
    t.match(stderr, /^sigill: \S.*\n$/, 'one line')
  }
})

t.test('check-config', async (t) => {
  const good = file('good.yaml', 'dnssec: { mode: observe }\n')
  t.same(await sigill('check-config', good), { code: 0, stdout: `${good}: good\n`, stderr: '' })
  const bad = file('bad.yaml', 'log:\n  level: loud\nserver:\n  lisen: []\n')
  t.same(await sigill('check-config', bad), {
    code: 2,
    stdout: '',
    stderr:
      `${bad}:2:10: log.level: expected debug, info, warn or error, found "loud"\n` +
      `${bad}:4:3: server: unknown key "lisen"; did you mean listen?\n`,
  })
  t.match(await sigill('check-config', '/nowhere/at/all.yaml'), {
    code: 2,
    stderr: /all\.yaml:1:1: cannot be read: no such file\n$/,
  })
  t.match(await sigill('check-config'), {
    code: 2,
    stderr: /^sigill: check-config needs the path of a file\n$/,
  })
  t.same(await sigill('check-config', '--defaults'), { code: 0, stdout: formatReference(), stderr: '' })
})

t.test('check-config refuses what serve refuses, in the same words', { timeout: 120_000 }, async (t) => {
  const secret = file('readable.key', `${'0f'.repeat(16)}\n`)
  chmodSync(secret, 0o644)
  chmodSync(file('wrong.key', 'no digits\n'), 0o600)
  file('short.token', 'short\n')
  const byTcp = (token: string): string => `control: { listen: "127.0.0.1@0", token-file: ${token} }`
  const cookies = (path: string): string => `server: { cookies: { secret-file: ${path} } }`
  const long = 'x'.repeat(120)
  const cases: [text: string, fault: RegExp][] = [
    [cookies('absent.key'), /absent\.key:1:1: cannot be read: no such file/],
    [cookies('readable.key'), /readable\.key:1:1: .*its mode is 644/],
    [cookies('wrong.key'), /wrong\.key:1:1: expected a secret of 32 hexadecimal digits/],
    [byTcp('absent.token'), /absent\.token cannot be used: no such file/],
    [byTcp('short.token'), /short\.token: expected at least 16 characters/],
    [
      `control: { socket: ${long} }`,
      /the path has \d+ octets, more than \d+, which is too long for a socket/,
    ],
    ['server: { listen: [224.0.0.1@5300] }', /expected an address of one machine, found "224\.0\.0\.1@5300"/],
  ]
  const isRoot = process.getuid?.() === 0 && processAddon() !== undefined
  if (isRoot) {
    cases.push(['server: { user: no-such-user }', /server\.user no-such-user: there is no such user/])
    cases.push(['server: { user: root }', /server\.user root: that is root as well/])
  }
  for (const [text, fault] of cases) {
    const path = file('checked.yaml', `${text}\n`)
    const checked = await sigill('check-config', path)
    t.match(checked, { code: 2, stdout: '', stderr: fault })
    t.equal((await sigill('serve', '--config', path)).stderr, checked.stderr)
  }
  t.same(
    readdirSync(folder).filter((name) => name.startsWith('xxx')),
    [],
    'no socket of a cut name',
  )
  t.match(await sigill('control', 'status', '--socket', join(folder, long)), {
    code: 2,
    stderr: /too long for a socket/,
  })
  if (isRoot)
    t.match(await sigill('check-config', file('nobody.yaml', 'server: { user: nobody }\n')), { code: 0 })
})

t.test('check-config warns of what would do nothing', async (t) => {
  mkdirSync(join(folder, 'a-folder'))
  file('a-file', '')
  const cases: [text: string, warning: RegExp][] = [
    ['state: { directory: a-file }', /warning: state\.directory \S+a-file: it is not a folder/],
    ['cache: { snapshot: a-folder }', /warning: cache\.snapshot \S+a-folder: it is a folder/],
    ['cache: { snapshot: absent/x }', /warning: cache\.snapshot \S+absent\/x: its folder: it is not there/],
    [
      'cache: { snapshot: a-file/x }',
      /warning: cache\.snapshot \S+a-file\/x: its folder: it is not a folder/,
    ],
    ['cache: { snapshot: a-file/x/y }', /warning: cache\.snapshot \S+a-file\/x\/y: its folder: \S/],
    ['tracing: { percent: 1 }', /warning: tracing\.percent without tracing\.module/],
  ]
  for (const [text, warning] of cases) {
    const path = file('idle.yaml', `${text}\n`)
    t.match(await sigill('check-config', path), { code: 0, stdout: `${path}: good\n`, stderr: warning })
  }
  const fine = file('fine.yaml', 'state: { directory: not-there-yet }\ncache: { snapshot: caches }\n')
  t.match(await sigill('check-config', fine), { code: 0, stderr: '' })
})

t.test('every command that reads a configuration refuses a bad one alike', async (t) => {
  const bad = file('bad.yaml', 'log: [\n')
  for (const words of [['serve'], ['lookup', 'se'], ['anchor', 'status'], ['anchor', 'verify']]) {
    const { code, stdout, stderr } = await sigill(...words, '--config', bad)
    t.equal(code, 2, words.join(' '))
    t.equal(stdout, '')
    t.match(stderr, /bad\.yaml:2:1: not valid YAML: /)
    t.notMatch(stderr, /\n\s+at /, 'no stack trace')
  }
})

t.test('a trust anchor that cannot be read', async (t) => {
  const missing = file('missing.yaml', 'dnssec: { trust-anchor-files: [nope.ds] }\n')
  t.match(await sigill('serve', '--config', missing), {
    code: 2,
    stderr: /missing\.yaml:1:32: .*nope\.ds cannot be read: no such file\n$/,
  })
  file('broken.ds', '. IN DS 20326 8 2 nothex\n')
  const broken = file('broken.yaml', 'dnssec: { trust-anchor-files: [broken.ds] }\n')
  t.match(await sigill('serve', '--config', broken), { code: 2, stderr: /broken\.ds:1:\d+: / })
})

t.test('where too few files may be open, that is told in one line', { timeout: 60_000 }, async (t) => {
  const config = file('files.yaml', 'server: { listen: [127.0.0.1@0] }\nmetrics: { listen: "" }\n')
  for (const most of [40, 80]) {
    const through = ['sh', '-c', `ulimit -n ${most} && exec "$@"`, 'sh'] as const
    const { code, stderr } = await new Running(['serve', '--config', config], { through }).ended
    t.equal(code, 2)
    t.match(
      stderr,
      new RegExp(`^sigill: too many files are open; raise the limit .*, which is ${most}: .*\\n$`),
    )
  }
})

t.test('a folder for a lab that cannot be made', async (t) => {
  const there = file('no-folder', '')
  t.same(await sigill('lab', '--folder', there), {
    code: 2,
    stdout: '',
    stderr: `sigill: the files of the lab cannot be written to ${there}: something else than a folder is there\n`,
  })
})

t.test('what cannot be looked up', async (t) => {
  const cases: [words: string[], expected: RegExp][] = [
    [['a..b'], /"a\.\.b" is not a domain name: a label is empty/],
    [['a'.repeat(64)], /is not a domain name: a label is longer than 63 octets/],
    [[''], /"" is not a domain name/],
    [['se', 'SOAP'], /"SOAP" is not a type/],
    [['se', 'OPT'], /type OPT cannot be looked up/],
    [['se', 'A', 'AAAA'], /"AAAA" is one word too many/],
    [['se', '@localhost'], /"@localhost" is not a server; expected @address or @address@port/],
    [['se', '@127.0.0.1@0'], /"@127\.0\.0\.1@0" is not a server/],
    [['se', '@127.0.0.1', '@127.0.0.2'], /only one server can be asked/],
  ]
  for (const [words, expected] of cases) {
    const { code, stdout, stderr } = await sigill('lookup', ...words)
    t.equal(code, 2, words.join(' '))
    t.equal(stdout, '')
    t.match(stderr, expected)
    t.equal(stderr.split('\n').length, 2, 'one line')
  }
})

t.test('a rehearsal whose report cannot be written does not begin', async (t) => {
  t.same(await sigill('rehearsal', '--html', '/nowhere/report.html'), {
    code: 2,
    stdout: '',
    stderr: 'sigill: /nowhere/report.html cannot be written: no such file\n',
  })
})

t.test('a server that is not there', async (t) => {
  const { code, stdout, stderr } = await sigill('lookup', 'se', '@127.0.0.1@9')
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, /^sigill: no answer from 127\.0\.0\.1@9 by UDP: refused/)
})

t.test('anchor status', async (t) => {
  const { code, stdout } = await sigill('anchor', 'status')
  t.equal(code, 0)
  t.match(stdout, /^\. DS key tag 20326, RSASHA256, digest SHA-256; published by IANA, no end set\n/)
  t.match(stdout, /\n\. DS key tag 38696, RSASHA256, digest SHA-256; published by IANA, no end set\n/)
  const own =
    '. IN DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000ff\nlab. DS 2 8 2 00000000000000000000000000000000000000000000000000000000000000ff\n'
  file('own.ds', own)
  const config = file('own.yaml', 'dnssec: { trust-anchor-files: [own.ds] }\n')
  const strange = await sigill('anchor', 'status', '--config', config)
  t.equal(strange.code, 1, 'an anchor of the root that IANA does not publish')
  t.match(strange.stdout, /\. DS key tag 1, ECDSAP256SHA256, digest SHA-256; not among the anchors/)
  t.match(strange.stdout, /lab\. DS key tag 2, RSASHA256, digest SHA-256\n/)
  const json = JSON.parse((await sigill('anchor', 'status', '--json')).stdout)
  t.match(json, [
    { zone: '.', keyTag: 20326, published: String },
    { zone: '.', keyTag: 38696 },
  ])

  const [ksk2017, ksk2024] = [
    'E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D',
    '683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16',
  ]
  const ds = (head: string, digest: string): Uint8Array => Buffer.from(`${head}${digest}`, 'hex')
  const now = Math.floor(Date.now() / 1000)
  const key = { dnskey: undefined, sightings: 1, holdDownSeconds: 30 * 86_400 }
  const point: TrustPoint = {
    ...newTrustPoint(ROOT),
    lastProbeSeconds: now,
    lastSuccessSeconds: now,
    published: [20326, 38696],
    keys: [
      { ...key, ds: ds('4f660802', ksk2017), origin: 'configured', state: 'valid', sinceSeconds: now },
      { ...key, ds: ds('97280802', ksk2024), origin: 'learnt', state: 'add-pending', sinceSeconds: now },
    ],
  }
  file('old.ds', `. DS 20326 8 2 ${ksk2017}\n`)
  mkdirSync(join(folder, 'kept'))
  writeFileSync(join(folder, 'kept/trust-anchors.json'), sealState({ points: [point] }, ANCHOR_FORM))
  const followed = file(
    'followed.yaml',
    'dnssec: { trust-anchor-files: [old.ds] }\nstate: { directory: kept }\n',
  )
  const told = await sigill('anchor', 'status', '--config', followed)
  t.equal(told.code, 0)
  t.match(told.stdout, /key tag 20326.*\n {2}valid since /)
  t.match(
    told.stdout,
    /key tag 38696.*\n {2}add-pending since .*, believed from .* on if its zone keeps it\n {2}from .*trust-anchors\.json/,
  )
  t.match(told.stdout, /would NOT survive the next key roll: key 38696 is published and believed from/)
  const rows = JSON.parse((await sigill('anchor', 'status', '--json', '--config', followed)).stdout)
  t.match(rows[1], {
    keyTag: 38696,
    followed: { state: 'add-pending', holdDownEnd: String, survivesRoll: false },
  })
})

t.test('anchor verify', async (t) => {
  t.match(await sigill('anchor', 'verify'), {
    code: 0,
    stdout: /signed by ICANN.*\n.*20326: published and in force\n.*38696: published and in force\n$/,
  })
  const brought = join(folder, 'brought.ds')
  t.match(await sigill('anchor', 'verify', '--output', brought), { code: 0 })
  const offline = file('brought.yaml', 'dnssec: { trust-anchor-files: [brought.ds] }\n')
  t.match(await sigill('anchor', 'verify', '--config', offline), { code: 0 }, 'anchors of files brought here')
  const xml = readGiven(join(PROJECT, 'trust-anchors/root-anchors.xml'))
  const altered = file('altered.xml', Buffer.from(xml).toString('utf8').replace('20326', '20327'))
  t.match(await sigill('anchor', 'verify', '--xml', altered), { code: 1, stdout: /not verified: / })
  file('one.ds', '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n')
  const config = file('one.yaml', 'dnssec: { trust-anchor-files: [one.ds] }\n')
  t.match(await sigill('anchor', 'verify', '--config', config), { code: 1, stdout: /38696: NOT in use here/ })
  const late = file('late.yaml', 'dnssec: { clock: 2031-01-01T00:00:00Z }\n')
  t.match(
    await sigill('anchor', 'verify', '--config', late),
    { code: 1, stdout: /not verified: / },
    'the certificate has ended by then',
  )
  t.match(await sigill('anchor', 'verify', '--xml', '/nowhere'), {
    code: 2,
    stderr: /^sigill: \/nowhere cannot be read: no such file\n$/,
  })
})

t.test('anchor fetch', async (t) => {
  const pages: Record<string, Uint8Array> = {}
  for (const name of ['root-anchors.xml', 'root-anchors.p7s']) {
    const octets = readFileSync(join(PROJECT, 'trust-anchors', name))
    pages[`/good/${name}`] = octets
    pages[`/altered/${name}`] = name.endsWith('xml')
      ? Buffer.from(octets.toString().replace('38696', '38697'))
      : octets
    pages[`/huge/${name}`] = Buffer.alloc(1_000_000)
  }
  const server = createServer((request, response) => {
    const page = pages[request.url ?? '']
    response.writeHead(page === undefined ? 404 : 200).end(page)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}/`
  const good = await sigill('anchor', 'fetch', '--url', url('good'))
  t.equal(good.code, 0)
  const packaged = readFileSync(join(PROJECT, 'trust-anchors/root.ds'), 'utf8')
  const digests = (text: string): string[] =>
    [...text.matchAll(/DS\s(\d+ 8 2 [0-9A-F]+)/gi)].map((match) => match[1]!.toUpperCase())
  t.same(digests(good.stdout), digests(packaged))
  const output = join(folder, 'fetched.ds')
  t.match(await sigill('anchor', 'fetch', '--url', url('good'), '--output', output), { code: 0, stdout: '' })
  const config = file('fetched.yaml', 'dnssec: { trust-anchor-files: [fetched.ds] }\n')
  t.match(await sigill('anchor', 'verify', '--config', config), { code: 0 }, 'what it wrote can be read back')
  t.match(await sigill('anchor', 'fetch', '--url', url('altered')), {
    code: 1,
    stdout: '',
    stderr: /is not believed: /,
  })
  t.match(await sigill('anchor', 'fetch', '--url', url('absent')), {
    code: 1,
    stderr: /cannot be fetched: the server said 404\n$/,
  })
  t.match(await sigill('anchor', 'fetch', '--url', url('huge')), {
    code: 1,
    stderr: /cannot be fetched: more than 65536 octets\n$/,
  })
  t.match(await sigill('anchor', 'fetch', '--url', 'http://127.0.0.1:9/'), {
    code: 1,
    stderr: /cannot be fetched: .*ECONNREFUSED/,
  })
  t.match(await sigill('anchor', 'fetch', '--url', 'nonsense'), {
    code: 2,
    stderr: /is not an address of the web/,
  })
  mkdirSync(join(folder, 'taken.ds'))
  t.match(await sigill('anchor', 'fetch', '--url', url('good'), '--output', join(folder, 'taken.ds')), {
    code: 2,
    stderr: /cannot be written: it is a folder/,
  })
})
