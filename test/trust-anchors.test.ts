/** The shipped anchors agree with each other, with the keys they stand for and with the hashes in their README. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, readProjectFile } from './house/project.ts'

const xml = readProjectFile('trust-anchors/root-anchors.xml')
const ds = readProjectFile('trust-anchors/root.ds')

interface PublishedKey {
  readonly keyTag: number
  readonly ds: string
  readonly publicKey: Buffer
}

/** The keys of the file that have no end date. */
function publishedKeys(): PublishedKey[] {
  const keys: PublishedKey[] = []
  for (const [, attributes, body] of xml.matchAll(/<KeyDigest ([^>]*)>(.*?)<\/KeyDigest>/gs)) {
    if (attributes!.includes('validUntil')) continue
    const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body!)?.[1] ?? ''
    const fields = ['KeyTag', 'Algorithm', 'DigestType', 'Digest'].map(field)
    const publicKey = Buffer.from(field('PublicKey'), 'base64')
    keys.push({ keyTag: Number(field('KeyTag')), ds: `. IN DS ${fields.join(' ')}`, publicKey })
  }
  return keys
}

t.test('root.ds holds KSK-2017 and KSK-2024 as IANA publishes them', async (t) => {
  const lines = ds.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
  t.same(
    lines,
    publishedKeys().map((key) => key.ds),
  )
  t.same(
    publishedKeys().map((key) => key.keyTag),
    [20326, 38696],
  )
})

t.test('each digest is that of its public key (RFC 4034 5.1.4)', async (t) => {
  for (const { ds, publicKey } of publishedKeys()) {
    // The root name, then flags 257, protocol 3, algorithm 8 and the key.
    const signed = Buffer.concat([Buffer.from([0, 0x01, 0x01, 3, 8]), publicKey])
    const digest = createHash('sha256').update(signed).digest('hex').toUpperCase()
    t.ok(ds.endsWith(` 8 2 ${digest}`), ds)
  }
})

t.test('the README gives the hash of every file', async (t) => {
  const listed = [...readProjectFile('trust-anchors/README.md').matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)]
  const names = listed.map(([, , name]) => name)
  t.same(names, ['root.ds', 'root-anchors.xml', 'root-anchors.p7s', 'icann-root-ca.pem'])
  for (const [, hash, name] of listed) {
    const octets = readFileSync(join(ROOT, 'trust-anchors', name!))
    t.equal(createHash('sha256').update(octets).digest('hex'), hash, `${name} is as listed`)
  }
})
