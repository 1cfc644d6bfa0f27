/** Zones signed by other people's tools, for the lab to serve. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../bench/programs.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatZone, readZone } from '../../src/wire/zone-text.ts'
import { CLOCK } from '../support/world.ts'

/** One zone to be signed. */
export interface SigningJob {
  /** With the final dot. */
  readonly zone: string
  readonly algorithm: string
  readonly nsec3?: boolean
  /** One key for everything. */
  readonly combined?: boolean
}

/** A tool and what it signs. */
export interface Signer {
  readonly name: string
  readonly programs: readonly string[]
  readonly jobs: readonly SigningJob[]
  /** Its options differ from version to version: what it refuses to sign is skipped, with its reason. */
  readonly fickle?: true
  /** Signs `zone` in `folder`, which is its own. Returns the text of the signed zone and that of its DS records. */
  sign(job: SigningJob, folder: string): { readonly zone: string; readonly ds: string }
}

const DAY_SECONDS = 86_400
const INCEPTION = CLOCK - 10 * DAY_SECONDS
const EXPIRATION = CLOCK + 20 * DAY_SECONDS
const UNSIGNED = 'unsigned'

/** The signers of the test. */
export const SIGNERS: readonly Signer[] = [
  {
    name: 'ldns-signzone',
    programs: ['ldns-keygen', 'ldns-signzone', 'ldns-key2ds'],
    jobs: [
      { zone: 'ldns-nsec.test.', algorithm: 'ECDSAP256SHA256' },
      { zone: 'ldns-nsec3.test.', algorithm: 'ECDSAP256SHA256', nsec3: true },
      { zone: 'ldns-rsa.test.', algorithm: 'RSASHA256' },
      { zone: 'ldns-ed25519.test.', algorithm: 'ED25519', nsec3: true },
      { zone: 'ldns-combined.test.', algorithm: 'ECDSAP384SHA384', combined: true },
    ],
    sign(job, folder) {
      const key = (...more: string[]): string =>
        run('ldns-keygen', folder, '-a', job.algorithm, '-b', '2048', ...more, job.zone).trim()
      const ksk = key('-k')
      const keys = job.combined === true ? [ksk] : [ksk, key()]
      const nsec3 = job.nsec3 === true ? ['-n', '-t', '0'] : []
      const times = ['-i', String(INCEPTION), '-e', String(EXPIRATION)]
      run('ldns-signzone', folder, ...times, ...nsec3, '-o', job.zone, '-f', 'signed', UNSIGNED, ...keys)
      return {
        zone: readFileSync(join(folder, 'signed'), 'utf8'),
        ds: run('ldns-key2ds', folder, '-n', '-2', `${ksk}.key`),
      }
    },
  },
  {
    name: 'dnssec-signzone',
    programs: ['dnssec-keygen', 'dnssec-signzone', 'dnssec-dsfromkey'],
    jobs: [
      { zone: 'bind-nsec.test.', algorithm: 'ECDSAP256SHA256' },
      { zone: 'bind-nsec3.test.', algorithm: 'ECDSAP256SHA256', nsec3: true },
      { zone: 'bind-rsa.test.', algorithm: 'RSASHA256', nsec3: true },
      { zone: 'bind-ed25519.test.', algorithm: 'ED25519' },
      { zone: 'bind-combined.test.', algorithm: 'ECDSAP256SHA256', combined: true },
    ],
    sign(job, folder) {
      const bits = job.algorithm.startsWith('RSA') ? ['-b', '2048'] : []
      const key = (...more: string[]): string =>
        run('dnssec-keygen', folder, '-q', '-a', job.algorithm, ...bits, ...more, job.zone).trim()
      const ksk = key('-f', 'KSK')
      if (job.combined !== true) key()
      const nsec3 = job.nsec3 === true ? ['-3', '-', '-H', '0'] : []
      const times = ['-s', bindTime(INCEPTION), '-e', bindTime(EXPIRATION)]
      const combined = job.combined === true ? ['-z'] : []
      run(
        'dnssec-signzone',
        folder,
        '-q',
        '-S',
        ...combined,
        ...times,
        ...nsec3,
        '-o',
        job.zone,
        '-f',
        'signed',
        UNSIGNED,
      )
      return {
        zone: readFileSync(join(folder, 'signed'), 'utf8'),
        ds: run('dnssec-dsfromkey', folder, '-2', `${ksk}.key`),
      }
    },
  },
  {
    name: 'kzonesign',
    programs: ['kzonesign', 'keymgr'],
    fickle: true,
    jobs: [
      { zone: 'knot-nsec.test.', algorithm: 'ecdsap256sha256' },
      { zone: 'knot-nsec3.test.', algorithm: 'ecdsap256sha256', nsec3: true },
    ],
    sign(job, folder) {
      writeFileSync(join(folder, 'knot.conf'), knotConfiguration(job, folder))
      mkdirSync(join(folder, 'out'))
      run('kzonesign', folder, '-c', 'knot.conf', '-o', 'out', '-t', String(CLOCK), job.zone)
      const [file] = readdirSync(join(folder, 'out'))
      return {
        zone: readFileSync(join(folder, 'out', file!), 'utf8'),
        ds: run('keymgr', folder, '-c', 'knot.conf', job.zone, 'ds'),
      }
    },
  },
]

function knotConfiguration({ zone, algorithm, nsec3 = false }: SigningJob, folder: string): string {
  return `
database:
    storage: "${folder}"
policy:
  - id: lab
    algorithm: ${algorithm}
    nsec3: ${nsec3 ? 'on' : 'off'}
    nsec3-iterations: 0
    nsec3-salt-length: 0
    rrsig-lifetime: 30d
    cds-cdnskey-publish: none
zone:
  - domain: ${zone}
    storage: "${folder}"
    file: ${UNSIGNED}
    dnssec-signing: on
    dnssec-policy: lab
`
}

/** What is missing on this machine; undefined when the signer can work. */
export function missingProgram({ programs }: Signer): string | undefined {
  const missing = programs.find((program) => findProgram(program) === undefined)
  return missing && `${missing} not found`
}

/** Signs the records of an unsigned lab zone: the same zone as its tool has made it, with the DS records for its parent. */
export function signedBy(
  signer: Signer,
  job: SigningJob,
  unsigned: LabZone,
  records: readonly ResourceRecord[],
  parentFolder: string,
): LabZone {
  const folder = join(parentFolder, job.zone)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, UNSIGNED), formatZone(records))
  const made = signer.sign(job, folder)
  const options = { path: job.zone, origin: nameFrom(job.zone) }
  const signed = readZone(made.zone, options)
  const ds = readZone(made.ds, options).filter(({ type }) => type === TYPE.DS)
  return { ...unsigned, defects: [() => signed], ds: () => ds.map(({ rdata }) => rdata) }
}

function run(program: string, folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(findProgram(program)!, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** YYYYMMDDHHMMSS. */
function bindTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
}
