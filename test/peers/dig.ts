/** Runs BIND's `dig` and reads what it prints. */

import { runProgram } from '../../bench/processes.ts'
import type { Server } from '../support/dns-client.ts'

export interface DigReply {
  readonly status: string
  /** `qr`, `rd`, `ra`, `ad` … */
  readonly flags: ReadonlySet<string>
  /** Undefined when the reply has no OPT. */
  readonly edns: { readonly version: number; readonly flags: ReadonlySet<string> } | undefined
  /** Extended DNS Errors in order: info code, and extra text where there is some. */
  readonly ede: readonly { readonly code: number; readonly text: string }[]
  readonly answer: readonly DigRecord[]
  readonly authority: readonly DigRecord[]
  readonly octets: number
  readonly transport: string
  /** True when dig got a truncated reply over UDP first. */
  readonly retriedByTcp: boolean
  /** All that dig printed. */
  readonly text: string
}

export interface DigRecord {
  readonly owner: string
  readonly ttlSeconds: number
  readonly type: string
  readonly rdata: string
}

/** Asks by `dig`: `args` are a name, a type and dig's own options. */
export async function dig(server: Server, ...args: readonly string[]): Promise<DigReply> {
  const fixed = [`@${server.address}`, '-p', String(server.port), '+tries=1', '+time=12', '+nosplit']
  // The rc file of whoever runs the test must not matter.
  return parseDig(await runProgram('dig', ['-r', ...fixed, ...args], '/'))
}

function parseDig(text: string): DigReply {
  const header = /->>HEADER<<- opcode: \S+, status: (\S+), id/.exec(text)
  const flags = /^;; flags:([^;]*);/m.exec(text)
  if (header === null || flags === null) throw new Error(`dig printed no reply:\n${text}`)
  const edns = /^; EDNS: version: (\d+), flags:([^;]*);/m.exec(text)
  return {
    status: header[1]!,
    flags: words(flags[1]!),
    edns: edns === null ? undefined : { version: Number(edns[1]), flags: words(edns[2]!) },
    ede: [...text.matchAll(/^; EDE: (\d+)(?: \([^)]*\))?(?:: \((.*)\))?$/gm)].map(([, code, extra]) => ({
      code: Number(code),
      text: extra ?? '',
    })),
    answer: section(text, 'ANSWER'),
    authority: section(text, 'AUTHORITY'),
    octets: Number(/MSG SIZE {2}rcvd: (\d+)/.exec(text)?.[1]),
    transport: /^;; SERVER: .*\((\w+)\)$/m.exec(text)?.[1] ?? '',
    retriedByTcp: text.includes(';; Truncated, retrying in TCP mode.'),
    text,
  }
}

function words(text: string): Set<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''))
}

function section(text: string, name: string): DigRecord[] {
  const start = text.indexOf(`;; ${name} SECTION:\n`)
  if (start < 0) return []
  const lines = text.slice(start).split('\n').slice(1)
  return lines.slice(0, lines.indexOf('')).map((line) => {
    const [, owner, ttl, type, rdata] = /^(\S+)\s+(\d+)\s+\S+\s+(\S+)\s*(.*)$/.exec(line)!
    return { owner: owner!, ttlSeconds: Number(ttl), type: type!, rdata: rdata! }
  })
}
