/** The ways to UDP sockets, for tests that run on each. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAddon } from '../../src/native/addon.ts'
import { type BuildOptions, buildAddon } from '../../src/native/build.ts'
import { DGRAM } from '../../src/native/dgram.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'

/** Builds an addon of its own and loads it; its file is gone when this returns. Text: why it cannot be had. */
export function builtAddon(options: BuildOptions = {}): UdpBackend | string {
  const folder = mkdtempSync(join(tmpdir(), 'sigill-addon-'))
  try {
    const out = join(folder, 'udp.node')
    return buildAddon({ ...options, out }) ?? loadAddon(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The addon that stands beside the program, or one made now. Text: why there is none. */
export function addonOrReason(): UdpBackend | string {
  const addon = loadAddon()
  return typeof addon === 'string' ? builtAddon() : addon
}

/** Both, the addon with the reason to leave it out where there is none. */
export function udpBackends(): {
  readonly name: string
  readonly udp: UdpBackend
  readonly skip: string | false
}[] {
  const addon = addonOrReason()
  const absent = typeof addon === 'string'
  return [
    { name: 'dgram', udp: DGRAM, skip: false },
    { name: 'addon', udp: absent ? DGRAM : addon, skip: absent && `no addon here: ${addon}` },
  ]
}
