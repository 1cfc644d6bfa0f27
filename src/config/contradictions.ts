/** Faults that lie between settings. */
import { type Address, type Endpoint, formatEndpoint } from '../base/address.ts'
import { EXCEPTION_SECONDS_MAX } from '../base/limits.ts'
import { octetsEqual } from '../base/octets.ts'
import { isRoot, namesEqual } from '../wire/name.ts'
import { localDataFaults } from './local-data.ts'
import type { SettingKey, Settings } from './settings.ts'
import type { TreeFault } from './tree.ts'

/** Whether the file names a setting. */
type IsGiven = (key: SettingKey) => boolean

/**
 * What no setting sees alone, each at the setting to change.
 *
 * @param nowSeconds since 1970
 */
export function findContradictions(settings: Settings, nowSeconds: number, isGiven: IsGiven): TreeFault[] {
  return [
    ...skew(settings),
    ...lifetimes(settings),
    ...families(settings),
    ...listeners(settings, isGiven),
    ...multicast(settings),
    ...rolloutListeners(settings),
    ...control(settings, isGiven),
    ...threads(settings),
    ...routes(settings),
    ...anchors(settings, settings['dnssec.clock'] ?? nowSeconds),
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

function lifetimes(settings: Settings): TreeFault[] {
  const most = settings['cache.ttl.max-seconds']
  if (settings['cache.ttl.min-seconds'] <= most) return []
  return [{ path: ['cache', 'ttl', 'min-seconds'], expected: `at most max-seconds, which is ${most}` }]
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
function listeners(settings: Settings, isGiven: IsGiven): TreeFault[] {
  const listen = settings['server.listen']
  const twice = listen.flatMap((endpoint, index): TreeFault[] => {
    const other = listen.find((one) => one !== endpoint && isWildcard(one) && overlaps(one, endpoint))
    if (other === undefined) return []
    const expected = `an address and port that ${formatEndpoint(other)} does not cover`
    return [{ path: ['server', 'listen', index], expected }]
  })
  const metrics = settings['metrics.listen']
  const index = metrics === undefined ? -1 : listen.findIndex((endpoint) => overlaps(endpoint, metrics))
  if (metrics === undefined || index < 0) return twice
  if (isGiven('metrics.listen')) {
    const expected = 'an address and port that server.listen leaves free'
    return [...twice, { path: ['metrics', 'listen'], expected }]
  }
  const expected = `an address and port other than ${metricsDefault(metrics)}`
  return [...twice, { path: ['server', 'listen', index], expected }]
}

/** Who has never set it does not know that it takes a port. */
function metricsDefault(metrics: Endpoint): string {
  return `${formatEndpoint(metrics)}, where metrics.listen is unless it is set`
}

/** The system lets one listen there, but nobody is served. */
function multicast(settings: Settings): TreeFault[] {
  const places: { readonly path: TreeFault['path']; readonly endpoint: Endpoint | undefined }[] = [
    ...settings['server.listen'].map((endpoint, index) => ({ path: ['server', 'listen', index], endpoint })),
    { path: ['metrics', 'listen'], endpoint: settings['metrics.listen'] },
    { path: ['control', 'listen'], endpoint: settings['control.listen'] },
  ]
  return places.flatMap(({ path, endpoint }): TreeFault[] =>
    endpoint !== undefined && isMulticast(endpoint.address)
      ? [{ path, expected: 'an address of one machine' }]
      : [],
  )
}

/** Nobody commands over a network without a token. */
function control(settings: Settings, isGiven: IsGiven): TreeFault[] {
  const endpoint = settings['control.listen']
  if (endpoint === undefined) return []
  const path = ['control', 'listen']
  const metrics = settings['metrics.listen']
  if (metrics !== undefined && !isGiven('metrics.listen') && overlaps(metrics, endpoint))
    return [{ path, expected: `an address and port other than ${metricsDefault(metrics)}` }]
  const others = [...settings['server.listen'], ...(metrics ? [metrics] : [])]
  if (others.some((other) => overlaps(other, endpoint))) {
    return [{ path, expected: 'an address and port that server.listen and metrics.listen leave free' }]
  }
  if (settings['control.token-file'] !== '') return []
  return [{ path: ['control', 'token-file'], expected: 'a file with a token, since control.listen is set' }]
}

const ROLLOUT_LISTENERS = ['always-listeners', 'never-listeners'] as const

/** Each is one that clients can ask, and only on one of the lists. */
function rolloutListeners(settings: Settings): TreeFault[] {
  const served = new Set(settings['server.listen'].map(formatEndpoint))
  const always = new Set(settings['dnssec.rollout.always-listeners'].map(formatEndpoint))
  return ROLLOUT_LISTENERS.flatMap((list) =>
    settings[`dnssec.rollout.${list}`].flatMap((endpoint, index): TreeFault[] => {
      const path = ['dnssec', 'rollout', list, index]
      const text = formatEndpoint(endpoint)
      if (!served.has(text)) return [{ path, expected: 'an address and port of server.listen' }]
      if (list === 'always-listeners' || !always.has(text)) return []
      return [{ path, expected: 'an address and port that is not among always-listeners' }]
    }),
  )
}

function threads(settings: Settings): TreeFault[] {
  const fronts = settings['server.front-threads']
  if (settings['server.resolver-threads'] !== 0 || fronts === 'auto' || fronts === 1) return []
  const expected = '1 or auto, since resolver-threads: 0 puts everything in one thread'
  return [{ path: ['server', 'front-threads'], expected }]
}

function overlaps(a: Endpoint, b: Endpoint): boolean {
  if (a.port !== b.port || a.port === 0 || a.address.length !== b.address.length) return false
  return isWildcard(a) || isWildcard(b) || octetsEqual(a.address, b.address)
}

function isWildcard({ address }: Endpoint): boolean {
  return address.every((octet) => octet === 0)
}

/** A zone is a stub zone or a forward zone, and its servers are somebody else. */
function routes(settings: Settings): TreeFault[] {
  const stubs = settings['resolution.stub-zones']
  const forwards = settings['resolution.forward-zones']
  const both = forwards.flatMap(({ name }, index): TreeFault[] => {
    if (!stubs.some((stub) => namesEqual(stub.name, name))) return []
    const expected = 'a zone that is not among stub-zones'
    return [{ path: ['resolution', 'forward-zones', index, 'name'], expected }]
  })
  const addresses = [...routeAddresses('stub-zones', stubs), ...routeAddresses('forward-zones', forwards)]
  return [...both, ...addresses.flatMap(({ path, endpoint }) => routeAddress(settings, path, endpoint))]
}

interface RouteAddress {
  readonly path: TreeFault['path']
  readonly endpoint: Endpoint
}

function routeAddresses(key: string, zones: Settings['resolution.stub-zones']): RouteAddress[] {
  return zones.flatMap(({ addresses }, zone) =>
    addresses.map((endpoint, index) => ({ path: ['resolution', key, zone, 'addresses', index], endpoint })),
  )
}

function routeAddress(settings: Settings, path: TreeFault['path'], endpoint: Endpoint): TreeFault[] {
  const { address, port } = endpoint
  if (port === 0 || isWildcard(endpoint) || isMulticast(address))
    return [{ path, expected: 'the address and port of a server' }]
  const familyOn = address.length === 4 ? settings['resolution.ipv4'] : settings['resolution.ipv6']
  if (!familyOn) return [{ path, expected: 'an address of a family that is on' }]
  const own = settings['server.listen'].some((listen) =>
    isWildcard(listen) ? isLoopback(address) && overlaps(listen, endpoint) : sameEndpoint(listen, endpoint),
  )
  return own ? [{ path, expected: 'a server other than this resolver itself (server.listen)' }] : []
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && octetsEqual(a.address, b.address)
}

function isMulticast(address: Address): boolean {
  return address.length === 4 ? address[0]! >= 224 : address[0] === 0xff
}

function isLoopback(address: Address): boolean {
  if (address.length === 4) return address[0] === 127
  return address.every((octet, at) => octet === (at === 15 ? 1 : 0))
}

/** As an operator's command has it: nothing is excepted for good, and the root never is in a file. */
function anchors(settings: Settings, nowSeconds: number): TreeFault[] {
  const path = ['dnssec', 'negative-trust-anchors']
  const latest = nowSeconds + EXCEPTION_SECONDS_MAX
  return settings['dnssec.negative-trust-anchors'].flatMap(({ name, expiresSeconds }, index): TreeFault[] => {
    if (isRoot(name)) {
      const expected = 'a zone below the root (dnssec.mode: off judges nothing at all)'
      return [{ path: [...path, index, 'name'], expected }]
    }
    if (expiresSeconds <= latest) return []
    const until = new Date(latest * 1000).toISOString().slice(0, 10)
    const expected = `a time within a week from now, ${until} at the latest (RFC 7646 2)`
    return [{ path: [...path, index, 'expires'], expected }]
  })
}
