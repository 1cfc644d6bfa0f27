/** Digests over zones: the examples of RFC 8976, appendix A, and what must not pass for them. */
import t from 'tap'
import { zoneDigestFault } from '../../src/dnssec/zone-digest.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { recordsFrom } from '../support/records.ts'

const EXAMPLE = nameFrom('example.')
const SERIAL = 2018031900

const SIMPLE = `
example. 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
         86400 NS ns1
         86400 NS ns2
         86400 ZONEMD 2018031900 1 1 (
               c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3
               a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c )
ns1 3600 A 203.0.113.63
ns2 3600 AAAA 2001:db8::63
`
const COMPLEX = `
example. 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
         86400 NS ns1
         86400 NS ns2
         86400 ZONEMD 2018031900 1 1 (
               a3b69bad980a3504e1cffcb0fd6397f93848071c93151f55
               2ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe )
ns1 3600 A 203.0.113.63
NS2 3600 AAAA 2001:db8::63
occluded.sub 7200 TXT "I'm occluded but must be digested"
sub 7200 NS ns1
duplicate 300 TXT "I must be digested just once"
duplicate 300 TXT "I must be digested just once"
foo.test. 555 TXT "out-of-zone data must be excluded"
UPPERCASE 3600 TXT "canonicalize uppercase owner names"
* 777 PTR dont-forget-about-wildcards
mail 3600 MX 20 MAIL1
mail 3600 MX 10 Mail2.Example.
sortme 3600 AAAA 2001:db8::5:61
sortme 3600 AAAA 2001:db8::3:62
sortme 3600 AAAA 2001:db8::4:63
sortme 3600 AAAA 2001:db8::1:65
sortme 3600 AAAA 2001:db8::2:64
non-apex 900 ZONEMD 2018031900 1 1 (
             616c6c6f776564206275742069676e6f7265642e20616c6c
             6f776564206275742069676e6f7265642e20616c6c6f7765 )
`
/** TTLs by which records of it are known. */
const DUPLICATE = 300
const OUTSIDE = 555

const SHA384 = `ZONEMD 2018031900 1 1 (
  62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637
  493daaf401c92c279dd10f0edb1c56f8080211f8480ee306 )`
const SHA512 = `ZONEMD 2018031900 1 2 (
  08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a
  4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27 )`
const PRIVATE = `ZONEMD 2018031900 1 240 ( e2d523f654b9422a96c5a8f44607bbee )
example. 86400 ZONEMD 2018031900 241 1 (
  e1846540e33a9e4189792d18d5d131f605fc283e0000000000000000 )`

/** The example with several digests (A.3), with these. */
function several(...digests: string[]): ResourceRecord[] {
  return recordsFrom(
    `
example. 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
         86400 NS ns1.example.
         86400 NS ns2.example.
${digests.map((digest) => `example. 86400 ${digest}`).join('\n')}
ns1.example. 3600 A 203.0.113.63
ns2.example. 86400 TXT "This example has multiple digests"
ns2.example. 3600 AAAA 2001:db8::63
`,
    EXAMPLE,
  )
}

const fault = (records: readonly ResourceRecord[], serial = SERIAL): string | undefined =>
  zoneDigestFault(EXAMPLE, serial, records)

t.test('the examples of the RFC', async (t) => {
  t.equal(fault(recordsFrom(SIMPLE, EXAMPLE)), undefined)
  t.equal(fault(recordsFrom(COMPLEX, EXAMPLE)), undefined, 'every rule of what is digested')
  t.equal(fault([...recordsFrom(COMPLEX, EXAMPLE)].reverse()), undefined, 'in whatever order')
  t.equal(fault(several(SHA384, SHA512, PRIVATE)), undefined)
  t.equal(fault(several(SHA384)), undefined)
  t.equal(fault(several(SHA512)), undefined, 'by SHA-512 alone')
})

t.test('the zone root-servers.net of 2018', async (t) => {
  const hosts: [host: string, ipv4: string, ipv6: string][] = [
    ['a', '198.41.0.4', '2001:503:ba3e::2:30'],
    ['b', '199.9.14.201', '2001:500:200::b'],
    ['c', '192.33.4.12', '2001:500:2::c'],
    ['d', '199.7.91.13', '2001:500:2d::d'],
    ['e', '192.203.230.10', '2001:500:a8::e'],
    ['f', '192.5.5.241', '2001:500:2f::f'],
    ['g', '192.112.36.4', '2001:500:12::d0d'],
    ['h', '198.97.190.53', '2001:500:1::53'],
    ['i', '192.36.148.17', '2001:7fe::53'],
    ['j', '192.58.128.30', '2001:503:c27::2:30'],
    ['k', '193.0.14.129', '2001:7fd::1'],
    ['l', '199.7.83.42', '2001:500:9f::42'],
    ['m', '202.12.27.33', '2001:dc3::35'],
  ]
  const apex = nameFrom('root-servers.net.')
  const text = `$TTL 3600000
@ SOA a nstld.verisign-grs.com. 2018091100 14400 7200 1209600 3600000
@ ZONEMD 2018091100 1 1 (
  f1ca0ccd91bd5573d9f431c00ee0101b2545c97602be0a97
  8a3b11dbfc1c776d5b3e86ae3d973d6b5349ba7f04340f79 )
b MX 20 mail.isi.edu.
i MX 10 mx.i.root-servers.org.
${hosts.map(([host, ipv4, ipv6]) => `@ NS ${host}\n${host} A ${ipv4}\n${host} AAAA ${ipv6}`).join('\n')}
`
  t.equal(zoneDigestFault(apex, 2018091100, recordsFrom(text, apex)), undefined)
})

t.test('whatever is other than it was digested', async (t) => {
  const records = recordsFrom(COMPLEX, EXAMPLE)
  const differs = 'its records are not those that its ZONEMD record was made of'
  const isDigested = ({ owner, type, ttlSeconds }: ResourceRecord): boolean =>
    // Of the two that are the same one would still be there.
    ttlSeconds !== DUPLICATE &&
    ttlSeconds !== OUTSIDE &&
    !(type === TYPE.ZONEMD && namesEqual(owner, EXAMPLE))
  for (const record of records.filter(isDigested)) {
    t.equal(fault(records.filter((other) => other !== record)), differs, 'less of it')
    const changed = records.map((other) => (other === record ? { ...other, ttlSeconds: 1 } : other))
    t.equal(fault(changed), differs, 'another TTL')
  }
  const [more] = recordsFrom('new.example. 60 A 192.0.2.1')
  t.equal(fault([...records, more!]), differs, 'more of it')
})

t.test('digests that do not count', async (t) => {
  const unknown = 'its ZONEMD records are of schemes and hashes that are not known here'
  t.equal(fault(several()), 'it has no ZONEMD record')
  t.equal(fault(several(SHA384), SERIAL + 1), `its ZONEMD record is that of serial ${SERIAL}`)
  t.equal(fault(several(PRIVATE)), unknown)
  const other = SHA384.replace('62e6', '62e7')
  t.equal(fault(several(SHA384, other)), unknown, 'of two for one hash neither counts (RFC 8976 4)')
  t.equal(fault(several(SHA384, other, SHA512)), undefined, 'but another')
  t.equal(fault(several('ZONEMD 2018031900 1 1 62e6cf51b02e54b9b5f967d5')), unknown, 'cut off')
  t.equal(fault(several('TYPE63 \\# 7 784a19ec010162')), 'it has no ZONEMD record', 'malformed')
})
