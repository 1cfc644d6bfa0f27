/** Records out of master-file text, for tests. */

import { formatType } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual, ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'

/** The records of a text; names without a final dot are below `origin`. */
export function recordsFrom(text: string, origin: Name = ROOT): ResourceRecord[] {
  return readZone(text, { path: 'test', origin })
}

/** The RRsets of a text, each with its RRSIGs. */
export function rrsetsFrom(text: string, origin: Name = ROOT): Rrset[] {
  return groupRrsets(recordsFrom(text, origin))
}

/** The only RRset of a text. */
export function rrsetFrom(text: string, origin: Name = ROOT): Rrset {
  const sets = rrsetsFrom(text, origin)
  if (sets.length !== 1) throw new RangeError(`${sets.length} RRsets in ${text}`)
  return sets[0]!
}

/** The RRset of that owner and type. */
export function pick(sets: readonly Rrset[], owner: string | Name, type: number): Rrset {
  const name = typeof owner === 'string' ? nameFrom(owner) : owner
  const found = sets.find((set) => set.type === type && namesEqual(set.owner, name))
  if (found === undefined) throw new RangeError(`there is no ${formatName(name)} ${formatType(type)}`)
  return found
}
