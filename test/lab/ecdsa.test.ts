/** The lab's own ECDSA, and what OpenSSL says of its signatures. */
import { createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { type EcdsaCurve, ecdsaPublicKey, P256, P384, signEcdsa } from '../../src/lab/ecdsa.ts'

t.test('OpenSSL accepts what is signed, and nothing else', async (t) => {
  for (const [curve, crv] of [
    [P256, 'P-256'],
    [P384, 'P-384'],
  ] as const) {
    for (let i = 1; i <= 20; i++) {
      const secret = new Uint8Array(curve.octets).fill(i)
      const data = Buffer.from(`message ${i}`)
      const key = publicKey(curve, crv, secret)
      const signature = signEcdsa(curve, secret, data)
      t.ok(verify(curve.digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature))
      t.notOk(verify(curve.digest, Buffer.from('other'), { key, dsaEncoding: 'ieee-p1363' }, signature))
      t.same(signEcdsa(curve, secret, data), signature, 'the same again')
    }
  }
})

function publicKey(curve: EcdsaCurve, crv: string, secret: Uint8Array): ReturnType<typeof createPublicKey> {
  const point = Buffer.from(ecdsaPublicKey(curve, secret))
  const x = point.subarray(0, curve.octets).toString('base64url')
  const y = point.subarray(curve.octets).toString('base64url')
  return createPublicKey({ key: { kty: 'EC', crv, x, y }, format: 'jwk' })
}
