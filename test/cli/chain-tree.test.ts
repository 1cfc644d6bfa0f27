/** The chain of trust as a tree. */
import t from 'tap'
import { buildChain, type ChainLink, chainToJson, formatChain } from '../../src/cli/chain-tree.ts'
import { formatReport } from '../../src/cli/lookup-report.ts'
import { parseType } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

function link(zone: string, owner: string, type: string, more: Partial<ChainLink> = {}): ChainLink {
  return {
    kind: 'link',
    zone: nameFrom(zone),
    owner: nameFrom(owner),
    type: parseType(type)!,
    verdict: 'secure',
    reason: 'secure',
    detail: '',
    ...more,
  }
}

function lines(...links: ChainLink[]): string[] {
  return formatChain(buildChain(links), 1_700_000_000)
}

t.test('links in any order make one tree', async (t) => {
  const links = [
    link('se.', 'a.se.', 'A'),
    link('.', 'se.', 'DS'),
    link('se.', 'se.', 'DNSKEY'),
    link('.', '.', 'DNSKEY'),
    link('se.', 'b.se.', 'NSEC'),
  ]
  const expected = [
    '. DNSKEY: secure',
    '└─ se. DS: secure',
    '   └─ se. DNSKEY: secure',
    '      ├─ a.se. A: secure',
    '      └─ b.se. NSEC: secure',
  ]
  t.same(lines(...links), expected)
  t.same(lines(...links, ...links), expected, 'a link told twice stands once')
})

t.test('an alias into another zone has two branches', async (t) => {
  t.same(
    lines(
      link('.', '.', 'DNSKEY'),
      link('.', 'se.', 'DS'),
      link('se.', 'se.', 'DNSKEY'),
      link('se.', 'a.se.', 'CNAME'),
      link('.', 'nu.', 'DS'),
      link('nu.', 'nu.', 'DNSKEY'),
      link('nu.', 'a.nu.', 'A'),
    ),
    [
      '. DNSKEY: secure',
      '├─ se. DS: secure',
      '│  └─ se. DNSKEY: secure',
      '│     └─ a.se. CNAME: secure',
      '└─ nu. DS: secure',
      '   └─ nu. DNSKEY: secure',
      '      └─ a.nu. A: secure',
    ],
  )
})

t.test('key tag, algorithm, expiration across 2106, verdict and detail', async (t) => {
  const [text] = lines(
    link('.', '.', 'DNSKEY', {
      keyTag: 20326,
      algorithm: 8,
      expiration: 1_700_000_000,
      verdict: 'bogus',
      reason: 'signature-wrong',
      detail: 'why',
    }),
  )
  t.equal(
    text,
    '. DNSKEY: bogus (signature-wrong), key tag 20326, RSASHA256, expires 2023-11-14T22:13:20Z; why',
  )
  const late = formatChain(buildChain([link('.', '.', 'DNSKEY', { expiration: 100 })]), 0xffff_ff00)
  t.equal(late[0], '. DNSKEY: secure, expires 2106-02-07T06:29:56Z')
})

t.test('links without a beginning stand for themselves', async (t) => {
  t.same(lines(link('se.', 'a.se.', 'A')), ['a.se. A: secure'])
  t.same(lines(), [])
  t.match(chainToJson(buildChain([link('se.', 'a.se.', 'A')]), 0), [{ owner: 'a.se.', children: [] }])
})

t.test('text of strangers cannot steer a terminal', async (t) => {
  const report = formatReport({
    name: nameFrom('a.se.'),
    type: 1,
    rcode: 2,
    errors: [{ code: 0, text: 'a\u001b[2Jb\nc\u202ed' }],
    answer: [],
    authority: [],
    elapsedMs: 1,
    nowSeconds: 0,
  })
  t.match(report, /;; EDE: 0 Other Error: a\?\[2Jb\?c\?d\n/)
})
