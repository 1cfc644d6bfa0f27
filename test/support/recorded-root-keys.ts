/** The DNSKEY sets of the real root, as the archive of its zone has them. */

import { composeRecording, type Recording } from '../../src/lab/recordings.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { sharedLines } from './shared-data.ts'

/** Below `../shared/data`. */
export const ROOT_KEY_HISTORY = 'root/dnskey-history-2023-2025.jsonl.gz'

/** A DNSKEY set with its signatures. */
export interface RootKeySet {
  readonly serial: string
  /** When it was archived, seconds since 1970. */
  readonly unixSeconds: number
  readonly records: readonly ResourceRecord[]
}

/** All of them, oldest first. */
export function rootKeyHistory(): RootKeySet[] {
  const lines = sharedLines<{
    serial: string
    committed: string
    ttl: number
    dnskey: string[]
    rrsig: string[]
  }>(ROOT_KEY_HISTORY)
  return lines.map(({ serial, committed, ttl, dnskey, rrsig }) => {
    const text = [
      ...dnskey.map((rdata) => `. ${ttl} IN DNSKEY ${rdata}`),
      ...rrsig.map((rdata) => `. ${ttl} IN RRSIG ${rdata}`),
    ]
    const records = readZone(text.join('\n'), { path: ROOT_KEY_HISTORY })
    return { serial, unixSeconds: Date.parse(committed) / 1000, records }
  })
}

/** The root's DNSKEY set of a serial, as every recorded root server would give it beside packets of that time. */
export function rootKeys(serial: string, recordings: readonly Recording[]): Recording[] {
  const { records } = rootKeyHistory()
    .filter((set) => set.serial <= serial)
    .at(-1)!
  const question = { name: ROOT, type: TYPE.DNSKEY, class: CLASS.IN }
  const servers = new Map(recordings.map(({ server, host }) => [server, host]))
  const roots = [...servers].filter(([, host]) => host.endsWith('.root-servers.net'))
  return roots.map(([server, host]) => composeRecording(server, host, question, records))
}
