/** What the parts of a daemon are told under some settings, read where it arrives. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { VirtualClock } from '../../src/base/clock.ts'
import { EXPIRY_WATCH_MS } from '../../src/base/limits.ts'
import { defaultConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { anchorDuties } from '../../src/daemon/anchors/parts.ts'
import { openControl } from '../../src/daemon/control/open-control.ts'
import { createLoneEngine, testPlatform } from '../../src/daemon/engine.ts'
import { type Machine, THIS_MACHINE } from '../../src/daemon/machine.ts'
import {
  clientOptions,
  connectionOptions,
  hasExemptions,
  makeRollout,
  policyOptions,
  rateLimitSettings,
  resolverSettings,
  rolloutLists,
  serviceSettings,
  triesOutFairShare,
} from '../../src/daemon/parts.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { keepReport, type WatchParts, watchExceptions } from '../../src/daemon/watched-zones.ts'
import { PolicyWords } from '../../src/policy/policy-words.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import type { UpstreamOptions } from '../../src/upstream/sockets.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const CLIENT = Uint8Array.of(192, 0, 2, 7)
const NOWHERE = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} } as never

/** Parts by the names that a table of settings has for them; `folder` makes one for them to write to. */
export const TOLD: Readonly<Record<string, (settings: Settings, folder: () => string) => unknown>> = {
  resolver: (settings) => resolverSettings(settings, [], []),
  fairShare: (settings) => ({ isTriedOut: triesOutFairShare(settings) }),
  service: (settings) => serviceSettings(settings),
  access: (settings) => {
    const { access } = serviceSettings(settings)
    return { allows: access.allows(CLIENT), snoops: access.maySnoop(CLIENT) }
  },
  /** Which kind of answer is given here, for a name of each kind. */
  locally: (settings) => {
    const { localZones } = serviceSettings(settings)
    const kindOf = (name: string): string => localZones.answer(nameFrom(name), TYPE.A)?.kind ?? 'none'
    const { local } = resolverSettings(settings, [], [])
    return {
      special: kindOf('www.test.'),
      plain: kindOf('www.corp.example.'),
      toEngine: local!(nameFrom('www.corp.example.'), TYPE.A) !== undefined,
    }
  },
  rates: rateLimitSettings,
  clients: (settings) => clientOptions(settings, 1),
  connections: (settings) => connectionOptions(settings, 1),
  policy: policyOptions,
  exemptions: (settings) => ({ are: hasExemptions(settings) }),
  rollout: rolloutLists,
  /** For how many of the clients in one network the decision is the same as for its first. */
  shares: (settings) => {
    const rollout = makeRollout(settings, halfOfAll(), [1, 2])
    const alike = (first: Uint8Array, octet: number): number =>
      Array.from({ length: 256 }, (_, n) => {
        const one = Uint8Array.from(first)
        one[octet] = n
        return rollout.enforces(one, one.length, 0) === rollout.enforces(first, first.length, 0)
      }).filter(Boolean).length
    return {
      ofIpv4: alike(Uint8Array.of(192, 0, 2, 0), 3) === 256,
      ofIpv6: alike(Uint8Array.of(0x20, 1, 13, 184, ...new Uint8Array(12)), 5) === 256,
    }
  },
  machine: askedOfMachine,
  anchors: keyTagSignal,
  exceptions: exceptionWatch,
  report: watchedReport,
  control: controlSocket,
}

function halfOfAll(): PolicyWords {
  const words = new PolicyWords()
  words.mode = 'enforce'
  words.percent = 50
  return words
}

/** What an engine takes of the machine: clock, way to authorities, memory. */
function askedOfMachine(settings: Settings): unknown {
  const asked: { fixedSeconds?: number | undefined; upstream?: UpstreamOptions } = {}
  const machine: Machine = {
    ...THIS_MACHINE,
    clock: (fixedSeconds) => {
      asked.fixedSeconds = fixedSeconds
      return THIS_MACHINE.clock(fixedSeconds)
    },
    upstream: (options) => {
      asked.upstream = options
      return THIS_MACHINE.upstream(options)
    },
  }
  const engine = createLoneEngine(
    { ...defaultConfig(), settings },
    {
      machine,
      platform: testPlatform(),
      counters: new Counters(),
      ownAddresses: [],
      onFault: () => {},
    },
  )
  engine.close()
  const [rrsets, answers] = engine.memory.map(({ byteLength }) => byteLength / 1_048_576)
  return { ...asked, rrsets, answers }
}

function keyTagSignal(settings: Settings): unknown {
  const asked: number[] = []
  const config = { ...defaultConfig(), settings }
  const duties = anchorDuties({
    config,
    clock: new VirtualClock(1_800_000_000),
    platform: testPlatform(),
    serving: {
      policy: { mode: 'enforce' } as never,
      fetchRecords: async (_, type) => {
        asked.push(type)
        return []
      },
      changePolicy: async () => true,
    },
    log: NOWHERE,
  })
  duties.signal?.(ROOT, config.anchors.list)
  return { signals: asked.length }
}

/** The parts that looking after zones takes, with nothing behind them. */
function watchParts(
  settings: Settings,
  clock: VirtualClock,
  noted: { mode: number; tables: number },
): WatchParts {
  const table = {
    get slotCount(): number {
      noted.tables++
      return 0
    },
  }
  return {
    config: { ...defaultConfig(), settings },
    operator: { settings, dropEnded: async () => {} } as never,
    serving: {
      policy: {
        negativeTrustAnchors: [],
        get mode(): string {
          noted.mode++
          return 'off'
        },
      },
      takeCounts: async () => [],
      tables: { answers: [], rrsets: [table] },
      counters: [new Counters()],
    } as never,
    platform: testPlatform(),
    machine: THIS_MACHINE,
    clock,
    log: NOWHERE,
  }
}

/** After how long exceptions are first looked after. */
function exceptionWatch(settings: Settings): unknown {
  const clock = new VirtualClock(1_800_000_000)
  const waits: number[] = []
  const after = clock.after.bind(clock)
  clock.after = (ms, then) => {
    waits.push(ms)
    return after(ms, then)
  }
  watchExceptions(watchParts(settings, clock, { mode: 0, tables: 0 })).close()
  return { firstMs: waits[0] }
}

/** Whether failing domains are looked at again, and the caches for signatures that end. */
async function watchedReport(settings: Settings, makeFolder: () => string): Promise<unknown> {
  const clock = new VirtualClock(1_800_000_000)
  const noted = { mode: 0, tables: 0 }
  const parts = watchParts(settings, clock, noted)
  const folder = await StateFolder.open({ path: makeFolder(), isWanted: true, log: NOWHERE })
  const keeper = keepReport(
    parts,
    { folder, rolloutKey: [1, 2] } as never,
    { addForGuard: () => {} } as never,
  )
  noted.mode = 0
  await keeper.collect()
  const looks = noted.mode > 0
  await keeper.expiring()
  clock.advance(EXPIRY_WATCH_MS)
  await keeper.stop()
  return { looks, expiry: noted.tables > 0 }
}

async function controlSocket(settings: Settings, makeFolder: () => string): Promise<unknown> {
  const path = join(makeFolder(), 'control.sock')
  const config = { ...defaultConfig(), settings: { ...settings, 'control.socket': path } }
  const options = { config, routes: [], version: '', onFault: () => {}, log: NOWHERE, inherited: undefined }
  const control = await openControl(options)
  const { mode } = statSync(path)
  await control.close()
  return { mode: mode & 0o777 }
}
