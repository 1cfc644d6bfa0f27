/** RDATA of every type: text both ways, canonical form, validation, and RDATA that somebody cut or bent. */
import fc from 'fast-check'
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { FormatError } from '../../src/wire/format-error.ts'
import { formatType, isMetaType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { parseDs } from '../../src/wire/rdata/ds.ts'
import { typesWithLayout } from '../../src/wire/rdata/layouts.ts'
import { parseNsec } from '../../src/wire/rdata/nsec.ts'
import { parseNsec3, parseNsec3param } from '../../src/wire/rdata/nsec3.ts'
import {
  canonicalRdata,
  checkRdata,
  decompressRdata,
  formatRdata,
  rdataFrom,
} from '../../src/wire/rdata/rdata.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import { parseSoa } from '../../src/wire/rdata/soa.ts'
import { mxExchange, srvTarget, svcbTarget, targetName } from '../../src/wire/rdata/target.ts'
import { TextFault } from '../../src/wire/text-token.ts'
import { ZoneTextError } from '../../src/wire/zone-text-error.ts'
import { figure } from '../attacks/row.ts'
import { FIXED, SAMPLE_RDATAS } from './arbitraries.ts'
import { RDATA_SAMPLES } from './rdata-samples.ts'
import { readSharedRows, sharedMissing } from './shared-data.ts'

/** Types of the registry for which no text of their own is defined; they have that of RFC 3597. */
const WITHOUT_TEXT = ['NULL', 'UINFO', 'UID', 'GID', 'UNSPEC']

t.test('text of every sample reads back as it stands', async (t) => {
  for (const [mnemonic, text] of RDATA_SAMPLES) {
    const type = parseType(mnemonic)!
    const rdata = rdataFrom(type, text)
    t.equal(checkRdata(type, rdata), undefined)
    t.equal(formatRdata(type, rdata), text, `${mnemonic} ${text}`)
    const generic = `\\# ${rdata.length} ${formatHex(rdata)}`
    t.same(rdataFrom(type, generic), rdata, `${mnemonic} in the form of RFC 3597`)
  }
})

t.test('every type with a layout has a sample', async (t) => {
  const sampled = new Set(SAMPLE_RDATAS.map(({ type }) => type))
  t.same(
    typesWithLayout()
      .filter((type) => !sampled.has(type))
      .map(formatType),
    [],
  )
})

t.test('every type of the registry has a text form', { skip: sharedMissing }, async (t) => {
  const known = new Set(typesWithLayout())
  const rows = readSharedRows('iana/dns-parameters-4-rrtypes-2024-07.csv')
  const missing = rows
    .map(([mnemonic, number]) => ({ mnemonic: mnemonic!, type: Number(number ?? Number.NaN) }))
    .filter(({ mnemonic, type }) => /^[A-Z0-9-]+$/.test(mnemonic) && Number.isInteger(type))
    .filter(({ type }) => !known.has(type) && !isMetaType(type))
  t.same(
    missing.map(({ mnemonic }) => mnemonic),
    WITHOUT_TEXT,
  )
})

t.test('wire forms of published examples', async (t) => {
  const cases: [type: string, text: string, hex: string][] = [
    ['A', '\\# 4 0A000001', '0a000001'],
    // RFC 4034 4.3
    [
      'NSEC',
      'host.example.com. A MX RRSIG NSEC TYPE1234',
      '04686f7374076578616d706c6503636f6d000006400100000003041b000000000000000000000000000000000000000000000000000020',
    ],
    // RFC 5155 appendix A
    [
      'NSEC3',
      '1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG',
      '0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b000722010000000290',
    ],
    // RFC 3123 4
    ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28', '00011503c0a82000011c83c0a826'],
    // RFC 7043 3.2, RFC 6742 2.1.2
    ['EUI48', '00-00-5E-00-53-2a', '00005e00532a'],
    ['NID', '10 14:4fff:ff20:ee64', '000a00144fffff20ee64'],
    // RFC 9460 appendix D.2
    ['SVCB', '0 foo.example.com.', '000003666f6f076578616d706c6503636f6d00'],
    ['SVCB', '1 .', '000100'],
    ['SVCB', '16 foo.example.com. port=53', '001003666f6f076578616d706c6503636f6d00000300020035'],
    ['SVCB', '1 foo.example.com. key667=hello', '000103666f6f076578616d706c6503636f6d00029b000568656c6c6f'],
    [
      'SVCB',
      '1 foo.example.com. key667="hello\\210qoo"',
      '000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f',
    ],
    [
      'SVCB',
      '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
      '000103666f6f076578616d706c6503636f6d0000060020' +
        '20010db8000000000000000000000001' +
        '20010db8000000000000000000530001',
    ],
    [
      'SVCB',
      '16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
      '001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201',
    ],
    [
      'SVCB',
      '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
    ],
    [
      'SVCB',
      '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
    ],
    // RFC 1876 4: 42 degrees N, 71 degrees W, altitude -24 m, size 30 m
    ['LOC', '42 21 54 N 71 06 18 W -24m 30m', '0033161389172dd070be15f000988d20'],
    ['TXT', '"a b" c \\065', '03612062' + '0163' + '0141'],
    ['HINFO', 'a "b c"', '016103622063'],
    ['CAA', '0 issue "ca"', '000569737375656361'],
    ['IPN', '4294967297', '0000000100000001'],
    ['DNSKEY', '257 3 RSASHA256 AQ==', '0101030801'],
    [
      'SOA',
      'a. b. 1 1h 15M 1w2d 1d',
      '01610001620000000001' + '00000e10' + '00000384' + '000bdd80' + '00015180',
    ],
    ['RRSIG', 'A 8 1 1h 20380119031408 0 1 . AQ==', '0001080100000e1080000000000000000001' + '0001'],
  ]
  for (const [mnemonic, text, hex] of cases) {
    t.equal(formatHex(rdataFrom(parseType(mnemonic)!, text)), hex, `${mnemonic} ${text}`)
  }
})

t.test('text that is refused', async (t) => {
  const long = `"${'x'.repeat(256)}"`
  const cases: [type: string, text: string][] = [
    ['A', '1.2.3'],
    ['A', '1.2.3.256'],
    ['A', ''],
    ['A', '1.2.3.4 5'],
    ['A', '\\# 5 0102030405'],
    ['A', '\\# 4 010203'],
    ['A', '\\# 4 01020304 05'],
    ['A', '\\# four 01020304'],
    ['A', '"\\#" 4 01020304'],
    ['AAAA', '1.2.3.4'],
    ['AAAA', 'fe80::1%eth0'],
    ['MX', '65536 a.'],
    ['MX', 'a. 10'],
    ['MX', '10 a..'],
    ['NS', '"a."'],
    ['TXT', long],
    ['TXT', '\\300'],
    ['TXT', ''],
    ['HINFO', 'a'],
    ['SOA', 'a. b. 1 2 3 4'],
    ['SOA', 'a. b. 4294967296 2 3 4 5'],
    ['SOA', 'a. b. 1 2y 3 4 5'],
    ['DS', '1 8 2'],
    ['DS', '1 8 2 abc'],
    ['DS', '1 NOSUCH 2 ab'],
    ['DNSKEY', '256 3 8 AQ='],
    ['DNSKEY', '256 3 8 A*=='],
    ['RRSIG', 'A 8 1 300 20210229000000 20200101000000 1 . AQ=='],
    ['RRSIG', 'A 8 1 300 20200101000000 20200101000000 1 .'],
    ['NSEC3', '1 0 0 - xyz A'],
    ['NSEC3', '1 0 0 abc 2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['NSEC', 'a. NOSUCHTYPE'],
    ['NXT', 'a. TYPE128'],
    ['WKS', '1.2.3.4 tcp 65536'],
    ['WKS', '1.2.3.4 nosuch 1'],
    ['LOC', '91 N 0 E 0m'],
    ['LOC', '42 60 N 0 E 0m'],
    ['LOC', '42 21 54 E 71 6 18 W 0m'],
    ['LOC', '42 N 71 W'],
    ['APL', '3:1.2.3.4/8'],
    ['APL', '1:1.2.3.4/33'],
    ['APL', '2:1.2.3.4/8'],
    ['IPSECKEY', '10 0 2 a. AQ=='],
    ['IPSECKEY', '10 4 2 a. AQ=='],
    ['AMTRELAY', '10 2 1 1.2.3.4'],
    ['CAA', '0 is-sue "x"'],
    ['CAA', '0 "" "x"'],
    ['SVCB', '1 . port=65536'],
    ['SVCB', '1 . port=1 port=2'],
    ['SVCB', '1 . alpn'],
    ['SVCB', '1 . alpn="a,,b"'],
    ['SVCB', '1 . no-default-alpn=x'],
    ['SVCB', '1 . mandatory=port'],
    ['SVCB', '1 . mandatory=mandatory'],
    ['SVCB', '1 . mandatory=port,port port=1'],
    ['SVCB', '1 . ipv4hint=1.2.3.4,::1'],
    ['SVCB', '1 . key65535=x'],
    ['SVCB', '1 . key03=x'],
    ['SVCB', '1 . nosuch=x'],
    ['SVCB', '1 . key3=x'],
    ['EUI48', '00-00-5e-00-53'],
    ['L64', '1 2001:db8'],
    ['HIP', '2 AB'],
    ['NSAP', '47000580'],
    ['ATMA', '+12ab'],
    ['URI', '10 1'],
    ['NULL', 'abc'],
    ['TYPE731', 'abc'],
  ]
  for (const [mnemonic, text] of cases) {
    t.throws(() => rdataFrom(parseType(mnemonic)!, text), TextFault, `${mnemonic} ${text}`)
  }
})

t.test('lenient reading', async (t) => {
  const same: [type: string, text: string, other: string][] = [
    ['DS', '1 RSASHA256 2 ab cd', '1 8 2 ABCD'],
    ['WKS', '1.2.3.4 TCP smtp 80', '1.2.3.4 6 25 80'],
    ['LOC', '1 N 2 E 3', '1 0 0.000 N 2 0 0.000 E 3.00m 1.00m 10000.00m 10.00m'],
    ['CERT', '1 2 RSASHA1 AQ==', 'PKIX 2 5 AQ=='],
    ['NSEC', 'a. mx A a', 'a. A MX'],
    ['SVCB', '1 . port=1 alpn="h2" key4="\\192\\000\\002\\001"', '1 . alpn="h2" port=1 ipv4hint=192.0.2.1'],
    ['A6', '64 2001:db8::1 a.', '64 ::1 a.'],
    ['NSAP', '0x47.0005.80', '0x47000580'],
    ['ATMA', '39.246f', '39246f'],
  ]
  for (const [mnemonic, text, other] of same) {
    const type = parseType(mnemonic)!
    t.equal(formatRdata(type, rdataFrom(type, text)), other, text)
  }
})

t.test('RDATA that a text of its own would change is shown as octets', async (t) => {
  const cases: [type: number, hex: string][] = [
    [TYPE.NSEC, '0000024000'],
    [TYPE.WKS, 'c00002010600'],
    [TYPE.NXT, '004000'],
    [TYPE.LOC, '0005161389172dd070be15f000988d20'],
  ]
  for (const [type, hex] of cases) {
    const rdata = new Uint8Array(Buffer.from(hex, 'hex'))
    t.equal(checkRdata(type, rdata), undefined, hex)
    t.equal(formatRdata(type, rdata), `\\# ${rdata.length} ${hex}`)
    t.same(rdataFrom(type, formatRdata(type, rdata)), rdata)
  }
})

t.test('canonical form', async (t) => {
  const upper = 'HOST.Example.'
  const folded = ['NS', 'MD', 'MF', 'CNAME', 'MB', 'MG', 'MR', 'PTR', 'DNAME']
  for (const mnemonic of folded) checkFold(mnemonic, upper)
  checkFold('SOA', `${upper} A.B. 1 2 3 4 5`)
  checkFold('MINFO', `${upper} ${upper}`)
  checkFold('RP', `${upper} ${upper}`)
  for (const mnemonic of ['MX', 'AFSDB', 'RT', 'KX']) checkFold(mnemonic, `10 ${upper}`)
  checkFold('PX', `10 ${upper} ${upper}`)
  checkFold('SRV', `1 2 3 ${upper}`)
  checkFold('NXT', `${upper} A`)
  checkFold('NAPTR', `1 2 "U" "SIP" "X" ${upper}`, `1 2 "U" "SIP" "X" ${upper.toLowerCase()}`)
  checkFold('A6', `64 ::1 ${upper}`)
  for (const mnemonic of ['SIG', 'RRSIG']) {
    const before = 'A 8 1 300 20200101000000 20200101000000 1'
    checkFold(mnemonic, `${before} ${upper} QUJD`, `${before} ${upper.toLowerCase()} QUJD`)
  }
  const kept: [type: string, text: string][] = [
    ['NSEC', `${upper} A`],
    ['HINFO', '"ABC" "DEF"'],
    ['TXT', '"ABC"'],
    ['LP', `10 ${upper}`],
    ['TALINK', `${upper} ${upper}`],
    ['SVCB', `1 ${upper}`],
    ['NSAP-PTR', upper],
    ['HIP', `2 AB AQ== ${upper}`],
  ]
  for (const [mnemonic, text] of kept) {
    const rdata = rdataFrom(parseType(mnemonic)!, text)
    t.equal(canonicalRdata(parseType(mnemonic)!, rdata), rdata, `${mnemonic} keeps its case, and its octets`)
  }
  const lower = rdataFrom(TYPE.NS, 'a.b.')
  t.equal(canonicalRdata(TYPE.NS, lower), lower, 'nothing to do, nothing copied')
  const original = rdataFrom(TYPE.NS, upper)
  canonicalRdata(TYPE.NS, original)
  t.same(original, rdataFrom(TYPE.NS, upper), 'the given octets stay')
  const buffer = Buffer.from(original)
  canonicalRdata(TYPE.NS, buffer)
  t.same([...buffer], [...original], 'even in a Buffer, whose slices are views')

  function checkFold(mnemonic: string, text: string, expected: string = text.toLowerCase()): void {
    const type = parseType(mnemonic)!
    t.equal(
      formatHex(canonicalRdata(type, rdataFrom(type, text))),
      formatHex(rdataFrom(type, expected)),
      mnemonic,
    )
  }
})

/** Everything that is done with RDATA of strangers; only FormatError may come out, and only of the first. */
function handle(type: number, rdata: Uint8Array): void {
  try {
    decompressRdata(type, rdata, 0, rdata.length)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
  canonicalRdata(type, rdata)
  for (const view of [parseRrsig, parseDnskey, parseDs, parseNsec, parseNsec3, parseNsec3param, parseSoa])
    view(rdata)
  for (const view of [targetName, mxExchange, srvTarget, svcbTarget]) view(rdata)
  const text = formatRdata(type, rdata)
  if (checkRdata(type, rdata) === undefined) {
    if (Buffer.compare(rdataFrom(type, text, ROOT), rdata) !== 0)
      throw new Error(`${formatType(type)} ${text}`)
  } else if (!text.startsWith('\\#')) throw new Error(`malformed ${formatType(type)} as ${text}`)
}

t.test('RDATA cut at every octet (C16)', async (t) => {
  let cuts = 0
  for (const { type, rdata } of SAMPLE_RDATAS) {
    for (let length = 0; length <= rdata.length; length++) {
      handle(type, rdata.slice(0, length))
      cuts++
    }
    handle(type, Uint8Array.from([...rdata, 0]))
  }
  const types = new Set(SAMPLE_RDATAS.map(({ type }) => type))
  t.ok(types.size >= 40, `${types.size} types`)
  figure(t, 'C16', `${types.size} types, ${cuts} cuts: each refused or opaque`)
})

t.test('RDATA with octets changed', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLE_RDATAS),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      ({ type, rdata }, changes) => {
        const bent = rdata.slice()
        for (const [at, octet] of changes) if (bent.length > 0) bent[at % bent.length] = octet
        handle(type, bent)
      },
    ),
    { ...FIXED, numRuns: 20_000 },
  )
})

t.test('random RDATA of every type', async () => {
  fc.assert(fc.property(fc.constantFrom(...typesWithLayout()), fc.uint8Array({ maxLength: 40 }), handle), {
    ...FIXED,
    numRuns: 20_000,
  })
})

t.test('random words as RDATA', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      '"',
      '\\',
      '(',
      ')',
      '-',
      '.',
      '1',
      'A',
      'a.',
      '1.2.3.4',
      '::1',
      '\\# 1 00',
      'AQ==',
      'alpn=',
      ';',
    ),
    fc.string({ maxLength: 8 }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...typesWithLayout()), fc.array(word, { maxLength: 8 }), (type, words) => {
      try {
        rdataFrom(type, words.join(' '))
      } catch (error) {
        if (!(error instanceof TextFault) && !(error instanceof ZoneTextError)) throw error
      }
    }),
    { ...FIXED, numRuns: 10_000 },
  )
})
