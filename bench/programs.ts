/** Debian's name servers and signers: where they are, and whether this machine can run the tests that need them. */
import { createSocket } from 'node:dgram'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** The Debian package of every program that the harness and the tests of `test/peers` run. */
export const PROGRAM_PACKAGES: Readonly<Record<string, string>> = {
  nsd: 'nsd',
  'ldns-keygen': 'ldnsutils',
  'ldns-signzone': 'ldnsutils',
  'ldns-key2ds': 'ldnsutils',
  'dnssec-keygen': 'bind9-utils',
  'dnssec-signzone': 'bind9-utils',
  'dnssec-dsfromkey': 'bind9-utils',
  unbound: 'unbound',
  dig: 'bind9-dnsutils',
}

/** Servers live in sbin, which the PATH of a plain user often lacks. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The path of an executable file of this name, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), ...MORE_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** Whether the file is there and may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Why tests that serve zones by Debian's programs on port 53 of 127.0.0.0/8 cannot run here.
 *
 * @param programs those that are needed; all when left out
 * @returns false when they can, else one sentence: what `tap` takes as its `skip` option
 */
export async function peersSkipReason(
  programs: readonly string[] = Object.keys(PROGRAM_PACKAGES),
): Promise<string | false> {
  const missing = programs.filter((name) => findProgram(name) === undefined)
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => PROGRAM_PACKAGES[name]))].join(' ')
    return `${missing.join(', ')} not found: install ${packages}`
  }
  const network = await findFreeNetwork(53)
  return network === undefined ? 'port 53 of 127.0.x.1 cannot be bound: run as root' : false
}

/** Third octets tried: below and above lie 127.0.0.1 and the stub listeners that distributions put on 127.0.53.53. */
const NETWORK_FIRST = 64
const NETWORK_COUNT = 128

/**
 * A network 127.0.x.0/24 where nobody listens on this port of the first address. Runs side by side start their search
 * at different places, so they rarely meet; a server that finds its port taken all the same says so.
 *
 * @returns the first three octets, `127.0.x`, or undefined when the port cannot be bound at all
 */
export async function findFreeNetwork(port: number): Promise<string | undefined> {
  for (let i = 0; i < NETWORK_COUNT; i++) {
    const network = `127.0.${NETWORK_FIRST + ((process.pid + i) % NETWORK_COUNT)}`
    const fault = await portFault(`${network}.1`, port)
    if (fault === undefined) return network
    if (fault !== 'EADDRINUSE') return undefined
  }
  return undefined
}

/** Why a UDP port cannot be bound, as the system's name of the fault, or undefined. */
export function portFault(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code ?? error.message)
    })
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)))
  })
}
