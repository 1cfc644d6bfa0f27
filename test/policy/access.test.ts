import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { AccessList } from '../../src/policy/access.ts'

const address = (text: string): Uint8Array => parseAddress(text)!
const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!)

t.test('loopback only by default', async (t) => {
  const access = new AccessList()
  for (const text of ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1'])
    t.ok(access.allows(address(text)), text)
  for (const text of [
    '128.0.0.0',
    '126.255.255.255',
    '192.0.2.1',
    '::',
    '::2',
    '2001:db8::1',
    '::ffff:192.0.2.1',
  ]) {
    t.notOk(access.allows(address(text)), text)
  }
})

t.test('a denied part of an allowed network, an allowed host in a denied network', async (t) => {
  const access = new AccessList({
    allow: prefixes('10.0.0.0/8', '10.9.9.9/32', '2001:db8::/32'),
    deny: prefixes('10.9.0.0/16', '2001:db8:bad::/48'),
  })
  t.ok(access.allows(address('10.8.0.1')))
  t.notOk(access.allows(address('10.9.0.1')))
  t.ok(access.allows(address('10.9.9.9')))
  t.ok(access.allows(address('2001:db8::1')))
  t.notOk(access.allows(address('2001:db8:bad::1')))
})

t.test('denial wins at equal length, and an empty list allows nobody', async (t) => {
  const both = new AccessList({ allow: prefixes('10.0.0.0/8'), deny: prefixes('10.0.0.0/8') })
  t.notOk(both.allows(address('10.1.1.1')))
  t.notOk(new AccessList({ allow: [] }).allows(address('127.0.0.1')))
})

t.test('who may look into the cache is asked apart', async (t) => {
  const access = new AccessList({ allow: prefixes('10.0.0.0/8'), snoop: prefixes('10.9.0.0/16') })
  t.ok(access.maySnoop(address('10.9.0.1')))
  t.notOk(access.maySnoop(address('10.8.0.1')))
  t.notOk(new AccessList().maySnoop(address('127.0.0.1')), 'nobody by default')
})
