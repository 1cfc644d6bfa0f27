/** The files with which a resolver finds a lab: root hints, trust anchors, and a configuration that names them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../config/text-file.ts'
import { makeFolder } from '../daemon/state/make-folder.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { formatZone } from '../wire/zone-text.ts'
import { UnusableInput } from './exit-code.ts'

/** What the files say. Endpoints are `address@port`. */
export interface LabFolder {
  readonly rootHints: readonly ResourceRecord[]
  /** DS records of the root; when absent, the real root's anchors are used. */
  readonly trustAnchors?: readonly ResourceRecord[]
  readonly authorityPort: number
  readonly listen: string
  readonly metrics: string
  /** Time at which signatures are judged, as text; the machine's clock when absent. */
  readonly clock?: string
  readonly negativeTrustAnchors?: readonly string[]
}

const HINTS_FILE = 'hints.zone'
const ANCHORS_FILE = 'root.ds'
const CONFIG_FILE = 'sigill.yaml'
/** Negative trust anchors of a lab outlive every run of it. */
const EXPIRES_MS = 86_400_000

/** Writes the files, making the folder if need be. Returns the path of the configuration. @throws UnusableInput */
export function writeLabFolder(folder: string, lab: LabFolder): string {
  try {
    return writeFiles(folder, lab)
  } catch (error) {
    throw new UnusableInput(`the files of the lab cannot be written to ${folder}: ${reasonOf(error)}`)
  }
}

function writeFiles(folder: string, lab: LabFolder): string {
  makeFolder(folder)
  writeFileSync(join(folder, HINTS_FILE), formatZone(lab.rootHints))
  if (lab.trustAnchors !== undefined) writeFileSync(join(folder, ANCHORS_FILE), formatZone(lab.trustAnchors))
  const path = join(folder, CONFIG_FILE)
  writeFileSync(path, configText(lab))
  return path
}

function configText(lab: LabFolder): string {
  const dnssec = [
    ...(lab.trustAnchors === undefined ? [] : [`trust-anchor-files: [${ANCHORS_FILE}]`]),
    ...(lab.clock === undefined ? [] : [`clock: "${lab.clock}"`]),
    ...negativeTrustAnchors(lab.negativeTrustAnchors ?? []),
  ]
  return [
    '# A resolver for a lab: its authorities listen on loopback addresses at a port of their own.',
    'server:',
    `  listen: ["${lab.listen}"]`,
    'resolution:',
    `  root-hints: ${HINTS_FILE}`,
    `  authority-port: ${lab.authorityPort}`,
    '  allow-loopback-authorities: true',
    '  ipv6: false',
    ...(dnssec.length === 0 ? [] : ['dnssec:', ...dnssec.map((line) => `  ${line}`)]),
    'metrics:',
    `  listen: "${lab.metrics}"`,
    '# What is learnt in a lab is of no use outside of it.',
    'state:',
    '  directory: ""',
    '',
  ].join('\n')
}

function negativeTrustAnchors(zones: readonly string[]): string[] {
  if (zones.length === 0) return []
  const expires = `${new Date(Date.now() + EXPIRES_MS).toISOString().slice(0, 19)}Z`
  const entries = zones.map(
    (zone) => `{ name: "${zone}", reason: "lab", author: lab, expires: "${expires}" }`,
  )
  return ['negative-trust-anchors:', ...entries.map((entry) => `  - ${entry}`)]
}
