/** Names as people type them: letters that host names write in another way, and what stays octets. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { parseTypedName } from '../../src/config/typed-name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRecord } from '../../src/wire/zone-text.ts'
import { testFolder } from '../support/folder.ts'

const folder = testFolder(t)

function typed(text: string): string {
  const name = parseTypedName(text)
  return name instanceof Uint8Array ? formatName(name) : `${name.at}: ${name.fault}`
}

t.test('letters beyond ASCII are those of an internationalised name', async (t) => {
  t.equal(typed('exämple.se'), 'xn--exmple-cua.se.')
  t.equal(typed('exa\u0308mple.SE.'), 'xn--exmple-cua.SE.', 'however the letter is made up')
  t.equal(typed('EXÄMPLE.se'), 'xn--exmple-cua.se.')
  t.equal(typed('*._tcp.ö_b.中国'), '*._tcp.xn--_b-eka.xn--fiqs8s.')
  t.equal(typed('a\\.b.c\\032d.å.se'), 'a\\.b.c\\032d.xn--5ca.se.', 'its neighbours keep their escapes')
  t.equal(typed('例え。テスト'), 'xn--r8jz45g.xn--zckzah.', 'and the dots beside those letters')
  t.equal(typed('１.２'), '1.2.', 'digits are no address')
  t.equal(formatName(parseTypedName('å', nameFrom('se.')) as never), 'xn--5ca.se.')
})

t.test('what is ASCII stays as it is', async (t) => {
  for (const text of [
    '.',
    'a b.c',
    '_dmarc.example.',
    '*.example.',
    '\\195\\164.se.',
    'xn--exmple-cua.se',
    '@',
  ])
    t.same(parseTypedName(text), nameFrom(text), text)
})

t.test('what cannot be converted', async (t) => {
  t.equal(typed('www.å b.se'), '4: "å b" cannot be written in ASCII (RFC 5890)')
  t.match(typed('\\195å.se'), /^0: "\\195å" cannot be written/, 'octets and letters in one label')
  t.match(typed('å%41.se'), /^0: "å%41" cannot be written/)
  t.match(typed('å/b.se'), /^0: /)
  t.match(typed('se.xn--å'), /^3: /)
  t.match(typed('\u00ad.se'), /^0: /, 'nothing is left of it')
  t.match(typed('\ud800.se'), /^0: /)
  t.equal(typed('å..se'), '2: a label is empty')
  t.equal(typed(`se.${'ö'.repeat(63)}.se`), '3: a label is longer than 63 octets')
  t.equal(typed('å.se\\'), '2: a backslash ends the text')
})

t.test('in every setting that holds a name', async (t) => {
  const path = join(folder, 'names.yaml')
  const until = new Date(Date.now() + 86_400_000).toISOString()
  writeFileSync(
    path,
    `resolution:
  stub-zones: [{ name: å.stub, servers: [å.server] }]
  forward-zones: [{ name: å.forward, addresses: [192.0.2.1] }]
dnssec:
  negative-trust-anchors: [{ name: å.excused, reason: x, author: x, expires: ${until} }]
  insecure-zones: [å.insecure, '\\195\\165.example']
local-zones:
  zones: [{ name: å.local, type: static }]
  records: ["å.mail. 60 MX 10 å.host.", 'å.local. 60 TXT "å"']
`,
  )
  const { settings } = loadConfig(path)
  const [stub] = settings['resolution.stub-zones']
  t.equal(formatName(stub!.name), 'xn--5ca.stub.')
  t.equal(formatName(stub!.servers[0]!), 'xn--5ca.server.')
  t.equal(formatName(settings['resolution.forward-zones'][0]!.name), 'xn--5ca.forward.')
  t.equal(formatName(settings['dnssec.negative-trust-anchors'][0]!.name), 'xn--5ca.excused.')
  t.same(settings['dnssec.insecure-zones'].map(formatName), ['xn--5ca.insecure.', '\\195\\165.example.'])
  t.equal(formatName(settings['local-zones.zones'][0]!.name), 'xn--5ca.local.')
  t.same(settings['local-zones.records'].map(formatRecord), [
    'xn--5ca.mail.\t60\tIN\tMX\t10 xn--5ca.host.',
    'xn--5ca.local.\t60\tIN\tTXT\t"\\195\\165"',
  ])
})

t.test('a name that cannot be converted is told with its place', async (t) => {
  const path = join(folder, 'bad.yaml')
  const text = `dnssec:
  insecure-zones: ["å b.se"]
local-zones:
  records: ["a.example. 60 CNAME x.å%b.example."]
`
  writeFileSync(path, text)
  t.throws(() => loadConfig(path), {
    message:
      `${path}:2:20: dnssec.insecure-zones.0: expected a domain name ("å b" cannot be written in ASCII (RFC 5890)), found "å b.se"\n` +
      `${path}:4:13: local-zones.records.0: expected a record (at character 23: expected a domain name: "å%b" cannot be written in ASCII (RFC 5890)), found "a.example. 60 CNAME x.å%b.example."`,
  })
})
