/** Files that are there whole or not at all, whatever happens while they are written. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Only Sigill itself has a use for what it keeps. */
export const FILE_MODE = 0o600

/**
 * Writes a file and puts it in the place of the older one, which stays if anything fails.
 *
 * @param write writes the contents
 * @throws the system's error, or what `write` throws
 */
export async function writeAtomically<T>(path: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = `${path}.new`
  // One that a crash left behind; and nobody who may write to the folder leads us elsewhere by a link.
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', FILE_MODE)
  try {
    const written = await write(file)
    await file.sync()
    await file.close()
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return written
  } catch (error) {
    await file.close().catch(() => {})
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/** Without it a power cut may take the rename back. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}
