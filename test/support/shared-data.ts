/** Recorded data beside the project, read in place; tests of it are skipped where it is absent. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { octetsFromHex } from '../../src/base/octets.ts'

const FOLDER = '../shared/data'

/** For tap's `skip`: the printed reason where a file or folder is absent, false where it is there. */
export function absent(path: string): string | false {
  return existsSync(`${FOLDER}/${path}`) ? false : `${FOLDER}/${path} is not there`
}

/** The octets of a file, unpacked when its name ends in .gz. */
export function sharedOctets(path: string): Uint8Array {
  const octets = readFileSync(`${FOLDER}/${path}`)
  return path.endsWith('.gz') ? gunzipSync(octets) : octets
}

/** The objects of a file with one JSON value a line. */
export function sharedLines<T>(path: string): T[] {
  const lines = Buffer.from(sharedOctets(path)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}

/** The message of a hexadecimal capture; text after # or ; is a remark. */
export function capturedMessage(path: string): Uint8Array {
  return octetsFromHex(
    Buffer.from(sharedOctets(path))
      .toString('latin1')
      .replace(/[#;].*/g, ''),
  )!
}
