/**
 * The list of what a release is made of (CycloneDX 1.5), out of the lock file: the same octets for the same tree, without
 * time or chance, and without the name of a registry. `npm sbom` leaves out production packages that development uses too.
 */
import { createHash } from 'node:crypto'
import { PACKAGE_DOORS } from '../house/source-rules.ts'

/** What the lock file says of a package. */
export interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** What it is made from. */
export interface Sources {
  readonly manifest: {
    readonly name: string
    readonly version: string
    readonly license: string
    readonly description: string
    readonly engines: { readonly node: string }
    readonly dependencies: Readonly<Record<string, string>>
  }
  readonly lock: { readonly packages: Readonly<Record<string, LockedPackage>> }
  /** Files in C, by their paths. */
  readonly cFiles: ReadonlyMap<string, Uint8Array>
}

interface Component {
  readonly 'bom-ref': string
  readonly type: 'library' | 'file' | 'application'
  readonly name: string
  readonly version?: string
  readonly description?: string
  readonly purl?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses: readonly object[]
}

/** Makes it, as text. */
export function makeSbom({ manifest, lock, cFiles }: Sources): string {
  const { name, version, license, description, engines } = manifest
  const shipped = Object.entries(lock.packages).filter(([path, one]) => path !== '' && one.dev !== true)
  const packages = shipped.map(([path, one]) => packageComponent(path, one))
  const files = [...cFiles].map(([path, octets]) => fileComponent(path, octets, license))
  const self = `${name}@${version}`
  const components = unique([...packages, ...files])
  const root: Component = {
    'bom-ref': self,
    type: 'application',
    name,
    version,
    description,
    purl: `pkg:npm/${self}`,
    licenses: [licenceOf(license)],
  }
  const content = {
    version: 1,
    metadata: {
      component: root,
      properties: [
        {
          name: 'sigill:runtime',
          value: `Node.js ${engines.node} with the OpenSSL it was built with; neither is part of the package`,
        },
      ],
    },
    components,
    dependencies: [
      { ref: self, dependsOn: [...dependenciesOf('', lock), ...files.map((one) => one['bom-ref'])].sort() },
      ...shipped.map(([path, one]) => ({ ref: refOf(path, one), dependsOn: dependenciesOf(path, lock) })),
    ],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
  const head = { bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber }
  return `${JSON.stringify({ ...head, ...content }, undefined, 2)}\n`
}

/** The name of the package that is installed at a path. */
export function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function refOf(path: string, { version = '' }: LockedPackage): string {
  return `${nameAt(path)}@${version}`
}

function packageComponent(path: string, one: LockedPackage): Component {
  const name = nameAt(path)
  const door = PACKAGE_DOORS[name]
  return {
    'bom-ref': refOf(path, one),
    type: 'library',
    name,
    version: one.version ?? '',
    ...(door !== undefined && { description: `used in src/${door.join(', src/')}` }),
    purl: `pkg:npm/${name.replace('@', '%40')}@${one.version}`,
    hashes: [{ alg: 'SHA-512', content: hexOf(one.integrity ?? '') }],
    licenses: [licenceOf(one.license ?? 'unknown')],
  }
}

function fileComponent(path: string, octets: Uint8Array, license: string): Component {
  const content = createHash('sha256').update(octets).digest('hex')
  return {
    'bom-ref': path,
    type: 'file',
    name: path,
    hashes: [{ alg: 'SHA-256', content }],
    licenses: [licenceOf(license)],
  }
}

function licenceOf(text: string): object {
  return text.includes(' ') ? { expression: text } : { license: { id: text } }
}

/** Of what the lock file writes as sha512-BASE64. */
function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')
}

/** Names are looked for beside the package first, then further up, as Node does it. */
function dependenciesOf(path: string, { packages }: Sources['lock']): string[] {
  const { dependencies, optionalDependencies } = packages[path] ?? {}
  const names = Object.keys({ ...dependencies, ...optionalDependencies })
  return names
    .flatMap((name) => {
      for (let from = path; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
        const at = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`
        const found = packages[at]
        if (found !== undefined) return [refOf(at, found)]
        if (from === '') return []
      }
    })
    .sort()
}

function unique(components: readonly Component[]): Component[] {
  return [...new Map(components.map((one) => [one['bom-ref'], one])).values()]
}

/** A UUID of content (version 8, RFC 9562 5.8). */
function uuidOf(text: string): string {
  const octets = createHash('sha256').update(text).digest().subarray(0, 16)
  octets[6] = (octets[6]! & 0x0f) | 0x80
  octets[8] = (octets[8]! & 0x3f) | 0x80
  const hex = octets.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
