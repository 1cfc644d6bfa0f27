/** The published root anchors and their signature, at several dates and with every kind of damage. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { verifyRootAnchors } from '../../src/dnssec/anchor-file.ts'
import { anchorsInForce, parseAnchorXml } from '../../src/dnssec/anchor-xml.ts'
import { anchorKeyTag } from '../../src/dnssec/trust-anchors.ts'
import { ROOT as PROJECT } from '../house/project.ts'
import { absent, sharedOctets } from '../support/shared-data.ts'

const file = (name: string): Buffer => readFileSync(join(PROJECT, 'trust-anchors', name))
const xml = file('root-anchors.xml')
const p7s = file('root-anchors.p7s')
const pinned = file('icann-root-ca.pem').toString()
const at = (text: string): number => Date.parse(text) / 1000
const NOW = at('2026-11-21T00:00:00Z')

t.test('the shipped files verify', async (t) => {
  const verdict = verifyRootAnchors(xml, p7s, pinned, NOW)
  t.match(verdict, { status: 'verified', signerExpiresSeconds: at('2029-03-13T21:49:35Z') })
  if (verdict.status !== 'verified') return
  t.same(
    verdict.keys.map((key) => key.keyTag),
    [19_036, 20_326, 38_696],
  )
  const tags = (time: string): number[] => anchorsInForce(verdict.keys, at(time)).map(anchorKeyTag)
  t.same(tags('2026-11-21'), [20_326, 38_696])
  t.same(tags('2018-06-01'), [19_036, 20_326])
  t.same(tags('2019-01-11'), [20_326], 'an end is an end')
  t.same(tags('2010-01-01'), [])
})

t.test('dates', async (t) => {
  const outcome = (time: string): unknown => verifyRootAnchors(xml, p7s, pinned, at(time))
  t.match(outcome('2023-03-14'), { status: 'refused', detail: /not valid before/ })
  t.match(outcome('2029-03-13T21:00:00Z'), { status: 'verified' })
  t.match(outcome('2029-03-14'), { status: 'refused', detail: /dnssec@iana\.org expired on/ })
  t.match(outcome('2030-01-01'), { status: 'refused' })
})

const OLD = 'root/anchors/root-anchors-2024-signature-expired-2026-07-07.p7s'
t.test('the signature of 2024 (V26)', { skip: absent(OLD) }, async (t) => {
  const old = sharedOctets(OLD)
  const published = sharedOctets('root/anchors/root-anchors.xml')
  const outcome = (time: string): unknown => verifyRootAnchors(published, old, pinned, at(time))
  t.match(outcome('2026-07-06'), { status: 'verified' })
  t.match(outcome('2026-07-08'), { status: 'refused', detail: /expired on Jul {2}7 22:48:13 2026/ })
  const bundle = Buffer.from(sharedOctets('root/anchors/icannbundle.pem')).toString()
  t.match(
    verifyRootAnchors(published, p7s, bundle, NOW),
    { status: 'verified' },
    'expired neighbours do not matter',
  )
})

t.test('damage', async (t) => {
  const outcome = (x: Uint8Array, s: Uint8Array, pem = pinned): unknown => verifyRootAnchors(x, s, pem, NOW)
  for (const octet of [0, 100, 700, xml.length - 1]) {
    const changed = Buffer.from(xml)
    changed[octet]! ^= 1
    t.match(outcome(changed, p7s), { status: 'refused', detail: 'the file is not the one that was signed' })
  }
  const last = Buffer.from(p7s)
  last[last.length - 1]! ^= 1
  t.match(outcome(xml, last), { status: 'refused', detail: 'the signature is wrong' })
  t.match(outcome(xml, new Uint8Array(0)), { status: 'refused' })
  t.match(outcome(xml, xml), { status: 'refused' })
  t.match(outcome(xml, new Uint8Array(100_000)), { status: 'refused', detail: 'a file is too long' })
  t.match(outcome(xml, p7s, ''), { status: 'refused', detail: 'no pinned certificate is given' })
  for (let length = 0; length < p7s.length; length += 97) {
    t.match(outcome(xml, p7s.subarray(0, length)), { status: 'refused' })
  }
})

t.test('another pinned certificate does not do', async (t) => {
  // A self-signed certificate of nobody's, valid until 2126.
  const stranger = `-----BEGIN CERTIFICATE-----
MIIBeDCCAR+gAwIBAgIUNbWBOB4kG0/fV9qMUqg9QVpyN6wwCgYIKoZIzj0EAwIw
ETEPMA0GA1UECgwGTm9ib2R5MCAXDTI2MTEyMTIyMjYyOFoYDzIxMjYxMDI4MjIy
NjI4WjARMQ8wDQYDVQQKDAZOb2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATCB+3yHoqZoZmQrmGEiubb80MBBD6g4UXXe2sVafml5H6a769oiDTzIX5+XwFR
xjQ9XERATH1W1G7kLRfLmdYro1MwUTAdBgNVHQ4EFgQUoRWtbv4wkiBXcYmboMbV
P9AZNCAwHwYDVR0jBBgwFoAUoRWtbv4wkiBXcYmboMbVP9AZNCAwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBssEuyz2fbe6uM75IqMO8kXv+7VrPr
EtWIRCGgBTn4KgIgOyu8BWMnR55QmpydziB43YTfNsm/89r33iArxQKw3CA=
-----END CERTIFICATE-----`
  t.match(verifyRootAnchors(xml, p7s, stranger, NOW), {
    status: 'refused',
    detail: 'the certificates do not lead to a pinned one',
  })
})

t.test('the XML of RFC 9718', async (t) => {
  const key = `<KeyDigest id="a" validFrom="2017-02-02T00:00:00+00:00"><KeyTag>20326</KeyTag>
<Algorithm>8</Algorithm><DigestType>2</DigestType>
<Digest>E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D</Digest></KeyDigest>`
  const outer = (inner: string): string =>
    `<?xml version="1.0"?><TrustAnchor id="x"><Zone>.</Zone>${inner}</TrustAnchor>`
  t.match(parseAnchorXml(outer(key)), [
    { id: 'a', keyTag: 20_326, dnskey: undefined, validUntilSeconds: undefined },
  ])
  t.match(
    parseAnchorXml(outer(`<!-- ${key} --><New a='1'/>${key}`)),
    { length: 1 },
    'what is unknown is passed over',
  )
  for (const [title, text, fault] of [
    ['no key', outer(''), /no KeyDigest/],
    ['no zone', `<TrustAnchor>${key}</TrustAnchor>`, /Zone holds no name/],
    ['other element', '<A></A>', /not TrustAnchor/],
    ['not closed', '<TrustAnchor>', /does not end/],
    ['crossed', '<TrustAnchor><Zone></TrustAnchor></Zone>', /ends without a beginning/],
    ['two documents', '<A></A><A></A>', /not one outer element/],
    ['DOCTYPE', '<!DOCTYPE a [<!ENTITY b "c">]><TrustAnchor></TrustAnchor>', /cannot be read at character 1/],
    ['an entity', outer(key.replace('20326', '&a;')), /cannot be read/],
    ['deep', '<A>'.repeat(100), /too deep/],
    ['empty', '', /not one outer element/],
    ['tag too large', outer(key.replace('20326', '70000')), /KeyDigest a: a number is missing/],
    ['no digest', outer(key.replace(/E06D\w*/, 'xyz')), /not hexadecimal/],
    ['no time', outer(key.replace('2017-02-02T00:00:00+00:00', 'now')), /validFrom is no time/],
    ['wrong end', outer(key.replace('id="a"', 'validUntil="2020"')), /validUntil is no time/],
    [
      'a key that is not of the digest',
      outer(key.replace('</KeyDigest>', '<PublicKey>AwEAAQ==</PublicKey><Flags>257</Flags></KeyDigest>')),
      /not the key of the digest/,
    ],
  ] as const) {
    t.match(parseAnchorXml(text), fault, title)
  }
})
