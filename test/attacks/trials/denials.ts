/** Aliases, wildcards and proofs of absence: V01 to V05, V10 to V15, V18, V33, V35, V40, V41, V43, C06. */
import { OPT_OUT, PLAIN_NSEC3 } from '../../../src/lab/registry-zones.ts'
import { compactDenial, replacedDenial, strippedDenial } from '../../../src/lab/rewrites.ts'
import { combinedKey, wrongSignatures } from '../../../src/lab/zone.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../../src/wire/name-text.ts'
import { plainZone, SIGNED, WWW, zone } from '../../support/world.ts'
import { apexDenial, BITMAPS, denyingBy, servedAlone, threeSigners, without } from '../denials.ts'
import {
  answersOf,
  BOGUS,
  domainOf,
  type Expected,
  type Holds,
  INSECURE,
  INSECURE_NO_NAME,
  lastOctet,
  NO_NAME,
  OUTCOMES,
  SECURE,
  type TrialMaker,
  verdicts,
} from './trial.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }
const OPTED_OUT = { ...SIGNED, denial: OPT_OUT }
/** By NSEC and by NSEC3: a label and how the zone of that name is signed. */
const BOTH = [
  ['n', SIGNED],
  ['h', NSEC3],
] as const

const unsignedAliases: TrialMaker = () => {
  const d = domainOf('V01')
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`s.${d}.`, {
      content: `${WWW}a CNAME www.p.${d}.\nb CNAME www.x.${d}.\nc CNAME www\nd CNAME none\n`,
    }),
    plainZone(`p.${d}.`, { content: `${WWW}a CNAME www.s.${d}.\n` }),
    zone(`x.${d}.`, { defects: [wrongSignatures({ type: TYPE.A })] }),
  ]
  return verdicts('V01', zones, [
    [`a.s.${d}`, 'A', INSECURE],
    [`a.p.${d}`, 'A', INSECURE],
    [`b.s.${d}`, 'A', BOGUS],
    [`c.s.${d}`, 'A', SECURE],
    [`d.s.${d}`, 'A', NO_NAME],
  ])
}

const aliasUnderOptOut: TrialMaker = () => {
  const d = domainOf('V02')
  const servers = [{ name: 'ns', address: { of: `${d}.` } }]
  const zones = [
    zone(`${d}.`, { content: '', signing: OPTED_OUT }),
    zone(`s.${d}.`, { content: `a CNAME www.p.${d}.\nb CNAME none.p.${d}.\n`, servers }),
    plainZone(`p.${d}.`, { servers }),
  ]
  return verdicts('V02', zones, [
    [`a.s.${d}`, 'MX', INSECURE],
    [`b.s.${d}`, 'A', INSECURE_NO_NAME],
  ])
}

const optOutSpan: TrialMaker = () => {
  const d = domainOf('V03')
  const zones = [
    zone(`${d}.`, { content: `${WWW}*.w A 192.0.2.1\n`, signing: OPTED_OUT }),
    plainZone(`cut.${d}.`),
  ]
  return verdicts('V03', zones, [
    [`none.${d}`, 'A', INSECURE_NO_NAME],
    [`a.w.${d}`, 'A', INSECURE],
    [`cut.${d}`, 'DS', INSECURE],
    [`none.${d}`, 'DS', INSECURE_NO_NAME],
    [`www.${d}`, 'A', SECURE],
  ])
}

const wildcardUnderOptOut: TrialMaker = () => {
  const d = domainOf('V04')
  const zones = [
    zone(`${d}.`, { content: '*.w A 192.0.2.1\nw TXT "x"\n', signing: OPTED_OUT }),
    zone(`y.${d}.`, { content: '*.w A 192.0.2.1\n', signing: NSEC3 }),
  ]
  return verdicts('V04', zones, [
    [`a.w.${d}`, 'MX', INSECURE],
    [`b.a.w.${d}`, 'MX', INSECURE],
    [`a.w.y.${d}`, 'MX', SECURE],
  ])
}

const anyAtAlias: TrialMaker = () => {
  const d = domainOf('V05')
  const content = `${WWW}a CNAME www.s.${d}.\n`
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`z.${d}.`, { content, signing: { ...NSEC3, keys: threeSigners } }),
    zone(`s.${d}.`),
    zone(`x.${d}.`, { content, defects: [wrongSignatures({ type: TYPE.CNAME })] }),
  ]
  const isAlias: Holds = (reply) => answersOf(reply, 'CNAME').length === 1
  return verdicts('V05', zones, [
    [`a.z.${d}`, 'ANY', SECURE, isAlias],
    [`a.x.${d}`, 'ANY', BOGUS],
  ])
}

const questionsForDs: TrialMaker = () => {
  const d = domainOf('V10')
  const zones = BOTH.flatMap(([label, signing]) => [
    zone(`${label}.${d}.`, { content: 'x.ent A 192.0.2.1\nhost A 192.0.2.1\nalias CNAME host\n', signing }),
    zone(`signed.${label}.${d}.`, { signing }),
    plainZone(`bare.${label}.${d}.`),
  ])
  const count = (wanted: number): Holds => {
    return (reply) => answersOf(reply, 'DS').length === wanted
  }
  const questions = BOTH.flatMap(([label]): Expected[] => [
    [`bare.${label}.${d}`, 'DS', SECURE, count(0)],
    [`signed.${label}.${d}`, 'DS', SECURE, count(1)],
    [`${label}.${d}`, 'DS', SECURE, count(1)],
    [`ent.${label}.${d}`, 'DS', SECURE, count(0)],
    [`host.${label}.${d}`, 'DS', SECURE, count(0)],
    [`alias.${label}.${d}`, 'DS', SECURE, count(0)],
  ])
  return verdicts('V10', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const aliasWithoutProof: TrialMaker = () => {
  const d = domainOf('V11')
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`s.${d}.`, { content: `a CNAME www.n.${d}.\nb CNAME none.n.${d}.\nc CNAME www.o.${d}.\n` }),
    zone(`n.${d}.`, { rewrites: () => [strippedDenial] }),
    zone(`o.${d}.`, { rewrites: () => [apexDenial] }),
  ]
  return verdicts('V11', zones, [
    [`a.s.${d}`, 'MX', BOGUS],
    [`b.s.${d}`, 'A', BOGUS],
    [`c.s.${d}`, 'MX', BOGUS],
  ])
}

const aliasByWildcard: TrialMaker = () => {
  const d = domainOf('V12')
  const kinds = BOTH.flatMap(([label, signing]) =>
    [
      ['g', []],
      ['b', [strippedDenial]],
      ['o', [apexDenial]],
    ].map(([kind, rewrites]) => ({ origin: `${kind}${label}.${d}`, signing, rewrites: rewrites as never[] })),
  )
  const zones = kinds.flatMap(({ origin, signing, rewrites }) => [
    zone(`${origin}.`, {
      content: `${WWW}a CNAME x.wild\n*.wild CNAME y.z.sub\n`,
      signing,
      rewrites: () => rewrites,
    }),
    zone(`sub.${origin}.`, {
      content: '*.z A 192.0.2.1\n',
      signing,
      servers: [{ name: 'ns', address: { of: `${origin}.` } }],
    }),
  ])
  const whole: Holds = (reply) => answersOf(reply, 'CNAME').length === 2 && answersOf(reply, 'A').length === 1
  const questions = kinds.flatMap(({ origin, rewrites }): Expected[] =>
    rewrites.length > 0
      ? [[`a.${origin}`, 'A', BOGUS]]
      : [
          [`a.${origin}`, 'A', SECURE, whole],
          [`a.${origin}`, 'MX', SECURE],
        ],
  )
  return verdicts('V12', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const halfProof: TrialMaker = () => {
  const d = domainOf('V13')
  const content = '*.w A 192.0.2.1\nzzz.w A 192.0.2.2\n_.w A 192.0.2.3\n'
  const zones = BOTH.flatMap(([label, signing]) => {
    const cut = replacedDenial(nameFrom(`a.w.x${label}.${d}`), without(`x${label}.${d}`))
    return [
      zone(`${label}.${d}.`, { content, signing }),
      zone(`x${label}.${d}.`, { content, signing, rewrites: () => [cut] }),
    ]
  })
  const questions = BOTH.flatMap(([label]): Expected[] => [
    [`a.w.${label}.${d}`, 'MX', SECURE],
    [`a.w.x${label}.${d}`, 'MX', BOGUS],
  ])
  return verdicts('V13', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const endsOfChains: TrialMaker = () => {
  const d = domainOf('V14')
  const kinds = [...BOTH, ['o', OPTED_OUT] as const]
  const zones = kinds.flatMap(([label, signing]) => [
    zone(`${label}.${d}.`, {
      content: 'a.b.ent A 192.0.2.1\nlast A 192.0.2.2\n',
      signing,
      servers: [{ name: 'b' }],
    }),
    plainZone(`cut.hidden.${label}.${d}.`),
  ])
  const questions = kinds.flatMap(([label, signing]): Expected[] => {
    const [noData, noName] = signing === OPTED_OUT ? [INSECURE, INSECURE_NO_NAME] : [SECURE, NO_NAME]
    return [
      [`ent.${label}.${d}`, 'TXT', SECURE],
      [`b.ent.${label}.${d}`, 'TXT', SECURE],
      [`hidden.${label}.${d}`, 'TXT', noData],
      [`zzz.${label}.${d}`, 'TXT', noName],
      [`a.last.${label}.${d}`, 'TXT', noName],
      [`a.${label}.${d}`, 'TXT', noName],
      [`${label}.${d}`, 'TXT', SECURE],
    ]
  })
  return verdicts('V14', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const wildcardsBesideCuts: TrialMaker = () => {
  const d = domainOf('V15')
  const content = '*.x A 192.0.2.66\n*.y CNAME www.x\nwww.x A 192.0.2.80\n'
  const zones = BOTH.flatMap(([label, signing]) => [
    zone(`${label}.${d}.`, { content, signing }),
    zone(`cut.x.${label}.${d}.`, { signing }),
    plainZone(`bare.x.${label}.${d}.`),
  ])
  const is = (octet: number): Holds => {
    return (reply) => lastOctet(reply) === octet
  }
  const questions = BOTH.flatMap(([label]): Expected[] => [
    [`a.x.${label}.${d}`, 'A', SECURE, is(66)],
    [`a.y.${label}.${d}`, 'A', SECURE, is(80)],
    [`www.cut.x.${label}.${d}`, 'A', SECURE, is(80)],
    [`www.bare.x.${label}.${d}`, 'A', INSECURE, is(80)],
    [`none.cut.x.${label}.${d}`, 'A', NO_NAME],
    [`none.bare.x.${label}.${d}`, 'A', INSECURE_NO_NAME],
  ])
  return verdicts('V15', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const bitmaps: TrialMaker = () => {
  const d = domainOf('V18')
  const content = `${WWW}www CAA 0 issue "ca.test"\nwww TYPE32770 \\# 2 CAFE\nother A 192.0.2.1\n`
  const zones = [
    zone(`${d}.`, { content: '' }),
    ...BOTH.map(([label, signing]) => zone(`${label}.${d}.`, { content, signing })),
    ...BITMAPS.map(([, bitmap], i) =>
      zone(`b${i}.${d}.`, { content, rewrites: denyingBy(bitmap, `zzz.b${i}.${d}`) }),
    ),
  ]
  const questions = BOTH.flatMap(([label]) =>
    ['CAA', 'TYPE32770', 'TYPE258', 'TYPE32780'].map((type): Expected => [`www.${label}.${d}`, type, SECURE]),
  )
  const denied = BITMAPS.map(([, , type, status], i): Expected => {
    return [`other.b${i}.${d}`, type, OUTCOMES[status]]
  })
  return verdicts('V18', zones, [...questions, ...denied])
}

const starItself: TrialMaker = () => {
  const d = domainOf('V33')
  const zones = BOTH.map(([label, signing]) =>
    zone(`${label}.${d}.`, { content: '*.w A 192.0.2.1\n', signing, rewrites: () => [strippedDenial] }),
  )
  const questions = BOTH.flatMap(([label]): Expected[] => [
    [`*.w.${label}.${d}`, 'A', SECURE],
    [`a.w.${label}.${d}`, 'A', BOGUS],
  ])
  return verdicts('V33', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const compactDenials: TrialMaker = () => {
  const d = domainOf('V35')
  const made = zone(`${d}.`, {
    signing: { ...SIGNED, keys: combinedKey },
    rewrites: ({ apex, signing }) => [compactDenial(apex, signing!.keys[0]!.key, signing!.span)],
  })
  // NXDOMAIN for what the record of the type NXNAME denies is as right as NOERROR (RFC 9824 5.1).
  return verdicts(
    'V35',
    [made],
    [
      [`none.${d}`, 'A', [SECURE, NO_NAME]],
      [`none.${d}`, 'MX', [SECURE, NO_NAME]],
      [`a.none.${d}`, 'A', [SECURE, NO_NAME]],
      [`www.${d}`, 'MX', SECURE],
    ],
  )
}

const dnames: TrialMaker = () => {
  const d = domainOf('V40')
  const zones = [zone(`${d}.`, { content: '*.w DNAME t\nx.t A 192.0.2.1\ntree DNAME t\n' })]
  return verdicts('V40', zones, [
    [`x.tree.${d}`, 'A', SECURE, (reply) => answersOf(reply, 'A').length === 1],
    [`a.w.${d}`, 'DNAME', SECURE, (reply) => answersOf(reply, 'DNAME').length === 1],
  ])
}

const loneNames: TrialMaker = () => {
  const d = domainOf('V41')
  const zones = BOTH.map(([label, signing]) =>
    zone(`${label}.${d}.`, {
      content: '',
      signing,
      servers: [{ name: `ns.${d}.`, address: { of: `${d}.` } }],
    }),
  )
  const questions = BOTH.flatMap(([label]): Expected[] => [
    [`${label}.${d}`, 'A', SECURE],
    [`none.${label}.${d}`, 'A', NO_NAME],
    [`a.b.${label}.${d}`, 'A', NO_NAME],
  ])
  return verdicts(
    'V41',
    [zone(`${d}.`, { content: '' }), ...zones],
    [...questions, ['zzz', 'A', NO_NAME], ['a.zzz', 'A', NO_NAME], ['.', 'MX', SECURE]],
  )
}

const deniedTypes: TrialMaker = () => {
  const d = domainOf('V43')
  return verdicts(
    'V43',
    [zone(`${d}.`, { content: `${WWW}*.w A 192.0.2.1\n` })],
    [
      [`a.w.${d}`, 'AAAA', SECURE, (reply) => reply.answer.length === 0],
      [`a.w.${d}`, 'A', SECURE, (reply) => lastOctet(reply) === 1],
      [`b.w.${d}`, 'A', SECURE, (reply) => lastOctet(reply) === 1],
      [`www.${d}`, 'A', SECURE, (reply) => lastOctet(reply) === 80],
      [`www.${d}`, 'AAAA', SECURE, (reply) => reply.answer.length === 0],
    ],
  )
}

const foreignProofs: TrialMaker = ({ nowSeconds }) => {
  const d = domainOf('C06')
  const deep = 'a.'.repeat(100)
  const other = zone(`other.${d}.`, { signing: NSEC3 })
  const served = servedAlone(other, nowSeconds)
  const proofs = [served.nsec3Matching(served.apex)!, served.nsec3Covering(nameFrom(`x.other.${d}`))!]
  const proven = replacedDenial(nameFrom(`z.${d}`), () => proofs)
  const zones = [
    zone(`${d}.`, { content: '' }),
    other,
    zone(`z.${d}.`, { signing: NSEC3, rewrites: () => [proven] }),
  ]
  const names = [`none.z.${d}`, `${deep}z.${d}`, `www.z.${d}`]
  return verdicts(
    'C06',
    zones,
    names.map((name): Expected => [name, 'TXT', BOGUS]),
  )
}

export const DENIAL_TRIALS: readonly TrialMaker[] = [
  ...[unsignedAliases, aliasUnderOptOut, optOutSpan, wildcardUnderOptOut, anyAtAlias, questionsForDs],
  ...[aliasWithoutProof, aliasByWildcard, halfProof, endsOfChains, wildcardsBesideCuts, bitmaps],
  ...[starItself, compactDenials, dnames, loneNames, deniedTypes, foreignProofs],
]
