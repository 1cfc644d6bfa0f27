/** Facts of the machine, to stand beside figures. */
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly date: string
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly node: string
  /** Processes that ran or wanted to in the last minute, on average. */
  readonly load: number
}

export function machineFacts(): Machine {
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    load: Math.round(loadavg()[0]! * 100) / 100,
  }
}

export function machineText(machine: Machine): string {
  const { date, processor, cores, memoryGib, kernel, node, load } = machine
  return `${date.slice(0, 16).replace('T', ' ')} UTC, ${processor}, ${cores} cores, ${memoryGib} GiB, Linux ${kernel}, Node ${node}, load ${load} before`
}
