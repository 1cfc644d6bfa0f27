/**
 * The signature over the published root anchors (RFC 9718 3): detached CMS (RFC 5652) by a certificate that ICANN's root
 * CA issued. node-forge only takes the ASN.1 apart; every decision on signatures and certificates is node:crypto's.
 *
 * Loading node-forge takes some 45 ms: import this file only where anchors are verified.
 */
import { createHash, timingSafeEqual, verify, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { type PublishedKey, parseAnchorXml } from './anchor-xml.ts'

/** What came of the verification: the published keys, those that have ended included, or what is wrong. */
export type RootAnchorsVerdict =
  | {
      readonly status: 'verified'
      readonly keys: readonly PublishedKey[]
      readonly signerExpiresSeconds: number
    }
  | { readonly status: 'refused'; readonly detail: string }

/** The files have some 3 KiB each. */
const FILE_OCTETS_MAX = 65_536
/** Certificates from the signer's up to the pinned one. */
const CHAIN_MAX = 4
/** Whom the signing certificate must belong to. */
const SIGNER_EMAIL = 'dnssec@iana.org'

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  emailAddress: '1.2.840.113549.1.9.1',
  keyUsage: '2.5.29.15',
} as const

const HASHES: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

/** RSA (PKCS #1 1.5) and ECDSA, by key or by key and hash; the hash must then be the digest's. */
const SIGNATURES: ReadonlyMap<string, { readonly keyType: string; readonly hash: string | undefined }> =
  new Map([
    ['1.2.840.113549.1.1.1', { keyType: 'rsa', hash: undefined }],
    ['1.2.840.113549.1.1.11', { keyType: 'rsa', hash: 'sha256' }],
    ['1.2.840.113549.1.1.12', { keyType: 'rsa', hash: 'sha384' }],
    ['1.2.840.113549.1.1.13', { keyType: 'rsa', hash: 'sha512' }],
    ['1.2.840.10045.4.3.2', { keyType: 'ec', hash: 'sha256' }],
    ['1.2.840.10045.4.3.3', { keyType: 'ec', hash: 'sha384' }],
    ['1.2.840.10045.4.3.4', { keyType: 'ec', hash: 'sha512' }],
  ])

/** A reason to refuse, on its way out of the nested structure. */
class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Verifies root-anchors.xml.
 *
 * @param xml the file's octets
 * @param p7s the octets of root-anchors.p7s
 * @param pinnedPem certificates (PEM) that the chain must end in
 * @param nowSeconds seconds since 1970, at which every certificate of the chain must be valid
 */
export function verifyRootAnchors(
  xml: Uint8Array,
  p7s: Uint8Array,
  pinnedPem: string,
  nowSeconds: number,
): RootAnchorsVerdict {
  try {
    if (xml.length > FILE_OCTETS_MAX || p7s.length > FILE_OCTETS_MAX) throw new Refusal('a file is too long')
    const pinned = readPem(pinnedPem)
    const signedData = readSignedData(p7s)
    const signer = verifyContent(signedData, xml)
    checkSigner(signer)
    walkToPinned(signer.certificate, signedData.certificates, pinned, nowSeconds)
    const keys = parseAnchorXml(Buffer.from(xml).toString('utf8'))
    if (typeof keys === 'string') throw new Refusal(keys)
    const signerExpiresSeconds = Math.floor(Date.parse(signer.certificate.validTo) / 1000)
    return { status: 'verified', keys, signerExpiresSeconds }
  } catch (error) {
    if (error instanceof Refusal) return { status: 'refused', detail: error.message }
    // What is left are complaints of the ASN.1 and certificate readers.
    return { status: 'refused', detail: `the signature file cannot be read: ${(error as Error).message}` }
  }
}

type Node = forge.asn1.Asn1

interface Certificate {
  readonly certificate: X509Certificate
  /** DER of the issuer's name, the serial number's octets, and the parts that node:crypto does not show. */
  readonly issuer: string
  readonly serial: string
  readonly subject: Node
  readonly extensions: readonly Node[]
}

interface SignedData {
  readonly certificates: readonly Certificate[]
  readonly signerInfo: readonly Node[]
}

/** RFC 5652 5.1. */
function readSignedData(p7s: Uint8Array): SignedData {
  const text = Buffer.from(p7s).toString('latin1')
  const strict = { strict: true, parseAllBytes: true, decodeBitStrings: false }
  const [contentType, content] = childrenOf(forge.asn1.fromDer(text, strict as never))
  if (contentType === undefined || oidOf(contentType) !== OID.signedData)
    throw new Refusal('it is no CMS signature')
  const parts = childrenOf(only(content, 'content'))
  const encapsulated = childrenOf(parts[2])
  if (encapsulated.length !== 1 || oidOf(encapsulated[0]!) !== OID.data) {
    throw new Refusal('the signature is not a detached one over plain data')
  }
  const certificates = parts.filter((part) => isContext(part, 0)).flatMap(childrenOf)
  const signerInfo = childrenOf(only(parts[parts.length - 1], 'signer'))
  return { certificates: certificates.map(readCertificate), signerInfo }
}

/** RFC 5652 5.3, 5.4, 5.6: the signer whose signature covers the content, by way of the signed attributes. */
function verifyContent({ certificates, signerInfo }: SignedData, content: Uint8Array): Certificate {
  const [, id, digestAlgorithm, attributes, signatureAlgorithm, signature] = signerInfo
  const [issuer, serial] = childrenOf(id)
  const signer = certificates.find(
    (candidate) =>
      issuer !== undefined &&
      candidate.issuer === derOf(issuer) &&
      candidate.serial === String(serial?.value),
  )
  if (signer === undefined) throw new Refusal("the signer's certificate is not in the signature file")
  const hash = HASHES.get(oidOf(childrenOf(digestAlgorithm)[0]))
  if (hash === undefined) throw new Refusal('the digest algorithm is not SHA-2')
  if (attributes === undefined || !isContext(attributes, 0))
    throw new Refusal('there are no signed attributes')
  if (oidOf(attributeOf(attributes, OID.contentType)) !== OID.data)
    throw new Refusal('the content type differs')
  const expected = octetsOf(attributeOf(attributes, OID.messageDigest))
  const digest = createHash(hash).update(content).digest()
  if (expected.length !== digest.length || !timingSafeEqual(expected, digest)) {
    throw new Refusal('the file is not the one that was signed')
  }
  const scheme = SIGNATURES.get(oidOf(childrenOf(signatureAlgorithm)[0]))
  const key = signer.certificate.publicKey
  if (scheme === undefined || scheme.keyType !== key.asymmetricKeyType || (scheme.hash ?? hash) !== hash) {
    throw new Refusal('the signature algorithm is not supported')
  }
  const { Class, Type } = forge.asn1
  const signed = forge.asn1.create(Class.UNIVERSAL, Type.SET, true, attributes.value as Node[])
  if (!verify(hash, Buffer.from(derOf(signed), 'latin1'), key, octetsOf(signature))) {
    throw new Refusal('the signature is wrong')
  }
  return signer
}

/** What unbound-anchor and RFC 9718 ask of the certificate: whose it is, and that it may sign. */
function checkSigner({ subject, extensions }: Certificate): void {
  const emails = childrenOf(subject)
    .flatMap(childrenOf)
    .filter((pair) => oidOf(childrenOf(pair)[0]) === OID.emailAddress)
  if (!emails.some((pair) => childrenOf(pair)[1]?.value === SIGNER_EMAIL)) {
    throw new Refusal(`the signer's certificate is not that of ${SIGNER_EMAIL}`)
  }
  const usage = extensions.map(childrenOf).find(([id]) => oidOf(id) === OID.keyUsage)
  if (usage === undefined) return
  // The extension's octets are a BIT STRING: tag, length, unused bits, bits; the first bit is digitalSignature.
  const bits = octetsOf(usage[usage.length - 1])
  if (bits[0] !== 3 || bits.length < 4 || (bits[3]! & 0x80) === 0) {
    throw new Refusal("the signer's certificate must not sign data")
  }
}

/** Issuer by issuer from the signer to a pinned certificate, each link verified and valid now. */
function walkToPinned(
  signer: X509Certificate,
  others: readonly Certificate[],
  pinned: readonly X509Certificate[],
  nowSeconds: number,
): void {
  let current = signer
  for (let depth = 0; depth < CHAIN_MAX; depth++) {
    checkValidity(current, nowSeconds)
    const root = pinned.find((candidate) => isIssuedBy(current, candidate))
    if (root !== undefined) {
      checkValidity(root, nowSeconds)
      return
    }
    const issuer = others.find(({ certificate }) => isIssuedBy(current, certificate))
    if (issuer === undefined) break
    current = issuer.certificate
  }
  throw new Refusal('the certificates do not lead to a pinned one')
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function checkValidity(certificate: X509Certificate, nowSeconds: number): void {
  const nowMs = nowSeconds * 1000
  const name = certificate.subject.split('\n').at(-1)
  if (nowMs < Date.parse(certificate.validFrom)) {
    throw new Refusal(`the certificate of ${name} is not valid before ${certificate.validFrom}`)
  }
  if (nowMs > Date.parse(certificate.validTo)) {
    throw new Refusal(`the certificate of ${name} expired on ${certificate.validTo}`)
  }
}

function readPem(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  if (blocks.length === 0) throw new Refusal('no pinned certificate is given')
  return blocks.map((block) => new X509Certificate(block))
}

/** RFC 5280 4.1: TBSCertificate. */
function readCertificate(node: Node): Certificate {
  const fields = childrenOf(childrenOf(node)[0]).filter((field) => !isContext(field, 0))
  const [serial, , issuer, , subject] = fields
  if (serial === undefined || issuer === undefined || subject === undefined)
    throw new Refusal('a certificate is malformed')
  const extensions = fields
    .filter((field) => isContext(field, 3))
    .flatMap(childrenOf)
    .flatMap(childrenOf)
  const certificate = new X509Certificate(Buffer.from(derOf(node), 'latin1'))
  return { certificate, issuer: derOf(issuer), serial: String(serial.value), subject, extensions }
}

/** The one value of an attribute that must be there once. */
function attributeOf(attributes: Node, oid: string): Node {
  const found = childrenOf(attributes).filter((attribute) => oidOf(childrenOf(attribute)[0]) === oid)
  if (found.length !== 1) throw new Refusal('a signed attribute is missing')
  return only(childrenOf(found[0])[1], 'attribute value')
}

function only(node: Node | undefined, what: string): Node {
  const children = childrenOf(node)
  if (children.length !== 1) throw new Refusal(`there is not one ${what}`)
  return children[0]!
}

function childrenOf(node: Node | undefined): Node[] {
  if (node === undefined || !Array.isArray(node.value))
    throw new Refusal('its structure is not that of a CMS signature')
  return node.value
}

function isContext(node: Node, tag: number): boolean {
  return node.tagClass === forge.asn1.Class.CONTEXT_SPECIFIC && node.type === tag
}

function oidOf(node: Node | undefined): string {
  if (node === undefined || node.type !== forge.asn1.Type.OID || typeof node.value !== 'string') {
    throw new Refusal('its structure is not that of a CMS signature')
  }
  return forge.asn1.derToOid(node.value)
}

function octetsOf(node: Node | undefined): Buffer {
  if (node === undefined || typeof node.value !== 'string') {
    throw new Refusal('its structure is not that of a CMS signature')
  }
  return Buffer.from(node.value, 'latin1')
}

/** DER as a string of one character an octet. */
function derOf(node: Node): string {
  return forge.asn1.toDer(node).getBytes()
}
