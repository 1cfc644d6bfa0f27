/** What servers say of names that are not theirs, and what they cannot prove: A07, A09, A13 to A16, A18. */
import { inParallel } from '../../../bench/processes.ts'
import type { Authority, Rewrite } from '../../../src/lab/authority.ts'
import { deriveKey, ZSK_FLAGS } from '../../../src/lab/keys.ts'
import type { LabZone } from '../../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../../src/lab/registry-zones.ts'
import { dsDeniedByChild, replacedDenial, strippedDs, strippedSignatures } from '../../../src/lab/rewrites.ts'
import { signRrset } from '../../../src/lab/signer.ts'
import { alteredSignatures, type ZonePlan } from '../../../src/lab/zone.ts'
import { RCODE } from '../../../src/wire/iana/rcode.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { isSubdomainOf, namesEqual } from '../../../src/wire/name.ts'
import { nameFrom } from '../../../src/wire/name-text.ts'
import { plainZone, SIGNED, WWW, withTtl, zone } from '../../support/world.ts'
import { servedAlone } from '../denials.ts'
import { rangeOutOf, replayed, WILD } from '../forgeries.ts'
import { bankAndEvil, poisons, sets } from '../poisons.ts'
import {
  BOGUS,
  type Client,
  domainOf,
  type Expected,
  lastOctet,
  NO_NAME,
  SECURE,
  type TrialMaker,
  verdicts,
} from './trial.ts'

const CASES_AT_ONCE = 8

/** Whether the poison had no effect: every name of the victim keeps its data, and the attacker's server is not asked. */
async function isUnharmed(client: Client, parent: string, elsewhere: string): Promise<boolean> {
  const octetOf = async (name: string): Promise<number | undefined> => {
    const reply = await client.ask(name, 'A')
    return reply && lastOctet(reply)
  }
  const www = await octetOf(`www.bank.${parent}`)
  const late = await octetOf(`late.bank.${parent}`)
  const mail = await client.ask(`bank.${parent}`, 'MX')
  const deceived = client.asked(parent).some(({ address }) => address === elsewhere)
  return www === 80 && late === 81 && mail?.rcode === 'NOERROR' && mail.answer.length > 0 && !deceived
}

const unasked: TrialMaker = ({ network }) => {
  const d = domainOf('A07')
  const elsewhere = [...network, 250, 7].join('.')
  const cases = ['p', 'q'].flatMap((when) =>
    poisons('test', elsewhere).map((_, i) => {
      const parent = `${when}${i}.${d}`
      return { parent, poison: poisons(parent, elsewhere)[i]!, isKnown: when === 'q' }
    }),
  )
  const trap: Authority = () => []
  return {
    row: 'A07',
    unit: `of ${cases.length}`,
    when: 'last',
    zones: [
      zone(`${d}.`, { content: '' }),
      ...cases.flatMap(({ parent, poison }): LabZone[] => [
        zone(`${parent}.`, { content: '' }),
        ...bankAndEvil(poison, parent),
      ]),
    ],
    servers: new Map([[elsewhere, trap]]),
    run: async (client) => {
      const held = await inParallel(cases, CASES_AT_ONCE, async ({ parent, poison, isKnown }) => {
        if (isKnown) await client.ask(`www.bank.${parent}`, 'A')
        await client.ask(`trigger.evil.${parent}`, poison.type === TYPE.SRV ? 'SRV' : 'A')
        const holds = await isUnharmed(client, parent, elsewhere)
        if (!holds) client.note(`${poison.what}${isKnown ? ', the victim known' : ''}`)
        return holds
      })
      return held.filter((holds) => holds).length
    },
  }
}

const GHOST_TTL_SECONDS = 4
const GHOST_WATCHED_SECONDS = 12

/** Seconds for which a domain outlives its delegation, while clients keep asking. */
const ghost: TrialMaker = () => {
  const d = domainOf('A09')
  let isRevoked = false
  const gone = nameFrom(`ghost.${d}`)
  const revoking: Rewrite = (answer, question, served) => {
    if (!isRevoked || !isSubdomainOf(question.name, gone)) return answer
    const soa = served?.rrset(served.apex, TYPE.SOA)
    const authority = soa === undefined ? [] : [{ ...soa, ttlSeconds: 1 }]
    return { rcode: RCODE.NXDOMAIN, authoritative: true, answer: [], authority, additional: [] }
  }
  const fresh: Rewrite = (answer, question, served) => {
    const ns = served?.rrset(gone, TYPE.NS)
    return ns === undefined || question.type !== TYPE.A
      ? answer
      : { ...answer, authority: [...answer.authority, { ...ns, ttlSeconds: 3600 }] }
  }
  return {
    row: 'A09',
    unit: 's',
    zones: [
      plainZone(`${d}.`, { defects: [withTtl({}, GHOST_TTL_SECONDS)], rewrites: () => [revoking] }),
      plainZone(`ghost.${d}.`, { content: '* 1 A 192.0.2.66\n', rewrites: () => [fresh] }),
    ],
    run: async (client) => {
      await client.ask(`first.ghost.${d}`, 'A')
      isRevoked = true
      for (let second = 1; second <= GHOST_WATCHED_SECONDS; second++) {
        await client.settle()
        await client.settle()
        await client.ask(`ghost.${d}`, 'NS')
        await client.ask(`ns.ghost.${d}`, 'A')
        const reply = await client.ask(`x${second}.ghost.${d}`, 'A')
        if (reply?.rcode !== 'NOERROR') return second
      }
      client.note(`still there after ${GHOST_WATCHED_SECONDS} s`)
      return GHOST_WATCHED_SECONDS
    },
  }
}

const wildcardAbove: TrialMaker = ({ nowSeconds }) => {
  const d = domainOf('A13')
  const signer = `evil.${d}.`
  const key = deriveKey(`${signer} ZSK`, SIGNED.algorithm, ZSK_FLAGS)
  const [plain] = sets(`www.evil.${d}. 3600 IN A 192.0.2.66`)
  const span = { inception: nowSeconds - 86_400, expiration: nowSeconds + 86_400 }
  const owner = nameFrom(`*.${d}`)
  const signatures = [signRrset(plain!, { key, signer: nameFrom(signer), span, labels: 2, owner })]
  const forged: Rewrite = (answer, question) =>
    question.type === TYPE.A && namesEqual(question.name, plain!.owner)
      ? { ...answer, answer: [{ ...plain!, signatures }] }
      : answer
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(signer, { rewrites: () => [forged] }),
    zone(`bank.${d}.`),
  ]
  return verdicts('A13', zones, [
    [`www.evil.${d}`, 'A', BOGUS],
    [`other.${d}`, 'A', NO_NAME],
    [`www.bank.${d}`, 'A', SECURE],
  ])
}

const rangesOutOfZone: TrialMaker = () => {
  const d = domainOf('A14')
  const cases = (
    [
      ['evil', 'zzz'],
      ['a', 'evil'],
      ['a', 'zzz'],
    ] as const
  ).map(([owner, next], i) => ({ origin: `t${i}.${d}`, owner, next }))
  const zones = cases.flatMap(({ origin, owner, next }) => {
    const leaving = (plan: ZonePlan) => [
      replacedDenial(plan.apex, () => [rangeOutOf(plan, `${owner}.${origin}`, `${next}.${origin}`)]),
    ]
    return [
      zone(`${origin}.`, { content: '' }),
      zone(`evil.${origin}.`, { rewrites: leaving }),
      zone(`good.${origin}.`, { content: `${WWW}b A 192.0.2.1\n` }),
      zone(`bad.${origin}.`),
    ]
  })
  const questions = cases.flatMap(({ origin }): Expected[] => [
    [`none.evil.${origin}`, 'A', BOGUS],
    [`www.good.${origin}`, 'A', SECURE],
    [`b.good.${origin}`, 'A', SECURE],
    [`www.bad.${origin}`, 'A', SECURE],
    [`new.${origin}`, 'A', NO_NAME],
  ])
  return verdicts('A14', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const deniedByChild: TrialMaker = ({ nowSeconds }) => {
  const d = domainOf('A15')
  const kinds = [
    ['n', SIGNED],
    ['h', { ...SIGNED, denial: PLAIN_NSEC3 }],
  ] as const
  const zones = kinds.flatMap(([label, signing]) => {
    const child = nameFrom(`z.${label}.${d}`)
    const served = servedAlone(zone(`z.${label}.${d}.`, { signing }), nowSeconds)
    const proof = (served.hasNsec3 ? served.nsec3Matching(child) : served.nsecFor(child))!
    return [
      zone(`${label}.${d}.`, { content: '', signing, rewrites: () => [dsDeniedByChild(child, proof)] }),
      zone(`z.${label}.${d}.`, { signing, rewrites: () => [strippedSignatures(TYPE.A)] }),
    ]
  })
  const questions = kinds.map(([label]): Expected => [`www.z.${label}.${d}`, 'A', BOGUS])
  return verdicts('A15', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

/** The name that is asked for, the wildcard whose answer it gets, and of which names the proofs are. */
const REPLAYS: readonly (readonly [victim: string, wildcard: string, ...proofs: string[]])[] = [
  ['host.wild', '*.wild'],
  ['host.alias', '*.alias'],
  ['host.wild', '*.wild', 'zzz.wild'],
  ['host.wild', '*.wild', ''],
  ['a.host.wild', '*.wild', 'a.host.wild'],
  ['host.wild', '*.wild', 'host.wild'],
]

const replayedWildcards: TrialMaker = () => {
  const d = domainOf('A16')
  const zones = REPLAYS.map(([victim, wildcard, ...proofs], i) => {
    const origin = `z${i}.${d}`
    const at = (label: string): string => (label === '' ? origin : `${label}.${origin}`)
    const rewrite = replayed(at(victim), at(wildcard), ...proofs.map(at))
    return zone(`${origin}.`, { content: WILD, rewrites: () => [rewrite] })
  })
  const questions = REPLAYS.flatMap(([victim], i): Expected[] => [
    [`${victim}.z${i}.${d}`, 'A', BOGUS],
    [`free.wild.z${i}.${d}`, 'A', SECURE],
  ])
  return verdicts('A16', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const stripped: TrialMaker = () => {
  const d = domainOf('A18')
  const relabelled = alteredSignatures({ type: TYPE.A }, (rdata) => rdata.with(2, 200))
  const forms: readonly (readonly [child: Partial<LabZone>, parent?: (child: string) => Rewrite[]])[] = [
    [{ rewrites: () => [strippedSignatures()] }],
    [{ rewrites: () => [strippedSignatures(TYPE.A)] }],
    [{ rewrites: () => [strippedSignatures(TYPE.DNSKEY)] }],
    [{ defects: [relabelled] }],
    [{}, (child) => [strippedDs(nameFrom(child))]],
    [
      { rewrites: () => [strippedSignatures()] },
      (child) => [strippedDs(nameFrom(child)), strippedSignatures(TYPE.A, TYPE.SOA, TYPE.DS, TYPE.NSEC)],
    ],
  ]
  const zones = forms.flatMap(([change, parent], i) => {
    const origin = `t${i}.${d}`
    return [
      zone(`${origin}.`, { content: '', ...(parent && { rewrites: () => parent(`z.${origin}`) }) }),
      zone(`z.${origin}.`, change),
    ]
  })
  const questions = forms.map((_, i): Expected => [`www.z.t${i}.${d}`, 'A', BOGUS])
  return verdicts('A18', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

export const POISON_TRIALS: readonly TrialMaker[] = [
  ...[unasked, ghost, wildcardAbove, rangesOutOfZone, deniedByChild, replayedWildcards, stripped],
]
