/** The report as the folder for state keeps it. */
import { z } from 'zod'
import { REPORT_FILE_OCTETS_MAX } from '../../base/limits.ts'
import { DistinctClients } from '../../telemetry/report/distinct-clients.ts'
import { type ReportData, STAGES } from '../../telemetry/report/report-data.ts'
import { parseNameText } from '../../wire/name-text.ts'
import type { StateForm } from '../state/state-file.ts'

const COUNT = z.number().min(0)
const SECONDS = z.int().min(0)
const NAME = z.string().refine((text) => parseNameText(text) instanceof Uint8Array, 'expected a domain name')
const CLIENTS = z
  .string()
  .refine((text) => DistinctClients.decode(text) !== undefined, 'expected counted clients')
const ADDRESSES = z.array(z.string())

const CHECK = z.strictObject({
  at: SECONDS,
  failing: z.boolean(),
  contact: z.string().optional(),
  servers: z.strictObject({ good: ADDRESSES, bad: ADDRESSES, silent: ADDRESSES }).optional(),
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
        type: z.string(),
        reason: z.string(),
        ede: z.int(),
        text: z.string(),
        queries: COUNT,
      }),
    )
    .min(1),
  names: z.array(z.strictObject({ name: NAME, type: z.string(), queries: COUNT })),
  firstSeen: SECONDS,
  lastSeen: SECONDS,
  check: CHECK.optional(),
})

const REPORT = z.strictObject({
  since: SECONDS,
  verdicts: z.strictObject({ secure: COUNT, insecure: COUNT, bogus: COUNT, indeterminate: z.number() }),
  unchecked: COUNT,
  others: COUNT,
  clients: CLIENTS,
  noticing: z.array(CLIENTS).length(STAGES.length),
  tlds: z.array(z.strictObject({ tld: NAME, signed: COUNT, unsigned: COUNT })),
  domains: z.array(DOMAIN),
})

/** The lightest domains are left out where the file would be too long. */
export const REPORT_FORM: StateForm<ReportData> = {
  kind: 'rollout-report',
  version: 1,
  write: (data) => {
    let octets = JSON.stringify({ ...data, domains: [] }).length
    const fitting = data.domains.findIndex((domain) => {
      octets += JSON.stringify(domain).length
      return octets > REPORT_FILE_OCTETS_MAX
    })
    return fitting < 0 ? data : { ...data, domains: data.domains.slice(0, fitting) }
  },
  read: (content) => {
    const { success, data, error } = REPORT.safeParse(content)
    if (success) return data
    const [issue] = error.issues
    return { fault: `${issue?.path.join('.')}: ${issue?.message}` }
  },
}
