/** What the operating system's error codes mean for a question on its way. */
import type { UpstreamFailure } from '../resolver/ports.ts'

const FAILURES: Readonly<Record<string, UpstreamFailure>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EINVAL: 'unreachable',
  EMSGSIZE: 'unreachable',
}

/** The failure that the system's name of an error stands for; what is not the network's is our own lack of resources. */
export function failureOf(code: string): UpstreamFailure {
  return FAILURES[code] ?? 'resources'
}

/** The system's name of an error (`EADDRINUSE`), or its message where it has none. */
export function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}
