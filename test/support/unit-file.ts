/** What stands in a unit of systemd, and which system calls it lets a service have. */
import { spawnSync } from 'node:child_process'

/** Values by key in their order; what comes after an empty one counts alone, as for systemd. */
export type UnitFile = ReadonlyMap<string, readonly string[]>

/** Reads the text of a unit. Keys are those of all its sections. */
export function readUnit(text: string): UnitFile {
  const unit = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? []
    if (key === undefined) continue
    if (value === '') unit.set(key, [])
    else unit.set(key, [...(unit.get(key) ?? []), value!])
  }
  return unit
}

/** Names of the system calls that `SystemCallFilter=` lines allow, the first of which lists what is. */
export function allowedCalls(lines: readonly string[]): Set<string> {
  const groups = callGroups()
  const members = (name: string): string[] =>
    name.startsWith('@') ? (groups.get(name) ?? []).flatMap(members) : [name]
  // The group without which nothing runs is always allowed.
  const allowed = new Set(members('@default'))
  for (const line of lines) {
    const isRefused = line.startsWith('~')
    for (const name of line
      .replace('~', '')
      .split(' ')
      .flatMap((word) => members(word))) {
      if (isRefused) allowed.delete(name)
      else allowed.add(name)
    }
  }
  return allowed
}

/** Members of each group of system calls, as systemd has them here. */
function callGroups(): Map<string, string[]> {
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager'], { encoding: 'utf8' })
  const groups = new Map<string, string[]>()
  let members: string[] = []
  for (const line of stdout.split('\n')) {
    if (line.startsWith('@')) {
      members = []
      groups.set(line.trim(), members)
    } else if (/^ +[@a-z]/.test(line)) members.push(line.trim())
  }
  return groups
}
