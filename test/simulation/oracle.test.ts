/** The oracle knows what the lab's servers give: whatever it does not know counts against the resolver. */
import t from 'tap'
import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { ROOT } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { groupRrsets } from '../../src/wire/record.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { buildEditions } from './editions.ts'
import { Oracle } from './oracle.ts'

const EDNS = { version: 0, udpPayloadOctets: 4096, do: true, flags: 0, options: [] }

t.test('everything that the root has of itself was signed so, in every edition', async (t) => {
  const editions = buildEditions()
  const oracle = new Oracle(editions)
  const question = { name: ROOT, type: TYPE.ANY, class: CLASS.IN }
  const query = writeQuery({ id: 1, question, rd: false, cd: false, edns: EDNS })
  for (const { number, authorities } of editions.all) {
    const [reply] = authorities.get(editions.addresses[0]!)!(query, 'tcp')
    const sets = groupRrsets(parseMessage(reply!.message).answer).filter(({ type }) => type !== TYPE.RRSIG)
    t.ok(sets.some(({ type }) => type === TYPE.ZONEMD))
    for (const set of sets)
      t.ok(oracle.isSigned(set, []), `edition ${number}: ${formatName(set.owner)} ${set.type}`)
  }
})
