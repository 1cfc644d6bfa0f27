/** The views of RDATA that validation reads. */
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { isRevoked, isSep, isZoneKey, keyTagOf, parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { parseDs } from '../../src/wire/rdata/ds.ts'
import { parseNsec } from '../../src/wire/rdata/nsec.ts'
import { parseNsec3, parseNsec3param } from '../../src/wire/rdata/nsec3.ts'
import { rdataFrom } from '../../src/wire/rdata/rdata.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import { parseSoa, writeSoa } from '../../src/wire/rdata/soa.ts'
import { mxExchange, srvTarget, svcbTarget, targetName } from '../../src/wire/rdata/target.ts'
import { bitmapHas, bitmapTypes, parseTypeBitmap, writeTypeBitmap } from '../../src/wire/rdata/type-bitmap.ts'

function octets(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

t.test('RRSIG', async (t) => {
  const rdata = rdataFrom(TYPE.RRSIG, 'A 13 2 300 20261005150108 20261003130108 34505 Example.com. QUJD')
  const rrsig = parseRrsig(rdata)!
  t.match(rrsig, { typeCovered: 1, algorithm: 13, labels: 2, originalTtlSeconds: 300, keyTag: 34505 })
  t.equal(rrsig.expiration, Date.UTC(2026, 9, 5, 15, 1, 8) / 1000)
  t.equal(rrsig.inception, Date.UTC(2026, 9, 3, 13, 1, 8) / 1000)
  t.equal(formatName(rrsig.signer), 'Example.com.')
  t.equal(formatHex(rrsig.signature), '414243')
  t.same([...rrsig.signedPrefix, ...rrsig.signature], [...rdata])
  t.equal(parseRrsig(rdata.subarray(0, -3)), undefined, 'no signature')
  t.equal(parseRrsig(rdata.subarray(0, 18)), undefined, 'no signer')
  t.equal(parseRrsig(octets(`${'00'.repeat(18)}c00c0000`)), undefined, 'a compressed signer')
})

t.test('DNSKEY and its key tag', async (t) => {
  // The root's keys: trust-anchors/ names the same tags.
  const ksk2017 = rdataFrom(
    TYPE.DNSKEY,
    '257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=',
  )
  const key = parseDnskey(ksk2017)!
  t.match(key, { flags: 257, protocol: 3, algorithm: 8, keyTag: 20326 })
  t.equal(key.publicKey.length, ksk2017.length - 4)
  t.equal(key.rdata, ksk2017)
  t.ok(isZoneKey(key) && isSep(key) && !isRevoked(key))
  const revoked = parseDnskey(Uint8Array.from([1, 0x81, ...ksk2017.subarray(2)]))!
  t.ok(isRevoked(revoked))
  t.equal(revoked.keyTag, 20326 + 128)
  t.notOk(isZoneKey(parseDnskey(octets('0001 03 08 aa'))!))
  // RFC 4034 B.1: algorithm 1 takes the tag from the modulus.
  t.equal(keyTagOf(octets('0100 03 01 03 010001 aabbccdd')), 0xbbcc)
  t.equal(keyTagOf(octets('0100 03 01 aa')), 0)
  t.equal(keyTagOf(octets('0100 03 08 aabb cc')), (0x0100 + 0x0308 + 0xaabb + 0xcc00 + 1) & 0xffff)
  t.equal(parseDnskey(octets('0100 03 08')), undefined)
})

t.test('DS', async (t) => {
  t.same(parseDs(octets('1234 0d 02 aabb')), {
    keyTag: 0x1234,
    algorithm: 13,
    digestType: 2,
    digest: octets('aabb'),
  })
  t.equal(parseDs(octets('1234 0d 02')), undefined)
})

t.test('NSEC and type bit maps', async (t) => {
  const nsec = parseNsec(rdataFrom(TYPE.NSEC, 'Next.example. NS SOA RRSIG NSEC DNSKEY CAA TYPE65534'))!
  t.equal(formatName(nsec.next), 'Next.example.')
  t.same(bitmapTypes(nsec.types), [2, 6, 46, 47, 48, 257, 65_534])
  for (const type of [2, 6, 46, 47, 48, 257, 65_534]) t.ok(bitmapHas(nsec.types, type), `${type}`)
  for (const type of [0, 1, 3, 49, 255, 256, 258, 512, 65_280, 65_535])
    t.notOk(bitmapHas(nsec.types, type), `${type}`)
  t.equal(parseNsec(octets('0161')), undefined)
  const empty = parseTypeBitmap(new Uint8Array(0))!
  t.notOk(bitmapHas(empty, 1))
  for (const malformed of [
    '00',
    '0000',
    '00 02 40',
    '01 01 40 00 01 40',
    '00 01 40 00 01 40',
    `00 21 ${'01'.repeat(33)}`,
  ]) {
    t.equal(parseTypeBitmap(octets(malformed)), undefined, malformed)
    t.equal(parseNsec(octets(`00 ${malformed}`)), undefined)
  }
  const written = writeTypeBitmap([257, 1, 15, 1, 46, 47, 1234])
  t.equal(formatHex(written), `0006400100000003 010140 041b${'00'.repeat(26)}20`.replaceAll(' ', ''))
  t.same(bitmapTypes(writeTypeBitmap([65_535, 0])), [0, 65_535])
})

t.test('NSEC3 and NSEC3PARAM', async (t) => {
  const nsec3 = parseNsec3(rdataFrom(TYPE.NSEC3, '1 1 12 AABB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG'))!
  t.match(nsec3, { hashAlgorithm: 1, flags: 1, optOut: true, iterations: 12 })
  t.equal(formatHex(nsec3.salt), 'aabb')
  t.equal(formatHex(nsec3.nextHash), '174eb2409fe28bcb4887a1836f957f0a8425e27b')
  t.ok(bitmapHas(nsec3.types, 46))
  t.match(parseNsec3(octets('01 00 0000 00 01 aa')), { optOut: false, iterations: 0 })
  for (const malformed of [
    '',
    '01 00 0000',
    '01 00 0000 01',
    '01 00 0000 00',
    '01 00 0000 00 00',
    '01 00 0000 00 02 aa',
    '01 00 0000 00 01 aa 00',
  ]) {
    t.equal(parseNsec3(octets(malformed)), undefined, malformed)
  }
  t.match(parseNsec3param(octets('01 00 000a 01 cc')), {
    hashAlgorithm: 1,
    iterations: 10,
    salt: octets('cc'),
  })
  t.equal(parseNsec3param(octets('01 00 000a 01 cc dd')), undefined)
  t.equal(parseNsec3param(octets('01 00 000a 02 cc')), undefined)
})

t.test('SOA', async (t) => {
  const rdata = rdataFrom(TYPE.SOA, 'ns.example. mail.example. 4294967295 1 2 3 4294967295')
  const soa = parseSoa(rdata)!
  t.match(soa, { serial: 4_294_967_295, refresh: 1, retry: 2, expire: 3, minimumSeconds: 4_294_967_295 })
  t.equal(formatName(soa.mname), 'ns.example.')
  t.equal(formatName(soa.rname), 'mail.example.')
  t.same(writeSoa(soa), rdata)
  t.equal(parseSoa(rdata.subarray(0, -1)), undefined)
  t.equal(parseSoa(Uint8Array.from([...rdata, 0])), undefined)
})

t.test('targets', async (t) => {
  t.same(targetName(rdataFrom(TYPE.NS, 'a.b.')), nameFrom('a.b.'))
  t.same(mxExchange(rdataFrom(TYPE.MX, '10 a.b.')), nameFrom('a.b.'))
  t.same(srvTarget(rdataFrom(TYPE.SRV, '1 2 3 a.b.')), nameFrom('a.b.'))
  t.same(svcbTarget(rdataFrom(TYPE.HTTPS, '1 a.b. port=53')), nameFrom('a.b.'))
  t.same(svcbTarget(rdataFrom(TYPE.HTTPS, '0 .')), nameFrom('.'))
  for (const malformed of ['', '0161', '016100ff', 'c00c'])
    t.equal(targetName(octets(malformed)), undefined, malformed)
  t.equal(mxExchange(octets('000a')), undefined)
  t.equal(srvTarget(octets('000100020003')), undefined)
  t.equal(svcbTarget(octets('00010161')), undefined)
})
