/** What a process has used, from `/proc` (proc(5)); all its threads together. */
import { readFileSync } from 'node:fs'

/** Octets. */
export const MIB: number = 2 ** 20

/** Of utime and stime, on every Linux there is. */
const TICKS_A_SECOND = 100

/** Processor seconds of user and system so far, in steps of 10 ms. */
export function processorSeconds(pid: number): number {
  return processorSecondsOf(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}

/** Reads the text of `/proc/PID/stat`. */
export function processorSecondsOf(stat: string): number {
  // The name of the program is in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

/** Octets of memory in use, shared with others or not. */
export function residentOctets(pid: number): number {
  const kibibytes = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Number(kibibytes ?? Number.NaN) * 1024
}
