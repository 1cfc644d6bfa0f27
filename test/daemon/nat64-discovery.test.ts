/** What clients of a DNS64 are told of its prefix (RFC 7050, RFC 8880). */
import t from 'tap'
import { formatAddress } from '../../src/base/address.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { defaultConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { localZones } from '../../src/daemon/parts.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const IPV4ONLY = nameFrom('ipv4only.arpa.')

/** Addresses of the name; undefined where it is resolved. */
function addresses(type: number, change: Partial<Settings>): string[] | undefined {
  const answer = localZones({ ...defaultConfig().settings, ...change }).answer(IPV4ONLY, type)
  if (answer?.kind !== 'data') return undefined
  return answer.answer.flatMap(({ rdatas }) => rdatas.map(formatAddress)).sort()
}

t.test('a prefix is told, none is denied', async (t) => {
  const on = { 'dns64.prefix': parsePrefix('2001:db8:64::/96')! }
  t.same(addresses(TYPE.AAAA, on), ['2001:db8:64::c000:aa', '2001:db8:64::c000:ab'])
  t.same(addresses(TYPE.A, on), ['192.0.0.170', '192.0.0.171'])
  t.same(addresses(TYPE.AAAA, {}), [])
  t.same(
    addresses(TYPE.AAAA, { ...on, 'local-zones.disable': [IPV4ONLY] }),
    undefined,
    'resolved and translated',
  )
})
