/** The report as the folder for state keeps it. */
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { HashKey } from '../../base/keyed-hash.ts'
import {
  REPORT_FILE_OCTETS_MAX,
  REPORT_SENTENCES_MAX,
  REPORT_SOURCES_MAX,
  REPORT_TEXT_CHARACTERS_MAX,
  SECOND_LOOK_ADDRESSES_MAX,
} from '../../base/limits.ts'
import type { Settings } from '../../config/settings.ts'
import { DistinctClients } from '../../telemetry/report/distinct-clients.ts'
import { type KeptReport, STAGES } from '../../telemetry/report/report-data.ts'
import { parseType } from '../../wire/iana/rrtype.ts'
import { parseNameText } from '../../wire/name-text.ts'
import type { StateForm } from '../state/state-file.ts'

/** Of many, which a resolver tells apart: 32 bits do, and give nothing of a secret of 64 away. */
const KEY_DIGITS = 8
const SOURCE_DIGITS = 16

const digits = (count: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${count}}$`))
const COUNT = z.number().min(0)
const SECONDS = z.int().min(0)
const NAME = z.string().refine((text) => parseNameText(text) instanceof Uint8Array, 'expected a domain name')
const CLIENTS = z
  .string()
  .refine((text) => DistinctClients.decode(text) !== undefined, 'expected counted clients')
const TEXT = z.string().max(REPORT_TEXT_CHARACTERS_MAX)

const TYPE = TEXT.refine((text) => parseType(text) !== undefined, 'expected the type of a record')

const TRIAL = z.strictObject({
  address: TEXT,
  transport: z.enum(['udp', 'tcp']),
  outcome: z.enum(['good', 'bad', 'silent']),
  reason: TEXT,
})

const CHECK = z.strictObject({
  at: SECONDS,
  verdict: z.enum(['secure', 'insecure', 'bogus', 'indeterminate']),
  party: z.enum(['them', 'us', 'unsure']),
  confidence: z.enum(['high', 'medium', 'low']),
  because: z.array(TEXT).max(REPORT_SENTENCES_MAX),
  trials: z.array(TRIAL).max(2 * SECOND_LOOK_ADDRESSES_MAX),
  contact: TEXT.optional(),
})

const DOMAIN = z.strictObject({
  domain: NAME,
  queries: COUNT,
  refused: COUNT,
  clients: CLIENTS,
  faults: z
    .array(
      z.strictObject({
        zone: NAME,
        type: TYPE,
        reason: TEXT,
        ede: z.int(),
        text: TEXT,
        queries: COUNT,
      }),
    )
    .min(1),
  names: z.array(z.strictObject({ name: NAME, type: TYPE, queries: COUNT })),
  firstSeen: SECONDS,
  lastSeen: SECONDS,
  check: CHECK.optional(),
})

const REPORT = z.strictObject({
  since: SECONDS,
  until: SECONDS,
  key: digits(KEY_DIGITS),
  sources: z.array(digits(SOURCE_DIGITS)).min(1).max(REPORT_SOURCES_MAX),
  verdicts: z.strictObject({ secure: COUNT, insecure: COUNT, bogus: COUNT, indeterminate: z.number() }),
  unchecked: COUNT,
  others: COUNT,
  clients: CLIENTS,
  noticing: z.array(CLIENTS).length(STAGES.length),
  tlds: z.array(z.strictObject({ tld: NAME, signed: COUNT, unsigned: COUNT })),
  domains: z.array(DOMAIN),
})

/** As they stand in a long file, which is not indented; a comma follows. */
function octetsOf(part: unknown): number {
  return Buffer.byteLength(JSON.stringify(part)) + 1
}

/** The lightest domains are left out where the file would be too long. */
export const REPORT_FORM: StateForm<KeptReport> = {
  kind: 'rollout-report',
  holds: 'what was counted for the rollout report',
  version: 2,
  write: (data) => {
    let octets = octetsOf({ ...data, domains: [] })
    const fitting = data.domains.findIndex((domain) => {
      octets += octetsOf(domain)
      return octets > REPORT_FILE_OCTETS_MAX
    })
    if (fitting < 0) return data
    const left = data.domains.slice(fitting).reduce((sum, { queries }) => sum + queries, 0)
    return { ...data, others: data.others + left, domains: data.domains.slice(0, fitting) }
  },
  read: (content) => {
    const { success, data, error } = REPORT.safeParse(content)
    if (success) return data
    const [issue] = error.issues
    return { fault: `${issue?.path.join('.')}: ${issue?.message}` }
  },
}

/** The same for a resolver that counts by this key: what was counted by another one is of no use to it. */
export function reportForm(key: string): StateForm<KeptReport> {
  const read: StateForm<KeptReport>['read'] = (content) => {
    const report = REPORT_FORM.read(content)
    if ('fault' in report || report.key === key) return report
    return {
      fault: 'its clients were counted by another secret (rollout-key.json), or another prefix length',
    }
  }
  return { ...REPORT_FORM, read }
}

/** Digits that tell one way of counting clients from another, and nothing of the secret. */
export function reportKey(secret: HashKey, settings: Settings): string {
  const bits = [settings['dnssec.rollout.ipv4-prefix-bits'], settings['dnssec.rollout.ipv6-prefix-bits']]
  const digest = createHash('sha256').update(JSON.stringify([secret, bits]))
  return digest.digest('hex').slice(0, KEY_DIGITS)
}

/** An identifier for counts that begin now. */
export function drawSource(): string {
  return randomBytes(SOURCE_DIGITS / 2).toString('hex')
}
