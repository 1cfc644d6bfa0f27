/** The SOA record: agreement of the servers, and its timers. */
import { RCODE } from '../../wire/iana/rcode.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { namesEqual } from '../../wire/name.ts'
import { parseSoa } from '../../wire/rdata/soa.ts'
import { type Finding, finding } from '../finding.ts'
import { groupBy } from '../groups.ts'
import { serverTexts, spanText, waitText } from '../text.ts'
import { apexSet, messageOf, type ZoneView } from '../zone-view.ts'

/** RFC 1912 2.2 asks for two to four weeks; what is below a week does not outlast a holiday. */
const EXPIRE_SECONDS_MIN = 604_800
/** RFC 2308 5: values above one day have been found problematic. */
const NEGATIVE_TTL_SECONDS_MAX = 86_400

/** SOA and what else stands at the apex. */
export function findSoa(view: ZoneView): Finding[] {
  return [...serials(view), ...timers(view), ...apexAlias(view)]
}

function serials(view: ZoneView): Finding[] {
  const groups = groupBy(view.working, (server) => {
    const rdata = apexSet(server, view.zone, TYPE.SOA)?.rdatas[0]
    return String(rdata === undefined ? 'none' : parseSoa(rdata)?.serial)
  })
  if (groups.size < 2) return []
  return [
    finding('serial-differs', {
      problem: `The servers of ${view.name} have different versions of the zone.`,
      evidence: [...groups].map(
        ([serial, servers]) => `serial ${serial}: ${serverTexts(servers).join(', ')}`,
      ),
      fix: 'Check again in some minutes: a change may be on its way. If it stays, look at NOTIFY and zone transfer to the servers with the lower serial; if the serial went backwards, raise it above the highest (RFC 1982).',
    }),
  ]
}

function timers({ soa, name, seen }: ZoneView): Finding[] {
  if (soa === undefined) return []
  const found: Finding[] = []
  const { refresh, retry, expire, minimumSeconds } = soa
  const isServedByMany = seen.servers.length > 1
  if (isServedByMany && expire < EXPIRE_SECONDS_MIN) {
    found.push(
      finding('soa-expire-short', {
        problem: `Secondaries of ${name} stop answering ${spanText(expire)} after they lose their primary.`,
        evidence: [`SOA EXPIRE ${expire}`],
        fix: `Set EXPIRE in the SOA record to at least ${EXPIRE_SECONDS_MIN} (a week); two weeks are usual.`,
      }),
    )
  }
  if (isServedByMany && retry > refresh) {
    found.push(
      finding('soa-retry-long', {
        problem: `A secondary of ${name} that failed to refresh waits longer for its next try than for a refresh.`,
        evidence: [`SOA REFRESH ${refresh}, RETRY ${retry}`],
        fix: `Set RETRY in the SOA record to a fraction of REFRESH, for instance ${Math.max(1, Math.floor(refresh / 4))}.`,
      }),
    )
  }
  if (minimumSeconds > NEGATIVE_TTL_SECONDS_MAX) {
    found.push(
      finding('negative-ttl-long', {
        problem: `Resolvers may keep a denial of ${name} for ${waitText(minimumSeconds)}.`,
        evidence: [`SOA MINIMUM ${minimumSeconds}`],
        fix: `Set MINIMUM in the SOA record to at most ${NEGATIVE_TTL_SECONDS_MAX}; 3600 is usual. Wait ${waitText(minimumSeconds)} after that before you rely on a new name being seen.`,
      }),
    )
  }
  return found
}

function apexAlias(view: ZoneView): Finding[] {
  const cnames = view.seen.servers.filter((server) =>
    server.data.some(({ name, reply }) => {
      const message = messageOf(reply)
      if (message?.rcode !== RCODE.NOERROR || !namesEqual(name, view.zone)) return false
      return message.answer.some(({ type, owner }) => type === TYPE.CNAME && namesEqual(owner, view.zone))
    }),
  )
  if (cnames.length === 0) return []
  return [
    finding('apex-alias', {
      problem: `${view.name} itself is an alias (CNAME), beside the SOA and NS records that every zone has.`,
      servers: serverTexts(cnames),
      fix: 'Replace the CNAME at the apex by A and AAAA records, or by an HTTPS record in alias mode (RFC 9460).',
    }),
  ]
}
