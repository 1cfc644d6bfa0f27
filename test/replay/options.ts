/** The configuration section of a testbound file as settings of this product. */
import type { Endpoint } from '../../src/base/address.ts'
import { formatPrefix, type Prefix } from '../../src/base/prefix.ts'
import type { RouteSetting } from '../../src/config/values.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, nameFromOctets, nameKey } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { readZone, ZoneTextError } from '../../src/wire/zone-text.ts'
import { type Asked, serverRule } from './option-rules.ts'
import type { Clause, Option, Scenario } from './scenario.ts'
import { DNS_PORT, parseEndpointText } from './scenario-text.ts'
import { configFlag, configName, configPrefix, type Setup, SetupBuilder } from './setup.ts'
import { readTrustPoints } from './trust-state.ts'

/** Zones that this product answers out of the box and the resolvers that the files are written for do not. */
export const NOT_LOCAL_ELSEWHERE: readonly Name[] = [
  'local.',
  'alt.',
  '6tisch.arpa.',
  'eap-noob.arpa.',
  'empty.as112.arpa.',
  'ipv4only.arpa.',
  '170.0.0.192.in-addr.arpa.',
  '171.0.0.192.in-addr.arpa.',
].map(nameFrom)

/** Reads the section; an option that is unknown throws ScenarioError. */
export function setupTestbound(scenario: Scenario): Setup {
  const builder = new SetupBuilder(scenario.path)
  setDefaults(builder)
  const access = new AccessRules(builder)
  for (const clause of scenario.config.clauses) {
    if (clause.name === 'server') readServer(builder, scenario, clause, access)
    else if (clause.name === 'stub-zone' || clause.name === 'forward-zone') readRoute(builder, clause)
    else if (clause.name === 'auth-zone') needAuthZone(builder, clause)
    else if (clause.name === 'view') builder.need('views')
    else if (clause.name !== 'remote-control') builder.need(clause.name)
  }
  access.finish()
  for (const [id, text] of scenario.config.stateFiles) builder.trustPoints.push(...readTrustPoints(id, text))
  needSteps(builder, scenario)
  return builder.finish()
}

/** The daemon's own defaults, where they differ from this product's. */
function setDefaults({ settings }: SetupBuilder): void {
  settings['resolution.any'] = 'full'
  settings['local-zones.disable'] = NOT_LOCAL_ELSEWHERE
  settings['cache.prefetch'] = false
  settings['cache.ttl.max-seconds'] = 86_400
  settings['cache.ttl.negative-max-seconds'] = 3_600
  settings['dnssec.nsec3-iterations-max'] = 150
  settings['dnssec.aggressive-denial'] = true
  settings['dnssec.signature-skew.min-seconds'] = 3_600
  settings['dnssec.signature-skew.max-seconds'] = 86_400
  settings['dnssec.error-reporting'] = false
  settings['dnssec.key-tag-signal'] = false
  settings['serve-stale.max-seconds'] = 86_400
  settings['serve-stale.ttl-seconds'] = 30
  settings['serve-stale.client-timeout-ms'] = 1_800
}

function readServer(builder: SetupBuilder, scenario: Scenario, clause: Clause, access: AccessRules): void {
  for (const option of clause.options) {
    const text = option.values.join(' ')
    if (option.name === 'access-control') access.add(option)
    else if (option.name === 'root-hints') readHints(builder, scenario, option)
    else {
      const rule = serverRule(option.name)
      if (rule === undefined) throw builder.fault(option.place, `the option ${option.name} is not known`)
      const asked: Asked = { builder, option, text }
      rule(asked)
    }
  }
}

/** Who may ask: the longest prefix decides, and of equal ones the last. */
class AccessRules {
  readonly #builder: SetupBuilder
  readonly #actions = new Map<string, { readonly prefix: Prefix; readonly action: string }>()

  constructor(builder: SetupBuilder) {
    this.#builder = builder
    for (const prefix of builder.settings['access.allow']) this.#set(prefix, 'allow')
  }

  add(option: Option): void {
    const [network = '', action = ''] = option.values
    this.#set(configPrefix(this.#builder, network, option.place), action)
    if (!['allow', 'allow_snoop', 'refuse'].includes(action)) {
      this.#builder.need(`access-control: ${action}`)
    }
  }

  finish(): void {
    const rules = [...this.#actions.values()]
    const of = (...actions: readonly string[]): Prefix[] =>
      rules.filter(({ action }) => actions.includes(action)).map(({ prefix }) => prefix)
    const { settings } = this.#builder
    settings['access.allow'] = of('allow', 'allow_snoop')
    settings['access.snoop'] = of('allow_snoop')
    settings['access.deny'] = of('refuse')
  }

  #set(prefix: Prefix, action: string): void {
    this.#actions.set(formatPrefix(prefix), { prefix, action })
  }
}

function readHints(builder: SetupBuilder, { config }: Scenario, option: Option): void {
  const id = option.values.at(-1)?.replace(/^tempfile:/, '') ?? ''
  const text = config.files.get(id)
  if (text === undefined) {
    builder.need('root-hints from a file')
    return
  }
  try {
    const records = readZone(text, { path: id })
    for (const { owner, type, rdata } of records) {
      const name = type === TYPE.NS && owner.length === 1 ? nameFromOctets(rdata) : undefined
      if (name === undefined) continue
      for (const server of records) {
        const isAddress = server.type === TYPE.A || server.type === TYPE.AAAA
        if (isAddress && nameKey(server.owner) === nameKey(name)) builder.addRootHint(server.rdata, name)
      }
    }
  } catch (fault) {
    if (!(fault instanceof ZoneTextError)) throw fault
    throw builder.fault(option.place, fault.message)
  }
}

// --- stub and forward zones ----------------------------------------------------------------------------------------

interface GrowingRoute {
  name: Name
  readonly addresses: Endpoint[]
  readonly servers: Name[]
  fallback: boolean
  cache: boolean
}

function readRoute(builder: SetupBuilder, clause: Clause): void {
  const kind = clause.name === 'stub-zone' ? 'stub' : 'forward'
  const route: GrowingRoute = {
    name: nameFrom('.'),
    addresses: [],
    servers: [],
    fallback: false,
    cache: true,
  }
  for (const option of clause.options) readRouteOption(builder, kind, route, option)
  const isRoot = route.name.length === 1
  const isHint = kind === 'stub' && isRoot && route.addresses.every(({ port }) => port === DNS_PORT)
  if (isHint && route.servers.length === 0) {
    // A stub zone for the root is where the root is found, and nothing else.
    for (const { address } of route.addresses) builder.addRootHint(address)
    return
  }
  const key = kind === 'stub' ? 'resolution.stub-zones' : 'resolution.forward-zones'
  builder.settings[key] = [...builder.settings[key], route satisfies RouteSetting]
}

function readRouteOption(
  builder: SetupBuilder,
  kind: 'stub' | 'forward',
  route: GrowingRoute,
  { name, values, place }: Option,
): void {
  const text = values.join(' ')
  switch (name) {
    case 'name':
      route.name = configName(builder, text, place)
      return
    case `${kind}-addr`: {
      const endpoint = parseEndpointText(text.replace(/#.*/, ''))
      if (endpoint === undefined) throw builder.fault(place, 'expected an address, or address@port')
      route.addresses.push(endpoint)
      return
    }
    case `${kind}-host`:
      route.servers.push(configName(builder, text, place))
      return
    case `${kind}-first`:
      route.fallback = configFlag(builder, text, place)
      return
    case `${kind}-no-cache`:
      route.cache = !configFlag(builder, text, place)
      if (!route.cache && kind === 'stub') builder.need('stub-no-cache')
      return
    case 'stub-prime':
      return
    case `${kind}-tcp-upstream`:
    case `${kind}-tls-upstream`:
    case `${kind}-ssl-upstream`:
      if (configFlag(builder, text, place)) builder.need(name)
      return
    default:
      throw builder.fault(place, `the option ${name} is not known in ${kind}-zone`)
  }
}

function needAuthZone(builder: SetupBuilder, { options }: Clause): void {
  builder.need('auth-zone')
  for (const { name, values } of options) {
    if (name === 'zonemd-check' && values[0] === 'yes') builder.need('zonemd')
    if (['master', 'primary', 'url', 'allow-notify'].includes(name)) builder.need('auth-zone-xfr')
  }
}

/** Steps that look at what this product does not have. */
function needSteps(builder: SetupBuilder, { steps }: Scenario): void {
  for (const { type } of steps) {
    if (type === 'CHECK_TEMPFILE') builder.need('auth-zone-xfr')
    if (type === 'INFRA_RTT') builder.need('infra-rtt')
    if (type === 'FLUSH_MESSAGE' || type === 'EXPIRE_MESSAGE') builder.need('cache control by step')
  }
}
