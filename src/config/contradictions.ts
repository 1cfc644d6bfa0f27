/** Faults that lie between settings. */
import { formatEndpoint } from '../base/address.ts'
import { isRoot } from '../wire/name.ts'
import type { Settings } from './settings.ts'
import type { TreeFault } from './tree.ts'

/** What no setting sees alone, each at the setting to change. */
export function findContradictions(settings: Settings): TreeFault[] {
  return [...skew(settings), ...families(settings), ...listeners(settings), ...anchors(settings)]
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

function listeners(settings: Settings): TreeFault[] {
  const metrics = settings['metrics.listen']
  if (metrics === undefined || metrics.port === 0) return []
  if (!settings['server.listen'].some((one) => formatEndpoint(one) === formatEndpoint(metrics))) return []
  return [{ path: ['metrics', 'listen'], expected: 'an address and port that server.listen leaves free' }]
}

function anchors(settings: Settings): TreeFault[] {
  const root = settings['dnssec.negative-trust-anchors'].findIndex((anchor) => isRoot(anchor.name))
  if (root < 0) return []
  const expected = 'a zone below the root (dnssec.mode: off judges nothing at all)'
  return [{ path: ['dnssec', 'negative-trust-anchors', root, 'name'], expected }]
}
