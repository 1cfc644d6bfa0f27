/** SIGHUP before there is anything to reload. Alone in its file: it is in place before the rest is loaded. */

/** Ends the note-taking, and says whether one came. */
export type TakeEarlyReload = () => boolean

/** Takes note of SIGHUP, which ends a process that does not listen to it. */
export function noteEarlyReloads(): TakeEarlyReload {
  let came = false
  const note = (): void => {
    came = true
  }
  process.on('SIGHUP', note)
  return () => {
    process.off('SIGHUP', note)
    return came
  }
}
