/** What servers and clients do: A10, A12, V06, V36, V37, V38, V39, V44, V47, V48. */
import {
  type Behaviour,
  formErrOnEdns,
  inOrder,
  lowercasing,
  tcpOnly,
  udpOnly,
} from '../../../src/lab/behaviours.ts'
import { wrongSignatures } from '../../../src/lab/zone.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { plainZone, WWW, withTtl, zone } from '../../support/world.ts'
import { changing, inClass, keysBy, losesCapitals, ODD_REPLIES, OTHER_CLASSES } from '../odd-servers.ts'
import { overCompressing } from '../over-compression.ts'
import {
  answersOf,
  BOGUS,
  domainOf,
  type Expected,
  INSECURE,
  NO_NAME,
  outcomeOf,
  SECURE,
  type TrialMaker,
  verdicts,
} from './trial.ts'

/** Datagrams that are no reply to the question. */
const JUNK: readonly ((reply: Uint8Array) => Uint8Array)[] = [
  (reply) => reply.with(2, reply[2]! & 0x7f),
  (reply) => reply.with(13, reply[13]! ^ 1),
  (reply) => reply.with(5, 0),
  (reply) => reply.with(2, reply[2]! | 0x28),
  (reply) => reply.subarray(0, 11),
  (reply) => reply.with(0, reply[0]! ^ 1),
]

function preceded(make: (reply: Uint8Array) => Uint8Array): Behaviour {
  return (inner) => (query, transport) => {
    const replies = inner(query, transport)
    return transport === 'tcp'
      ? replies
      : replies.flatMap((reply) => [{ ...reply, message: make(reply.message) }, reply])
  }
}

const junkFirst: TrialMaker = () => {
  const d = domainOf('A10')
  const zones = JUNK.map((make, i) =>
    zone(`z${i}.${d}.`, { servers: [{ name: 'ns', behaviour: preceded(make) }] }),
  )
  const questions = JUNK.map((_, i): Expected => [`www.z${i}.${d}`, 'A', SECURE])
  return verdicts('A10', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const otherClasses: TrialMaker = () => {
  const d = domainOf('A12')
  const zones = OTHER_CLASSES.map((recordClass, i) =>
    plainZone(`z${i}.${d}.`, { rewrites: () => [inClass(recordClass)] }),
  )
  const questions = OTHER_CLASSES.map((_, i): Expected => {
    return [`www.z${i}.${d}`, 'A', [BOGUS, INSECURE], ({ answer }) => answer.length === 0]
  })
  return verdicts('A12', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const withoutEdns: TrialMaker = () => {
  const d = domainOf('V06')
  const servers = [{ name: 'ns', behaviour: formErrOnEdns }]
  const content = `${WWW}mail A 192.0.2.25\n`
  const zones = [
    zone(`${d}.`, { content: '' }),
    plainZone(`p.${d}.`, { content, servers }),
    zone(`s.${d}.`, { content, servers }),
  ]
  return verdicts('V06', zones, [
    [`www.p.${d}`, 'A', INSECURE],
    [`mail.p.${d}`, 'A', INSECURE],
    [`www.s.${d}`, 'A', BOGUS],
    [`mail.s.${d}`, 'A', BOGUS],
  ])
}

const letters: TrialMaker = () => {
  const d = domainOf('V36')
  const zones = [lowercasing, losesCapitals].map((behaviour, i) =>
    zone(`z${i}.${d}.`, { servers: [{ name: 'ns', behaviour }] }),
  )
  return verdicts(
    'V36',
    [zone(`${d}.`, { content: '' }), ...zones],
    [
      [`WwW.Z0.${d}`, 'A', SECURE],
      [`WwW.Z1.${d}`, 'A', SECURE],
    ],
  )
}

const zeroTtls: TrialMaker = () => {
  const d = domainOf('V37')
  const kinds = [TYPE.A, TYPE.NS, TYPE.DNSKEY, TYPE.DS, undefined]
  const zones = kinds.flatMap((type, i) => {
    const zero = [withTtl(type === undefined ? {} : { type }, 0)]
    return [zone(`t${i}.${d}.`, { content: '', defects: zero }), zone(`z.t${i}.${d}.`, { defects: zero })]
  })
  const questions = kinds.flatMap((_, i): Expected[] => [
    [`www.z.t${i}.${d}`, 'A', SECURE],
    [`www.z.t${i}.${d}`, 'A', SECURE],
  ])
  return verdicts('V37', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const compressed: TrialMaker = () => {
  const d = domainOf('V38')
  const content = `${WWW}_s._tcp SRV 1 2 53 www\n`
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`z.${d}.`, { content, servers: [{ name: 'ns', behaviour: overCompressing(`z.${d}`) }] }),
  ]
  return verdicts('V38', zones, [
    [`www.z.${d}`, 'A', SECURE],
    [`_s._tcp.z.${d}`, 'SRV', SECURE],
    [`none.z.${d}`, 'A', NO_NAME],
    [`www.z.${d}`, 'MX', SECURE],
  ])
}

const oneServer: TrialMaker = () => {
  const d = domainOf('V39')
  const servers = [{ name: 'ns', address: { of: `${d}.` } }]
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`z.${d}.`, { servers }),
    zone(`y.z.${d}.`, { servers }),
    plainZone(`x.z.${d}.`, { servers }),
  ]
  const count = (type: string, wanted: number): NonNullable<Expected[3]> => {
    return (reply) => answersOf(reply, type).length === wanted
  }
  return verdicts('V39', zones, [
    [`z.${d}`, 'DS', SECURE, count('DS', 1)],
    [`y.z.${d}`, 'DS', SECURE, count('DS', 1)],
    [`x.z.${d}`, 'DS', SECURE, count('DS', 0)],
    [`z.${d}`, 'NS', SECURE, count('NS', 1)],
    [`www.z.${d}`, 'A', SECURE, count('A', 1)],
    [`www.y.z.${d}`, 'A', SECURE, count('A', 1)],
    [`www.x.z.${d}`, 'A', INSECURE, count('A', 1)],
  ])
}

/** Data that does not validate, asked for with CD and without. */
const checkingDisabled: TrialMaker = () => {
  const d = domainOf('V44')
  return {
    row: 'V44',
    unit: 'of 5',
    zones: [
      zone(`${d}.`, { content: '' }),
      zone(`z.${d}.`, { defects: [wrongSignatures({ type: TYPE.A })] }),
      zone(`y.${d}.`),
    ],
    run: async (client) => {
      let held = 0
      for (const [label, cd, outcome] of [
        ['z', true, INSECURE],
        ['z', false, BOGUS],
        ['z', true, INSECURE],
        ['y', true, INSECURE],
        ['y', false, SECURE],
      ] as const) {
        const found = outcomeOf(await client.ask(`www.${label}.${d}`, 'A', { cd }))
        // Some set AD beside CD where they have judged already; that is no lie about good data.
        const right = cd && label === 'y' ? [INSECURE, SECURE] : [outcome]
        if ((right as string[]).includes(found)) held++
        else client.note(`${label}, ${cd ? 'CD' : 'no CD'}: ${found}, not ${outcome}`)
      }
      return held
    },
  }
}

const oddReplies: TrialMaker = () => {
  const d = domainOf('V47')
  const zones = ODD_REPLIES.map(([, change], i) =>
    zone(`z${i}.${d}.`, { servers: [{ name: 'ns1', behaviour: changing(change) }, { name: 'ns2' }] }),
  )
  const questions = ODD_REPLIES.map((_, i): Expected => [`www.z${i}.${d}`, 'A', SECURE])
  return verdicts('V47', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const keysByTcp: TrialMaker = () => {
  const d = domainOf('V48')
  const zones = [tcpOnly, inOrder(tcpOnly, udpOnly)].map((transport, i) =>
    zone(`z${i}.${d}.`, { servers: [{ name: 'ns', behaviour: keysBy(transport) }] }),
  )
  return verdicts(
    'V48',
    [zone(`${d}.`, { content: '' }), ...zones],
    [
      [`www.z0.${d}`, 'A', SECURE],
      [`www.z1.${d}`, 'A', BOGUS],
    ],
  )
}

export const SERVER_TRIALS: readonly TrialMaker[] = [
  ...[junkFirst, otherClasses, withoutEdns, letters, zeroTtls, compressed],
  ...[oneServer, checkingDisabled, oddReplies, keysByTcp],
]
