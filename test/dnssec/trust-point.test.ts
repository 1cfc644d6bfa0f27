import t from 'tap'
import { REMOVED_KEYS_MAX } from '../../src/base/limits.ts'
import { sightKeys } from '../../src/dnssec/key-sighting.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import {
  advance,
  anchorsOf,
  followedTag,
  isEnded,
  type KeyChange,
  newTrustPoint,
  type TrustPoint,
  withConfigured,
} from '../../src/dnssec/trust-point.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { figure } from '../attacks/row.ts'
import { anchorOf, DAY, NEW, OLD, publishedSet, revoked, START, tagOf } from '../support/followed-keys.ts'
import { proofParameters } from '../support/proof.ts'
import { ROOT_KEY_HISTORY, rootKeyHistory } from '../support/recorded-root-keys.ts'
import { recordsFrom } from '../support/records.ts'
import { absent } from '../support/shared-data.ts'
import { dnskeySet, dsOf, makeKey, signed, type TestKey } from '../support/sign.ts'

const ZONE = nameFrom('example')
const ZSK = makeKey('example', 15, 256)

/** A DNSKEY set of an hour of TTL, its signatures good for two weeks around the day. */
function published(day: number, keys: readonly TestKey[], signers: readonly TestKey[] = keys): Rrset {
  const at = START + day * DAY
  const times = { inception: at - 7 * DAY, expiration: at + 7 * DAY }
  return publishedSet({ keys, signers, ttlSeconds: 3_600, ...times })
}

function pointWith(...keys: readonly TestKey[]): TrustPoint {
  return withConfigured(newTrustPoint(ZONE), keys.map(anchorOf), START)
}

/** The trust point after a probe on that day. */
function seen(
  point: TrustPoint,
  day: number,
  set: Rrset,
): { point: TrustPoint; changes: readonly KeyChange[] } {
  const at = START + day * DAY
  return advance(point, sightKeys(point, set, proofParameters({ at })), at)
}

function states(point: TrustPoint): Record<number, string> {
  return Object.fromEntries(point.keys.map((key) => [followedTag(key), key.state]))
}

t.test('a new key waits thirty days, is seen again, and is believed', async (t) => {
  let { point, changes } = seen(pointWith(OLD), 0, published(0, [OLD, ZSK], [OLD]))
  t.same(states(point), { [tagOf(OLD)]: 'valid' })
  t.same(changes, [])
  ;({ point, changes } = seen(point, 1, published(1, [OLD, NEW, ZSK], [OLD])))
  t.same(states(point), { [tagOf(OLD)]: 'valid', [tagOf(NEW)]: 'add-pending' })
  t.same(changes, [{ keyTag: tagOf(NEW), from: undefined, to: 'add-pending' }])
  t.same(anchorsOf(point), [anchorOf(OLD)], 'a pending key is no anchor')
  point = seen(point, 30.9, published(30.9, [OLD, NEW], [OLD])).point
  t.equal(states(point)[tagOf(NEW)], 'add-pending')
  ;({ point, changes } = seen(point, 31, published(31, [OLD, NEW], [OLD])))
  t.same(changes, [{ keyTag: tagOf(NEW), from: 'add-pending', to: 'valid' }])
  t.same(anchorsOf(point), [anchorOf(OLD), { zone: ZONE, dnskey: NEW.dnskey.rdata }])
  t.equal(seen(point, 40, published(40, [NEW], [NEW])).point.failures, 0, 'and may sign alone')
})

t.test('a pending key that is left out once starts anew', async (t) => {
  let point = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
  const gap = seen(point, 10, published(10, [OLD]))
  t.same(gap.changes, [{ keyTag: tagOf(NEW), from: 'add-pending', to: undefined }])
  point = seen(gap.point, 11, published(11, [OLD, NEW], [OLD])).point
  point = seen(point, 31, published(31, [OLD, NEW], [OLD])).point
  t.equal(states(point)[tagOf(NEW)], 'add-pending')
  t.equal(states(seen(point, 41, published(41, [OLD, NEW], [OLD])).point)[tagOf(NEW)], 'valid')
})

t.test('what no anchor signed adds nothing, takes nothing away and ends no wait', async (t) => {
  const before = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
  for (const set of [
    published(31, [OLD, NEW], [NEW]),
    published(31, [NEW], [NEW]),
    published(31, [OLD, NEW], []),
    published(20, [OLD, NEW], [OLD]),
  ]) {
    const { point, changes } = seen(before, 31, set)
    t.same(changes, [])
    t.same(point.keys, before.keys)
    t.match(point, { failures: 1, lastSuccessSeconds: START, lastProbeSeconds: START + 31 * DAY })
    t.not(point.fault, '')
  }
  const { point } = advance(before, { kind: 'unanswered', detail: 'nobody is there' }, START + 31 * DAY)
  t.match(point, { failures: 1, lastProbeSeconds: START, fault: 'nobody is there' })
})

t.test(
  'a key that has waited and was seen twice may sign for itself: the zone may have changed over',
  async (t) => {
    let point = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
    const early = seen(point, 31, published(31, [NEW]))
    t.same(states(early.point), states(point), 'not after one sighting')
    point = seen(point, 1, published(1, [OLD, NEW], [OLD])).point
    t.same(states(seen(point, 29, published(29, [NEW])).point), states(point), 'nor before its time')
    t.same(states(seen(point, 31, published(31, [NEW])).point), {
      [tagOf(OLD)]: 'missing',
      [tagOf(NEW)]: 'valid',
    })
    const gone = revoked(OLD)
    t.same(states(seen(point, 31, published(31, [gone, NEW])).point), {
      [tagOf(gone)]: 'revoked',
      [tagOf(NEW)]: 'valid',
    })
  },
)

t.test('one sighting is not enough, however long ago', async (t) => {
  let point = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
  t.equal(point.keys[1]!.sightings, 1)
  point = seen(point, 90, published(90, [OLD, NEW], [OLD])).point
  t.equal(states(point)[tagOf(NEW)], 'valid', 'the second one is')
})

t.test('a wait is no shorter than the TTL of the set that showed the key', async (t) => {
  const long = (day: number): Rrset => {
    const at = START + day * DAY
    return signed(dnskeySet([OLD, NEW], 40 * DAY), OLD, { inception: at - DAY, expiration: at + DAY })
  }
  let point = seen(pointWith(OLD), 0, long(0)).point
  point = seen(point, 39, long(39)).point
  t.equal(states(point)[tagOf(NEW)], 'add-pending')
  t.equal(states(seen(point, 40, long(40)).point)[tagOf(NEW)], 'valid')
})

t.test('a key that revokes itself is out at once, whoever signed beside it', async (t) => {
  const before = seen(pointWith(OLD, NEW), 0, published(0, [OLD, NEW])).point
  const gone = revoked(OLD)
  t.not(tagOf(gone), tagOf(OLD))
  const both = seen(before, 1, published(1, [gone, NEW]))
  t.same(both.changes, [{ keyTag: tagOf(gone), from: 'valid', to: 'revoked' }])
  t.same(anchorsOf(both.point), [anchorOf(NEW)])
  t.equal(both.point.failures, 0)

  const alone = seen(before, 1, published(1, [gone, NEW], [gone]))
  t.same(alone.changes, [{ keyTag: tagOf(gone), from: 'valid', to: 'revoked' }])
  t.equal(alone.point.failures, 1, 'and does nothing else: the set is not proven by it')
  t.equal(states(alone.point)[tagOf(NEW)], 'valid')

  const others = seen(before, 1, published(1, [gone, NEW], [NEW]))
  t.same(
    others.changes,
    [{ keyTag: tagOf(OLD), from: 'valid', to: 'missing' }],
    'the bit alone revokes nothing',
  )
})

t.test('a revoked key only revokes: it proves nothing, and never comes back (V24)', async (t) => {
  const third = makeKey('example')
  const gone = revoked(OLD)
  let point = seen(pointWith(OLD, NEW), 0, published(0, [OLD, NEW])).point
  point = seen(point, 1, published(1, [gone, NEW])).point
  const smuggled = seen(point, 2, published(2, [gone, NEW, third], [gone]))
  t.same(smuggled.changes, [])
  t.equal(smuggled.point.failures, 1)
  t.same(seen(point, 2, published(2, [OLD, NEW], [OLD])).changes, [], 'nor without the bit')
  const returned = seen(point, 2, published(2, [OLD, NEW], [NEW]))
  t.same(returned.changes, [])
  t.same(states(returned.point), { [tagOf(gone)]: 'revoked', [tagOf(NEW)]: 'valid' })
  point = seen(point, 30.9, published(30.9, [NEW])).point
  t.equal(states(point)[tagOf(gone)], 'revoked')
  point = seen(point, 31, published(31, [NEW])).point
  t.equal(states(point)[tagOf(gone)], 'removed')
  point = seen(point, 800, published(800, [OLD, NEW], [NEW])).point
  t.equal(states(point)[tagOf(gone)], 'removed')
  const again = withConfigured(point, [anchorOf(OLD), anchorOf(NEW)], START + 900 * DAY)
  t.same(anchorsOf(again), [anchorOf(NEW)], 'an old file does not bring it back')
})

t.test(
  'a zone may roll its key for ever: so many removed keys are remembered, and new ones are followed',
  (t) => {
    const rolls = REMOVED_KEYS_MAX + 8
    const removed = Array.from({ length: rolls }, (_, i) => {
      const dnskey = makeKey('example').dnskey.rdata
      const origin = i === 0 ? ('configured' as const) : ('learnt' as const)
      return {
        dnskey,
        ds: undefined,
        origin,
        state: 'removed' as const,
        sinceSeconds: START + i,
        sightings: 1,
        holdDownSeconds: 0,
      }
    })
    const point = pointWith(OLD)
    const after = seen(
      { ...point, keys: [...removed, ...point.keys] },
      1,
      published(1, [OLD, NEW], [OLD]),
    ).point
    t.equal(states(after)[tagOf(NEW)], 'add-pending')
    const kept = after.keys.filter(({ state }) => state === 'removed')
    t.same(kept, [removed[0], ...removed.slice(1 - REMOVED_KEYS_MAX)], 'what a file named, and the newest')
    t.equal(states(after)[tagOf(OLD)], 'valid')
    t.end()
  },
)

t.test('a pending key may be revoked, and never becomes an anchor', async (t) => {
  let point = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
  point = seen(point, 1, published(1, [OLD, revoked(NEW)])).point
  t.equal(states(point)[tagOf(revoked(NEW))], 'revoked')
  for (const day of [2, 40, 80]) point = seen(point, day, published(day, [OLD, NEW], [OLD])).point
  t.same(anchorsOf(point), [anchorOf(OLD)])
})

t.test('when all keys are revoked the zone has no anchor', async (t) => {
  const before = seen(pointWith(OLD, NEW), 0, published(0, [OLD, NEW])).point
  const { point } = seen(
    before,
    1,
    published(1, [revoked(OLD), revoked(NEW), makeKey('example')], [revoked(OLD), revoked(NEW)]),
  )
  t.ok(isEnded(point))
  t.same(anchorsOf(point), [])
  t.equal(point.failures, 0)
  t.equal(point.keys.length, 2, 'and what else stood there is not believed')
})

t.test('a key that is left out is missing, believed, and comes back', async (t) => {
  let point = pointWith(OLD, NEW)
  point = seen(point, 0, published(0, [OLD, NEW])).point
  point = seen(point, 1, published(1, [NEW])).point
  t.same(states(point), { [tagOf(OLD)]: 'missing', [tagOf(NEW)]: 'valid' })
  t.equal(anchorsOf(point).length, 2)
  t.same(states(seen(point, 2, published(2, [OLD, NEW])).point), {
    [tagOf(OLD)]: 'valid',
    [tagOf(NEW)]: 'valid',
  })
  const learnt: TrustPoint = { ...point, keys: point.keys.map((key) => ({ ...key, origin: 'learnt' })) }
  t.equal(seen(learnt, 367, published(367, [NEW])).point.keys.length, 2)
  t.same(states(seen(learnt, 368, published(368, [NEW])).point), { [tagOf(NEW)]: 'valid' })
  t.equal(seen(point, 368, published(368, [NEW])).point.keys.length, 2, 'what the operator gives is his')
})

t.test(
  'what the operator gives counts at once; what he takes back is gone, what was learnt stays',
  async (t) => {
    const third = makeKey('example')
    let point = seen(pointWith(OLD), 0, published(0, [OLD, NEW], [OLD])).point
    point = withConfigured(point, [anchorOf(OLD), anchorOf(NEW)], START + DAY)
    t.same(
      states(point),
      { [tagOf(OLD)]: 'valid', [tagOf(NEW)]: 'valid' },
      'a pending key that he gives need not wait',
    )
    point = withConfigured(point, [anchorOf(third)], START + 2 * DAY)
    t.same(states(point), { [tagOf(NEW)]: 'valid', [tagOf(third)]: 'valid' })
    const asKeys = [third, ZSK].map((key) => ({ zone: ZONE, dnskey: key.dnskey.rdata }))
    t.same(
      states(withConfigured(point, asKeys, START)),
      states(point),
      'in whatever form; no key but entry points',
    )
  },
)

t.test('two DS records of one key are one key once it is seen', async (t) => {
  const anchors = [1, 2].map((digest) => ({ zone: ZONE, ds: dsOf(OLD, digest) }))
  const before = withConfigured(newTrustPoint(ZONE), anchors, START)
  t.equal(before.keys.length, 2)
  const { point, changes } = seen(before, 0, published(0, [OLD]))
  t.equal(point.keys.length, 1)
  t.same(changes, [])
})

t.test('a zone of many keys is followed so far, and no further', async (t) => {
  const many = Array.from({ length: 40 }, () => makeKey('example'))
  const { point } = seen(pointWith(OLD), 0, published(0, [OLD, ...many], [OLD]))
  t.equal(point.keys.length, 32)
})

t.test('when the next probe is due', async (t) => {
  const times = (ttlSeconds: number, days: number): unknown[] => {
    const set = signed(dnskeySet([OLD], ttlSeconds), OLD, {
      inception: START - DAY,
      expiration: START + days * DAY,
    })
    const { intervalSeconds, retrySeconds } = seen(pointWith(OLD), 0, set).point
    return [intervalSeconds, retrySeconds]
  }
  t.same(times(172_800, 14), [86_400, 17_280], 'half and a tenth of the TTL')
  t.same(times(600, 14), [3_600, 3_600], 'an hour at least')
  t.same(times(100 * DAY, 4), [2 * DAY, 34_560], 'half and a tenth of what is left of the signature')
  t.same(times(100 * DAY, 90), [15 * DAY, DAY], 'fifteen days and one at most')
})

t.test(
  'the real root, with only KSK-2017 believed in 2023 (V25)',
  { skip: absent(ROOT_KEY_HISTORY) },
  async (t) => {
    const ksk2017 = '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
    let point = withConfigured(newTrustPoint(ROOT), anchorsFromRecords(recordsFrom(ksk2017)), 0)
    const told: string[] = []
    for (const { serial, unixSeconds: at, records } of rootKeyHistory()) {
      const step = advance(point, sightKeys(point, groupRrsets(records)[0]!, proofParameters({ at })), at)
      t.equal(step.point.failures, 0, serial)
      point = step.point
      const day = new Date(at * 1000).toISOString().slice(0, 10)
      for (const { keyTag, to } of step.changes) told.push(`${day} ${keyTag} ${to}`)
    }
    t.match(told, ['2025-01-11 38696 add-pending', /^2025-02-\d\d 38696 valid$/])
    t.ok(told[1]! >= '2025-02-10')
    t.same(states(point), { 20326: 'valid', 38696: 'valid' })
    figure(t, 'V25', told.join(', '))
  },
)
