/** The DNSKEY sets of the real root, to be served beside packets recorded when they were in use. */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { composeRecording, type Recording } from '../../src/lab/recordings.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { readZone } from '../../src/wire/zone-text.ts'

const DNSKEYS = '../shared/data/root/dnskey-history-2023-2025.jsonl.gz'

/** The root's DNSKEY set of a serial, from the archive of the root zone, as every recorded root server would give it. */
export function rootKeys(serial: string, recordings: readonly Recording[]): Recording[] {
  const lines = gunzipSync(readFileSync(DNSKEYS)).toString('utf8').trim().split('\n')
  const sets = lines.map(
    (line) => JSON.parse(line) as { serial: string; ttl: number; dnskey: string[]; rrsig: string[] },
  )
  const { ttl, dnskey, rrsig } = sets.filter((set) => set.serial <= serial).at(-1)!
  const text = [
    ...dnskey.map((rdata) => `. ${ttl} IN DNSKEY ${rdata}`),
    ...rrsig.map((rdata) => `. ${ttl} IN RRSIG ${rdata}`),
  ]
  const records = readZone(text.join('\n'), { path: DNSKEYS })
  const question = { name: ROOT, type: TYPE.DNSKEY, class: CLASS.IN }
  const servers = new Map(recordings.map(({ server, host }) => [server, host]))
  const roots = [...servers].filter(([, host]) => host.endsWith('.root-servers.net'))
  return roots.map(([server, host]) => composeRecording(server, host, question, records))
}
