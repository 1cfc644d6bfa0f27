/** How long signatures last, and the TTLs beside them: what fails next, and what makes key rolls slow. */
import { serialDifference, serialTime } from '../../dnssec/serial.ts'
import type { Rrsig } from '../../wire/rdata/rrsig.ts'
import { type Finding, finding } from '../finding.ts'
import { type Judged, signaturesOf } from '../judged.ts'
import { nameText, rrsetText, serverTexts, spanText, timeText, waitText } from '../text.ts'
import type { ZoneView } from '../zone-view.ts'

const DAY_SECONDS = 86_400
/** Who signs for weeks renews with more than this left (BIND: a quarter of 30 days, Knot DNS: 7 days). */
const LEFT_SECONDS_MIN = 3 * DAY_SECONDS
/** Who signs for days renews with more than this share left. */
const LEFT_SHARE_MIN = 0.25
/** Half a year of replay; signers default to two to four weeks. */
const LIFETIME_SECONDS_MAX = 180 * DAY_SECONDS
/** Those who sign on the fly use a day or two. */
const LIFETIME_SECONDS_MIN = DAY_SECONDS / 2
/** RFC 6781 4.4.2.1 has an hour to a day. */
const KEY_TTL_SECONDS_MAX = 2 * DAY_SECONDS
const DS_TTL_SECONDS_MAX = DAY_SECONDS
/** PowerDNS renews all of them at once, with more than a third left. */
const TOGETHER_SHARE_MAX = 1 / 3
/** So few signatures end together by themselves. */
const TOGETHER_MIN = 4

interface Seen {
  readonly judged: Judged
  readonly rrsig: Rrsig
  /** Seconds from inception to expiration, and from now to it. */
  readonly lifetimeSeconds: number
  readonly leftSeconds: number
}

/** Lifetimes and TTLs. */
export function findLifetimes(view: ZoneView, judged: readonly Judged[]): Finding[] {
  const seen = judged.flatMap((one) => signaturesSeen(one, view))
  const valid = seen.filter(({ lifetimeSeconds, leftSeconds }) => lifetimeSeconds > 0 && leftSeconds >= 0)
  return [
    ...expiring(view, valid),
    ...lifetimes(view, valid),
    ...together(view, valid),
    ...expireOfSoa(view, valid),
    ...aboveOriginal(view, judged),
    ...keyTtls(view),
  ]
}

function signaturesSeen(judged: Judged, { zone, seen: { nowSeconds } }: ZoneView): Seen[] {
  return signaturesOf(judged.rrset, zone).map((rrsig) => ({
    judged,
    rrsig,
    lifetimeSeconds: serialDifference(rrsig.expiration, rrsig.inception),
    leftSeconds: serialDifference(rrsig.expiration, serialTime(nowSeconds)),
  }))
}

function lineOf({ judged, rrsig }: Seen, { seen }: ZoneView): string {
  const from = timeText(rrsig.inception, seen.nowSeconds)
  const to = timeText(rrsig.expiration, seen.nowSeconds)
  return `${rrsetText(judged.rrset)}: by key tag ${rrsig.keyTag}, from ${from} to ${to}`
}

function expiring(view: ZoneView, seen: readonly Seen[]): Finding[] {
  const ending = seen.filter(
    ({ leftSeconds, lifetimeSeconds }) =>
      leftSeconds < Math.min(LEFT_SECONDS_MIN, lifetimeSeconds * LEFT_SHARE_MIN),
  )
  if (ending.length === 0) return []
  const first = Math.min(...ending.map(({ leftSeconds }) => leftSeconds))
  const servers = [...new Set(ending.map(({ judged }) => judged.server))]
  return [
    finding('signature-expiring', {
      problem: `Signatures of ${view.name} end in ${spanText(first)} and have not been renewed.`,
      evidence: ending.map((one) => lineOf(one, view)),
      servers: servers.length === view.speaking.length ? [] : serverTexts(servers),
      fix: `Look at the signer today: is it running, can it read its keys, does the zone reach the servers? Renew signatures while at least ${spanText(LEFT_SECONDS_MIN)} are left ("signatures-refresh" in BIND, "rrsig-refresh" in Knot DNS).`,
    }),
  ]
}

function lifetimes(view: ZoneView, seen: readonly Seen[]): Finding[] {
  const found: Finding[] = []
  const long = seen.filter(({ lifetimeSeconds }) => lifetimeSeconds > LIFETIME_SECONDS_MAX)
  const short = seen.filter(({ lifetimeSeconds }) => lifetimeSeconds < LIFETIME_SECONDS_MIN)
  if (long.length > 0) {
    const most = Math.max(...long.map(({ lifetimeSeconds }) => lifetimeSeconds))
    found.push(
      finding('signature-lifetime-long', {
        problem: `Signatures of ${view.name} are valid for ${spanText(most)}.`,
        evidence: long.map((one) => lineOf(one, view)),
        fix: 'Sign for two to four weeks, and renew automatically.',
      }),
    )
  }
  if (short.length > 0) {
    const least = Math.min(...short.map(({ lifetimeSeconds }) => lifetimeSeconds))
    found.push(
      finding('signature-lifetime-short', {
        problem: `Signatures of ${view.name} are valid for only ${spanText(least)}.`,
        evidence: short.map((one) => lineOf(one, view)),
        fix: 'Sign for a week or more, unless every answer is signed on the fly; then for a day or two.',
      }),
    )
  }
  return found
}

/** A zone that was signed in one go, a while ago: nothing is renewed bit by bit. */
function together(view: ZoneView, seen: readonly Seen[]): Finding[] {
  const sets = new Set(seen.map(({ judged }) => rrsetText(judged.rrset)))
  const [first] = seen
  if (first === undefined || sets.size < TOGETHER_MIN) return []
  const { inception, expiration } = first.rrsig
  const all = seen.every(({ rrsig }) => rrsig.inception === inception && rrsig.expiration === expiration)
  if (!all || first.leftSeconds > first.lifetimeSeconds * TOGETHER_SHARE_MAX) return []
  return [
    finding('signatures-expire-together', {
      problem: `All signatures seen of ${view.name} were made in one second and end in one second, and two thirds of their time are over.`,
      evidence: [lineOf(first, view), `${sets.size} RRsets have the same times`],
      fix: 'Let the signer renew a part of the signatures every day and spread their ends ("dnssec-signzone -j" in BIND, "rrsig-refresh" below "rrsig-lifetime" in Knot DNS), and run it daily.',
    }),
  ]
}

function expireOfSoa(view: ZoneView, seen: readonly Seen[]): Finding[] {
  const { soa } = view
  const [first, ...rest] = seen.map(({ lifetimeSeconds }) => lifetimeSeconds)
  if (soa === undefined || first === undefined || view.seen.servers.length < 2) return []
  const least = Math.min(first, ...rest)
  // Who signs on the fly has no secondaries that could fall behind.
  if (least < 3 * DAY_SECONDS || soa.expire <= least) return []
  return [
    finding('soa-expire-beyond-signatures', {
      problem: `A secondary of ${view.name} may go on for ${spanText(soa.expire)} without its primary, but signatures last only ${spanText(least)}.`,
      evidence: [`SOA EXPIRE ${soa.expire}`, `shortest validity of a signature: ${least} s`],
      fix: `Set EXPIRE in the SOA record below ${least}, to a third of the validity if possible; or sign for longer.`,
    }),
  ]
}

/** An authority gives the TTL that was signed (RFC 4035 2.2); a negative answer's SOA may have a smaller one. */
function aboveOriginal(view: ZoneView, judged: readonly Judged[]): Finding[] {
  const raised = judged.filter(({ rrset }) =>
    signaturesOf(rrset, view.zone).some(({ originalTtlSeconds }) => rrset.ttlSeconds > originalTtlSeconds),
  )
  if (raised.length === 0) return []
  return [
    finding('ttl-above-original', {
      problem: `Servers of ${view.name} give records with a longer TTL than was signed.`,
      evidence: raised.map(({ rrset }) => {
        const [signed] = signaturesOf(rrset, view.zone)
        return `${rrsetText(rrset)}: TTL ${rrset.ttlSeconds}, signed ${signed!.originalTtlSeconds}`
      }),
      servers: serverTexts([...new Set(raised.map(({ server }) => server))]),
      fix: 'Change TTLs before signing, then sign again; look for a device that rewrites TTLs in front of the server.',
    }),
  ]
}

function keyTtls(view: ZoneView): Finding[] {
  const found: Finding[] = []
  const keys = view.keySets[0]?.rrset
  if (keys !== undefined && keys.ttlSeconds > KEY_TTL_SECONDS_MAX) {
    found.push(
      finding('dnskey-ttl-long', {
        problem: `Resolvers keep the keys of ${view.name} for ${waitText(keys.ttlSeconds)}.`,
        evidence: [`DNSKEY TTL ${keys.ttlSeconds}`],
        fix: `Set the TTL of the DNSKEY set to an hour, a day at most. Until it has run out once (${waitText(keys.ttlSeconds)}), roll no keys.`,
      }),
    )
  }
  if (view.ds !== undefined && view.ds.ttlSeconds > DS_TTL_SECONDS_MAX) {
    const above = view.seen.parent === undefined ? '' : ` in ${nameText(view.seen.parent.zone)}`
    found.push(
      finding('ds-ttl-long', {
        problem: `Resolvers keep the DS set of ${view.name} for ${waitText(view.ds.ttlSeconds)}.`,
        evidence: [`DS TTL ${view.ds.ttlSeconds}${above}`],
        fix: `Wait ${waitText(view.ds.ttlSeconds)} after every change of the DS set before you take an old key away; ask the registry for a TTL of a day or less.`,
      }),
    )
  }
  return found
}
