/** What a process has open of the kernel's counters (eventfd(2)): Linux alone tells. */
import { readdirSync, readlinkSync } from 'node:fs'

/** How many there are. */
export function eventCounters(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('[eventfd')
    } catch {
      return false
    }
  }).length
}
