/** Sound zones of several signers: a check must not find anything. */
import t from 'tap'
import { buildInternet } from '../../src/lab/internet.ts'
import { deriveKey, KSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { compactDenial } from '../../src/lab/rewrites.ts'
import { makeDs } from '../../src/lab/signer.ts'
import { combinedKey, keySigningKey, splitKeys } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { testFolder } from '../support/folder.ts'
import { CLOCK, catalogue, SIGNED, WWW } from '../support/world.ts'
import { rsaKeys } from './changes.ts'
import { makeCheckWorld } from './check-world.ts'
import { twoServers, unsignedOnTwoServers } from './fault-zones.ts'
import { missingProgram, SIGNERS, signedBy } from './other-signers.ts'

/** Zones in all, where every signer is installed. */
const ZONES_MIN = 20

const RICH = `${WWW}www AAAA 2001:db8::80
@ A 192.0.2.1
@ MX 10 www
@ TXT "text"
deep.below.empty A 192.0.2.83
alias CNAME www
`

const { ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256 } = ALGORITHM

function cdsInStep(zone: string): string {
  const key = deriveKey(`${zone} KSK`, ECDSAP256SHA256, KSK_FLAGS)
  const cds = formatRdata(TYPE.CDS, makeDs(nameFrom(zone), key, DIGEST.SHA256))
  return `${RICH}@ CDS ${cds}\n@ CDNSKEY ${formatRdata(TYPE.CDNSKEY, key.dnskey)}\n`
}

const OWN: readonly LabZone[] = [
  twoServers('lab-p256.test.', { content: RICH }),
  twoServers('lab-p384.test.', { content: RICH, signing: { algorithm: ECDSAP384SHA384 } }),
  twoServers('lab-ed25519.test.', { content: RICH, signing: { algorithm: ED25519, denial: PLAIN_NSEC3 } }),
  twoServers('lab-ed448.test.', { content: RICH, signing: { algorithm: ED448 } }),
  twoServers('lab-rsa.test.', { content: RICH, signing: { algorithm: RSASHA256, keys: rsaKeys } }),
  twoServers('lab-nsec3.test.', { content: RICH, signing: { ...SIGNED, denial: PLAIN_NSEC3 } }),
  twoServers('lab-combined.test.', { content: RICH, signing: { ...SIGNED, keys: combinedKey } }),
  twoServers('lab-wildcard.test.', { content: `${RICH}* A 192.0.2.9\n` }),
  twoServers('lab-wildcard3.test.', {
    content: `${RICH}* A 192.0.2.9\n`,
    signing: { ...SIGNED, denial: PLAIN_NSEC3 },
  }),
  twoServers('lab-cds.test.', { content: cdsInStep('lab-cds.test.') }),
  twoServers('lab-double-ds.test.', {
    signing: {
      ...SIGNED,
      keys: (zone, algorithm) => [
        ...splitKeys(zone, algorithm),
        keySigningKey(deriveKey(`${zone} next KSK`, algorithm, KSK_FLAGS)),
      ],
    },
  }),
  twoServers('lab-compact.test.', {
    signing: { ...SIGNED, keys: combinedKey },
    rewrites: ({ apex, signing }) => [compactDenial(apex, signing!.keys[0]!.key, signing!.span)],
  }),
]

const folder = testFolder(t)
const installed = SIGNERS.filter((signer) => {
  const missing = missingProgram(signer)
  if (missing !== undefined) t.comment(`zones by ${signer.name} are skipped: ${missing}`)
  return missing === undefined
})
const unsigned = installed.flatMap(({ jobs }) =>
  jobs.map(({ zone }) => unsignedOnTwoServers(zone, { content: RICH })),
)
// Addresses go by the order of the zones, so what is signed has to be what will be served.
const plain = buildInternet({ nowSeconds: CLOCK, zones: catalogue([...OWN, ...unsigned]) })
const foreign = installed.flatMap((signer) =>
  signer.jobs.flatMap((job) => {
    const bare = unsignedOnTwoServers(job.zone, { content: RICH })
    try {
      return [signedBy(signer, job, bare, plain.zones.get(job.zone)!, folder)]
    } catch (error) {
      if (signer.fickle !== true) throw error
      t.comment(`${job.zone} is skipped: ${String(error)}`)
      // In its place, so that the others keep their addresses.
      return [twoServers(job.zone, { content: RICH })]
    }
  }),
)
const zones = [...OWN, ...foreign]
const world = makeCheckWorld(zones)

t.test('nothing is found', async (t) => {
  for (const { name } of zones) {
    const found = await world.check(name)
    t.same(
      found.map(({ code, problem, evidence }) => [code, problem, ...evidence]),
      [],
      name,
    )
    const { verdicts } = await world.observe(name)
    t.equal(verdicts.domain.status, 'secure', `${name} validates`)
  }
})

t.test('so many zones', { skip: installed.length < 2 && 'signers are missing' }, async (t) => {
  t.ok(zones.length >= ZONES_MIN, `${zones.length} zones by ${installed.length + 1} signers`)
})
