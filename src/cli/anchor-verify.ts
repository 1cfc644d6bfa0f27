/** `sigill anchor verify`: ICANN's signature over the root anchors, and the anchors in use against them. */
import { systemClock } from '../base/clock.ts'
import { defaultConfig, loadConfig } from '../config/load.ts'
import { packagedFile, SIGNATURE_FILE, XML_FILE } from '../daemon/anchors/publication.ts'
import { anchorsInForce } from '../dnssec/anchor-xml.ts'
import { anchorKeyTag } from '../dnssec/trust-anchors.ts'
import { ROOT } from '../wire/name.ts'
import { anchorText, writeAnchors } from './anchor-output.ts'
import { isSameKey } from './anchor-status.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { formatDay, readGiven, verifyPublished } from './published-anchors.ts'

/** What the command was told. Paths left out mean the copies in the package. */
export interface AnchorVerifyOptions {
  readonly config?: string
  readonly xml?: string
  readonly signature?: string
  readonly ca?: string
  /** File to write the verified keys to, as DS records. */
  readonly output?: string
}

/** Verifies; NO when the signature does not hold, or an anchor of the root in use is not a published one in force. */
export async function anchorVerify(
  options: AnchorVerifyOptions,
  print: (text: string) => void,
): Promise<ExitCode> {
  const config = options.config === undefined ? defaultConfig() : loadConfig(options.config)
  const xmlPath = options.xml ?? packagedFile(XML_FILE)
  const nowSeconds = systemClock(config.settings['dnssec.clock']).unixSeconds()
  const signature = readGiven(options.signature ?? packagedFile(SIGNATURE_FILE))
  const verified = await verifyPublished(readGiven(xmlPath), signature, nowSeconds, options.ca)
  if ('refused' in verified) {
    print(`${xmlPath}: not verified: ${verified.refused}\n`)
    return EXIT.NO
  }
  print(
    `${xmlPath}: signed by ICANN; the signer's certificate ends ${formatDay(verified.signerExpiresSeconds)}\n`,
  )
  const inForce = anchorsInForce(verified.keys, nowSeconds)
  if (options.output !== undefined) {
    const remark = `Root trust anchors from ${xmlPath}, verified with ICANN's signature.`
    await writeAnchors(anchorText(remark, inForce), options.output, print)
  }
  const keysInForce = verified.keys.filter((key) => inForce.some((anchor) => isSameKey(anchor, key)))
  let agreed = true
  for (const anchor of config.anchors.of(ROOT)) {
    const key = keysInForce.find((candidate) => isSameKey(anchor, candidate))
    if (key === undefined) agreed = false
    const verdict = key === undefined ? 'NOT a published key in force' : 'published and in force'
    print(`anchor in use, key tag ${anchorKeyTag(anchor)}: ${verdict}\n`)
  }
  for (const key of keysInForce) {
    if (config.anchors.of(ROOT).some((anchor) => isSameKey(anchor, key))) continue
    agreed = false
    print(`published key, key tag ${key.keyTag}: NOT in use here\n`)
  }
  return agreed ? EXIT.DONE : EXIT.NO
}
