/** The words after MATCH, ADJUST and REPLY. */

import { OPCODE } from '../../src/wire/iana/opcode.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import type { Line, Word } from './lines.ts'
import { FLAGS, type Packet } from './packet.ts'
import type { MatchWord } from './scenario.ts'

const MATCH_WORDS: ReadonlySet<string> = new Set([
  'opcode',
  'qtype',
  'qname',
  'qcase',
  'subdomain',
  'flags',
  'rcode',
  'question',
  'answer',
  'authority',
  'additional',
  'edns',
  'nsid',
  'all',
  'all_noedns',
  'ttl',
  'DO',
  'CO',
  'noedns',
  'ednsdata',
  'client_cookie',
  'server_cookie',
  'UDP',
  'TCP',
])
/** Words with an argument, and what it may be. */
const MATCH_ARGUMENTS: Readonly<Record<string, RegExp>> = { ede: /^(?:any|[0-9]+)$/, serial: /^[0-9]+$/ }

/** One word after MATCH. Throws ScenarioError. */
export function readMatchWord(line: Line, { text, column }: Word): MatchWord {
  const equals = text.indexOf('=')
  const word = equals < 0 ? text : text.slice(0, equals)
  const argument = equals < 0 ? undefined : text.slice(equals + 1)
  const pattern = MATCH_ARGUMENTS[word]
  const known =
    pattern === undefined ? argument === undefined && MATCH_WORDS.has(word) : pattern.test(argument ?? '')
  if (!known) throw line.fault(`MATCH does not know ${text}`, column)
  return { word, argument }
}

const ADJUST_WORDS: ReadonlySet<string> = new Set([
  'copy_id',
  'copy_query',
  'raw_id',
  'do_not_answer',
  'copy_ednsdata_assume_clientsubnet',
  'increment_ecs_scope',
])

/** One word after ADJUST. Delays are in real seconds, of which there are none here. Throws ScenarioError. */
export function readAdjustWord(line: Line, { text, column }: Word): string {
  if (!ADJUST_WORDS.has(text) && !/^(?:packet_)?sleep=[0-9]+$/.test(text)) {
    throw line.fault(`ADJUST does not know ${text}`, column)
  }
  return text
}

const RCODE_WORDS: Readonly<Record<string, number>> = {
  NOERROR: RCODE.NOERROR,
  FORMERR: RCODE.FORMERR,
  SERVFAIL: RCODE.SERVFAIL,
  NXDOMAIN: RCODE.NXDOMAIN,
  NOTIMPL: RCODE.NOTIMP,
  NOTIMP: RCODE.NOTIMP,
  REFUSED: RCODE.REFUSED,
  YXDOMAIN: RCODE.YXDOMAIN,
  YXRRSET: RCODE.YXRRSET,
  NXRRSET: RCODE.NXRRSET,
  NOTAUTH: RCODE.NOTAUTH,
  NOTZONE: RCODE.NOTZONE,
}
const OPCODE_WORDS: Readonly<Record<string, number>> = {
  QUERY: OPCODE.QUERY,
  IQUERY: OPCODE.IQUERY,
  STATUS: OPCODE.STATUS,
  NOTIFY: OPCODE.NOTIFY,
  UPDATE: OPCODE.UPDATE,
}

/** What one word after REPLY changes in the header; undefined when it is none. DO and CO belong to OPT. */
export function applyReplyWord(word: string): Partial<Packet> | undefined {
  if (word === 'DO' || word === 'CO') return {}
  const rcode = RCODE_WORDS[word]
  if (rcode !== undefined) return { rcode }
  const opcode = OPCODE_WORDS[word]
  if (opcode !== undefined) return { opcode }
  const flag = FLAGS.find((name) => name.toUpperCase() === word)
  return flag === undefined ? undefined : { [flag]: true }
}
