/** Pages of memory: asked for where they can be had, and nothing changes where they cannot. */
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { allPagesTaken, leavePages, preferLargePages, takePages } from '../../src/native/large-pages.ts'
import { processAddon } from '../../src/native/process.ts'

const OCTETS = 8 * 1_048_576
const TAKEN_OCTETS = 96 * 1_048_576
const WAIT_MS = 20_000
const NICENESS = 5
/** What goes meanwhile would be counted as less. */
const kept: unknown[] = []
const ABSENT = '/nowhere/process.node'
const has = processAddon() !== undefined && existsSync('/sys/kernel/mm/transparent_hugepage/enabled')
const [major = 0, minor = 0] = release().split('.').map(Number)
const populates = processAddon() !== undefined && (major > 5 || (major === 5 && minor >= 14))

for (const memory of [new ArrayBuffer(OCTETS), new SharedArrayBuffer(OCTETS)]) {
  t.test(memory.constructor.name, async (t) => {
    t.equal(preferLargePages(memory), has, 'the system hears it exactly where it has such pages')
    const octets = new Uint8Array(memory)
    t.ok(
      octets.every((octet) => octet === 0),
      'still blank',
    )
    octets.fill(7)
    t.equal(octets[OCTETS - 1], 7)
  })
}

for (const make of [(n: number) => new ArrayBuffer(n), (n: number) => new SharedArrayBuffer(n)]) {
  t.test(`all of it is there before it is used: ${make(0).constructor.name}`, async (t) => {
    const before = process.memoryUsage().rss
    const memory = make(TAKEN_OCTETS)
    kept.push(memory)
    const octets = new Uint8Array(memory)
    preferLargePages(memory)
    t.equal(takePages(memory, NICENESS), populates)
    // What is written meanwhile stays.
    for (let at = 0; at < TAKEN_OCTETS; at += 1_000_003) octets[at] = (at & 0xff) | 1
    if (!populates) return
    for (const until = Date.now() + WAIT_MS; !allPagesTaken() && Date.now() < until; ) await sleep(5)
    const taken = process.memoryUsage().rss - before
    t.ok(taken >= 0.9 * TAKEN_OCTETS, `${Math.round(taken / 1_048_576)} MiB more are in use`)
    let wrong = 0
    for (let at = 0; at < TAKEN_OCTETS; at++)
      if (octets[at] !== (at % 1_000_003 === 0 ? (at & 0xff) | 1 : 0)) wrong++
    t.equal(wrong, 0, 'what was written is there, and the rest is blank')
  })
}

t.test('what has begun can be left', { skip: !populates && 'needs Linux 5.14 and the addon' }, async (t) => {
  const memory = new ArrayBuffer(4 * TAKEN_OCTETS)
  kept.push(memory)
  const before = process.memoryUsage().rss
  t.equal(takePages(memory, NICENESS), true)
  leavePages()
  for (const until = Date.now() + WAIT_MS; !allPagesTaken() && Date.now() < until; ) await sleep(1)
  t.ok(allPagesTaken())
  t.ok(process.memoryUsage().rss - before < 3 * TAKEN_OCTETS, 'most of it was not taken')
})

t.test('memory without a whole page in it', async (t) => {
  for (const octets of [100, 0]) {
    t.equal(preferLargePages(new ArrayBuffer(octets)), false)
    t.equal(takePages(new ArrayBuffer(octets), NICENESS), false)
  }
})

t.test('no addon', async (t) => {
  t.equal(preferLargePages(new ArrayBuffer(OCTETS), ABSENT), false)
  t.equal(takePages(new ArrayBuffer(OCTETS), NICENESS, ABSENT), false)
})
