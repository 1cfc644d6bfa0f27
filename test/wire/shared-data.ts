/** Recorded data that lies beside the project, where it does. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ROOT } from '../house/project.ts'

const FOLDER = join(ROOT, '../shared/data')

/** Why tests on recorded data are skipped, or false when they run. */
export const sharedMissing: string | false = existsSync(FOLDER) ? false : 'no ../shared/data here'

/** Content of a file, unpacked when its name ends in .gz. */
export function readShared(path: string): Uint8Array {
  const content = readFileSync(join(FOLDER, path))
  return new Uint8Array(path.endsWith('.gz') ? gunzipSync(content) : content)
}

/** Rows of a comma-separated file without its heading; quotes around a cell are dropped. */
export function readSharedRows(path: string): string[][] {
  const lines = Buffer.from(readShared(path)).toString('utf8').split(/\r?\n/).slice(1)
  return lines
    .filter((line) => line !== '')
    .map((line) => line.split(',').map((cell) => cell.replace(/^"|"$/g, '')))
}

/** A message written as hexadecimal digits, with comments after #. */
export function readSharedHex(path: string): Uint8Array {
  const text = Buffer.from(readShared(path)).toString('utf8').replace(/^#.*$/gm, '').replace(/\s+/g, '')
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** Objects of a file with one in each line. */
export function readSharedLines<T>(path: string): T[] {
  const lines = Buffer.from(readShared(path)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}

/** Every message that was recorded from a real or a lab server. */
export function recordedMessages(): Uint8Array[] {
  const captures = [
    'cloudflare-com-compact-denial',
    'cloudflare-com-dnskey',
    'com-dnskey',
    'com-nxdomain-nsec3-optout',
    'root-dnskey',
    'root-nxdomain',
    'root-referral-com',
  ].map((name) => readSharedHex(`captures-2026-10-04/${name}.hex`))
  const recordings = ['lab-xa-broken-servers-2025', 'real-nic-se-2024', 'real-se-2025-11-14'].flatMap(
    (name) => readSharedLines<{ wire: string }>(`zonemaster/${name}.jsonl.gz`).map(({ wire }) => wire),
  )
  return [...captures, ...recordings.map((wire) => new Uint8Array(Buffer.from(wire, 'base64')))]
}
