/** Reading files that people write: bounded, and every fault in words. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { CONFIG_FILE_OCTETS_MAX } from '../base/limits.ts'

const IS_FOLDER = 'it is a folder'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: IS_FOLDER,
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links go round in circles',
  ENAMETOOLONG: 'the path is too long',
}

/** Octets of a regular file, or why there are none: a phrase that completes "cannot be used: …". */
export function readBoundedFile(
  path: string,
  octetsMax: number = CONFIG_FILE_OCTETS_MAX,
): Uint8Array | string {
  return withFile(path, (descriptor, octets) =>
    octets > octetsMax ? `it has ${octets} octets, more than ${octetsMax}` : readFileSync(descriptor),
  )
}

/** Why a file that others will read, of whatever size, cannot be read, in the same words; undefined when it can. */
export function whyUnreadable(path: string): string | undefined {
  return withFile(path, () => undefined)
}

/** What comes of a regular file that is open for it, or why it cannot be opened. */
function withFile<T>(path: string, use: (descriptor: number, octets: number) => T): T | string {
  let descriptor: number
  try {
    // Without O_NONBLOCK, opening a named pipe waits for a writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return reasonOf(error)
  }
  try {
    const status = fstatSync(descriptor)
    if (status.isDirectory()) return IS_FOLDER
    if (!status.isFile()) return 'it is not a regular file'
    return use(descriptor, status.size)
  } catch (error) {
    return reasonOf(error)
  } finally {
    closeSync(descriptor)
  }
}

/** An error of the file system in plain words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return REASONS[code ?? ''] ?? message
}
