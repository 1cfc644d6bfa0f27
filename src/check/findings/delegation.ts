/** Parent and child compared: NS sets, glue, and the servers' names and addresses. */
import { type Address, formatAddress } from '../../base/address.ts'
import { RCODE } from '../../wire/iana/rcode.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import type { Message } from '../../wire/message.ts'
import { isSubdomainOf } from '../../wire/name.ts'
import { formatRdata } from '../../wire/rdata/rdata.ts'
import { type Finding, finding } from '../finding.ts'
import { groupBy } from '../groups.ts'
import type { NameServerView } from '../observations.ts'
import { nameText, recordText, serverTexts } from '../text.ts'
import { apexSet, messageOf, setOf, type ZoneView } from '../zone-view.ts'

/** TTL of the records that the fixes show. */
const TTL_SECONDS = 3_600

/** The delegation. Says little where no server answers: then there is nothing to compare with. */
export function findDelegation(view: ZoneView): Finding[] {
  if (view.seen.absent !== undefined) return []
  return [
    ...nsSets(view),
    ...differingServers(view),
    ...loneServer(view),
    ...serverNames(view),
    ...glue(view),
    ...parentServers(view),
  ]
}

function nsSets(view: ZoneView): Finding[] {
  const { nameServers, parent } = view.seen
  if (view.working.length === 0 || parent === undefined || parent.servesChild) return []
  const above = nameText(parent.zone)
  const line = (server: NameServerView): string => recordText(view.zone, TYPE.NS, server.name, TTL_SECONDS)
  const onlyParent = nameServers.filter((server) => server.atParent && !server.atChild)
  const onlyChild = nameServers.filter((server) => server.atChild && !server.atParent)
  const found: Finding[] = []
  if (onlyParent.length > 0) {
    found.push(
      finding('ns-only-at-parent', {
        problem: `${above} delegates ${view.name} to servers that are not in the zone's own NS set: ${namesText(onlyParent)}.`,
        fix: `Have the registrar take these NS records out of ${above}, or add them to the zone ${view.name} if the servers should serve it.`,
        remove: onlyParent.map(line),
      }),
    )
  }
  if (onlyChild.length > 0) {
    found.push(
      finding('ns-only-at-child', {
        problem: `The NS set of ${view.name} has servers that ${above} does not delegate to: ${namesText(onlyChild)}.`,
        fix: `Have the registrar add these NS records to ${above}, or take them out of the zone ${view.name}.`,
        publish: onlyChild.map(line),
      }),
    )
  }
  return found
}

function namesText(servers: readonly NameServerView[]): string {
  return servers.map(({ name }) => nameText(name)).join(', ')
}

/** The zone's servers disagree on the NS set. */
function differingServers(view: ZoneView): Finding[] {
  const sets = groupBy(view.working, (server) => {
    const ns = apexSet(server, view.zone, TYPE.NS)?.rdatas ?? []
    return ns
      .map((rdata) => formatRdata(TYPE.NS, rdata).toLowerCase())
      .sort()
      .join(', ')
  })
  if (sets.size < 2) return []
  return [
    finding('ns-differs', {
      problem: `The servers of ${view.name} give different NS sets.`,
      evidence: [...sets].map(([names, servers]) => `${serverTexts(servers).join(', ')}: ${names || 'none'}`),
      fix: 'Correct the NS set on the primary, raise the serial, and see that every secondary transfers the zone.',
    }),
  ]
}

function loneServer(view: ZoneView): Finding[] {
  const { nameServers, servers } = view.seen
  const addresses = unique(nameServers.flatMap((server) => [...server.addresses, ...server.glue]))
  if (nameServers.length > 1 && addresses.length > 1) return []
  return [
    finding('single-server', {
      problem: `${view.name} has ${nameServers.length > 1 ? 'a single address for all its name servers' : 'a single name server'}.`,
      evidence: serverTexts(servers),
      fix: 'Set up a second name server in another network and place, and add it to the zone and, by the registrar, to the delegation.',
    }),
  ]
}

/** Names of servers that lead nowhere, or not for everybody. */
function serverNames(view: ZoneView): Finding[] {
  const { nameServers } = view.seen
  const aliases = nameServers.filter(({ isAlias }) => isAlias)
  const nowhere = nameServers.filter(
    ({ isAlias, isUnknown, addresses, glue }) =>
      !isAlias && !isUnknown && addresses.length + glue.length === 0,
  )
  const line = ({ name }: NameServerView): string => recordText(view.zone, TYPE.NS, name, TTL_SECONDS)
  const found: Finding[] = []
  if (aliases.length > 0) {
    found.push(
      finding('ns-is-alias', {
        problem: `Name servers of ${view.name} are aliases (CNAME): ${namesText(aliases)}.`,
        fix: 'Give each of them address records of its own in place of the CNAME, or name the server that it stands for in the NS set, in the zone and at the registrar.',
        remove: aliases.map(line),
      }),
    )
  }
  if (nowhere.length > 0) {
    found.push(
      finding('ns-without-address', {
        problem: `Name servers of ${view.name} have no address: ${namesText(nowhere)}.`,
        fix: 'Add A or AAAA records for these names, or take the servers out of the NS set, in the zone and at the registrar.',
        remove: nowhere.map(line),
      }),
    )
  }
  return [...found, ...hiddenAddresses(view)]
}

function hiddenAddresses(view: ZoneView): Finding[] {
  const hiding = view.seen.nameServers.filter(({ hidden }) => hidden.length > 0)
  if (hiding.length === 0) return []
  const hidden = unique(hiding.flatMap((server) => server.hidden))
  const answers = view.working.some(({ endpoint }) => without([endpoint.address], hidden).length === 0)
  return [
    finding('ns-address-private', {
      // Somebody checks a zone of the own network.
      ...(answers ? { severity: 'notice' as const } : {}),
      problem: `Name servers of ${view.name} have addresses that only a private network can reach: ${hidden.map(formatAddress).join(', ')}.`,
      fix: `Give ${namesText(hiding)} public addresses, or take the servers out of the NS set, in the zone and at the registrar.`,
      remove: hiding.flatMap((server) =>
        unique(server.hidden).map((address) => addressLine(server, address)),
      ),
    }),
  ]
}

function addressLine({ name }: NameServerView, address: Address): string {
  return recordText(name, address.length === 4 ? TYPE.A : TYPE.AAAA, address, TTL_SECONDS)
}

/** Glue: missing where nothing else leads to the server, or other than what the zone says. */
function glue(view: ZoneView): Finding[] {
  const { parent, nameServers } = view.seen
  if (parent === undefined || parent.servesChild) return []
  const above = nameText(parent.zone)
  const inside = nameServers.filter(
    ({ atParent, name, addresses }) => atParent && isSubdomainOf(name, view.zone) && addresses.length > 0,
  )
  const bare = inside.filter((server) => server.glue.length === 0)
  const differing = inside.filter((server) => server.glue.length > 0 && !sameAddresses(server))
  const found: Finding[] = []
  if (bare.length > 0) {
    found.push(
      finding('glue-missing', {
        problem: `${above} delegates ${view.name} to servers that lie in it, without saying where they are: ${namesText(bare)}.`,
        fix: `Have the registrar add the addresses as host records (glue) in ${above}.`,
        publish: bare.flatMap((server) => server.addresses.map((address) => addressLine(server, address))),
      }),
    )
  }
  if (differing.length > 0) {
    found.push(
      finding('glue-differs', {
        problem: `${above} has other addresses for servers of ${view.name} than the zone itself: ${namesText(differing)}.`,
        evidence: differing.flatMap((server) => [
          `${nameText(server.name)} in ${above}: ${server.glue.map(formatAddress).join(', ')}`,
          `${nameText(server.name)} in ${view.name}: ${server.addresses.map(formatAddress).join(', ')}`,
        ]),
        fix: `Have the registrar correct the host records (glue) in ${above}, unless the zone is what is out of date.`,
        publish: differing.flatMap((server) =>
          without(server.addresses, server.glue).map((address) => addressLine(server, address)),
        ),
        remove: differing.flatMap((server) =>
          without(server.glue, server.addresses).map((address) => addressLine(server, address)),
        ),
      }),
    )
  }
  return found
}

function sameAddresses({ glue: given, addresses }: NameServerView): boolean {
  return without(given, addresses).length + without(addresses, given).length === 0
}

/** The parent's servers disagree on the delegation or on the DS set. */
function parentServers(view: ZoneView): Finding[] {
  const servers = view.seen.parent?.servers ?? []
  const said = (type: number, pick: 'delegation' | 'ds'): Map<string, typeof servers> => {
    const answering = servers.filter((server) => isWhole(messageOf(server[pick])))
    return groupBy(answering, (server) => {
      const { answer, authority } = messageOf(server[pick])!
      const rdatas = setOf([...answer, ...authority], view.zone, type)?.rdatas ?? []
      return rdatas
        .map((rdata) => formatRdata(type, rdata).toLowerCase())
        .sort()
        .join(', ')
    })
  }
  const above = nameText(view.seen.parent?.zone ?? view.zone)
  const differing = [said(TYPE.NS, 'delegation'), said(TYPE.DS, 'ds')].filter((sets) => sets.size > 1)
  if (differing.length === 0) return []
  return [
    finding('parents-disagree', {
      problem: `The servers of ${above} give different delegations of ${view.name}.`,
      evidence: differing.flatMap((sets) =>
        [...sets].map(
          ([records, from]) =>
            `${from.map(({ endpoint }) => formatAddress(endpoint.address)).join(', ')}: ${records || 'none'}`,
        ),
      ),
      fix: `A change made a moment ago may still be on its way: check again in an hour. If it stays, tell the operator of ${above}.`,
    }),
  ]
}

/** A server that fails says nothing of the delegation. */
function isWhole(message: Message | undefined): boolean {
  return message?.rcode === RCODE.NOERROR && !message.tc
}

function without(some: readonly Address[], others: readonly Address[]): Address[] {
  return some.filter((address) => !others.some((other) => other.join() === address.join()))
}

function unique(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((address) => [address.join(), address])).values()]
}
