/** One known signature per algorithm, by which a platform is asked at start what it can verify. */
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'

/** A public key in DNSKEY form and its signature over the six octets `sigill`; both in base 64. */
export interface AlgorithmVector {
  readonly algorithm: number
  readonly publicKey: string
  readonly signature: string
}

// A modulus of 2048 bits: what the root uses. A platform that refuses only shorter ones still passes.
const RSA_KEY =
  'AwEAAbk8a3KuvAZ8iH+saadg/6QYeraBM3TzxSKD2UCg1m/mS3cZUrwug0Z1wJDYLVfDghQiGvYnFtksh8wMZzh/hRhZWcnx' +
  'qehfLAhkelpUFps/0xDasMK+jYDS/bHUP3PmumzvQL4uq8Mn8h3hVQaFHNmDTlXjsgtG4KxQhqJ2SaMVGuMe1gfGGubMSAUD' +
  'ciz2wsfM+KXPqqvtEa53ctKSPikUaYZ5PYP3mLqmubCu2h78ke0Q/kNXB2yOnyXCdvOPFij7UwQYQEOtMgB3cGOt9VmWbE19' +
  'dHmFZ/2LU0iPYw8UreN+3vlFjKEfl77Kex/wfu0yCawA7l2T+CPyfxJ6Bds='

const RSA_SHA1_SIGNATURE =
  'hQG+sxqEl4SjtMzvN5GcydtrFBukZU7hcsqn6KrYTy9OZ0cZfmIbg89rjQTb3t0COVqQB4fdPkf5Hav3LsFyLUVRd9zgVIH0' +
  'SNdd2lU6VIfrFp0mwziDceCk6bsCvnZZCJz3pMFd/SUhDRATYz4eafxQq6Oige9wEJ4DaMGhbK0v0PPAAWQxwse+DxkNh0Wq' +
  '+6LdipXNFh6nwq8rwIEuZJQBg6mo7P0EjIjc2fzvKKTP2E4SKo3YWcW2zIRPmqz7uygXHEQ3HTWYXEcNDiuUgAXYQrENzfeS' +
  'oGReI678VKoDcSit1JY+qIPhPXowepOpRvdMWtSXkCt8zocic2OCow=='

/** Made once with node:crypto; the private keys are gone. */
export const ALGORITHM_VECTORS: readonly AlgorithmVector[] = [
  { algorithm: ALGORITHM.RSASHA1, publicKey: RSA_KEY, signature: RSA_SHA1_SIGNATURE },
  { algorithm: ALGORITHM.RSASHA1_NSEC3_SHA1, publicKey: RSA_KEY, signature: RSA_SHA1_SIGNATURE },
  {
    algorithm: ALGORITHM.RSASHA256,
    publicKey: RSA_KEY,
    signature:
      'ZizyGz/EWgzSc/k7ezlHtpbRenfKm0ROOemAIe/o5Za+FNuMkTamtgEmAMIETRkNQfjCkmNO12PfWtRBYt1/w5OXByuxoI3g' +
      'OrQYkGazQc/JncQbx8Cjcw8EVoKvOGJM4nUZuKM4oNEPAokIVNrYpBhR5iPWutVYlX1TT3+pw4HGuW0nw3hIn5RYW8Io8j56' +
      'zBGWFrMFYfsbHkauiLNrO4Dy8/rJh1iflVrOo5I0tJHcLRjtPAeM92tndu9BqZ1A/k8Rnabgoeons/g+ocy3Pww+Dr+nJdPy' +
      'U2auyIsTcKPzsxZV0RSTUwGZknijrBnbJbkhtO4pgSI/CzCPMbBfrQ==',
  },
  {
    algorithm: ALGORITHM.RSASHA512,
    publicKey: RSA_KEY,
    signature:
      'OQTYmrFHVb6ohiyZzyElIzJJGsvrsVSq+VS+d1O0dlOD3k1L1zWbUKNE/CTSSTIWK7/f3NnBlhwbIBVIvw7pu3h+2AznLI3h' +
      'bqNQ/isZyXBLSI+aW5RtbPAwxxEir02r9LtNAscelenibnKGslhBJ2slFCQnq1PwmtT986I+G3SheQVa9SFoIunPo7BbypCD' +
      'y4CfrT52KL58WWj+EZzPfYLtQm4PDTPOXmvZQq2RlvUEtUwDH0AcaWflM8ukjrJCaFvlw//MogC/cxbUaLq7O3u3R3t0hCjl' +
      'T6ZQY7yoYG1o6I9qfvnyDX0WaXdSFJUp0xH4LQQfEx0uq74FGCBIEA==',
  },
  {
    algorithm: ALGORITHM.ECDSAP256SHA256,
    publicKey: 'WOSumSplwNbttUvNWdpesmVM8RtNEJoZ+zGNO8eMpJpwwo1d/4y3HTFiXuVD+KJc0mdtcm3wApjX4U9LUwXh1Q==',
    signature: 'ugq6+eoJS3a20HleUgfNK3lx8QLbc7tVjz0FKfMHORhdozhg5KGzxLQr5bSS5RXe6k4Qy64UuDiz/IO8NGacCQ==',
  },
  {
    algorithm: ALGORITHM.ECDSAP384SHA384,
    publicKey:
      'p0Exx6V4HOw3pVsEg/WhttdkGvNlWALx6OqT/PgItP3PQocXsjLn4xu1OiwpJlMfv013ljqOwwQ7w9/aorFSaPeu7zYpU/T6' +
      'TbvBDjHX0FG1oKpivaUcYNhLWOahBH1X',
    signature:
      'gBVRieBEjjyf3c1T02bfNNJCBN+Oep07/pQI7OFF4o4XF8VfvfWNq/KhpMfttDIJTlf4cX9eZxxcu+shWW3sNwubM+E0DGFV' +
      '/tNtFDYCd8uicXyWKZ9KJwKvD5azFdS6',
  },
  {
    algorithm: ALGORITHM.ED25519,
    publicKey: 'OR/sV1GxvWBn9URSQq4CoRPmrQ5ROXGwTp9UQbGzAB4=',
    signature: 'Y/Jj5fdlRp1pOFn98Oot8KiPk6vJV1EIVN0Mge24UUAhOjsnrt4xRHczc2lfQVuIXNeKTZWNTzrNWpUT/4zbDg==',
  },
  {
    algorithm: ALGORITHM.ED448,
    publicKey: '21sJpPZfN3bEF0mOICpl7TV06Lwdeii/xt4sb2DHUms2kjBMQlHJ8iDHrFMtkWzxO5OTja3tmzQA',
    signature:
      'Ik8tAsC4dwL6M1/iOh4Nl0n+b1st26Mm3/Sk6gyK4rCqIdywScT1SgR36ceD3HKC6gP5oCjj+weACCgUQ3Tp+qRiiJD5w1+u' +
      'hgF4a+nEeeCLB0KUM/TH082QhiF4nseXX64/wPYGUEKuZKl8234ThTcA',
  },
]
