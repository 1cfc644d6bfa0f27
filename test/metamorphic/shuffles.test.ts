/** A hundred orders of records and spellings of names, over every answer of the lab and of the recorded servers by itself. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { mapKey } from '../../src/base/octets.ts'
import { seededRandom } from '../../src/base/random.ts'
import { SignedRrset, signedLabelCount } from '../../src/dnssec/signed-data.ts'
import { classify } from '../../src/resolver/classify.ts'
import { parseMessage, type Question } from '../../src/wire/message.ts'
import { nameKey, ROOT } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { canonicalRdata } from '../../src/wire/rdata/rdata.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { scrambled } from './scramble.ts'
import { DATA, labSubject, recordedPackets, type Subject } from './subjects.ts'

const SHUFFLES = 100
const skip = existsSync(DATA) ? false : `${DATA} is not there`

/** What the engine makes of a reply by itself: its meaning, and the octets that every signature in it is checked over. */
function fingerprint(octets: Uint8Array, question: Question): string {
  const message = parseMessage(octets)
  const meaning = classify(message, question, ROOT)
  const sections = [message.answer, message.authority].map((section) =>
    groupRrsets(section).map(signedForm).sort().join('\n'),
  )
  return `${meaning.kind} ${message.rcode} ${sections.join('\n\n')}`
}

function signedForm(set: Rrset): string {
  const signed = new SignedRrset(set)
  const forms = set.signatures.map((rdata) => {
    const rrsig = parseRrsig(rdata)
    const labels = signedLabelCount(set.owner)
    return rrsig === undefined || rrsig.labels > labels ? 'malformed' : mapKey(signed.octetsFor(rrsig))
  })
  const content = set.rdatas.map((rdata) => mapKey(canonicalRdata(set.type, rdata)))
  return `${nameKey(set.owner)} ${set.type} ${[...new Set(content), ...new Set(forms)].sort().join(' ')}`
}

/** Shuffles every message that can be read; returns the questions whose answers became something else. */
function shuffleAll(messages: readonly Uint8Array[]): {
  answers: number
  shuffles: number
  different: string[]
} {
  const random = seededRandom(1)
  const different: string[] = []
  let answers = 0
  let shuffles = 0
  // Many servers said the same.
  for (const octets of new Map(messages.map((octets) => [mapKey(octets.subarray(2)), octets])).values()) {
    if (scrambled(octets, random) === undefined) continue
    const [question] = parseMessage(octets).questions
    if (question === undefined) continue
    const expected = fingerprint(octets, question)
    answers++
    for (let left = SHUFFLES; left > 0; left--) {
      shuffles++
      if (fingerprint(scrambled(octets, random)!, question) === expected) continue
      different.push(`${formatName(question.name)} ${question.type}, ${left} from the last`)
      break
    }
  }
  return { answers, shuffles, different }
}

/** Everything that the servers of a subject say to an engine that asks all its questions. */
async function answersOf(subject: Subject): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  const { ask } = subject.engine(1, (network) => ({
    async ask(request) {
      const result = await network.ask(request)
      if (result.kind === 'reply') messages.push(result.message)
      return result
    },
  }))
  for (const [name, type] of subject.questions) await ask(name, type)
  return messages
}

for (const { what, messages, options } of [
  { what: 'the lab', messages: () => answersOf(labSubject()), options: {} },
  {
    what: 'recorded',
    messages: async () => recordedPackets().map(({ octets }) => octets),
    options: { skip },
  },
]) {
  t.test(`by itself: every answer, ${what}`, options, async (t) => {
    const { answers, shuffles, different } = shuffleAll(await messages())
    t.same(different, [])
    t.ok(answers > 100, `${answers} answers`)
    t.comment(`${what}: ${answers} answers, ${shuffles} shuffles`)
  })
}
