/** IPv4 addresses inside IPv6 ones. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { embeddedIPv4, embedIPv4, isTranslationPrefix } from '../../src/base/ipv4-embedded.ts'
import { parsePrefix } from '../../src/base/prefix.ts'

/** RFC 6052 2.4, table 1, for 192.0.2.33. */
const EXAMPLES = [
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
  ['64:ff9b::/96', '64:ff9b::c000:221'],
] as const
const IPV4 = Uint8Array.of(192, 0, 2, 33)

t.test('the examples of RFC 6052, there and back', async (t) => {
  for (const [prefixText, text] of EXAMPLES) {
    const prefix = parsePrefix(prefixText)!
    t.ok(isTranslationPrefix(prefix), prefixText)
    t.strictSame(embedIPv4(prefix, IPV4), parseAddress(text))
    t.strictSame(embeddedIPv4(prefix, parseAddress(text)!), IPV4)
  }
})

t.test('an address that stands for none', async (t) => {
  const prefix = parsePrefix('2001:db8::/32')!
  for (const text of ['2001:db9:c000:221::', '2001:db8:c000:221:100::', '192.0.2.33'])
    t.equal(embeddedIPv4(prefix, parseAddress(text)!), undefined, text)
  t.strictSame(
    embeddedIPv4(prefix, parseAddress('2001:db8:c000:221::1')!),
    IPV4,
    'what follows is not looked at',
  )
})

t.test('prefixes that are none', async (t) => {
  for (const text of ['64:ff9b::/95', '64:ff9b::/128', '192.0.0.0/16', '2001:db8:0:0:100::/96', '::/0'])
    t.notOk(isTranslationPrefix(parsePrefix(text)!), text)
})
