/**
 * Every setting reaches the part that goes by it: what arrives under another value is that value, and not what arrives
 * under the default. A setting that a table below does not have fails the test.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaultConfig } from '../../src/config/load.ts'
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from '../../src/config/settings.ts'
import { clientOptions, connectionOptions, outstandingMax, resolverSettings } from '../../src/daemon/parts.ts'
import { ROOT } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'
import { TOLD } from './told-parts.ts'

interface Reach {
  /** The part of `TOLD` and where in what it is told. */
  readonly at: string
  /** What is written in the file; not the default. */
  readonly value: unknown
  /** What arrives, where it is not the value itself. */
  readonly as?: unknown
  /** Other settings without which this one says nothing, as in the file. */
  readonly beside?: Readonly<Partial<Record<SettingKey, unknown>>>
}

const to = (at: string, value: unknown, as?: unknown, beside?: Reach['beside']): Reach => ({
  at,
  value,
  ...(as !== undefined && { as }),
  ...(beside && { beside }),
})

const ROUTE = { name: 'corp.example', addresses: ['10.0.0.53'] }
const CLIENTS = ['192.0.2.0/24']
const LISTENERS = ['192.0.2.53@53', '192.0.2.54@53']
const EVERYBODY = { 'access.allow': CLIENTS }
const STALE = { 'serve-stale.enabled': true }
const NAT64 = '64:ff9b::/96'

/** Settings by what arrives where. */
const REACHES: Readonly<Partial<Record<SettingKey, Reach>>> = {
  'server.udp-payload-octets': to('clients.udpPayloadOctets', 1400),
  'server.identity': to('service.texts.identity', 'one'),
  'server.version': to('service.texts.version', 'two'),
  'server.nsid': to('service.nsid', 'three'),
  'server.cookies.mode': to('service.cookies', 'required'),
  'server.tcp.connections': to('connections.connectionsMax', 321),
  'server.tcp.connections-per-client': to('connections.connectionsPerClientMax', 32),
  'server.tcp.idle-timeout-ms': to('connections.idleMs', 3210),
  'access.allow': to('access.allows', CLIENTS, true),
  'access.deny': to('access.allows', ['192.0.2.7/32'], false, EVERYBODY),
  'access.snoop': to('access.snoops', CLIENTS, true, EVERYBODY),
  'rate-limiting.answers.per-second': to('rates.answers.perSecond', 17),
  'rate-limiting.answers.burst': to('rates.answers.burst', 18),
  'rate-limiting.answers.slip': to('rates.slip', 5),
  'rate-limiting.answers.dry-run': to('rates.answers.dryRun', true),
  'rate-limiting.recursion.per-second': to('rates.recursion.perSecond', 19),
  'rate-limiting.recursion.burst': to('rates.recursion.burst', 20),
  'rate-limiting.recursion.dry-run': to('rates.recursion.dryRun', true),
  'rate-limiting.exempt': to('rates.exempt', CLIENTS),
  'local-zones.disable': to('locally.special', ['test'], 'none'),
  'local-zones.zones': to('locally.plain', [{ name: 'corp.example', type: 'refuse' }], 'refuse'),
  'local-zones.records': to('locally.plain', ['www.corp.example. 60 A 10.0.0.80'], 'data'),
  'resolution.authority-port': to('resolver.authorityPort', 5353),
  'resolution.allow-loopback-authorities': to('resolver.allowLoopbackAuthorities', true),
  'resolution.qname-minimisation': to('resolver.qnameMinimisation', false, 'off'),
  'resolution.qname-minimisation-strict': to('resolver.qnameMinimisation', true, 'strict'),
  'resolution.qname-minimisation-type': to('resolver.minimisedType', 'NS', 2),
  'resolution.stub-zones': to('resolver.routes.0.kind', [ROUTE], 'stub'),
  'resolution.forward-zones': to('resolver.routes.0.kind', [ROUTE], 'forward'),
  'resolution.nxdomain-cut': to('resolver.nxdomainCut', false),
  'resolution.verify-referrals': to('resolver.verifyReferrals', true),
  'resolution.verify-glue': to('resolver.verifyGlue', true),
  'resolution.foreign-glue': to('resolver.foreignGlue', true),
  'resolution.private-addresses': to('resolver.privateAddresses', ['10.0.0.0/8']),
  'resolution.private-domains': to('resolver.privateDomains', ['corp.example']),
  'resolution.ipv4': to('resolver.ipv4', false),
  'resolution.ipv6': to('resolver.ipv6', false),
  'resolution.nat64-prefix': to('resolver.nat64Prefix', NAT64),
  'resolution.source-addresses': to('machine.upstream.sourceAddresses', ['192.0.2.9']),
  'resolution.cookies': to('resolver.cookies', false),
  'resolution.mixed-case': to('resolver.mixedCase', true),
  'resolution.client-strings': to('resolver.clientStrings.texts', [{ network: '192.0.2.0/24', text: 'us' }]),
  'resolution.client-string-option': to('resolver.clientStrings.optionCode', 65_100),
  'resolution.any': to('service.any', 'full'),
  'dnssec.key-tag-signal': to('anchors.signals', false, 0),
  'dnssec.clock': to('machine.fixedSeconds', '2026-01-02T03:04:05Z'),
  'dnssec.mode': to('policy.mode', 'observe'),
  'dnssec.rollout.percent': to('policy.enforcedPercent', 5),
  'dnssec.rollout.always': to('rollout.always', CLIENTS),
  'dnssec.rollout.never': to('rollout.never', CLIENTS),
  'dnssec.rollout.always-listeners': to('rollout.alwaysListeners', [LISTENERS[1]], [1], {
    'server.listen': LISTENERS,
  }),
  'dnssec.rollout.never-listeners': to('rollout.neverListeners', [LISTENERS[1]], [1], {
    'server.listen': LISTENERS,
  }),
  'dnssec.rollout.ipv4-prefix-bits': to('shares.ofIpv4', 24, true),
  'dnssec.rollout.ipv6-prefix-bits': to('shares.ofIpv6', 40, true),
  'dnssec.negative-trust-anchors': to('policy.negativeTrustAnchors', [
    { name: 'broken.se', reason: 'expired', author: 'noc', expires: '2030-01-01T00:00:00Z' },
  ]),
  'dnssec.negative-trust-anchor-recheck-seconds': to('exceptions.firstMs', 7, 7000),
  'dnssec.insecure-zones': to('policy.insecureZones', ['corp.example']),
  'dnssec.disabled-algorithms': to('policy.disabledAlgorithms', [5, 7], new Set([5, 7])),
  'dnssec.disabled-digests': to('policy.disabledDigests', [1], new Set([1])),
  'dnssec.signature-skew.min-seconds': to('policy.skewSecondsMin', 1),
  'dnssec.signature-skew.max-seconds': to('policy.skewSecondsMax', 80_000),
  'dnssec.nsec3-iterations-max': to('resolver.limits.nsec3Iterations', 20),
  'dnssec.aggressive-denial': to('resolver.aggressiveDenial', false),
  'dnssec.error-reporting': to('resolver.errorReporting', false),
  'report.second-looks': to('report.looks', false),
  'report.expiry-warning-hours': to('report.expiry', 0, false),
  'cache.answers-mib': to('machine.answers', 3),
  'cache.rrsets-mib': to('machine.rrsets', 5),
  'cache.prefetch': to('resolver.prefetch', false),
  'cache.serve-original-ttl': to('resolver.originalTtls', true),
  'cache.ttl.min-seconds': to('resolver.ttlSeconds.min', 61),
  'cache.ttl.max-seconds': to('resolver.ttlSeconds.max', 62),
  'cache.ttl.negative-max-seconds': to('resolver.ttlSeconds.negativeMax', 63),
  'limits.upstream-queries': to('resolver.limits.upstreamQueries', 101),
  'limits.upstream-queries-per-question': to('resolver.limits.upstreamQueriesPerQuestion', 102),
  'limits.upstream-octets': to('resolver.limits.upstreamOctets', 103_000),
  'limits.name-servers': to('resolver.limits.nameServers', 104),
  'limits.name-servers-per-delegation': to('resolver.limits.nameServersPerDelegation', 15),
  'limits.depth': to('resolver.limits.depth', 9),
  'limits.aliases': to('resolver.limits.aliases', 33),
  'limits.referrals': to('resolver.limits.referrals', 34),
  'limits.minimised-labels': to('resolver.limits.minimisedLabels', 35),
  'limits.time-ms': to('resolver.limits.timeMs', 1_234),
  'limits.signatures': to('resolver.limits.proof.signatures', 111),
  'limits.failed-signatures': to('resolver.limits.proof.failedSignatures', 112),
  'limits.nsec3-sha1-calls': to('resolver.limits.proof.sha1Calls', 1_113),
  'limits.rrsigs-per-rrset': to('resolver.limits.proof.rrsigsPerRrset', 41),
  'limits.keys-per-tag': to('resolver.limits.proof.keysPerTag', 11),
  'limits.ds-tried': to('resolver.limits.proof.dsTried', 43),
  'limits.denial-rrsets': to('resolver.limits.proof.denialRrsets', 44),
  'limits.refreshes': to('resolver.limits.refreshes', 45),
  'limits.waiting': to('clients.waitingMax', 1_201),
  'limits.waiting-per-client': to('clients.waitingPerClientMax', 1_202),
  'limits.reply-time-ms': to('clients.replyMsMax', 1_203),
  'limits.late-replies-per-client': to('clients.lateRepliesPerClientMax', 1_204),
  'limits.upstream-outstanding': to('machine.upstream.outstandingMax', 1_205),
  'limits.outstanding-per-zone': to('resolver.outstanding.perZone', 206),
  'limits.outstanding-per-server': to('resolver.outstanding.perServer', 207),
  'limits.outstanding-back-off.questions': to('resolver.outstanding.backOff.questions', 208),
  'limits.outstanding-back-off.low': to('resolver.outstanding.backOff.low', 0.21),
  'limits.outstanding-back-off.high': to('resolver.outstanding.backOff.high', 0.91),
  'limits.outstanding-back-off.weight': to('resolver.outstanding.backOff.weight', 0.51),
  'limits.dry-run': to('clients.dryRun', ['reply-time'], new Set(['reply-time'])),
  'dns64.prefix': to('resolver.dns64.prefix', NAT64),
  'dns64.exclude': to('resolver.dns64.exclude', ['2001:db8::/32'], undefined, { 'dns64.prefix': NAT64 }),
  'dns64.ignore-aaaa': to('resolver.dns64.ignoreAaaa', ['corp.example'], undefined, {
    'dns64.prefix': NAT64,
  }),
  'serve-stale.enabled': to('resolver.serveStale.afterBogus', true, false),
  'serve-stale.client-timeout-ms': to('resolver.serveStale.clientTimeoutMs', 301, undefined, STALE),
  'serve-stale.max-seconds': to('resolver.serveStale.maxSeconds', 302, undefined, STALE),
  'serve-stale.ttl-seconds': to('resolver.serveStale.ttlSeconds', 33, undefined, STALE),
  'serve-stale.after-bogus': to('resolver.serveStale.afterBogus', true, undefined, STALE),
  'control.socket-mode': to('control.mode', '0600'),
}

/** The same settings where others go by them too. */
const ALSO: readonly (readonly [SettingKey, Reach])[] = [
  ['local-zones.zones', to('locally.toEngine', [{ name: 'corp.example', type: 'refuse' }], true)],
  ['resolution.stub-zones', to('locally.special', [{ name: 'test', addresses: ['10.0.0.53'] }], 'none')],
  ['resolution.forward-zones', to('locally.special', [{ name: 'test', addresses: ['10.0.0.53'] }], 'none')],
  ['resolution.ipv4', to('machine.upstream.ipv4', false)],
  ['resolution.ipv6', to('machine.upstream.ipv6', false)],
  ['resolution.nat64-prefix', to('machine.upstream.ipv6', NAT64, true, { 'resolution.ipv6': false })],
  ['dnssec.rollout.never', to('exemptions.are', CLIENTS, true)],
  ['dnssec.rollout.never-listeners', to('exemptions.are', LISTENERS, true)],
  ['cache.serve-original-ttl', to('service.originalTtls', true)],
  ['cache.serve-original-ttl', to('resolver.ttlSeconds.min', true, 0, { 'cache.ttl.min-seconds': 60 })],
  ['limits.aliases', to('service.aliases', 33)],
  ['limits.upstream-outstanding', to('resolver.outstanding.all', 1_205)],
  ['limits.dry-run', to('resolver.outstanding.dryRun', ['fair-share'], new Set(['fair-share']))],
  ['limits.dry-run', to('fairShare.isTriedOut', ['fair-share'], true)],
]

/** Settings that the process itself goes by, each with the test that has a daemon go by it and a text in that. */
const ELSEWHERE: Readonly<Partial<Record<SettingKey, readonly [test: string, text: string]>>> = {
  'server.listen': ['daemon/serve', 'server: { listen: ["${text}"] }'],
  'server.front-threads': ['daemon/thread-plan', `'server.front-threads'`],
  'server.resolver-threads': ['daemon/thread-plan', `'server.resolver-threads'`],
  'server.udp-backend': ['daemon/udp-backend', 'udp-backend: ${wish}'],
  'server.user': ['cli/own-user', 'user: "${user}"'],
  'server.cookies.secret-file': ['daemon/cookies', 'secret-file: secrets'],
  'resolution.root-hints': ['daemon/serve', 'root-hints: hints.zone'],
  'resolution.root-copy.sources': ['daemon/root-copy-sources', `'resolution.root-copy.sources'`],
  'dnssec.trust-anchor-files': ['daemon/anchors', 'trust-anchor-files: [old.ds]'],
  'dnssec.anchor-updates': ['daemon/anchors', 'anchor-updates: false'],
  'dnssec.anchor-bootstrap': ['daemon/anchors', `'dnssec.anchor-bootstrap': bootstrap`],
  'dnssec.guard.adds-exceptions': ['daemon/guard', 'adds-exceptions: true'],
  'dnssec.guard.exception-seconds': ['daemon/guard', 'exception-seconds: 600'],
  'dnssec.guard.exception-causes': ['daemon/guard', 'exception-causes: [zone, top-level]'],
  'cache.memory-at-start': ['daemon/cache-memory', 'memory-at-start: ${atStart}'],
  'cache.snapshot': ['daemon/snapshot', 'snapshot: ${FILE}'],
  'limits.thread-stall-ms': ['daemon/thread-ends', `'limits.thread-stall-ms'`],
  'metrics.listen': ['daemon/serve', 'metrics: { listen: ${metrics} }'],
  'tracing.percent': ['daemon/tracing', `'tracing.percent'`],
  'tracing.module': ['daemon/tracing', `'tracing.module'`],
  'control.socket': ['daemon/secrets', 'control: { socket: ${socket}'],
  'control.listen': ['daemon/secrets', 'listen: "${COMMANDS}"'],
  'control.token-file': ['daemon/secrets', 'token-file: ${tokenFile}'],
  'state.directory': ['daemon/anchors', 'state: { directory: state }'],
  'log.level': ['daemon/serve', 'log: { level: ${level}, format: pretty }'],
  'log.format': ['daemon/serve', 'log: { level: ${level}, format: pretty }'],
}

const DEFAULTS = defaultConfig().settings

/** What is written in a file, as the program has it. */
function read(key: SettingKey, value: unknown): unknown {
  return SETTINGS[key].schema.parse(value)
}

function withValues(values: Readonly<Partial<Record<SettingKey, unknown>>>): Settings {
  const entries = Object.entries(values).map(([key, value]) => [key, read(key as SettingKey, value)])
  return { ...DEFAULTS, ...Object.fromEntries(entries) }
}

/** What arrives. */
async function arrives(at: string, settings: Settings): Promise<unknown> {
  const [part = '', ...path] = at.split('.')
  let found: unknown = await TOLD[part]!(settings, () => testFolder(t))
  for (const name of path) found = (found as Record<string, unknown> | undefined)?.[name]
  return found
}

async function check(key: SettingKey, { at, value, beside = {}, ...rest }: Reach): Promise<void> {
  const expected = 'as' in rest ? rest.as : read(key, value)
  t.notSame(read(key, value), DEFAULTS[key], `${key}: a value other than the default`)
  const before = await arrives(at, withValues(beside))
  t.notSame(before, expected, `${key}: ${at} by default`)
  t.same(await arrives(at, withValues({ ...beside, [key]: value })), expected, `${key}: ${at}`)
}

t.test('what is set arrives', async () => {
  for (const [key, reach] of Object.entries(REACHES)) await check(key as SettingKey, reach)
  for (const [key, reach] of ALSO) await check(key, reach)
})

t.test('no setting is left out', async (t) => {
  for (const key of SETTING_KEYS) {
    t.not(
      REACHES[key] !== undefined,
      ELSEWHERE[key] !== undefined,
      `${key}: what it reaches, or which test sees to it`,
    )
  }
  for (const [key, [test, text]] of Object.entries(ELSEWHERE)) {
    const path = join(ROOT, 'test', `${test}.test.ts`)
    t.ok(existsSync(path) && readFileSync(path, 'utf8').includes(text), `${key}: ${test} has ${text}`)
  }
})

t.test('threads share what is bounded for all of them', async (t) => {
  const settings = withValues({
    'server.tcp.connections': 1_000,
    'server.tcp.connections-per-client': 50,
    'limits.waiting': 10_000,
    'limits.waiting-per-client': 1_000,
    'limits.late-replies-per-client': 100,
    'limits.upstream-outstanding': 100,
    'limits.outstanding-per-zone': 40,
  })
  t.match(clientOptions(settings, 3), {
    waitingMax: 3_334,
    waitingMaxTriedOut: 3_334,
    waitingPerClientMax: 334,
    lateRepliesPerClientMax: 34,
  })
  t.match(connectionOptions(settings, 3), {
    connectionsMax: 334,
    connectionsMaxTriedOut: 334,
    connectionsPerClientMax: 17,
  })
  // What is tried out leaves the defaults in force.
  const small = withValues({ 'server.tcp.connections': 100, 'limits.waiting': 100 })
  t.match(clientOptions(small, 2), { waitingMax: 50, waitingMaxTriedOut: 5_000 })
  t.match(connectionOptions(small, 2), { connectionsMax: 50, connectionsMaxTriedOut: 500 })
  t.equal(outstandingMax(settings, 3), 34)
  t.match(resolverSettings(settings, [], [], 3), { outstanding: { all: 34, perZone: 17 } })
})
