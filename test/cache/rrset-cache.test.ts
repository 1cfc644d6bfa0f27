import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { HashKey } from '../../src/base/keyed-hash.ts'
import { RANK, type Rank, RrsetCache, type VerdictToStore } from '../../src/cache/rrset-cache.ts'
import { REASONS } from '../../src/dnssec/reasons.ts'
import type { SecurityStatus } from '../../src/dnssec/security-status.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, nameFromLabels, ROOT } from '../../src/wire/name.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { addresses, name, rrset, rrsig, soa } from './records.ts'

const hashKey: HashKey = [1, 2]

/** A cache with a clock of its own. */
function world(bytesMax = 1 << 20) {
  const time = { ms: 5000 }
  return { time, cache: new RrsetCache({ bytesMax, hashKey, nowMs: () => time.ms }) }
}

function verdict(status: SecurityStatus, policySequence = 1): VerdictToStore {
  return { status, reason: REASONS.secure.number, policySequence }
}

function at(rank: Rank, status: SecurityStatus = 'insecure', policySequence = 1) {
  return { rank, ...verdict(status, policySequence) }
}

/** The last octets of the addresses in the cache. */
function held(cache: RrsetCache, owner: string): number[] | undefined {
  return cache.get(name(owner), TYPE.A)?.rrset.rdatas.map((rdata) => rdata[3]!)
}

t.test('gives back what was put, whatever the case of the question', async (t) => {
  const { cache } = world()
  const set = rrset(
    'WWW.Example.',
    TYPE.TXT,
    300,
    [Uint8Array.of(1, 65), Uint8Array.of(0)],
    [rrsig(TYPE.TXT, 300)],
  )
  const options = { rank: RANK.ANSWER_AA, status: 'bogus', reason: 36, policySequence: 9 } as const
  t.ok(cache.put(set, { ...options, detail: 'example. RRSIG 12345 åäö' }))
  const found = cache.get(name('www.eXAMPLE.'), TYPE.TXT)!
  t.same(found.rrset, { ...set, ttlSeconds: 60 })
  t.match(found, {
    rank: 5,
    status: 'bogus',
    reason: 36,
    policySequence: 9,
    detail: 'example. RRSIG 12345 åäö',
  })
  t.equal(cache.get(name('www.example.'), TYPE.A), undefined)
  t.equal(cache.get(name('example.'), TYPE.TXT), undefined)
  t.equal(cache.get(name('www.example.'), TYPE.TXT)!.rrset.owner[1], 'W'.charCodeAt(0))
  const plain = rrset('www.example.', TYPE.MX, 300, [Uint8Array.of(0, 5, 0)])
  t.ok(cache.put(plain, at(RANK.ANSWER_AA)))
  t.same(
    cache.get(name('WWW.example.'), TYPE.MX)!.rrset.owner,
    plain.owner,
    'as it came, not as it is asked for',
  )
})

t.test('time goes on while something is stored: what ends then may be replaced or not', async (t) => {
  // Each look at the clock is a millisecond later than the one before; some look sees the old entry end.
  for (let beforeMs = 0; beforeMs < 25; beforeMs++) {
    const clock = { ms: 5000, stepMs: 0 }
    const nowMs = (): number => {
      clock.ms += clock.stepMs
      return clock.ms
    }
    const cache = new RrsetCache({ bytesMax: 1 << 20, hashKey, nowMs })
    const set = addresses('a.example.', 1, 1)
    const denial = { rcode: RCODE.NOERROR, authority: [soa('example.', 1)], ttlSeconds: 1 }
    cache.put(set, at(RANK.ANSWER_AA, 'secure', 1))
    cache.putNegative(name('b.example.'), TYPE.A, { ...denial, ...verdict('secure', 1) })
    clock.ms += 1000 - beforeMs
    clock.stepMs = 1
    t.doesNotThrow(() => cache.put(set, at(RANK.ANSWER_AA, 'bogus', 2)))
    clock.ms = 6000 - beforeMs
    t.doesNotThrow(() => cache.putNegative(name('b.example.'), TYPE.A, { ...denial, ...verdict('bogus', 2) }))
  }
})

t.test('what it gives back stays as it is while the cache changes', async (t) => {
  const { cache } = world(4096)
  cache.put(addresses('a.example.', 300, 1), at(RANK.ANSWER_AA))
  const found = cache.get(name('a.example.'), TYPE.A)!
  for (let i = 0; i < 100; i++) cache.put(addresses(`b${i}.example.`, 300, 2), at(RANK.ANSWER_AA))
  t.equal(cache.get(name('a.example.'), TYPE.A), undefined)
  t.same(found.rrset, addresses('a.example.', 300, 1))
})

t.test('names that look alike as text are different names', async (t) => {
  const { cache } = world()
  const spellings = [
    'a.b.example.',
    'a\\.b.example.',
    'a\\000b.example.',
    'a\\000.example.',
    '\\255.example.',
  ]
  for (const [i, spelling] of spellings.entries()) cache.put(addresses(spelling, 300, i), at(RANK.ANSWER_AA))
  for (const [i, spelling] of spellings.entries()) t.same(held(cache, spelling), [i], spelling)
})

t.test('keeps class IN and nothing else', async (t) => {
  const { cache } = world()
  for (const recordClass of [CLASS.CH, CLASS.HS, CLASS.ANY, 0x8001]) {
    t.notOk(cache.put({ ...addresses('a.example.', 300, 1), class: recordClass }, at(RANK.ANSWER_AA)))
  }
  t.equal(cache.entryCount, 0)
})

t.test('keeps nothing larger than a message (C10)', async (t) => {
  const { cache } = world(8 << 20)
  const rdatas = Array.from({ length: 5000 }, (_, i) => new Uint8Array(14).fill(i))
  t.ok(cache.put(rrset('a.example.', TYPE.TXT, 300, rdatas.slice(0, 4000)), at(RANK.ANSWER_AA)))
  t.notOk(cache.put(rrset('a.example.', TYPE.TXT, 300, rdatas), at(RANK.ANSWER_AA)))
  t.equal(cache.get(name('a.example.'), TYPE.TXT), undefined, 'and the older set is out of date')
})

t.test('time to live', async (t) => {
  const ttlAfter = (set: Rrset, options: Parameters<RrsetCache['put']>[1], ms = 0) => {
    const { cache, time } = world()
    cache.put(set, options)
    time.ms += ms
    return cache.get(set.owner, set.type)?.rrset.ttlSeconds
  }
  const good = at(RANK.ANSWER_AA, 'secure')
  const signed = (ttlSeconds: number, ...originals: number[]) => {
    const signatures = originals.map((original) => rrsig(TYPE.A, original))
    return { ...addresses('a.example.', ttlSeconds, 1), signatures }
  }

  t.test('runs down by whole seconds and ends exactly', async (t) => {
    t.equal(ttlAfter(signed(10), good), 10)
    t.equal(ttlAfter(signed(10), good, 999), 10)
    t.equal(ttlAfter(signed(10), good, 1000), 9)
    t.equal(ttlAfter(signed(10), good, 9999), 1)
    t.equal(ttlAfter(signed(10), good, 10_000), undefined)
  })
  t.test('is at most a day', async (t) => t.equal(ttlAfter(signed(0x7fffffff), good), 86_400))
  t.test('is at most the original TTL', async (t) => {
    t.equal(ttlAfter(signed(300, 60), good), 60)
    t.equal(ttlAfter(signed(300, 600, 200), good), 200)
    t.equal(ttlAfter(signed(300, 600), good), 300)
  })
  t.test('is what the verification found, where it is told', async (t) => {
    t.equal(ttlAfter(signed(300, 600, 0), { ...good, ttlSeconds: 250 }), 250)
    t.equal(ttlAfter(signed(300, 600), { ...good, ttlSeconds: 1000 }), 300)
  })
  t.test('is a minute when bogus', async (t) => {
    t.equal(ttlAfter(signed(300), at(RANK.ANSWER_AA, 'bogus')), 60)
    t.equal(ttlAfter(signed(30), at(RANK.ANSWER_AA, 'bogus')), 30)
    t.equal(ttlAfter(signed(300), at(RANK.ANSWER_AA, 'bogus'), 60_000), undefined)
  })
  t.test('of 0 is not kept', async (t) => t.equal(ttlAfter(signed(0), good), undefined))
})

t.test('a lower rank never replaces what lives', async (t) => {
  const ranks = Object.values(RANK)
  for (const old of ranks) {
    for (const fresh of ranks) {
      const { cache, time } = world()
      cache.put(addresses('a.example.', 300, 1), at(old))
      t.equal(cache.put(addresses('a.example.', 300, 2), at(fresh)), fresh >= old, `${fresh} over ${old}`)
      t.same(held(cache, 'a.example.'), [fresh >= old ? 2 : 1])
      time.ms += 300_000
      t.ok(cache.put(addresses('a.example.', 300, 3), at(fresh)), 'but what is dead it does')
      t.same(held(cache, 'a.example.'), [3])
    }
  }
  const { cache } = world()
  cache.put(addresses('a.example.', 300, 1), at(RANK.ANSWER_AA, 'insecure'))
  t.ok(
    cache.put(addresses('a.example.', 300, 2), at(RANK.AUTHORITY, 'secure')),
    'a proof is worth more than a rank',
  )
})

t.test('which verdict gives way to which', async (t) => {
  const statuses: SecurityStatus[] = ['secure', 'insecure', 'indeterminate', 'bogus']
  const refused = new Set([
    'bogus over secure',
    'bogus over insecure',
    'indeterminate over secure',
    'indeterminate over insecure',
    'indeterminate over bogus',
  ])
  for (const old of statuses) {
    for (const fresh of statuses) {
      const what = `${fresh} over ${old}`
      const { cache, time } = world()
      cache.put(addresses('a.example.', 300, 1), at(RANK.ANSWER_AA, old))
      cache.put(addresses('a.example.', 300, 2), at(RANK.ANSWER_AA, fresh))
      t.same(held(cache, 'a.example.'), [refused.has(what) ? 1 : 2], what)

      const proof = (mark: number) => [rrset('a.example.', TYPE.NSEC, 300, [Uint8Array.of(mark)])]
      const entry = { rcode: RCODE.NOERROR, ttlSeconds: 300 }
      cache.putNegative(name('b.example.'), TYPE.A, { ...entry, authority: proof(1), ...verdict(old) })
      cache.putNegative(name('b.example.'), TYPE.A, { ...entry, authority: proof(2), ...verdict(fresh) })
      const denial = cache.getNegative(name('b.example.'), TYPE.A)!
      t.same(denial.authority[0]!.rdatas[0]![0], refused.has(what) ? 1 : 2, `${what}, denials`)

      time.ms += 300_000
      t.ok(cache.put(addresses('a.example.', 300, 3), at(RANK.ANSWER_AA, fresh)), `${fresh} over the dead`)
    }
  }
})

t.test('the same data judged again under a newer policy may become bogus', async (t) => {
  const { cache } = world()
  cache.put(addresses('a.example.', 300, 1, 2), at(RANK.ANSWER_AA, 'insecure', 1))
  t.notOk(
    cache.put(addresses('a.example.', 300, 2, 1), at(RANK.ANSWER_AA, 'bogus', 1)),
    'not under the same one',
  )
  t.notOk(cache.put(addresses('a.example.', 300, 2, 3), at(RANK.ANSWER_AA, 'bogus', 2)), 'not other data')
  t.ok(cache.put(addresses('a.example.', 300, 2, 1), at(RANK.ANSWER_AA, 'bogus', 2)))
  t.match(cache.get(name('a.example.'), TYPE.A), { status: 'bogus', rrset: { ttlSeconds: 60 } })

  const denial = (status: SecurityStatus, sequence: number, owner = 'example.') => ({
    rcode: RCODE.NXDOMAIN,
    ttlSeconds: 300,
    authority: [soa(owner, 300)],
    ...verdict(status, sequence),
  })
  cache.putNegative(name('b.example.'), TYPE.A, denial('insecure', 1))
  t.notOk(cache.putNegative(name('b.example.'), TYPE.A, denial('bogus', 1)))
  t.notOk(cache.putNegative(name('b.example.'), TYPE.A, denial('bogus', 2, 'other.')))
  t.ok(cache.putNegative(name('b.example.'), TYPE.A, denial('bogus', 2)))
  t.equal(cache.getNegative(name('b.example.'), TYPE.A)?.status, 'bogus')
})

t.test('negative answers', async (t) => {
  const authority = [
    soa('example.', 900),
    rrset('a.example.', TYPE.NSEC, 200, [Uint8Array.of(0)], [rrsig(47, 200)]),
  ]
  const noData = { rcode: RCODE.NOERROR, authority, ttlSeconds: 200, ...verdict('secure') }
  const nameError = { ...noData, rcode: RCODE.NXDOMAIN }

  t.test('no data counts for one type', async (t) => {
    const { cache, time } = world()
    t.ok(cache.putNegative(name('a.Example.'), TYPE.A, noData))
    time.ms += 50_000
    const found = cache.getNegative(name('A.example.'), TYPE.A)!
    t.match(found, { rcode: RCODE.NOERROR, ttlSeconds: 150, status: 'secure', policySequence: 1, detail: '' })
    t.same(found.authority, [
      { ...authority[0], ttlSeconds: 150, givenTtlSeconds: 200 },
      { ...authority[1], ttlSeconds: 150, givenTtlSeconds: 200 },
    ])
    t.equal(cache.getNegative(name('a.example.'), TYPE.AAAA), undefined)
    t.equal(cache.getNameError(name('a.example.')), undefined)
    time.ms += 150_000
    t.equal(cache.getNegative(name('a.example.'), TYPE.A), undefined)
  })

  t.test('NXDOMAIN counts for all types of the name', async (t) => {
    const { cache } = world()
    t.ok(cache.putNegative(name('a.example.'), TYPE.A, nameError))
    t.equal(cache.getNegative(name('a.example.'), TYPE.A)?.rcode, RCODE.NXDOMAIN)
    t.equal(cache.getNegative(name('a.example.'), TYPE.MX)?.rcode, RCODE.NXDOMAIN)
    t.equal(cache.getNameError(name('a.example.'))?.rcode, RCODE.NXDOMAIN)
    t.equal(cache.getNameError(name('b.a.example.')), undefined, 'look-ups below it are a step of their own')
    t.ok(cache.putNegative(name('a.example.'), TYPE.MX, noData), 'the name has come to be')
    t.equal(cache.getNegative(name('a.example.'), TYPE.A), undefined)
  })

  t.test('a bogus NXDOMAIN counts for the type that was asked, for a minute', async (t) => {
    const { cache, time } = world()
    cache.putNegative(name('a.example.'), TYPE.A, { ...nameError, ...verdict('bogus') })
    t.match(cache.getNegative(name('a.example.'), TYPE.A), {
      rcode: RCODE.NXDOMAIN,
      ttlSeconds: 60,
      status: 'bogus',
    })
    t.equal(cache.getNegative(name('a.example.'), TYPE.MX), undefined)
    time.ms += 60_000
    t.equal(cache.getNegative(name('a.example.'), TYPE.A), undefined)
  })

  t.test('a day is the most', async (t) => {
    const { cache } = world()
    cache.putNegative(name('a.example.'), TYPE.A, { ...noData, ttlSeconds: 86_401 })
    t.equal(cache.getNegative(name('a.example.'), TYPE.A)?.ttlSeconds, 86_400)
  })

  t.test('nothing exists below a name that is securely denied, and only then (RFC 8020)', async (t) => {
    const { cache } = world()
    const deep = name('c.b.A.example.')
    t.equal(cache.nameErrorAbove(deep), undefined)
    for (const status of ['insecure', 'indeterminate', 'bogus'] as const) {
      cache.putNegative(name('example.'), TYPE.A, { ...nameError, ...verdict(status) })
      t.equal(cache.nameErrorAbove(deep), undefined, status)
    }
    cache.putNegative(name('b.a.example.'), TYPE.A, noData)
    t.equal(cache.nameErrorAbove(deep), undefined, 'no data is not no name')
    cache.putNegative(name('a.example.'), TYPE.A, nameError)
    t.same(cache.nameErrorAbove(deep)?.name, name('A.example.'))
    t.equal(cache.nameErrorAbove(name('a.example.'))?.entry.rcode, RCODE.NXDOMAIN, 'the name itself included')
    t.equal(cache.nameErrorAbove(name('aa.example.')), undefined)
    t.equal(cache.nameErrorAbove(ROOT), undefined)
  })

  t.test('data and its denial end each other, as far as their verdicts allow', async (t) => {
    const { cache } = world()
    cache.putNegative(name('a.example.'), TYPE.A, { ...nameError, ...verdict('insecure') })
    cache.put(addresses('a.example.', 300, 1), at(RANK.ANSWER_AA, 'indeterminate'))
    t.ok(cache.getNegative(name('a.example.'), TYPE.A), 'unjudged data leaves a judged denial')
    cache.put(addresses('a.example.', 300, 1), at(RANK.ANSWER_AA, 'insecure'))
    t.equal(cache.getNegative(name('a.example.'), TYPE.A), undefined)
    t.notOk(cache.putNegative(name('a.example.'), TYPE.A, { ...nameError, ...verdict('bogus') }))
    t.same(held(cache, 'a.example.'), [1])
    t.ok(cache.putNegative(name('a.example.'), TYPE.A, noData))
    t.equal(held(cache, 'a.example.'), undefined)
  })

  t.test('a denial of DS may come without SOA', async (t) => {
    const { cache } = world()
    const proof = [rrset('child.example.', TYPE.NSEC, 100, [Uint8Array.of(0)], [rrsig(47, 100)])]
    cache.putNegative(name('child.example.'), TYPE.DS, { ...noData, authority: proof })
    t.same(cache.getNegative(name('child.example.'), TYPE.DS)?.authority, proof)
  })
})

t.test('delegations', async (t) => {
  const ns = (owner: string, ttlSeconds: number, target = 'ns.example.') =>
    rrset(owner, TYPE.NS, ttlSeconds, [name(target)])
  const closest = (cache: RrsetCache, of: string): Name | undefined =>
    cache.closestDelegation(name(of))?.rrset.owner

  t.test('are found upwards from a name', async (t) => {
    const { cache } = world()
    t.equal(closest(cache, 'a.example.'), undefined)
    cache.putDelegation(ns('.', 600))
    cache.putDelegation(ns('example.', 300), ROOT)
    cache.putDelegation(ns('b.example.', 300), name('example.'))
    t.same(closest(cache, '.'), ROOT)
    t.same(closest(cache, 'com.'), ROOT)
    t.same(closest(cache, 'a.a.EXAMPLE.'), name('example.'))
    t.same(closest(cache, 'b.example.'), name('b.example.'))
    t.same(closest(cache, 'a.b.example.'), name('b.example.'))
    t.equal(cache.getDelegation(name('a.example.')), undefined)
    t.match(cache.getDelegation(name('example.')), { rank: RANK.AUTHORITY, status: 'indeterminate' })
  })

  t.test('are not prolonged by what the child says of itself (CVE-2012-1033)', async (t) => {
    const { cache, time } = world()
    cache.putDelegation(ns('ghost.example.', 4, 'ns1.ghost.example.'), ROOT)
    cache.putGlue(addresses('ns1.ghost.example.', 4, 1), name('ghost.example.'))
    for (let second = 1; second <= 4; second++) {
      time.ms += 1000
      for (const rank of [RANK.AUTHORITY_AA, RANK.ANSWER_AA]) {
        cache.put(ns('ghost.example.', 3600, 'ns2.ghost.example.'), at(rank))
        cache.put(addresses('ns1.ghost.example.', 3600, 1), at(rank))
      }
      const left = cache.getDelegation(name('ghost.example.'))?.rrset.ttlSeconds
      t.equal(left, second < 4 ? 4 - second : undefined)
      t.equal(cache.getGlue(name('ns1.ghost.example.'), TYPE.A)?.rrset.ttlSeconds, left)
    }
    t.equal(closest(cache, 'www.ghost.example.'), undefined)
    t.ok(cache.get(name('ghost.example.'), TYPE.NS), 'the child may say so none the less')
  })

  t.test('end with the one above them (CVE-2022-30698)', async (t) => {
    const { cache, time } = world()
    cache.putDelegation(ns('ghost.example.', 10), ROOT)
    time.ms += 3500
    cache.putDelegation(ns('a.ghost.example.', 86_400), name('ghost.example.'))
    cache.putGlue(addresses('ns.a.ghost.example.', 86_400, 1), name('a.ghost.example.'))
    cache.putDelegation(ns('b.a.ghost.example.', 86_400), name('a.ghost.example.'))
    time.ms += 5999
    t.same(closest(cache, 'b.a.ghost.example.'), name('b.a.ghost.example.'))
    t.ok(cache.getGlue(name('ns.a.ghost.example.'), TYPE.A))
    time.ms += 501
    t.equal(closest(cache, 'b.a.ghost.example.'), undefined)
    t.equal(cache.getGlue(name('ns.a.ghost.example.'), TYPE.A), undefined)
    cache.putDelegation(ns('b.a.ghost.example.', 86_400), name('a.ghost.example.'))
    t.equal(cache.getDelegation(name('b.a.ghost.example.'))?.rrset.ttlSeconds, 1, 'a reply that came late')
  })

  t.test('serve the query at hand even with a TTL of 0', async (t) => {
    const { cache, time } = world()
    cache.putDelegation(ns('example.', 0), ROOT)
    cache.putGlue(addresses('ns.example.', 0, 1), name('example.'))
    time.ms += 999
    t.ok(cache.getDelegation(name('example.')))
    t.ok(cache.getGlue(name('ns.example.'), TYPE.A))
    time.ms += 1
    t.equal(cache.getDelegation(name('example.')), undefined)
  })

  t.test('and glue are never answers', async (t) => {
    const { cache } = world()
    cache.putDelegation(ns('example.', 300), ROOT)
    cache.putGlue(addresses('ns.example.', 300, 1), name('example.'))
    t.equal(cache.get(name('example.'), TYPE.NS), undefined)
    t.equal(cache.get(name('ns.example.'), TYPE.A), undefined)
    cache.put(addresses('ns.example.', 300, 9), at(RANK.ANSWER_AA, 'secure'))
    t.same(
      cache.getGlue(name('ns.example.'), TYPE.A)?.rrset.rdatas,
      [Uint8Array.of(192, 0, 2, 1)],
      'nor they it',
    )
  })
})

t.test('removal', async (t) => {
  const filled = () => {
    const { cache } = world()
    for (const owner of [
      'example.',
      'a.example.',
      'b.a.Example.',
      'aa.example.',
      'example.a.',
      '\\007example.',
    ]) {
      cache.put(addresses(owner, 300, 1), at(RANK.ANSWER_AA))
      cache.putDelegation(rrset(owner, TYPE.NS, 300, [ROOT]))
      cache.putGlue(addresses(owner, 300, 1))
      const denial = { rcode: RCODE.NOERROR, authority: [], ttlSeconds: 300, ...verdict('secure') }
      cache.putNegative(name(owner), TYPE.MX, denial)
    }
    return cache
  }
  t.test('of a name and type', async (t) => {
    const cache = filled()
    cache.remove(name('A.example.'), TYPE.A)
    t.equal(held(cache, 'a.example.'), undefined)
    t.equal(cache.getGlue(name('a.example.'), TYPE.A), undefined)
    t.ok(cache.getNegative(name('a.example.'), TYPE.MX))
    cache.remove(name('a.example.'), TYPE.MX)
    t.equal(cache.getNegative(name('a.example.'), TYPE.MX), undefined)
    t.same(held(cache, 'aa.example.'), [1])
  })
  t.test('of a name and all below', async (t) => {
    const cache = filled()
    t.equal(cache.flush(name('A.EXAMPLE.')), 8)
    t.equal(held(cache, 'a.example.'), undefined)
    t.equal(held(cache, 'b.a.example.'), undefined)
    for (const owner of ['example.', 'aa.example.', 'example.a.', '\\007example.'])
      t.same(held(cache, owner), [1])
    t.equal(cache.flush(name('example.')), 8)
    t.same(held(cache, '\\007example.'), [1])
    t.equal(cache.flush(name('example.')), 0)
  })
  t.test('of everything', async (t) => {
    const cache = filled()
    t.equal(cache.flush(), 24)
    t.equal(cache.entryCount, 0)
    t.equal(held(cache, 'example.'), undefined)
    t.equal(filled().flush(ROOT), 24)
  })
})

t.test('any RRset comes back octet for octet', async () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 })
  const owner = fc.array(label, { maxLength: 6 }).map((labels) => nameFromLabels(labels)!)
  const rdata = fc.uint8Array({ maxLength: 300 })
  const u16 = fc.integer({ min: 0, max: 65_535 })
  const ttl = fc.integer({ min: 1, max: 86_400 })
  const set = fc.record({
    owner,
    type: u16,
    class: fc.constant(CLASS.IN),
    ttlSeconds: ttl,
    rdatas: fc.array(rdata, { maxLength: 20 }),
    signatures: fc.array(rdata, { maxLength: 3 }),
  })
  const age = fc.integer({ min: 0, max: 90_000_000 })
  fc.assert(
    fc.property(set, age, u16, (data, ms, reason) => {
      const { cache, time } = world(200_000)
      const options = { rank: RANK.ANSWER_AA, status: 'secure', reason, policySequence: 0xffff_fffe } as const
      cache.put(data, { ...options, ttlSeconds: data.ttlSeconds })
      time.ms += ms
      const found = cache.get(data.owner, data.type)
      if (ms >= data.ttlSeconds * 1000) return found === undefined
      const aged = { ...data, ttlSeconds: data.ttlSeconds - Math.floor(ms / 1000) }
      const expected = ms < 1000 ? { ...data } : { ...aged, givenTtlSeconds: data.ttlSeconds }
      const aging = data.ttlSeconds * 1000 - ms <= data.ttlSeconds * 100
      deepStrictEqual(found, { ...options, detail: '', rrset: expected, aging })
      return true
    }),
    { numRuns: 200 },
  )
})
