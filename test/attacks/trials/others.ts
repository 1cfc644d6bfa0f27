/** Work that is made for others: A04, B01 to B07, B09, B10, B13, C11. The numbers are questions of the resolver. */
import type { Rewrite } from '../../../src/lab/authority.ts'
import { delayed, silent } from '../../../src/lab/behaviours.ts'
import { impostorKeys } from '../../../src/lab/broken-zones.ts'
import type { NameServer } from '../../../src/lab/lab-zone.ts'
import { lastLabels } from '../../../src/wire/name.ts'
import { formatName, nameFrom } from '../../../src/wire/name-text.ts'
import { delegatingTo } from '../../support/referrals.ts'
import { plainZone, SIGNED, WWW, zone } from '../../support/world.ts'
import { type Client, domainOf, numbers, type Trial, type TrialMaker } from './trial.ts'

const CLIENTS = 100
const AT_ONCE = 10

/** A trial that counts questions for names below its domain, or below another one. */
function questions(
  row: string,
  unit: string,
  trial: Omit<Trial, 'row' | 'unit' | 'run'>,
  provoke: (client: Client) => Promise<unknown>,
  below: string = domainOf(row),
): Trial {
  const run = async (client: Client): Promise<number> => {
    await provoke(client)
    await client.settle()
    return client.asked(below).length
  }
  return { row, unit, ...trial, run }
}

/** All of these, some at a time. */
async function askAll(client: Client, names: readonly string[]): Promise<void> {
  for (let i = 0; i < names.length; i += AT_ONCE) {
    await Promise.all(names.slice(i, i + AT_ONCE).map((name) => client.ask(name, 'A')))
  }
}

const joined: TrialMaker = () => {
  const d = domainOf('A04')
  const zones = [plainZone(`${d}.`, { content: WWW, servers: [{ name: 'ns', behaviour: delayed(300) }] })]
  const name = `www.${d}`
  return {
    row: 'A04',
    unit: `equal questions for ${CLIENTS} clients`,
    zones,
    run: async (client) => {
      await client.ask(d, 'SOA')
      await Promise.all(numbers(CLIENTS).map((i) => client.ask(name, 'A', { cd: i % 2 === 0 })))
      const asked = client.asked(name).map(({ type }) => type)
      return Math.max(...asked.map((type) => asked.filter((other) => other === type).length))
    },
  }
}

const crowdElsewhere: TrialMaker = () => {
  const d = domainOf('B01')
  const servers = numbers(1500).map((i) => nameFrom(`n${i}.victim.${d}`))
  const zones = [
    plainZone(`${d}.`, { content: '', rewrites: () => [delegatingTo(nameFrom(`evil.${d}`), servers)] }),
    plainZone(`victim.${d}.`),
  ]
  const ask = (client: Client): Promise<unknown> => client.ask(`www.evil.${d}`, 'A')
  return questions('B01', 'questions to the victim', { zones }, ask, `victim.${d}`)
}

const DEAD_ADDRESSES = 100

const deadCrowd: TrialMaker = ({ network }) => {
  const d = domainOf('B02')
  const dead = numbers(DEAD_ADDRESSES).map((i) => [...network, 251, i])
  const names = numbers(1500).map((i) => nameFrom(`n${i}.evil.${d}`))
  const addresses = names.map((_, i) => Uint8Array.from(dead[i % DEAD_ADDRESSES]!))
  const referral = delegatingTo(nameFrom(`evil.${d}`), names, addresses)
  const trial = {
    zones: [plainZone(`${d}.`, { content: '', rewrites: () => [referral] })],
    servers: new Map(dead.map((address) => [address.join('.'), silent(() => [])])),
  }
  const ask = async (client: Client): Promise<void> => {
    await client.ask(`www.evil.${d}`, 'A')
    await Promise.all(numbers(49).map(() => client.ask(`www.evil.${d}`, 'A')))
  }
  return questions('B02', 'questions for 50 clients', trial, ask)
}

const eachOther: TrialMaker = () => {
  const d = domainOf('B03')
  const zones = [
    plainZone(`${d}.`, { content: '' }),
    plainZone(`a.${d}.`, { servers: [{ name: `ns.b.${d}.`, address: 'none' }] }),
    plainZone(`b.${d}.`, { servers: [{ name: `ns.a.${d}.`, address: 'none' }] }),
  ]
  const names = numbers(CLIENTS).map((i) => `w${i}.${i % 2 === 0 ? 'a' : 'b'}.${d}`)
  return questions('B03', `questions for ${CLIENTS} clients`, { zones }, (client) => askAll(client, names))
}

const everDeeper: TrialMaker = () => {
  const d = domainOf('B04')
  const deeper: Rewrite = (answer, question, served) => {
    const label = formatName(lastLabels(question.name, 3)).split('.')[0]!
    if (!/^l\d+$/.test(label)) return answer
    const servers = [1, 2].map((n) => nameFrom(`ns${n}.l${Number(label.slice(1)) + n}.${d}`))
    return delegatingTo(nameFrom(`${label}.${d}`), servers)(answer, question, served)
  }
  const zones = [plainZone(`${d}.`, { content: '', rewrites: () => [deeper] })]
  return questions('B04', 'questions', { zones }, (client) => client.ask(`www.l0.${d}`, 'A'))
}

const aliasChain: TrialMaker = () => {
  const d = domainOf('B05')
  const chain = numbers(60).map((i) => `step${i} CNAME step${i + 1}`)
  const zones = [plainZone(`${d}.`, { content: [...chain, 'step60 A 192.0.2.1', ''].join('\n') })]
  return questions('B05', 'questions for a chain of 60', { zones }, (client) => client.ask(`step0.${d}`, 'A'))
}

function silentServers(zoneName: string): NameServer[] {
  return numbers(20).map((i) => ({ name: `ns${i}.${zoneName}`, behaviour: silent }))
}

const multiplied: TrialMaker = () => {
  const d = domainOf('B06')
  const zones = [
    plainZone(`${d}.`, { content: '' }),
    ...numbers(10).map((i) => plainZone(`a${i}.${d}.`, { content: `www CNAME www.a${i + 1}.${d}.\n` })),
    plainZone(`a10.${d}.`, { servers: silentServers(`a10.${d}.`) }),
  ]
  return questions('B06', 'questions', { zones }, (client) => client.ask(`www.a0.${d}`, 'A'))
}

const manyLabels: TrialMaker = () => {
  const d = domainOf('B07')
  const deep = `${'a.'.repeat(110)}b`
  const zones = [plainZone(`${d}.`, { content: `${deep} A 192.0.2.1\n` })]
  return questions('B07', 'questions', { zones }, (client) => client.ask(`${deep}.${d}`, 'A'))
}

const oneAddress: TrialMaker = ({ network }) => {
  const d = domainOf('B09')
  const address = [...network, 250, 9]
  const names = numbers(13).map((i) => nameFrom(`n${i}.evil.${d}`))
  const addresses = names.map(() => Uint8Array.from(address))
  const referral = delegatingTo(nameFrom(`evil.${d}`), names, addresses)
  return {
    row: 'B09',
    unit: 'questions to it',
    zones: [plainZone(`${d}.`, { content: '', rewrites: () => [referral] })],
    servers: new Map([[address.join('.'), silent(() => [])]]),
    run: async (client) => {
      await client.ask(`www.evil.${d}`, 'A')
      await client.settle()
      return client.asked(d).filter((asked) => asked.address === address.join('.')).length
    },
  }
}

const BOGUS_NAMES = 50

const bogusRegistry: TrialMaker = () => {
  const d = domainOf('B10')
  const content = numbers(BOGUS_NAMES)
    .map((i) => `n${i} A 192.0.2.1\n`)
    .join('')
  const zones = [zone(`${d}.`, { content, signing: { ...SIGNED, keys: impostorKeys } })]
  const names = numbers(BOGUS_NAMES).map((i) => `n${i}.${d}`)
  return questions('B10', `questions for ${BOGUS_NAMES} names`, { zones }, (client) => askAll(client, names))
}

const randomNames: TrialMaker = () => {
  const d = domainOf('B13')
  const names = numbers(CLIENTS).map((i) => `x${(i * 104_729) % 99_991}.${d}`)
  return questions(
    'B13',
    `questions for ${CLIENTS} random names of a signed zone`,
    { zones: [zone(`${d}.`)] },
    (client) => askAll(client, names),
  )
}

const namesInside: TrialMaker = () => {
  const d = domainOf('C11')
  const lines = (type: string): string =>
    numbers(100)
      .map((i) => `${type === 'MX' ? 'm MX 1' : 's SRV 1 1 53'} x${i}.z${i}.elsewhere.${d}.\n`)
      .join('')
  const zones = [
    plainZone(`${d}.`, { content: '' }),
    plainZone(`z.${d}.`, { content: lines('MX') + lines('SRV') }),
    plainZone(`elsewhere.${d}.`),
  ]
  const ask = async (client: Client): Promise<void> => {
    await client.ask(`m.z.${d}`, 'MX')
    await client.ask(`s.z.${d}`, 'SRV')
  }
  return questions('C11', 'of 200 names looked up', { zones }, ask, `elsewhere.${d}`)
}

export const OTHERS_TRIALS: readonly TrialMaker[] = [
  ...[joined, crowdElsewhere, deadCrowd, eachOther, everDeeper, aliasChain, multiplied, manyLabels],
  ...[oneAddress, bogusRegistry, randomNames, namesInside],
]
