/** Large pages: asked for where they can be had, and nothing changes where they cannot. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { loadAddon } from '../../src/native/addon.ts'
import { preferLargePages } from '../../src/native/large-pages.ts'

const OCTETS = 8 * 1_048_576
const addon = loadAddon()
const has = typeof addon !== 'string' && existsSync('/sys/kernel/mm/transparent_hugepage/enabled')

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

t.test('memory without a whole page in it', async (t) => {
  t.equal(preferLargePages(new ArrayBuffer(100)), false)
  t.equal(preferLargePages(new ArrayBuffer(0)), false)
})

t.test('no addon', async (t) => {
  t.equal(preferLargePages(new ArrayBuffer(OCTETS), '/nowhere/udp.node'), false)
})
