/** The chain of trust as a tree: each key set under the DS that vouches for it, each RRset under the keys that signed it. */
import { unwrapSerialTime } from '../dnssec/serial.ts'
import type { TraceEvent } from '../resolver/ports.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, labelCount, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'

/** One verified (or refused) link. */
export type ChainLink = Extract<TraceEvent, { readonly kind: 'link' }>

/** A link and what rests on it. */
export interface ChainNode {
  readonly link: ChainLink
  readonly children: ChainNode[]
}

/** Puts links into a tree, in the order in which they came; a link that came twice stands once. */
export function buildChain(links: readonly ChainLink[]): ChainNode[] {
  const nodes: ChainNode[] = []
  const seen = new Set<string>()
  for (const link of links) {
    const key = JSON.stringify([link.type, formatName(link.owner).toLowerCase(), formatLink(link, 0)])
    if (!seen.has(key)) nodes.push({ link, children: [] })
    seen.add(key)
  }
  const roots: ChainNode[] = []
  for (const node of nodes) {
    const parent = parentOf(node, nodes)
    if (parent === undefined) roots.push(node)
    else parent.children.push(node)
  }
  return roots
}

function isKeySet({ link }: ChainNode): boolean {
  return link.type === TYPE.DNSKEY && namesEqual(link.owner, link.zone)
}

/** Keys rest on the DS set of their zone; everything else on the keys of the deepest zone at or above its own. */
function parentOf(node: ChainNode, nodes: readonly ChainNode[]): ChainNode | undefined {
  const { zone } = node.link
  if (isKeySet(node)) {
    return nodes.findLast(({ link }) => link.type === TYPE.DS && namesEqual(link.owner, zone))
  }
  let best: ChainNode | undefined
  for (const candidate of nodes) {
    if (!isKeySet(candidate) || !isSubdomainOf(zone, candidate.link.zone)) continue
    // What says that the chain ends at a zone is not held up by the zone's own keys.
    if (node.link.type === TYPE.DS && namesEqual(candidate.link.zone, node.link.owner)) continue
    if (best === undefined || labelCount(candidate.link.zone) >= labelCount(best.link.zone)) best = candidate
  }
  return best
}

/**
 * The tree in lines.
 *
 * @param nowSeconds seconds since 1970, to read expirations by (RFC 4034 3.1.5)
 */
export function formatChain(roots: readonly ChainNode[], nowSeconds: number): string[] {
  const lines: string[] = []
  const visit = (node: ChainNode, lead: string, branch: string, next: string): void => {
    lines.push(`${lead}${branch}${formatLink(node.link, nowSeconds)}`)
    node.children.forEach((child, i) => {
      const last = i === node.children.length - 1
      visit(child, lead + next, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    })
  }
  for (const root of roots) visit(root, '', '', '')
  return lines
}

function formatLink(link: ChainLink, nowSeconds: number): string {
  const parts = [link.verdict === 'secure' ? 'secure' : `${link.verdict} (${link.reason})`]
  if (link.keyTag !== undefined) parts.push(`key tag ${link.keyTag}`)
  if (link.algorithm !== undefined) parts.push(formatAlgorithm(link.algorithm))
  if (link.expiration !== undefined) parts.push(`expires ${formatExpiration(link.expiration, nowSeconds)}`)
  const detail = link.detail === '' ? '' : `; ${link.detail}`
  return `${formatName(link.owner)} ${formatType(link.type)}: ${parts.join(', ')}${detail}`
}

function formatExpiration(serial: number, nowSeconds: number): string {
  return `${new Date(unwrapSerialTime(serial, nowSeconds) * 1000).toISOString().slice(0, 19)}Z`
}

/** The tree as plain values. */
export function chainToJson(roots: readonly ChainNode[], nowSeconds: number): object[] {
  return roots.map(({ link, children }) => ({
    zone: formatName(link.zone),
    owner: formatName(link.owner),
    type: formatType(link.type),
    ...(link.keyTag === undefined ? {} : { keyTag: link.keyTag }),
    ...(link.algorithm === undefined ? {} : { algorithm: formatAlgorithm(link.algorithm) }),
    ...(link.expiration === undefined ? {} : { expires: formatExpiration(link.expiration, nowSeconds) }),
    verdict: link.verdict,
    reason: link.reason,
    detail: link.detail,
    children: chainToJson(children, nowSeconds),
  }))
}
