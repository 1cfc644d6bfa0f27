/** The tables against the registries, and their mnemonics both ways. */
import t from 'tap'
import { CLASS, formatClass, parseClass } from '../../src/wire/iana/class.ts'
import { DIGEST, formatDigestType } from '../../src/wire/iana/digest-type.ts'
import { formatAlgorithm, parseAlgorithm } from '../../src/wire/iana/dnssec-algorithm.ts'
import { formatOptionCode, OPTION } from '../../src/wire/iana/edns-option.ts'
import { EDE, formatEde } from '../../src/wire/iana/extended-error.ts'
import { formatOpcode, OPCODE } from '../../src/wire/iana/opcode.ts'
import { formatRcode, RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, isMetaType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { readSharedRows, sharedMissing } from './shared-data.ts'

t.test('types', async (t) => {
  for (const number of Object.values(TYPE)) t.equal(parseType(formatType(number)), number, formatType(number))
  t.equal(formatType(23), 'NSAP-PTR')
  t.equal(formatType(65_280), 'TYPE65280')
  t.equal(parseType('aaaa'), 28)
  t.equal(parseType('type28'), 28)
  t.equal(parseType('*'), 255)
  for (const text of ['', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1x', 'NSAP_PTR', 'constructor']) {
    t.equal(parseType(text), undefined, text)
  }
  for (const type of [41, 128, 249, 250, 251, 252, 255]) t.ok(isMetaType(type), formatType(type))
  for (const type of [1, 6, 46, 127, 256, 65_280]) t.notOk(isMetaType(type), formatType(type))
})

t.test('types of the registry', { skip: sharedMissing }, async (t) => {
  for (const [mnemonic, number] of readSharedRows('iana/dns-parameters-4-rrtypes-2024-07.csv')) {
    if (!/^[A-Z0-9-]+$/.test(mnemonic!) || !/^[0-9]+$/.test(number ?? '')) continue
    t.equal(parseType(mnemonic!), Number(number), mnemonic!)
    t.equal(formatType(Number(number)), mnemonic)
  }
})

t.test('algorithms, digests, options and errors of the registries', { skip: sharedMissing }, async (t) => {
  for (const [number, mnemonic] of readSharedRows('iana/dnssec-algorithms.csv')) {
    t.equal(formatAlgorithm(Number(number)), mnemonic)
    t.equal(parseAlgorithm(mnemonic!), Number(number))
  }
  for (const [number, name] of readSharedRows('iana/ds-digest-types.csv')) {
    if (number !== '0') t.equal(formatDigestType(Number(number)), name)
  }
  const codes = new Set<number>(Object.values(OPTION))
  for (const [code, name] of readSharedRows('iana/edns-options.csv')) t.ok(codes.has(Number(code)), name!)
  const errors = readSharedRows('iana/extended-dns-error-codes.csv')
  t.same(
    Object.values(EDE),
    errors.map(([code]) => Number(code)),
  )
  for (const [code, purpose] of errors) t.equal(formatEde(Number(code)), purpose)
})

t.test('what has no mnemonic', async (t) => {
  t.equal(formatAlgorithm(99), '99')
  t.equal(parseAlgorithm('99'), 99)
  t.equal(parseAlgorithm('256'), undefined)
  t.equal(parseAlgorithm('nosuch'), undefined)
  t.equal(parseAlgorithm('nsec3rsasha1'), 7)
  t.equal(formatDigestType(99), '99')
  t.equal(DIGEST.SHA384, 4)
  t.equal(formatClass(4096), 'CLASS4096')
  t.equal(parseClass('class4096'), 4096)
  t.equal(parseClass('ch'), CLASS.CH)
  t.equal(parseClass('CLASS65536'), undefined)
  t.equal(formatRcode(RCODE.BADVERS), 'BADVERS')
  t.equal(formatRcode(3999), 'RCODE3999')
  t.equal(formatOpcode(OPCODE.NOTIFY), 'NOTIFY')
  t.equal(formatOpcode(15), 'OPCODE15')
  t.equal(formatOptionCode(OPTION.TCP_KEEPALIVE), 'TCP-KEEPALIVE')
  t.equal(formatOptionCode(65_001), 'OPT65001')
  t.equal(formatEde(49_152), 'EDE 49152')
})
