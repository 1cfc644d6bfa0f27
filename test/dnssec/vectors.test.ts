/** Known answers that the RFCs print. */
import t from 'tap'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import { nsec3Hash } from '../../src/dnssec/nsec3-hash.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import { formatBase32hex } from '../../src/wire/base32hex.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { proofParameters } from '../support/proof.ts'
import { pick, rrsetsFrom } from '../support/records.ts'

interface Vector {
  readonly title: string
  readonly zone: string
  readonly keyTag: number
  readonly at: string
  readonly owner: string
  readonly type: number
  readonly text: string
}

const WWW_2010 = 'www.example.net. 3600 IN A 192.0.2.91\n'
const MX_8080 = 'example.com. 3600 IN MX 10 mail.example.com.\n'

const VECTORS: readonly Vector[] = [
  {
    title: 'RSA/SHA-256, RFC 5702 6.1',
    zone: 'example.net.',
    keyTag: 9033,
    at: '2015-01-01T00:00:00Z',
    owner: 'www.example.net.',
    type: TYPE.A,
    text: `${WWW_2010}
example.net. 3600 IN DNSKEY 256 3 8 (
  AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk= )
www.example.net. 3600 IN RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. (
  kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg== )`,
  },
  {
    title: 'RSA/SHA-512, RFC 5702 6.2',
    zone: 'example.net.',
    keyTag: 3740,
    at: '2015-01-01T00:00:00Z',
    owner: 'www.example.net.',
    type: TYPE.A,
    text: `${WWW_2010}
example.net. 3600 IN DNSKEY 256 3 10 (
  AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMr
  ZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL )
www.example.net. 3600 IN RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. (
  tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fO
  uagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw= )`,
  },
  {
    title: 'ECDSA P-256, RFC 6605 6.1',
    zone: 'example.net.',
    keyTag: 55648,
    at: '2010-08-20T00:00:00Z',
    owner: 'www.example.net.',
    type: TYPE.A,
    text: `
example.net. 3600 IN DNSKEY 257 3 13 (
  GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )
example.net. 3600 IN DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17
www.example.net. 3600 IN A 192.0.2.1
www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. (
  qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw== )`,
  },
  {
    title: 'ECDSA P-384, RFC 6605 6.2',
    zone: 'example.net.',
    keyTag: 10771,
    at: '2010-08-20T00:00:00Z',
    owner: 'www.example.net.',
    type: TYPE.A,
    text: `
example.net. 3600 IN DNSKEY 257 3 14 (
  xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp
  65F6Glur8I/mlVNgF6W/qTI37m40 )
example.net. 3600 IN DS 10771 14 4 (
  72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6 )
www.example.net. 3600 IN A 192.0.2.1
www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. (
  /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqX
  L5bdcJzusdnI0RSMROxxwGipWcJm )`,
  },
  {
    title: 'Ed25519, RFC 8080 6.1 with erratum 4935',
    zone: 'example.com.',
    keyTag: 3613,
    at: '2015-08-01T00:00:00Z',
    owner: 'example.com.',
    type: TYPE.MX,
    text: `${MX_8080}
example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
example.com. 3600 IN DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b
example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. (
  oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg== )`,
  },
  {
    title: 'Ed25519, the second key of RFC 8080 6.1 with erratum 4935',
    zone: 'example.com.',
    keyTag: 35217,
    at: '2015-08-01T00:00:00Z',
    owner: 'example.com.',
    type: TYPE.MX,
    text: `${MX_8080}
example.com. 3600 IN DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=
example.com. 3600 IN DS 35217 15 2 401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c
example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 35217 example.com. (
  zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg== )`,
  },
  {
    title: 'Ed448, RFC 8080 6.2 with erratum 4935',
    zone: 'example.com.',
    keyTag: 9713,
    at: '2015-08-01T00:00:00Z',
    owner: 'example.com.',
    type: TYPE.MX,
    text: `${MX_8080}
example.com. 3600 IN DNSKEY 257 3 16 (
  3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA )
example.com. 3600 IN DS 9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7
example.com. 3600 IN RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. (
  3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKx
  E/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA )`,
  },
]

for (const { title, zone, keyTag, at, owner, type, text } of VECTORS) {
  t.test(title, async (t) => {
    const sets = rrsetsFrom(text)
    const apex = nameFrom(zone)
    const dnskeys = pick(sets, apex, TYPE.DNSKEY)
    const key = parseDnskey(dnskeys.rdatas[0]!)!
    t.equal(key.keyTag, keyTag)
    const p = proofParameters({ at })
    const verdict = checkRrset(pick(sets, owner, type), { zone: apex, keys: [key] }, p)
    t.match(verdict, { status: 'secure', keyTag, wildcard: undefined })
    const ds = sets.find((set) => set.type === TYPE.DS)
    if (ds === undefined) return
    // The RFC signs no DNSKEY set: the DS record is right if what fails is the missing signature.
    const chain = checkDnskeySet(dnskeys, { ds: ds.rdatas }, apex, p)
    t.match(chain, { status: 'bogus', reason: 'signature-missing' })
  })
}

t.test('DS with SHA-1, RFC 4034 5.4', async (t) => {
  const sets = rrsetsFrom(`
dskey.example.com. 86400 IN DNSKEY 256 3 5 (
  AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd
  /M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw== )
dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118`)
  const zone = nameFrom('dskey.example.com')
  const dnskeys = pick(sets, zone, TYPE.DNSKEY)
  t.equal(parseDnskey(dnskeys.rdatas[0]!)!.keyTag, 60485)
  const trust = { ds: pick(sets, zone, TYPE.DS).rdatas }
  t.match(checkDnskeySet(dnskeys, trust, zone, proofParameters()), { reason: 'signature-missing' })
})

t.test('NSEC3 hashes of RFC 5155 appendix A', async (t) => {
  const salt = Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd)
  for (const [name, hash] of [
    ['example.', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example.', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['ai.example.', 'gjeqe526plbf1g8mklp59enfd789njgi'],
    ['ns1.example.', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['ns2.example.', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
    ['w.example.', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
    ['*.w.example.', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['x.w.example.', 'b4um86eghhds6nea196smvmlo4ors995'],
    ['y.w.example.', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
    ['x.y.w.example.', '2vptu5timamqttgl4luu9kg21e0aor3s'],
    ['xx.example.', 't644ebqk9bibcna874givr6joj62mlhv'],
    ['2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi'],
  ] as const) {
    t.equal(formatBase32hex(nsec3Hash(nameFrom(name), 12, salt)), hash)
    t.equal(formatBase32hex(nsec3Hash(nameFrom(name.toUpperCase()), 12, salt)), hash, 'case is folded')
  }
})
