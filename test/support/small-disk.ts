/** A file system with room for little, as a full disk is. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { testFolder } from './folder.ts'

/** Gives `use` a folder with room for 1 MiB, where one may be mounted; the test is skipped where not. */
export async function onSmallDisk(t: Test, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(testFolder(t, { small: {} }), 'small')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    t.comment('skipped: no right to mount a small file system')
    return
  }
  try {
    await use(folder)
  } finally {
    execFileSync('umount', [folder])
  }
}
