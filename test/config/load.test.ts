/** Configuration files: what is taken, and what is said of what is not. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { formatEndpoint } from '../../src/base/address.ts'
import { formatPrefix } from '../../src/base/prefix.ts'
import { seededRandom } from '../../src/base/random.ts'
import { BUILT_IN_HINTS } from '../../src/config/built-in-hints.ts'
import { type Config, defaultConfig, loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { formatReference } from '../../src/config/reference.ts'
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { readProjectFile } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'

const folder = testFolder(t, {
  'hints.zone':
    '. 3600 NS a.lab.\n. 3600 NS b.lab.\na.lab. 3600 A 127.0.1.1\nb.lab. 3600 AAAA ::1\nb.lab. A 127.0.1.2\n',
  'lab.ds': 'lab. DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000ff\n',
  'empty.ds': '; nothing\n',
  'broken.ds': '; a comment\n. IN DS 20326 8 2 XYZ\n',
  'cut.ds': 'lab. DS 1 13 2 0000FF\n',
  'host.ds': 'lab. DNSKEY 1 3 15 AAAA\n',
  'revoked.ds': 'lab. DNSKEY 385 3 15 AAAA\n',
  'protocol.ds': 'lab. DNSKEY 257 2 15 AAAA\n',
  'orphan.zone': '. NS a.lab.\n',
})

let fileCount = 0

/** Loads text as a file beside the others. */
function load(text: string | Uint8Array): Config {
  const path = join(folder, `config-${fileCount++}.yaml`)
  writeFileSync(path, text)
  return loadConfig(path)
}

/** The lines of the refusal, the file's path left out. */
function refusal(text: string | Uint8Array): string[] {
  try {
    load(text)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replace(/^.*?config-\d+\.yaml:/, ''))
  }
  return []
}

t.test('the name of the server: a text, or octets in hex', async (t) => {
  const nsid = (text: string): string =>
    Buffer.from(load(`server: { nsid: ${text} }\n`).settings['server.nsid']).toString('hex')
  t.equal(nsid('ns1.example'), Buffer.from('ns1.example').toString('hex'))
  t.equal(nsid('"0x00fF"'), '00ff')
  t.equal(nsid('""'), '')
  t.equal(nsid('å').length, 4, 'UTF-8')
  t.equal(nsid('x'.repeat(128)).length, 256)
  t.equal(refusal(`server: { nsid: ${'x'.repeat(129)} }`).length, 1)
})

t.test('texts for the servers of a network', async (t) => {
  const strings = (entry: string): string => `resolution: { client-strings: [${entry}] }`
  const { settings } = load(strings('{ network: 192.0.2.0/24, text: "abc d" }'))
  const [entry] = settings['resolution.client-strings']
  t.equal(formatPrefix(entry!.network), '192.0.2.0/24')
  t.equal(Buffer.from(entry!.text).toString(), 'abc d')
  t.same(refusal(strings(`{ network: 192.0.2.1, text: ${'x'.repeat(200)} }`)), [])
  for (const broken of [
    `{ network: 192.0.2.1, text: ${'x'.repeat(201)} }`,
    '{ network: 192.0.2.1/24, text: x }',
    '{ network: 192.0.2.1 }',
    '{ network: 192.0.2.1, text: x }, { network: 192.0.2.1/32, text: y }',
  ])
    t.equal(refusal(strings(broken)).length, 1, broken)
  t.equal(refusal('resolution: { client-string-option: 10 }').length, 1, 'a code that means something else')
})

t.test('the defaults', async (t) => {
  const { settings, rootHints, anchors, given, changed } = defaultConfig()
  t.same(settings['server.listen'].map(formatEndpoint), ['127.0.0.1@5300', '::1@5300'])
  t.same(settings['access.allow'].map(formatPrefix), ['127.0.0.0/8', '::1/128'])
  t.equal(settings['dnssec.mode'], 'enforce')
  t.equal(settings['dnssec.clock'], undefined)
  t.equal(formatEndpoint(settings['metrics.listen']!), '127.0.0.1@9153')
  t.equal(rootHints.length, 13)
  t.same(
    anchors.list.map((anchor) => formatName(anchor.zone)),
    ['.', '.'],
  )
  t.same([given.size, changed.size], [0, 0])
  t.same(load('').settings, settings, 'an empty file is the defaults')
  t.same(load('# only a comment\nserver:\n  # listen: []\n').settings, settings)
})

t.test('the built-in hints', async (t) => {
  const letters = BUILT_IN_HINTS.map((hint) => formatName(hint.name)[0])
  t.equal(letters.join(''), 'abcdefghijklm')
  for (const hint of BUILT_IN_HINTS)
    t.same(
      hint.addresses.map((address) => address.length),
      [4, 16],
    )
  const all = BUILT_IN_HINTS.flatMap((hint) => hint.addresses.map((address) => address.join('.')))
  t.equal(new Set(all).size, 26)
  t.ok(all.includes('170.247.170.2'), "b's address since November 2023")
})

t.test('conf/sigill.yaml is the table, and names every key with its default', async (t) => {
  const reference = readProjectFile('conf/sigill.yaml')
  t.equal(reference, formatReference(), 'make it anew with: sigill check-config --defaults')
  const config = load(reference)
  t.same([...config.given].sort(), [...SETTING_KEYS].sort())
  t.same([...config.changed], [], 'and it does what no file does')
  t.same(config.settings, defaultConfig().settings)
  for (const key of SETTING_KEYS) {
    t.not(SETTINGS[key].doc, '', `${key} is explained`)
  }
})

t.test('what is expected of a setting is told in words of ours, whatever stands there', async (t) => {
  const wrong = [
    -1,
    1e9,
    1e300,
    1.5,
    '',
    'x',
    true,
    null,
    {},
    [],
    [null],
    [-1],
    [1e9],
    [1.5],
    ['x y'],
    [[]],
    [{}],
  ]
  for (const key of SETTING_KEYS) {
    const schema = SETTINGS[key].schema as z.ZodType
    const texts = wrong
      .flatMap((value) => schema.safeParse(value).error?.issues ?? [])
      .map(({ message }) => message)
    const raw = texts.filter((text) => /Too (?:big|small)|Invalid|received|>=|<=/.test(text))
    t.same(raw, [], key)
  }
  t.match(refusal('server: { front-threads: 10000 }'), [
    /front-threads: expected auto, or a whole number from 1 to/,
  ])
  t.match(refusal('dnssec: { disabled-algorithms: [256] }'), [
    /expected a number from 0 to 255 or a mnemonic/,
  ])
})

t.test('the example in README.md is taken as it stands', async (t) => {
  const [, example = ''] = /```yaml\n([^`]+)```/.exec(readProjectFile('README.md')) ?? []
  const { settings } = load(example)
  t.equal(settings['access.allow'].length, 2)
  t.notMatch(example.replace(/#.*/g, ''), /\d{4}-\d\d-\d\d/, 'and has no moment that passes')
})

t.test('every kind of value', async (t) => {
  const { settings, given, changed, rootHints, anchorFiles } = load(`
server:
  listen: [192.0.2.1@53, "2001:db8::1@53"]
  front-threads: 2
  tcp: { connections: 10 }
access:
  allow: [192.0.2.0/24, 2001:db8::/32, 198.51.100.7]
resolution:
  root-hints: hints.zone
  authority-port: 5353
  source-addresses: [192.0.2.1]
  any: full
dnssec:
  trust-anchor-files: [lab.ds, ./lab.ds]
  clock: 2026-10-04T14:15:00+02:00
  mode: observe
  negative-trust-anchors:
    - { name: Broken.example, reason: expired, author: noc, expires: 2026-10-11T12:00:00Z }
  insecure-zones: [corp.example.]
  disabled-algorithms: [5, rsasha1-nsec3-sha1]
  disabled-digests: [SHA-1, 3]
metrics: { listen: "" }
`)
  t.same(settings['server.listen'].map(formatEndpoint), ['192.0.2.1@53', '2001:db8::1@53'])
  t.equal(settings['server.front-threads'], 2)
  t.equal(settings['server.tcp.connections'], 10)
  t.equal(settings['server.tcp.idle-timeout-ms'], 10_000, 'its neighbour keeps the default')
  t.same(settings['access.allow'].map(formatPrefix), ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7/32'])
  t.equal(settings['resolution.any'], 'full')
  t.equal(settings['dnssec.clock'], Date.parse('2026-10-04T12:15:00Z') / 1000)
  const [anchor] = settings['dnssec.negative-trust-anchors']
  t.match(anchor, {
    reason: 'expired',
    author: 'noc',
    expiresSeconds: Date.parse('2026-10-11T12:00:00Z') / 1000,
  })
  t.equal(formatName(anchor!.name), 'Broken.example.')
  t.same(settings['dnssec.disabled-algorithms'], [5, 7])
  t.same(settings['dnssec.disabled-digests'], [1, 3])
  t.equal(settings['metrics.listen'], undefined)
  t.ok(given.has('dnssec.mode') && !given.has('server.identity'))
  for (const key of ['dnssec.insecure-zones', 'resolution.authority-port', 'server.listen'] as const)
    t.ok(given.has(key) && changed.has(key), key)
  const same = load('server: { listen: ["127.0.0.1@5300", "::1@5300"] }')
  t.same([same.given.has('server.listen'), same.changed.has('server.listen')], [true, false])
  t.same(
    rootHints.map((hint) => [formatName(hint.name), hint.addresses.length]),
    [
      ['a.lab.', 1],
      ['b.lab.', 2],
    ],
  )
  t.same(
    anchorFiles.map((file) => file.path),
    [join(folder, 'lab.ds'), join(folder, 'lab.ds')],
  )
})

const MISTAKES: [what: string, text: string, ...expected: RegExp[]][] = [
  ['a misspelt section', 'servr: {}\n', /^1:1: unknown key "servr"; did you mean server\?/],
  ['a misspelt key', 'server:\n  lisen: []\n', /^2:3: server: unknown key "lisen"; did you mean listen\?/],
  [
    'a key of another section',
    'cache:\n  listen: x\n',
    /^2:3: cache: unknown key "listen", expected one of answers-mib, /,
  ],
  [
    'no port',
    'server:\n  listen: ["127.0.0.1"]\n',
    /^2:12: server\.listen\.0: expected an address and port .*, found "127\.0\.0\.1"$/,
  ],
  [
    'a port that is none',
    'server:\n  listen:\n    - "127.0.0.1@65536"\n',
    /^3:7: server\.listen\.0: expected an address and port/,
  ],
  [
    'no list',
    'server:\n  listen: 127.0.0.1@53\n',
    /^2:11: server\.listen: expected a list of addresses with port/,
  ],
  [
    'an empty list',
    'server:\n  listen: []\n',
    /^2:11: server\.listen: expected a list of .*, at least 1, found \[\]$/,
  ],
  [
    'listed twice',
    'server:\n  listen: ["::1@53", "0:0::1@53"]\n',
    /^2:22: server\.listen\.1: expected each entry once, found "0:0::1@53"$/,
  ],
  [
    'bits behind the prefix',
    'access:\n  allow: [10.0.0.1/8]\n',
    /^2:11: access\.allow\.0: expected a network such as .*, found "10\.0\.0\.1\/8"$/,
  ],
  [
    'a prefix that nothing can be translated with',
    'resolution:\n  nat64-prefix: 64:ff9b::/80\n',
    /^2:17: resolution\.nat64-prefix: expected an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits.*, found "64:ff9b::\/80"$/,
  ],
  [
    'a word for a switch',
    'resolution:\n  ipv6: yes please\n',
    /^2:9: resolution\.ipv6: expected true or false, found "yes please"$/,
  ],
  [
    'YAML 1.1 words',
    'resolution:\n  ipv6: yes\n',
    /^2:9: resolution\.ipv6: expected true or false, found "yes"$/,
  ],
  [
    'an unknown mode',
    'dnssec:\n  mode: on\n',
    /^2:9: dnssec\.mode: expected off, observe or enforce, found "on"$/,
  ],
  [
    'a fraction',
    'cache: { answers-mib: 1.5 }\n',
    /^1:23: cache\.answers-mib: expected a whole number from 1 to 4095, found 1\.5$/,
  ],
  [
    'a number beyond the bound',
    'dnssec: { rollout: { percent: 101 } }\n',
    /^1:31: dnssec\.rollout\.percent: expected a whole number from 0 to 100, found 101$/,
  ],
  [
    'a number as text',
    'resolution: { authority-port: "53" }\n',
    /^1:31: .* expected a whole number from 1 to 65535, found "53"$/,
  ],
  [
    'a day that does not exist',
    'dnssec: { clock: 2026-02-30T00:00:00Z }\n',
    /^1:18: dnssec\.clock: expected a time such as/,
  ],
  [
    'a name with an empty label',
    'dnssec:\n  insecure-zones: [a..b]\n',
    /^2:20: dnssec\.insecure-zones\.0: expected a domain name \(a label is empty\), found "a\.\.b"$/,
  ],
  [
    'an anchor without an end',
    'dnssec:\n  negative-trust-anchors:\n    - { name: a, reason: b, author: c }\n',
    /^3:7: dnssec\.negative-trust-anchors\.0\.expires: expected a time .*, found nothing$/,
  ],
  [
    'an anchor for the root',
    'dnssec:\n  negative-trust-anchors:\n    - { name: ".", reason: b, author: c, expires: 2020-01-01T00:00:00Z }\n',
    /^3:15: .*expected a zone below the root/,
  ],
  [
    'an anchor for longer than a week',
    'dnssec:\n  clock: 2026-10-04T12:00:00Z\n  negative-trust-anchors:\n    - { name: a, reason: b, author: c, expires: 2026-10-11T12:00:01Z }\n',
    /^4:49: .*expected a time within a week from now, 2026-10-11 at the latest \(RFC 7646 2\)/,
  ],
  [
    'a cause that no exception relieves',
    'dnssec: { guard: { exception-causes: [zone, clock] } }\n',
    /^1:45: dnssec\.guard\.exception-causes\.1: expected zone, zones or top-level, found "clock"$/,
  ],
  [
    'an unknown algorithm',
    'dnssec: { disabled-algorithms: [RSASHA9] }\n',
    /^1:33: .*expected a number from 0 to 255 or a mnemonic/,
  ],
  [
    'skew the wrong way round',
    'dnssec:\n  signature-skew: { min-seconds: 9, max-seconds: 8 }\n',
    /^2:34: dnssec\.signature-skew\.min-seconds: expected at most max-seconds, which is 8, found 9$/,
  ],
  [
    'a stub zone that is a forward zone',
    'resolution:\n  stub-zones: [{ name: a.example, addresses: [192.0.2.1] }]\n  forward-zones:\n    - { name: A.Example., addresses: [192.0.2.1] }\n',
    /^4:15: resolution\.forward-zones\.0\.name: expected a zone that is not among stub-zones, found "A\.Example\."$/,
  ],
  [
    'a forwarder that is ourselves',
    'server: { listen: ["127.0.0.1@53", "0.0.0.0@5353"] }\nresolution:\n  forward-zones: [{ name: ., addresses: [127.0.0.1] }]\n',
    /^3:42: .*expected a server other than this resolver itself \(server\.listen\), found "127\.0\.0\.1"$/,
  ],
  [
    'the same behind a wildcard',
    'server: { listen: ["0.0.0.0@5353"] }\nresolution:\n  stub-zones: [{ name: a, addresses: [192.0.2.1@5353, 127.0.0.2@5353] }]\n',
    /^3:55: .*expected a server other than this resolver itself .*, found "127\.0\.0\.2@5353"$/,
  ],
  [
    'servers that nobody can be',
    'resolution:\n  stub-zones: [{ name: a, addresses: [0.0.0.0, "ff02::1", 192.0.2.1@0] }]\n',
    /^2:39: .*expected the address and port of a server, found "0\.0\.0\.0"$/,
    /^2:48: .*, found "ff02::1"$/,
    /^2:59: .*, found "192\.0\.2\.1@0"$/,
  ],
  [
    'a server of a family that is off',
    'resolution:\n  ipv6: false\n  stub-zones: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"] }]\n',
    /^3:50: .*expected an address of a family that is on, found "2001:db8::1"$/,
  ],
  [
    'lifetimes the wrong way round',
    'cache:\n  ttl: { min-seconds: 9, max-seconds: 8 }\n',
    /^2:23: cache\.ttl\.min-seconds: expected at most max-seconds, which is 8, found 9$/,
  ],
  [
    'no family left',
    'resolution:\n  ipv4: false\n  ipv6: false\n',
    /^3:9: resolution\.ipv6: expected ipv4 or ipv6 to be true, found false$/,
  ],
  [
    'a source of a family that is off',
    'resolution:\n  ipv6: false\n  source-addresses: ["::1"]\n',
    /^3:22: .*expected an address of a family that is on/,
  ],
  [
    'a listener at the default of the metrics',
    'server: { listen: ["127.0.0.1@9153"] }\n',
    /^1:20: server\.listen\.0: expected .* other than 127\.0\.0\.1@9153, where metrics\.listen is unless it is set, found "127/,
  ],
  [
    'commands at the default of the metrics',
    'control: { listen: "0.0.0.0@9153", token-file: x }\n',
    /^1:20: control\.listen: expected .* other than 127\.0\.0\.1@9153, where metrics\.listen is unless it is set, found "0/,
  ],
  [
    'one address for two services',
    'metrics: { listen: "127.0.0.1@5300" }\n',
    /^1:20: metrics\.listen: expected an address and port that server\.listen leaves free/,
  ],
  [
    'and by a wildcard',
    'server: { listen: ["0.0.0.0@53"] }\nmetrics: { listen: "127.0.0.1@53" }\n',
    /^2:20: metrics\.listen: expected an address and port that server\.listen leaves free/,
  ],
  [
    'a wildcard and one of its addresses',
    'server: { listen: ["127.0.0.1@53", "::@53", "0.0.0.0@53", "0.0.0.0@54"] }\n',
    /^1:20: server\.listen\.0: expected an address and port that 0\.0\.0\.0@53 does not cover, found "127/,
  ],
  [
    'a record of a local zone that is none',
    'local-zones:\n  records:\n    - "www.corp.example. A 10.0.0.80"\n    - "www.corp.example. A 10.0.0.256"\n',
    /^4:7: local-zones\.records\.1: expected a record \(at character 21: .*\), found "www\./,
  ],
  [
    'a directive, and a record of another class',
    'local-zones: { records: ["$ORIGIN corp.example.", "corp.example. CH TXT x"] }\n',
    /^1:26: local-zones\.records\.0: expected a record such as "www\.corp\.example\. 3600 A 10\.0\.0\.80", found/,
    /^1:51: local-zones\.records\.1: expected a record of class IN, found/,
  ],
  [
    'an alias that is not alone',
    'local-zones:\n  records: [a.example. CNAME b.example., A.example. A 10.0.0.1, a.example. CNAME c.example.]\n',
    /^2:42: local-zones\.records\.1: expected a record that can stand beside the CNAME of A\.example\., found/,
    /^2:65: local-zones\.records\.2: expected a record that can stand beside the CNAME of a\.example\., found/,
  ],
  [
    'a record below the apex of a redirect zone',
    'local-zones:\n  zones: [{ name: a.example, type: redirect }]\n  records: [b.a.example. A 10.0.0.1]\n',
    /^3:13: local-zones\.records\.0: expected a record of a\.example\. itself, which is of type redirect, found/,
  ],
  [
    'a name of the server that YAML takes for a number',
    'server: { nsid: 0xabc }\n',
    /^1:17: server\.nsid: expected a text of at most 128 octets, or as many in hex behind 0x, found 2748$/,
  ],
  ['broken hex', 'server: { nsid: "0xabc" }\n', /^1:17: server\.nsid: expected a text .*, found "0xabc"$/],
  ['a section that is a list', 'log: [info]\n', /^1:6: log: expected the settings of log, found \["info"\]$/],
  [
    'a file that is a list',
    '- server\n',
    /^1:1: expected the sections of a configuration, found \["server"\]$/,
  ],
  [
    'nothing where a value should be',
    'log:\n  level:\n',
    /^2:9: log\.level: expected debug, info, warn or error, found null$/,
  ],
  ['a key given twice', 'log: {}\ncache: {}\nlog: {}\n', /^3:1: not valid YAML: Map keys must be unique/],
  ['a tab', 'log:\n\tlevel: info\n', /^2:1: not valid YAML: Tabs are not allowed/],
  ['an open bracket', 'server:\n  listen: [\n', /^3:1: not valid YAML: /],
  ['a foreign tag', 'log:\n  level: !secret info\n', /^2:10: not valid YAML: Unresolved tag/],
  ['an alias to nothing', 'log:\n  level: *x\n', /^2:10: not valid YAML: Unresolved alias/],
  ['a second document', 'log: {}\n---\nlog: {}\n', /^2:1: expected one YAML document, found a second$/],
  [
    'control characters',
    'server: { identity: "a\\nb" }\n',
    /^1:21: server\.identity: expected a text of one line/,
  ],
  [
    'several at once',
    'log:\n  level: loud\n  form: json\ncache:\n  rrsets-mib: -1\n',
    /^2:10: log\.level/,
    /^3:3: log: unknown key "form"/,
    /^5:15: cache\.rrsets-mib/,
  ],
  [
    'several fronts in one thread',
    'server:\n  front-threads: 2\n  resolver-threads: 0\n',
    /^2:18: server\.front-threads: expected 1 or auto, since resolver-threads: 0 puts everything in one thread, found 2$/,
  ],
  [
    'a missing file',
    'dnssec:\n  trust-anchor-files: [nope.ds]\n',
    /^2:24: .*nope\.ds cannot be read: no such file$/,
  ],
  [
    'a file without an anchor',
    'dnssec:\n  trust-anchor-files:\n    - empty.ds\n',
    /^3:7: .*empty\.ds holds no DS and no DNSKEY record$/,
  ],
  [
    'anchors that nothing can match',
    'dnssec:\n  trust-anchor-files: [cut.ds, host.ds, revoked.ds, protocol.ds]\n',
    /^2:24: .*cut\.ds: the DS of lab\. with key tag 1 has a digest of 3 octets; SHA-256 has 32$/,
    /^2:32: .*host\.ds: the DNSKEY of lab\. with key tag \d+ is no key of a zone \(flags 1\)$/,
    /^2:41: .*revoked\.ds: the DNSKEY of lab\. with key tag \d+ is revoked \(flags 385\)$/,
    /^2:53: .*protocol\.ds: the DNSKEY of lab\. with key tag \d+ has protocol 2; it must be 3$/,
  ],
  ['a folder for a file', 'resolution: { root-hints: . }\n', /^1:27: .* cannot be read: it is a folder$/],
  ...['nope.mjs', '/nowhere/nope.mjs'].map((module): [string, string, RegExp] => [
    'a missing module',
    `tracing:\n  module: ${module}\n`,
    /^2:11: \/.*nope\.mjs cannot be read: no such file$/,
  ]),
  [
    'a copy of the root from a place that is none',
    'resolution:\n  root-copy:\n    sources:\n      - axfr: nowhere\n      - url: ftp://a.test/\n      - {}\n      - { file: a, url: "https://a.test/" }\n      - from: a\n',
    /^4:15: resolution\.root-copy\.sources\.0\.axfr: expected an IP address, or one with port/,
    /^5:14: resolution\.root-copy\.sources\.1\.url: expected an address such as https:/,
    /^6:9: resolution\.root-copy\.sources\.2: expected an entry with one of file, url and axfr, found \{\}$/,
    /^7:9: resolution\.root-copy\.sources\.3: expected an entry with one of file, url and axfr/,
    /^8:9: resolution\.root-copy\.sources\.4: unknown key "from"/,
    /^8:9: resolution\.root-copy\.sources\.4: expected an entry with one of file, url and axfr/,
  ],
  [
    'hints without an address',
    'resolution: { root-hints: orphan.zone }\n',
    /^1:27: .*orphan\.zone has no address of a\.lab\.$/,
  ],
  [
    'hints without a server',
    'resolution: { root-hints: lab.ds }\n',
    /^1:27: .*lab\.ds holds no NS record of the root$/,
  ],
]

t.test('mistakes are told with line, column and what was expected', async (t) => {
  for (const [what, text, ...expected] of MISTAKES) {
    const lines = refusal(text)
    t.equal(lines.length, expected.length, `${what}: ${lines.join(' | ')}`)
    expected.forEach((pattern, i) => {
      t.match(lines[i], pattern, what)
    })
  }
})

t.test('a fault inside a file that is named has its place there', async (t) => {
  const [line = ''] = refusal('dnssec:\n  trust-anchor-files: [broken.ds]\n')
  t.match(line, /broken\.ds:2:\d+: \S/)
  t.equal(line.split('broken.ds').length, 2, 'the path stands once')
})

t.test('files that are no text', async (t) => {
  t.match(refusal(Uint8Array.of(0x61, 0x3a, 0x20, 0x31, 0x0a, 0xff))[0], /^2:1: expected text in UTF-8/)
  const latin1 = Buffer.from('server:\n  # å\n  identity: "\xe5"\n', 'latin1')
  t.match(refusal(latin1)[0], /^2:5: expected text in UTF-8/, 'the place is that of the first one')
  const mixed = Buffer.concat([Buffer.from('# å 🌲\n#é '), Uint8Array.of(0xf0, 0x9f, 0x41)])
  t.match(refusal(mixed)[0], /^2:4: expected text in UTF-8/)
  t.throws(() => loadConfig(''), { message: '"":1:1: cannot be read: the path is empty' })
  t.match(
    refusal('log: '.padEnd(2_000_000, 'x'))[0],
    /^1:1: cannot be read: it has 2000000 octets, more than 1048576$/,
  )
  t.match(refusal('['.repeat(100_000))[0], /^1:\d+: expected at most 32 levels of nesting$/)
  t.match(refusal('- '.repeat(100_000))[0], /^1:\d+: expected at most 32 levels of nesting$/)
  t.match(refusal('a: {'.repeat(50_000))[0], /^1:\d+: expected at most 32 levels of nesting$/)
  const bomb = `a: &a [x, x]\n${Array.from({ length: 25 }, (_, i) => `a${i}: &a${i} [*a${i || ''}, *a${i || ''}]\n`.replaceAll(`*a${i || ''}`, i === 0 ? '*a' : `*a${i - 1}`)).join('')}`
  t.match(refusal(bomb)[0], /^\d+:\d+: not valid YAML: Excessive alias count/)
  mkdirSync(join(folder, 'folder.yaml'))
  t.throws(() => loadConfig(join(folder, 'folder.yaml')), {
    message: /folder\.yaml:1:1: cannot be read: it is a folder/,
  })
  t.throws(() => loadConfig(join(folder, 'absent.yaml')), {
    message: /absent\.yaml:1:1: cannot be read: no such file/,
  })
})

t.test('keys that objects have by birth are unknown keys', async (t) => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    t.match(refusal(`${key}: {}\n`)[0], /^1:1: unknown key/, key)
    t.match(refusal(`log:\n  ${key}: {}\n`)[0], /^2:3: log: unknown key/, key)
  }
})

t.test('at most twenty faults are shown', async (t) => {
  const lines = refusal(Array.from({ length: 50 }, (_, i) => `key${i}: 1\n`).join(''))
  t.equal(lines.length, 21)
  t.equal(lines[20], '… and 30 more')
})

const SCRAPS = [
  '[',
  ']',
  '{',
  '}',
  ':',
  '\n',
  '- ',
  '"',
  "'",
  '&a ',
  '*a ',
  '!!int ',
  '|',
  '>',
  '#',
  '@',
  '\t',
  '\0',
  '%',
  '\uFEFF',
  '1e400',
  '0x',
  'null',
  '-1',
  '\u0085',
  '~',
  ',',
  '? ',
  '99999999999999999999',
]

t.test('500 mutated files are taken or refused, never anything else', async (t) => {
  const reference = formatReference().replaceAll(/^ *#.*\n/gm, '')
  const random = seededRandom(500)
  let taken = 0
  for (let i = 0; i < 500; i++) {
    let octets = Buffer.from(reference, 'utf8')
    for (let edits = 1 + random.below(6); edits > 0; edits--) {
      const at = random.below(octets.length)
      const end = at + random.below(2) * random.below(40)
      const kind = random.below(4)
      const scrap =
        kind === 0
          ? Buffer.from(SCRAPS[random.below(SCRAPS.length)]!, 'utf8')
          : kind === 1
            ? Buffer.of(random.below(256))
            : kind === 2
              ? octets.subarray(end, end + random.below(200))
              : Buffer.alloc(0)
      octets = Buffer.concat([octets.subarray(0, at), scrap, octets.subarray(end)])
    }
    const lines = refusal(octets)
    if (lines.length === 0) taken++
    for (const line of lines) {
      if (!/^\d+:\d+: \S/.test(line) && !/^… and \d+ more$/.test(line)) t.fail(`file ${i}: ${line}`)
    }
  }
  t.ok(taken > 0 && taken < 250, `${taken} of 500 were still good`)
})
