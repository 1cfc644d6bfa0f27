/** Faults that lie between settings. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { octetsEqual } from '../base/octets.ts'
import { isRoot } from '../wire/name.ts'
import { localDataFaults } from './local-data.ts'
import type { Settings } from './settings.ts'
import type { TreeFault } from './tree.ts'

/** What no setting sees alone, each at the setting to change. */
export function findContradictions(settings: Settings): TreeFault[] {
  return [
    ...skew(settings),
    ...families(settings),
    ...listeners(settings),
    ...anchors(settings),
    ...localDataFaults(settings),
  ]
}

function skew(settings: Settings): TreeFault[] {
  const most = settings['dnssec.signature-skew.max-seconds']
  if (settings['dnssec.signature-skew.min-seconds'] <= most) return []
  return [
    { path: ['dnssec', 'signature-skew', 'min-seconds'], expected: `at most max-seconds, which is ${most}` },
  ]
}

function families(settings: Settings): TreeFault[] {
  const used = { 4: settings['resolution.ipv4'], 16: settings['resolution.ipv6'] }
  if (!used[4] && !used[16]) {
    return [{ path: ['resolution', 'ipv6'], expected: 'ipv4 or ipv6 to be true' }]
  }
  return settings['resolution.source-addresses'].flatMap((address, index) => {
    if (used[address.length as 4 | 16]) return []
    return [
      { path: ['resolution', 'source-addresses', index], expected: 'an address of a family that is on' },
    ]
  })
}

/** The system gives an address and port once; a wildcard takes all addresses of its family. */
function listeners(settings: Settings): TreeFault[] {
  const listen = settings['server.listen']
  const twice = listen.flatMap((endpoint, index): TreeFault[] => {
    const other = listen.find((one) => one !== endpoint && isWildcard(one) && overlaps(one, endpoint))
    if (other === undefined) return []
    const expected = `an address and port that ${formatEndpoint(other)} does not cover`
    return [{ path: ['server', 'listen', index], expected }]
  })
  const metrics = settings['metrics.listen']
  if (metrics === undefined || !listen.some((endpoint) => overlaps(endpoint, metrics))) return twice
  const expected = 'an address and port that server.listen leaves free'
  return [...twice, { path: ['metrics', 'listen'], expected }]
}

function overlaps(a: Endpoint, b: Endpoint): boolean {
  if (a.port !== b.port || a.port === 0 || a.address.length !== b.address.length) return false
  return isWildcard(a) || isWildcard(b) || octetsEqual(a.address, b.address)
}

function isWildcard({ address }: Endpoint): boolean {
  return address.every((octet) => octet === 0)
}

function anchors(settings: Settings): TreeFault[] {
  const root = settings['dnssec.negative-trust-anchors'].findIndex((anchor) => isRoot(anchor.name))
  if (root < 0) return []
  const expected = 'a zone below the root (dnssec.mode: off judges nothing at all)'
  return [{ path: ['dnssec', 'negative-trust-anchors', root, 'name'], expected }]
}
