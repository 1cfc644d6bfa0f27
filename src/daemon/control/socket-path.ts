/** Names of Unix sockets: the system cuts one that is too long, and says "no such file" of what is left. */

/** Octets of a name, its end not counted. */
const OCTETS_MAX = process.platform === 'linux' ? 107 : 103
/** The longest that is put behind the name of the socket for commands, for those beside it. */
const BESIDE = '.take-over'

/** Why nobody can be reached at a socket of this name; undefined where it is not too long. */
export function socketPathFault(path: string): string | undefined {
  return tooLong(path, OCTETS_MAX)
}

/** Why commands cannot be taken at a socket of this name, and handed over; undefined where it is not too long. */
export function controlSocketFault(path: string): string | undefined {
  return tooLong(path, OCTETS_MAX - BESIDE.length)
}

function tooLong(path: string, most: number): string | undefined {
  const octets = Buffer.byteLength(path)
  return octets <= most
    ? undefined
    : `the path has ${octets} octets, more than ${most}, which is too long for a socket`
}
