/** Keys, signatures and DS records by other people's programs: ldnsutils of NLnet Labs, dnssec tools of BIND. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../../bench/processes.ts'
import { masterFile, type ZoneRecord } from './zone-content.ts'
import type { Fault, Signer, Signing, ZonePlan } from './zone-plan.ts'

export interface SignedZone {
  readonly plan: ZonePlan
  /** Path of the master file to serve. */
  readonly file: string
  /** The DS set that the parent gets. */
  readonly ds: readonly ZoneRecord[]
}

const DS_TTL_SECONDS = 86_400
const DAY_SECONDS = 86_400
const RSA_BITS = 2048
const ALGORITHM_MNEMONICS: Readonly<Record<number, string>> = {
  8: 'RSASHA256',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
}
/** A DNSSEC algorithm and a digest type that the registries have not given to anybody. */
const UNKNOWN_ALGORITHM = 200
const UNKNOWN_DIGEST_TYPE = 200
const SOME_DIGEST = 'd2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971'

/** A key pair in files: `base`.key and `base`.private in the zone's folder. */
interface Key {
  readonly base: string
  readonly role: 'ksk' | 'zsk'
}

/** Writes, signs and, where the plan says so, spoils a zone in a folder of its own. */
export async function signZone(
  plan: ZonePlan,
  records: readonly ZoneRecord[],
  folder: string,
): Promise<SignedZone> {
  await mkdir(folder, { recursive: true })
  const { signing } = plan
  if (signing === undefined) {
    const file = join(folder, 'zone')
    await writeFile(file, masterFile(records))
    return { plan, file, ds: delegationSigner(plan, []) }
  }
  const keys = await makeKeys(plan.name, signing, folder)
  const lines = await signedLines(plan, signing, records, keys, folder)
  const file = join(folder, 'zone.signed')
  await writeFile(file, `${(await spoil(plan, signing, records, keys, folder, lines)).join('\n')}\n`)
  return { plan, file, ds: await dsRecords(plan, signing, keys, folder) }
}

/** Another set where two keys happen to have one tag: the later one has overwritten the files of the other. */
async function makeKeys(zone: string, signing: Signing, folder: string): Promise<Key[]> {
  for (;;) {
    const keys = await drawKeys(zone, signing, folder)
    if (new Set(keys.map(({ base }) => base)).size === keys.length) return keys
  }
}

async function drawKeys(zone: string, signing: Signing, folder: string): Promise<Key[]> {
  const keys: Key[] = []
  for (const algorithm of signing.algorithms) {
    keys.push(await makeKey(zone, signing.signer, algorithm, 'ksk', folder))
    if (signing.keys === 'split') keys.push(await makeKey(zone, signing.signer, algorithm, 'zsk', folder))
  }
  return keys
}

async function makeKey(
  zone: string,
  signer: Signer,
  algorithm: number,
  role: Key['role'],
  folder: string,
): Promise<Key> {
  const args = ['-a', ALGORITHM_MNEMONICS[algorithm]!]
  if (algorithm === 8) args.push('-b', String(RSA_BITS))
  if (signer === 'ldns' && role === 'ksk') args.push('-k')
  if (signer === 'bind' && role === 'ksk') args.push('-f', 'KSK')
  if (signer === 'bind') args.push('-q')
  const output = await runProgram(
    signer === 'ldns' ? 'ldns-keygen' : 'dnssec-keygen',
    [...args, zone],
    folder,
  )
  return { base: output.trim(), role }
}

/** Runs the zone's signer; the lines of the signed zone, one record each. */
async function signedLines(
  plan: ZonePlan,
  signing: Signing,
  records: readonly ZoneRecord[],
  keys: readonly Key[],
  folder: string,
): Promise<string[]> {
  const run = signing.signer === 'ldns' ? signByLdns : signByBind
  await run(plan, signing, records, keys, folder)
  const text = await readFile(join(folder, 'zone.out'), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
}

async function signByLdns(
  plan: ZonePlan,
  signing: Signing,
  records: readonly ZoneRecord[],
  keys: readonly Key[],
  folder: string,
): Promise<void> {
  await writeFile(join(folder, 'zone'), masterFile(records))
  const [inception, expiration] = validity(plan.fault)
  const args = ['-o', plan.name, '-f', 'zone.out', '-i', inception, '-e', expiration]
  if (signing.denial !== 'nsec') args.push('-n', '-t', String(signing.nsec3.iterations))
  if (signing.denial !== 'nsec' && signing.nsec3.salt !== '-') args.push('-s', signing.nsec3.salt)
  if (signing.denial === 'optout') args.push('-p')
  await runProgram('ldns-signzone', [...args, 'zone', ...keys.map((key) => key.base)], folder)
}

async function signByBind(
  plan: ZonePlan,
  signing: Signing,
  records: readonly ZoneRecord[],
  keys: readonly Key[],
  folder: string,
): Promise<void> {
  // dnssec-signzone wants the DNSKEY records in the zone.
  const keyTexts = await Promise.all(keys.map((key) => readFile(join(folder, `${key.base}.key`), 'utf8')))
  await writeFile(join(folder, 'zone'), [masterFile(records), ...keyTexts].join('\n'))
  const [inception, expiration] = validity(plan.fault)
  const args = ['-q', '-O', 'full', '-o', plan.name, '-f', 'zone.out', '-s', inception, '-e', expiration]
  if (signing.keys === 'combined') args.push('-z')
  if (signing.denial !== 'nsec') args.push('-3', signing.nsec3.salt, '-H', String(signing.nsec3.iterations))
  if (signing.denial === 'optout') args.push('-A')
  // It verifies its own work, which is out of date here on purpose.
  if (plan.fault === 'expired' || plan.fault === 'not-yet-valid') args.push('-P')
  await runProgram('dnssec-signzone', [...args, 'zone', ...keys.map((key) => key.base)], folder)
}

/** Inception and expiration as both signers take them, YYYYMMDDHHmmSS. */
function validity(fault: Fault | undefined): [string, string] {
  if (fault === 'expired') return ['20200101000000', '20200201000000']
  const now = Date.now() / 1000
  const start = fault === 'not-yet-valid' ? now + 10 * DAY_SECONDS : now - DAY_SECONDS / 24
  return [dateText(start), dateText(start + 30 * DAY_SECONDS)]
}

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
}

/** Owner, type and, of an RRSIG, the type covered, in one line of a signed zone. */
interface LineFacts {
  readonly owner: string
  readonly type: string
  readonly covered: string
}

function factsOf(line: string): LineFacts {
  const match = /^(\S+)\s+\d+\s+IN\s+(\S+)\s+(\S+)/.exec(line)
  if (match === null) throw new Error(`not a record in one line: ${line}`)
  const [, owner, type, first] = match
  return { owner: owner!.toLowerCase(), type: type!, covered: type === 'RRSIG' ? first! : type! }
}

const DENIAL_TYPES: readonly string[] = ['NSEC', 'NSEC3']

async function spoil(
  plan: ZonePlan,
  signing: Signing,
  records: readonly ZoneRecord[],
  keys: readonly Key[],
  folder: string,
  lines: string[],
): Promise<string[]> {
  const keep = (test: (facts: LineFacts) => boolean): string[] => lines.filter((line) => test(factsOf(line)))
  const victim = `www.${plan.name}`
  switch (plan.fault) {
    case 'signature-stripped':
      return keep(({ owner, type, covered }) => !(type === 'RRSIG' && covered === 'A' && owner === victim))
    case 'signatures-stripped':
      return keep(({ type, covered }) => type !== 'RRSIG' || covered === 'DNSKEY')
    case 'denial-stripped':
      return keep(({ covered }) => !DENIAL_TYPES.includes(covered))
    case 'data-changed':
      return lines.map((line) =>
        isRecordOf(line, victim, 'A') ? line.replace(/198\.18\.\S+/, '198.19.255.255') : line,
      )
    case 'foreign-zsk': {
      const foreign = [
        keys.find((key) => key.role === 'ksk')!,
        await makeKey(plan.name, signing.signer, 13, 'zsk', folder),
      ]
      const others = await signedLines(plan, signing, records, foreign, folder)
      return [
        ...keep(({ covered }) => covered === 'DNSKEY'),
        ...others.filter((l) => factsOf(l).covered !== 'DNSKEY'),
      ]
    }
    default:
      return lines
  }
}

function isRecordOf(line: string, owner: string, type: string): boolean {
  const facts = factsOf(line)
  return facts.owner === owner && facts.type === type
}

async function dsRecords(
  plan: ZonePlan,
  signing: Signing,
  keys: readonly Key[],
  folder: string,
): Promise<readonly ZoneRecord[]> {
  if (plan.ds === 'other-key') {
    const stranger = await makeKey(plan.name, signing.signer, signing.algorithms[0]!, 'ksk', folder)
    return delegationSigner(plan, [await digestOfKey(signing.signer, stranger, 2, folder)])
  }
  const digests: string[] = []
  for (const key of keys.filter(({ role }) => role === 'ksk')) {
    for (const type of typeof plan.ds === 'string' ? [] : plan.ds) {
      digests.push(await digestOfKey(signing.signer, key, type, folder))
    }
  }
  return delegationSigner(plan, digests)
}

/** The DS set as records, given the RDATA of the good ones. */
function delegationSigner(plan: ZonePlan, rdatas: readonly string[]): ZoneRecord[] {
  const all = [...rdatas]
  if (plan.ds === 'unknown-algorithm') all.push(`12345 ${UNKNOWN_ALGORITHM} 2 ${SOME_DIGEST}`)
  if (plan.ds === 'unknown-digest') all.push(`12345 13 ${UNKNOWN_DIGEST_TYPE} ${SOME_DIGEST}`)
  return all.map((rdata) => ({ owner: plan.name, ttlSeconds: DS_TTL_SECONDS, type: 'DS', rdata }))
}

/** The RDATA of a DS record for a key: digest type 1, 2 or 4. */
async function digestOfKey(signer: Signer, key: Key, type: number, folder: string): Promise<string> {
  const file = `${key.base}.key`
  const bindNames: Readonly<Record<number, string>> = { 1: 'SHA-1', 2: 'SHA-256', 4: 'SHA-384' }
  const output =
    signer === 'ldns'
      ? await runProgram('ldns-key2ds', ['-n', `-${type}`, file], folder)
      : await runProgram('dnssec-dsfromkey', ['-a', bindNames[type]!, file], folder)
  const match = /\sDS\s+(.*)/.exec(output)
  if (match === null) throw new Error(`no DS record for ${key.base}: ${output}`)
  return match[1]!
}
