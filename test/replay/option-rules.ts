/** What the options of a testbound `server:` clause come to. */
import { type Prefix, parsePrefix } from '../../src/base/prefix.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { LocalZoneSetting } from '../../src/config/values.ts'
import { nameKey } from '../../src/wire/name.ts'
import { readZone, ZoneTextError } from '../../src/wire/zone-text.ts'
import type { Option } from './scenario.ts'
import { configFlag, configName, configNumber, configPrefix, configTime, type SetupBuilder } from './setup.ts'

/** One option as a rule sees it. */
export interface Asked {
  readonly builder: SetupBuilder
  readonly option: Option
  /** The values, a space between them. */
  readonly text: string
}

export type Rule = (asked: Asked) => void

/** Settings of one kind of value. */
type KeyOf<T> = {
  [Key in keyof Settings]: Settings[Key] extends T ? (T extends Settings[Key] ? Key : never) : never
}[keyof Settings]

/** RFC 6052 2.1: 64:ff9b::/96. */
const WELL_KNOWN_PREFIX: Prefix = parsePrefix('64:ff9b::/96')!

const flagOf = ({ builder, option, text }: Asked): boolean => configFlag(builder, text, option.place)
const numberOf = ({ builder, option, text }: Asked): number => configNumber(builder, text, option.place)

/** Of no consequence: logs, sizes, threads, and what a relaxed comparison does not look at. */
const ignored: Rule = () => {}

function flag(key: KeyOf<boolean>): Rule {
  return (asked) => {
    asked.builder.settings[key] = flagOf(asked)
  }
}

function number(key: KeyOf<number>): Rule {
  return (asked) => {
    asked.builder.settings[key] = numberOf(asked)
  }
}

function text(key: 'server.identity' | 'server.version'): Rule {
  return ({ builder, text: value }) => {
    builder.settings[key] = value
  }
}

/** This product does it one way only: the other is a need. */
function always(own: boolean): Rule {
  return (asked) => {
    if (flagOf(asked) !== own) asked.builder.need(`${asked.option.name}: ${asked.text}`)
  }
}

/** The same for a number. */
function fixedAt(own: number): Rule {
  return (asked) => {
    if (numberOf(asked) !== own) asked.builder.need(`${asked.option.name}: ${asked.text}`)
  }
}

/** Not offered, whatever the value. */
function need(what: string): Rule {
  return ({ builder }) => builder.need(what)
}

/** Not offered, but also not wanted when the value says no. */
function needIfSet(what: string): Rule {
  return (asked) => {
    if (flagOf(asked)) asked.builder.need(what)
  }
}

/** Modules that this product has in one form or other; respip without rules does nothing. */
const MODULES: ReadonlySet<string> = new Set(['validator', 'iterator', 'respip', 'dns64'])

const moduleConfig: Rule = ({ builder, text: value }) => {
  const modules = value.split(/\s+/)
  for (const module of modules) if (!MODULES.has(module)) builder.need(module)
  if (modules.includes('dns64')) builder.settings['dns64.prefix'] ??= WELL_KNOWN_PREFIX
  if (!modules.includes('validator')) builder.settings['dnssec.mode'] = 'off'
}

function prefix(key: 'resolution.nat64-prefix' | 'dns64.prefix'): Rule {
  return ({ builder, option, text: value }) => {
    builder.settings[key] = configPrefix(builder, value, option.place)
  }
}

/** Translates whether or not IPv4 is on; here it takes the place of IPv4. */
const nat64: Rule = (asked) => {
  const { settings } = asked.builder
  if (!flagOf(asked)) return
  settings['resolution.ipv4'] = false
  settings['resolution.nat64-prefix'] ??= WELL_KNOWN_PREFIX
}

const overrideDate: Rule = ({ builder, option, text: value }) => {
  builder.signatureTime =
    value === '-1'
      ? { kind: 'any' }
      : { kind: 'fixed', unixSeconds: configTime(builder, value, option.place) }
}

/** Address families are all that can be kept out as a whole. */
const doNotQuery: Rule = ({ builder, option, text: value }) => {
  const { address, bits } = configPrefix(builder, value, option.place)
  if (bits > 0) builder.need(`do-not-query-address: ${value}`)
  else if (address.length === 4) builder.settings['resolution.ipv4'] = false
  else builder.settings['resolution.ipv6'] = false
}

/** Pairs of key size and iterations; here one bound holds for all sizes. */
const nsec3Iterations: Rule = ({ builder, option, text: value }) => {
  const words = value.split(/\s+/).map((word) => configNumber(builder, word, option.place))
  const bounds = new Set(words.filter((_, index) => index % 2 === 1))
  if (bounds.size === 1) builder.settings['dnssec.nsec3-iterations-max'] = [...bounds][0]!
  else builder.need('NSEC3 iterations by key size')
}

const LOCAL_ZONE_TYPES: Readonly<Record<string, LocalZoneSetting['type']>> = {
  static: 'static',
  transparent: 'transparent',
  typetransparent: 'type-transparent',
  redirect: 'redirect',
  refuse: 'refuse',
  deny: 'deny',
}

const localZone: Rule = ({ builder, option }) => {
  const [zone = '', type = ''] = option.values
  const name = configName(builder, zone, option.place)
  const { settings } = builder
  const own = LOCAL_ZONE_TYPES[type]
  if (type === 'nodefault') settings['local-zones.disable'] = [...settings['local-zones.disable'], name]
  else if (own === undefined) builder.need(`local-zone of type ${type}`)
  else {
    const others = settings['local-zones.zones'].filter((other) => nameKey(other.name) !== nameKey(name))
    settings['local-zones.zones'] = [...others, { name, type: own }]
  }
}

const nsid: Rule = ({ builder, text: value }) => {
  const text = value.startsWith('ascii_')
    ? Buffer.from(value.slice('ascii_'.length))
    : Buffer.from(value, 'hex')
  builder.settings['server.nsid'] = new Uint8Array(text)
}

const clientString: Rule = ({ builder, option }) => {
  const [network = '', text = ''] = option.values
  const entry = { network: configPrefix(builder, network, option.place), text: Buffer.from(text) }
  const key = 'resolution.client-strings'
  builder.settings[key] = [...builder.settings[key], entry]
}

const localData: Rule = ({ builder, option, text: value }) => {
  const { settings } = builder
  try {
    settings['local-zones.records'] = [...settings['local-zones.records'], ...readZone(value, { path: '' })]
  } catch (error) {
    if (!(error instanceof ZoneTextError)) throw error
    throw builder.fault(option.place, error.expected)
  }
}

/** Names added to a setting. */
function names(key: 'dnssec.insecure-zones' | 'resolution.private-domains' | 'dns64.ignore-aaaa'): Rule {
  return ({ builder, option, text: value }) => {
    builder.settings[key] = [...builder.settings[key], configName(builder, value, option.place)]
  }
}

/** Every option of a `server:` clause that is known, by name; `access-control` is gathered in `options.ts`. */
export const SERVER_RULES: Readonly<Record<string, Rule>> = {
  'module-config': moduleConfig,
  'qname-minimisation': flag('resolution.qname-minimisation'),
  'qname-minimisation-strict': flag('resolution.qname-minimisation-strict'),
  'do-ip4': flag('resolution.ipv4'),
  'do-ip6': flag('resolution.ipv6'),
  'do-not-query-localhost': (asked) => {
    asked.builder.settings['resolution.allow-loopback-authorities'] = !flagOf(asked)
  },
  'do-not-query-address': doNotQuery,
  'harden-below-nxdomain': flag('resolution.nxdomain-cut'),
  'harden-referral-path': flag('resolution.verify-referrals'),
  'harden-unverified-glue': flag('resolution.verify-glue'),
  'harden-glue': (asked) => {
    asked.builder.settings['resolution.foreign-glue'] = !flagOf(asked)
  },
  'harden-dnssec-stripped': always(true),
  'harden-algo-downgrade': always(false),
  'harden-unknown-additional': ignored,
  'aggressive-nsec': flag('dnssec.aggressive-denial'),
  'private-address': ({ builder, option, text: value }) => {
    const { settings } = builder
    const prefix = configPrefix(builder, value, option.place)
    settings['resolution.private-addresses'] = [...settings['resolution.private-addresses'], prefix]
  },
  'private-domain': names('resolution.private-domains'),
  'domain-insecure': names('dnssec.insecure-zones'),
  'trust-anchor': ({ builder, option, text: value }) => builder.addAnchor(value, option.place),
  'trust-anchor-signaling': ignored,
  'trust-anchor-file': need('trust-anchor-file'),
  'auto-trust-anchor-file': need('rfc5011'),
  'root-key-sentinel': always(true),
  'val-override-date': overrideDate,
  'val-sig-skew-min': number('dnssec.signature-skew.min-seconds'),
  'val-sig-skew-max': number('dnssec.signature-skew.max-seconds'),
  'val-nsec3-keysize-iterations': nsec3Iterations,
  'val-permissive-mode': (asked) => {
    if (flagOf(asked)) asked.builder.settings['dnssec.mode'] = 'observe'
  },
  'val-bogus-ttl': fixedAt(60),
  'val-clean-additional': ignored,
  'val-max-restart': ignored,
  'val-log-level': ignored,
  'ignore-cd-flag': always(false),
  'fake-sha1': (asked) => {
    asked.builder.legacyAlgorithms = flagOf(asked)
  },
  'fake-dsa': (asked) => {
    asked.builder.legacyAlgorithms = flagOf(asked)
  },
  'disable-edns-do': always(false),
  'edns-buffer-size': ignored,
  'edns-tcp-keepalive': ignored,
  'edns-tcp-keepalive-timeout': ignored,
  'edns-client-string': clientString,
  'edns-client-string-opcode': number('resolution.client-string-option'),
  'dns-error-reporting': flag('dnssec.error-reporting'),
  'answer-cookie': needIfSet('server cookies'),
  'cookie-secret': ignored,
  'cookie-secret-file': ignored,
  nsid,
  identity: text('server.identity'),
  version: text('server.version'),
  'hide-identity': (asked) => asked.builder.hide('server.identity', flagOf(asked)),
  'hide-version': (asked) => asked.builder.hide('server.version', flagOf(asked)),
  'hide-trustanchor': ignored,
  ede: ignored,
  'ede-serve-expired': ignored,
  'minimal-responses': ignored,
  'rrset-roundrobin': ignored,
  'iter-scrub-promiscuous': ignored,
  'iter-scrub-ns': ignored,
  'iter-scrub-cname': ignored,
  'target-fetch-policy': ignored,
  'fast-server-permil': ignored,
  'fast-server-num': ignored,
  'cache-min-ttl': number('cache.ttl.min-seconds'),
  'cache-max-ttl': number('cache.ttl.max-seconds'),
  'cache-max-negative-ttl': number('cache.ttl.negative-max-seconds'),
  'cache-min-negative-ttl': fixedAt(0),
  'serve-original-ttl': flag('cache.serve-original-ttl'),
  prefetch: flag('cache.prefetch'),
  'prefetch-key': ignored,
  'serve-expired': flag('serve-stale.enabled'),
  'serve-expired-ttl': number('serve-stale.max-seconds'),
  'serve-expired-ttl-reset': needIfSet('serve-expired-ttl-reset'),
  'serve-expired-reply-ttl': number('serve-stale.ttl-seconds'),
  'serve-expired-client-timeout': number('serve-stale.client-timeout-ms'),
  'discard-timeout': ignored,
  'outbound-msg-retry': ignored,
  'max-sent-count': ignored,
  'max-query-restarts': fixedAt(11),
  'max-global-quota': ignored,
  'num-queries-per-thread': ignored,
  'tcp-upstream': needIfSet('tcp-upstream'),
  'do-nat64': nat64,
  'nat64-prefix': prefix('resolution.nat64-prefix'),
  'dns64-prefix': prefix('dns64.prefix'),
  'dns64-synthall': need('dns64'),
  'dns64-ignore-aaaa': names('dns64.ignore-aaaa'),
  'local-zone': localZone,
  'local-data': localData,
  'local-zone-tag': need('tags'),
  'local-zone-override': need('local-zone-override'),
  'define-tag': need('tags'),
  'access-control-tag': need('tags'),
  'access-control-tag-action': need('tags'),
  'access-control-tag-data': need('tags'),
  'access-control-view': need('views'),
  'response-ip': need('response-ip'),
  'response-ip-data': need('response-ip'),
  'response-ip-tag': need('response-ip'),
  'allow-notify': need('auth-zone'),
  'zonemd-permissive-mode': ignored,
  'deny-any': always(false),
  'unblock-lan-zones': always(false),
  'insecure-lan-zones': always(false),
}

/** Options about the process, its logs and its memory. */
const HOUSEKEEPING: RegExp =
  /^(?:verbosity|directory|chroot|username|pidfile|logfile|use-syslog|log-[a-z-]+|statistics-[a-z-]+|extended-statistics|num-threads|outgoing-[a-z-]+|incoming-num-tcp|so-[a-z-]+|interface|port|do-daemonize|do-udp|do-tcp|msg-buffer-size|jostle-timeout|delay-close|unwanted-reply-threshold|use-caps-for-id|caps-exempt|infra-[a-z-]+|rrset-cache-size|msg-cache-size|key-cache-size|neg-cache-size|[a-z-]+-slabs|shm-[a-z-]+|harden-short-bufsize|harden-large-queries)$/

/** The rule for an option; undefined when it is unknown. */
export function serverRule(name: string): Rule | undefined {
  if (Object.hasOwn(SERVER_RULES, name)) return SERVER_RULES[name]
  return HOUSEKEEPING.test(name) ? ignored : undefined
}
