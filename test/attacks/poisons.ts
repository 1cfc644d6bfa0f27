/** Records that nobody asked for, which a server sends of names that are not its own (A07). */
import type { ZoneAnswer } from '../../src/authority/answer.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { withExtra } from '../../src/lab/rewrites.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { rrsetsFrom } from '../support/records.ts'
import { plainZone, WWW } from '../support/world.ts'

/** RRsets out of master-file lines. */
export function sets(text: string): Rrset[] {
  return rrsetsFrom(text.replaceAll(/^ +/gm, ''))
}

/** What the attacker's server adds to, or makes of, its answer to a question for `trigger`. */
export interface Poison {
  readonly what: string
  readonly type?: number
  make(answer: ZoneAnswer): ZoneAnswer
}

/**
 * All shapes.
 *
 * @param parent the zone above victim and attacker, without the final dot
 * @param elsewhere the address of a server of the attacker's, in whose hands the victim is to fall
 */
export function poisons(parent: string, elsewhere: string): Poison[] {
  const here = (text: string): Rrset[] => sets(text.replaceAll(/\btest\./g, `${parent}.`))
  const adding = (
    what: string,
    extra: Partial<Record<'answer' | 'authority' | 'additional', string>>,
    type?: number,
  ): Poison => {
    const parts = Object.fromEntries(Object.entries(extra).map(([section, text]) => [section, here(text)]))
    const rewrite = withExtra(parts)
    const make = (answer: ZoneAnswer): ZoneAnswer => rewrite(answer, undefined!, undefined)
    return { what, make, ...(type === undefined ? {} : { type }) }
  }
  const nsBank = 'bank.test. 3600 IN NS ns.evil.test.'
  const glue = `ns.evil.test. 3600 IN A ${elsewhere}`
  return [
    adding('an answer for another name', { answer: 'www.bank.test. 3600 IN A 192.0.2.66' }),
    adding('an address beside the answer', {
      additional: `www.bank.test. 3600 IN A 192.0.2.66\nns.bank.test. 3600 IN A ${elsewhere}`,
    }),
    adding('name servers of a sibling', { authority: nsBank, additional: glue }),
    adding('name servers of a sibling, with its own names', {
      authority: 'bank.test. 3600 IN NS ns.bank.test.',
      additional: `ns.bank.test. 3600 IN A ${elsewhere}`,
    }),
    adding('name servers of the parent', { authority: 'test. 3600 IN NS ns.evil.test.', additional: glue }),
    adding('name servers of the root', { authority: '. 3600 IN NS ns.evil.test.', additional: glue }),
    adding('a mail exchanger in the authority section', {
      authority: 'bank.test. 3600 IN MX 1 www.bank.test.',
      additional: 'www.bank.test. 3600 IN A 192.0.2.66',
    }),
    adding(
      'a service and its address',
      { answer: '', additional: 'www.bank.test. 3600 IN A 192.0.2.66' },
      TYPE.SRV,
    ),
    adding('a DNAME above the name', { answer: 'test. 3600 IN DNAME evil.test.' }),
    adding('a DNAME beside it', { answer: 'bank.test. 3600 IN DNAME evil.test.' }),
    adding('an unsigned denial of the parent', {
      authority:
        'test. 3600 IN SOA ns.test. hostmaster.test. 1 1 1 1 3600\nevil.test. 3600 IN NSEC zzz.test. A',
    }),
    adding('a DS set of a sibling', {
      authority:
        'bank.test. 3600 IN DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
    }),
    {
      what: 'the end of an alias in another zone',
      make: (answer) => ({
        ...answer,
        answer: here('trigger.evil.test. 3600 IN CNAME www.bank.test.\nwww.bank.test. 3600 IN A 192.0.2.66'),
      }),
    },
    {
      what: 'only an answer for another name',
      make: (answer) => ({ ...answer, answer: here('www.bank.test. 3600 IN A 192.0.2.66') }),
    },
    {
      what: 'a referral whose glue is the victim',
      make: (answer) => ({
        ...answer,
        authoritative: false,
        answer: [],
        authority: here('trigger.evil.test. 3600 IN NS www.bank.test.'),
        additional: here('www.bank.test. 3600 IN A 192.0.2.66'),
      }),
    },
    {
      what: 'NXDOMAIN with the SOA of the parent',
      make: (answer) => ({
        ...answer,
        rcode: RCODE.NXDOMAIN,
        answer: [],
        authority: here('test. 3600 IN SOA ns.test. hostmaster.test. 1 1 1 1 3600'),
      }),
    },
  ]
}

/** The victim `bank` and the attacker `evil`, both below `parent`. */
export function bankAndEvil(poison: Poison, parent: string): LabZone[] {
  const trigger = nameFrom(`trigger.evil.${parent}`)
  const rewrite: Rewrite = (answer, question) =>
    namesEqual(question.name, trigger) ? poison.make(answer) : answer
  return [
    plainZone(`bank.${parent}.`, { content: `${WWW}late A 192.0.2.81\n@ MX 10 www\n` }),
    plainZone(`evil.${parent}.`, {
      content: `trigger A 192.0.2.1\ntrigger SRV 1 1 53 www.bank.${parent}.\n`,
      rewrites: () => [rewrite],
    }),
  ]
}
