/** Folders that are made where they are missing, those above them included. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder, one level at a time: Node's own way never ends where the system says "no such file" of a folder whose
 * parent is there, as in `/proc`.
 *
 * @throws the system's error
 */
export function makeFolder(path: string, mode?: number): void {
  if (isMade(path, mode)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent, mode)
  if (!isMade(path, mode)) throw new Error(`the system makes no folder in ${parent}`)
}

/** Whether the folder is there now; false where the one above it is not. @throws what else the system says */
function isMade(path: string, mode: number | undefined): boolean {
  try {
    mkdirSync(path, { mode })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code !== 'EEXIST') throw error
    if (statSync(path).isDirectory()) return true
    throw new Error('something else than a folder is there')
  }
}
