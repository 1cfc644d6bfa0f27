/** EDNS options and extended errors (RFC 6891, RFC 8914). */
import fc from 'fast-check'
import t from 'tap'
import { edeOption, findOption, optLength, parseEde, parseOpt, writeOpt } from '../../src/wire/edns.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { anyEdns, FIXED } from './arbitraries.ts'

t.test('what is written is read again', async () => {
  fc.assert(
    fc.property(anyEdns, fc.integer({ min: 0, max: 0xfff }), (edns, rcode) => {
      const octets = new Uint8Array(optLength(edns) + 5)
      const end = writeOpt(octets, 3, edns, rcode)
      const view = new DataView(octets.buffer)
      const back = parseOpt(view.getUint16(6), view.getUint32(8), octets.subarray(14, end))
      return (
        end === octets.length - 2 &&
        view.getUint8(8) === rcode >> 4 &&
        JSON.stringify(back) === JSON.stringify(edns)
      )
    }),
    FIXED,
  )
})

t.test('extended errors', async (t) => {
  t.same([...edeOption(7, 'sé').octets], [0, 7, 0x73, 0xc3, 0xa9])
  t.same(parseEde(edeOption(33, 'nta for example.')), { code: 33, text: 'nta for example.' })
  t.same(parseEde(edeOption(0, '')), { code: 0, text: '' })
  const option = (...octets: number[]) => ({ code: OPTION.EXTENDED_ERROR, octets: Uint8Array.from(octets) })
  t.same(parseEde(option(0, 6, 0x61, 0)), { code: 6, text: 'a' }, 'a final NUL is no text')
  t.same(parseEde(option(0, 6, 0xff)), { code: 6, text: '\ufffd' }, 'what is no UTF-8 is shown as such')
  t.equal(parseEde(option(6)), undefined)
  t.equal(parseEde({ ...edeOption(6, 'a'), code: OPTION.COOKIE }), undefined)
})

t.test('options by code', async (t) => {
  const options = [edeOption(1, 'first'), edeOption(2, 'second')]
  const edns = { version: 0, udpPayloadOctets: 512, do: false, flags: 0, options }
  t.equal(findOption(edns, OPTION.EXTENDED_ERROR), options[0])
  t.equal(findOption(edns, OPTION.COOKIE), undefined)
})
