/** The configuration section of a deckard file as settings of this product. */
import { nameFrom } from '../../src/wire/name-text.ts'
import { NOT_LOCAL_ELSEWHERE } from './options.ts'
import type { Option, Scenario } from './scenario.ts'
import { parseEndpointText } from './scenario-text.ts'
import {
  configFlag,
  configName,
  configNumber,
  configPrefix,
  configTime,
  type Setup,
  SetupBuilder,
} from './setup.ts'

/** When scenarios without a date happen: they hold nothing signed. */
const NO_DATE_SECONDS = 1_700_000_000

/** Reads the section; an option that is unknown throws ScenarioError. */
export function setupDeckard(scenario: Scenario): Setup {
  const builder = new SetupBuilder(scenario.path)
  const { settings } = builder
  builder.startSeconds = NO_DATE_SECONDS
  // Some files are signed with DSA and say nothing of it.
  builder.legacyAlgorithms = true
  settings['cache.prefetch'] = false
  // The files come from a time before RFC 9276.
  settings['dnssec.nsec3-iterations-max'] = 150
  settings['resolution.any'] = 'full'
  // As the resolver that they were written for shortens its questions.
  settings['resolution.qname-minimisation-type'] = 'NS'
  // Servers have loopback addresses in these files unless an option keeps them out.
  settings['resolution.allow-loopback-authorities'] = true
  settings['local-zones.disable'] = [nameFrom('test.'), ...NOT_LOCAL_ELSEWHERE]
  const names = scenario.config.clauses.flatMap(({ options }) =>
    options.filter(({ name }) => name === 'stub-name').map(({ values }) => values.join('')),
  )
  for (const clause of scenario.config.clauses) {
    for (const option of clause.options) readOption(builder, option, names)
  }
  for (const { type } of scenario.steps) {
    if (type === 'INFRA_RTT') builder.need('infra-rtt')
  }
  return builder.finish()
}

/** Name of the root server where a file does not tell. */
const ROOT_SERVER = 'k.root-servers.net.'

function readOption(builder: SetupBuilder, { name, values, place }: Option, names: readonly string[]): void {
  const text = values.join(' ')
  const { settings } = builder
  switch (name) {
    case 'stub-addr': {
      const address = parseEndpointText(text)?.address
      if (address === undefined) throw builder.fault(place, 'expected an address')
      const server = names[builder.rootHints.length] ?? ROOT_SERVER
      builder.addRootHint(address, configName(builder, server, place))
      return
    }
    case 'stub-name':
      return
    case 'forward-addr': {
      const endpoint = parseEndpointText(text)
      if (endpoint === undefined) throw builder.fault(place, 'expected an address')
      const route = { name: nameFrom('.'), addresses: [endpoint], servers: [], fallback: false, cache: true }
      settings['resolution.forward-zones'] = [route]
      return
    }
    case 'trust-anchor':
      builder.addAnchor(text, place)
      return
    case 'domain-insecure':
      settings['dnssec.insecure-zones'] = [
        ...settings['dnssec.insecure-zones'],
        configName(builder, text, place),
      ]
      return
    case 'val-override-date':
      builder.startSeconds = configTime(builder, text, place)
      return
    case 'val-override-timestamp':
      builder.startSeconds = configNumber(builder, text, place)
      return
    case 'query-minimization':
      settings['resolution.qname-minimisation'] = configFlag(builder, text, place)
      return
    case 'do-ip4':
      settings['resolution.ipv4'] = configFlag(builder, text, place)
      return
    case 'do-ip6':
      settings['resolution.ipv6'] = configFlag(builder, text, place)
      return
    case 'do-not-query-localhost':
      settings['resolution.allow-loopback-authorities'] = !configFlag(builder, text, place)
      return
    case 'harden-glue':
      settings['resolution.foreign-glue'] = !configFlag(builder, text, place)
      return
    case 'features':
      readFeature(builder, text, place)
      return
    case 'feature-list':
      builder.need(`feature-list ${text}`)
      return
    default:
      throw builder.fault(place, `the option ${name} is not known`)
  }
}

/** `name = value`: what a module of the resolver is told. */
function readFeature(builder: SetupBuilder, text: string, place: Option['place']): void {
  const match = /^([a-z0-9_]+)\s*=\s*(\S+)$/.exec(text)
  if (match === null) throw builder.fault(place, 'expected NAME = VALUE')
  const [, name, value] = match as unknown as [string, string, string]
  const { settings } = builder
  if (name === 'min_ttl') settings['cache.ttl.min-seconds'] = configNumber(builder, value, place)
  else if (name === 'max_ttl') settings['cache.ttl.max-seconds'] = configNumber(builder, value, place)
  else if (name === 'dns64_prefix') settings['dns64.prefix'] = configPrefix(builder, `${value}/96`, place)
  else builder.need(`feature ${name}`)
}
