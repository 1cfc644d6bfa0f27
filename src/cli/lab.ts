/** `sigill lab`: authorities on loopback for a resolver of one's own: the signed lab Internet, or recorded packets. */
import { resolve } from 'node:path'
import { LAB_ZONES } from '../lab/catalogue.ts'
import { buildInternet } from '../lab/internet.ts'
import { recordedInternet } from '../lab/recorded.ts'
import { RecordingError, readRecordings } from '../lab/recordings.ts'
import { serveAuthorities } from '../lab/server.ts'
import { stopSignal, zonesToBreak } from './demo.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { type LabFolder, writeLabFolder } from './lab-folder.ts'

/** What the command was told. */
export interface LabOptions {
  /** Folder for hints, anchors and configuration. */
  readonly folder: string
  /** Port of the authorities; 0 picks one. */
  readonly port: string
  /** Files or folders of recorded packets, served in place of the lab Internet. */
  readonly recorded?: readonly string[]
  /** Time at which recorded signatures are to be judged. */
  readonly clock?: string
  /** Zones of the lab Internet whose signatures are made wrong. */
  readonly break?: readonly string[]
}

const LISTEN = '127.0.0.1@5300'
const METRICS = '127.0.0.1@9153'
const LAB_NETWORK = [127, 55] as const
const RECORDED_NETWORK = [127, 54] as const

type Authorities = Parameters<typeof serveAuthorities>[0]

/** Serves until SIGINT or SIGTERM. */
export async function lab(options: LabOptions, print: (text: string) => void): Promise<ExitCode> {
  const port = parsePort(options.port)
  const stopped = stopSignal()
  const { authorities, ...files } = options.recorded === undefined ? builtLab(options) : recordedLab(options)
  const servers = await serveAuthorities(authorities, port).catch((error: NodeJS.ErrnoException) => {
    throw new UnusableInput(`cannot serve the lab at port ${port}: ${error.message}; try another --port`)
  })
  try {
    const folder = resolve(options.folder)
    const config = writeLabFolder(folder, {
      ...files,
      authorityPort: servers.port,
      listen: LISTEN,
      metrics: METRICS,
    })
    const example = options.recorded === undefined ? 'www.nsec.se' : '. DNSKEY'
    print(instructions(authorities.size, servers.port, folder, config, example))
    await stopped
  } finally {
    await servers.close()
  }
  return EXIT.DONE
}

type Lab = { readonly authorities: Authorities } & Pick<LabFolder, 'rootHints' | 'trustAnchors' | 'clock'>

function builtLab(options: LabOptions): Lab {
  if (options.clock !== undefined)
    throw new UnusableInput('--clock is for --recorded; the lab Internet is signed for today')
  const broken = zonesToBreak(options.break ?? [], LAB_ZONES)
  const nowSeconds = Math.floor(Date.now() / 1000)
  const { authorities, rootHints, trustAnchors } = buildInternet({
    nowSeconds,
    zones: LAB_ZONES,
    network: LAB_NETWORK,
    broken,
  })
  return { authorities, rootHints, trustAnchors }
}

function recordedLab({ recorded = [], clock, break: broken }: LabOptions): Lab {
  if (clock === undefined || Number.isNaN(Date.parse(clock))) {
    throw new UnusableInput(
      '--recorded needs --clock, the time of the recording, such as 2026-10-04T14:15:00Z',
    )
  }
  if (broken !== undefined)
    throw new UnusableInput('--break is for the lab Internet; recordings are served as they are')
  try {
    const { authorities, rootHints } = recordedInternet(recorded.flatMap(readRecordings), RECORDED_NETWORK)
    if (rootHints.length === 0) throw new RecordingError('no root server is among the recorded servers')
    return { authorities, rootHints, clock }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined && !(error instanceof RecordingError)) throw error
    throw new UnusableInput(message)
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && port <= 65_535) return port
  throw new UnusableInput(`"${text}" is not a port`)
}

function instructions(
  servers: number,
  port: number,
  folder: string,
  config: string,
  example: string,
): string {
  return [
    `${servers} authorities listen on loopback addresses at port ${port}. In ${folder}:`,
    '  hints.zone   root servers',
    '  root.ds      trust anchor of the lab (absent for recordings: the real one holds)',
    '  sigill.yaml  a configuration that uses them',
    '',
    'For example:',
    `  sigill lookup ${example} --trace --config ${config}`,
    `  sigill serve --config ${config}`,
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n')
}
