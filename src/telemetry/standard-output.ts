/** Lines to standard output, whatever that is: a terminal, a pipe that nobody reads, a closed one, a full disk. */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { LOG_WAITING_OCTETS_MAX } from '../base/limits.ts'

const STDOUT = 1

/** Where lines go. */
export interface LineSink {
  write(line: string): void
}

/**
 * Never throws and never waits: a line that cannot be written, or only when somebody reads, is dropped once too much
 * waits. A daemon goes on without its log.
 */
export function standardOutput(): LineSink {
  const stdout: unknown = process.stdout
  if (stdout instanceof Socket) return { write: (line) => writeBounded(stdout, line) }
  return { write: writeToFile }
}

/** Pipes, sockets, terminals. */
function writeBounded(stream: Socket, line: string): void {
  if (stream.destroyed || stream.writableLength + line.length > LOG_WAITING_OCTETS_MAX) return
  stream.write(line)
}

/** A stream for files would end for ever at the first error; the disk may have room again. */
function writeToFile(line: string): void {
  try {
    writeSync(STDOUT, line)
  } catch {}
}
