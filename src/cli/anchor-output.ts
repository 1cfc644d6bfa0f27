/** Trust anchors as a file that `dnssec.trust-anchor-files` can name. */
import { rename, writeFile } from 'node:fs/promises'
import { reasonOf } from '../config/text-file.ts'
import type { TrustAnchor } from '../dnssec/trust-anchors.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { formatRecord } from '../wire/zone-text.ts'
import { UnusableInput } from './exit-code.ts'

/** A remark and a record for each anchor. */
export function anchorText(remark: string, anchors: readonly TrustAnchor[]): string {
  const lines = anchors.map(({ zone, ds, dnskey }) => {
    const type = ds === undefined ? TYPE.DNSKEY : TYPE.DS
    const record = { owner: zone, type, class: CLASS.IN, ttlSeconds: 0, rdata: (ds ?? dnskey)! }
    return formatRecord(record).replace(/\t0\t/, '\t')
  })
  return `; ${remark}\n${lines.join('\n')}\n`
}

/** Prints the text, or replaces a file by it: whoever reads that sees the old text or the new, never half. */
export async function writeAnchors(
  text: string,
  output: string | undefined,
  print: (text: string) => void,
): Promise<void> {
  if (output === undefined) return print(text)
  const fresh = `${output}.new`
  try {
    await writeFile(fresh, text)
    await rename(fresh, output)
  } catch (error) {
    throw new UnusableInput(`${output} cannot be written: ${reasonOf(error)}`)
  }
}
