/** Where the root zone is got from (`resolution.root-copy.sources`). */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { formatAddress, formatEndpoint } from '../../base/address.ts'
import {
  ROOT_COPY_OCTETS_MAX,
  ROOT_COPY_SILENCE_MS_MAX,
  ROOT_COPY_TRANSFER_MS_MAX,
} from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { reasonOf } from '../../config/text-file.ts'
import type { RootCopySource } from '../../config/values.ts'
import { download, type HostLookup } from '../download.ts'
import type { RawZone } from './prepare.ts'
import { transferRoot } from './transfer.ts'

/** The copy that is there already. */
export interface KnownZone {
  readonly serial: number
  /** By what this source knows whether it has another one; undefined where the copy came from elsewhere. */
  readonly mark: string | undefined
}

/** What came of a look. A copy counts as confirmed at `asOfSeconds`, seconds since 1970. */
export type Look =
  | { readonly kind: 'unchanged'; readonly asOfSeconds: number }
  | {
      readonly kind: 'zone'
      readonly raw: RawZone
      readonly mark: string | undefined
      readonly asOfSeconds: number
    }
  | { readonly kind: 'failed'; readonly fault: string }

/** One place to look at. */
export interface RootSource {
  /** For people, and to know it again. */
  readonly label: string
  /** Never rejects. */
  look(known: KnownZone | undefined, signal: AbortSignal): Promise<Look>
}

/** What sources work with. */
export interface SourceParts {
  /** Seconds since 1970. */
  readonly wallSeconds: () => number
  readonly random: Random
  readonly lookup: HostLookup
  /** A path of the configuration as the system knows it. */
  readonly pathFrom: (path: string) => string
  readonly sourceAddresses: readonly Uint8Array[]
}

/** The source that the operator means. */
export function rootSource(source: RootCopySource, parts: SourceParts): RootSource {
  if ('file' in source) return fileSource(parts.pathFrom(source.file), parts)
  return 'url' in source ? webSource(new URL(source.url), parts) : transferSource(source, parts)
}

/** Somebody else keeps the file up to date: what it holds counts as confirmed when it was written. */
function fileSource(path: string, { wallSeconds }: SourceParts): RootSource {
  return {
    label: path,
    look: async (known) => {
      try {
        // Without O_NONBLOCK, opening a named pipe waits for a writer.
        const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
        try {
          const { mtimeMs, size, isFile } = await file.stat().then((stat) => ({
            mtimeMs: stat.mtimeMs,
            size: stat.size,
            isFile: stat.isFile(),
          }))
          if (!isFile) return failed('it is not a regular file')
          if (size > ROOT_COPY_OCTETS_MAX) return failed(`it has more than ${ROOT_COPY_OCTETS_MAX} octets`)
          const asOfSeconds = Math.min(Math.floor(mtimeMs / 1000), wallSeconds())
          const mark = `${mtimeMs} ${size}`
          if (known?.mark === mark) return { kind: 'unchanged', asOfSeconds }
          return { kind: 'zone', raw: { kind: 'text', octets: await file.readFile() }, mark, asOfSeconds }
        } finally {
          await file.close()
        }
      } catch (error) {
        return failed(reasonOf(error))
      }
    },
  }
}

function webSource(url: URL, { wallSeconds, lookup }: SourceParts): RootSource {
  return {
    label: url.href,
    look: async (known, signal) => {
      const page = await download(url, {
        octetsMax: ROOT_COPY_OCTETS_MAX,
        timeoutMs: ROOT_COPY_TRANSFER_MS_MAX,
        lookup,
        unlessSince: known?.mark,
        signal,
      })
      const asOfSeconds = wallSeconds()
      if (page === 'unchanged') return { kind: 'unchanged', asOfSeconds }
      if ('fault' in page) return failed(page.fault)
      const { octets, lastModified } = page
      return { kind: 'zone', raw: { kind: 'text', octets }, mark: lastModified, asOfSeconds }
    },
  }
}

function transferSource(
  { axfr: server }: Extract<RootCopySource, { axfr: unknown }>,
  { wallSeconds, random, sourceAddresses }: SourceParts,
): RootSource {
  const usable = sourceAddresses.filter(({ length }) => length === server.address.length)
  return {
    label: `axfr ${formatEndpoint(server)}`,
    look: async (known, signal) => {
      const local = usable.length === 0 ? undefined : usable[random.below(usable.length)]
      const transferred = await transferRoot({
        server,
        newerThan: known?.serial,
        octetsMax: ROOT_COPY_OCTETS_MAX,
        timeoutMs: ROOT_COPY_TRANSFER_MS_MAX,
        silenceMs: ROOT_COPY_SILENCE_MS_MAX,
        random,
        localAddress: local && formatAddress(local),
        signal,
      })
      const asOfSeconds = wallSeconds()
      if (transferred === 'unchanged') return { kind: 'unchanged', asOfSeconds }
      if ('fault' in transferred) return failed(transferred.fault)
      return {
        kind: 'zone',
        raw: { kind: 'transfer', messages: transferred },
        mark: undefined,
        asOfSeconds,
      }
    },
  }
}

function failed(fault: string): Look {
  return { kind: 'failed', fault }
}
