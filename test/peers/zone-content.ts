/** What stands in the zones before they are signed. All of it follows from the plan and a seed. */
import { SeededRandom } from '../support/seeded-random.ts'
import { below, parentZone, SERVER_HOSTS, type ServerKey, ZONES, type ZonePlan } from './zone-plan.ts'

/** One record in presentation form. */
export interface ZoneRecord {
  /** Absolute. */
  readonly owner: string
  readonly ttlSeconds: number
  /** Mnemonic. */
  readonly type: string
  readonly rdata: string
}

const NEGATIVE_TTL_SECONDS = 900
const TTLS_SECONDS = [300, 3600, 86_400, 172_800]

/** A record of each type that all programs of the test read and write, RDATA as in the type's RFC. */
const MENAGERIE: readonly (readonly [type: string, rdata: string])[] = [
  ['HINFO', '"PDP-11" "UNIX V7"'],
  ['RP', 'host.example. txt.example.'],
  ['AFSDB', '1 www.example.'],
  ['X25', '"311061700956"'],
  ['ISDN', '"150862028003217" "004"'],
  ['RT', '10 www.example.'],
  ['PX', '10 map822.example. mapx400.example.'],
  ['LOC', '59 20 0.000 N 18 3 0.000 E 28.00m 1m 10000m 10m'],
  ['NAPTR', '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.!" .'],
  ['KX', '10 www.example.'],
  ['CERT', 'PKIX 65535 8 AQIDBAUGBwg='],
  ['APL', '1:192.0.2.0/24 !2:2001:db8::/32'],
  ['SSHFP', '4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789'],
  ['IPSECKEY', '10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=='],
  ['DHCID', 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='],
  ['TLSA', '3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971'],
  ['SMIMEA', '3 0 0 01020304'],
  ['OPENPGPKEY', 'mQINBFOhPVQBEADm'],
  ['CSYNC', '66 3 A NS AAAA'],
  ['SVCB', '1 www.example. alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1'],
  ['HTTPS', '0 www.example.'],
  ['SPF', '"v=spf1 -all"'],
  ['NID', '10 0014:4fff:ff20:ee64'],
  ['L32', '10 10.1.2.0'],
  ['L64', '10 2001:0DB8:1140:1000'],
  ['LP', '10 l64-subnet1.example.'],
  ['EUI48', '00-00-5e-00-53-2a'],
  ['EUI64', '00-00-5e-ef-10-00-00-2a'],
  ['URI', '10 1 "ftp://ftp.example./public"'],
  ['CAA', '128 issue "ca.example; policy=ev"'],
  ['TYPE65280', '\\# 4 deadbeef'],
  ['MINFO', 'Requests.example. errors.EXAMPLE.'],
  ['MB', 'WWW.example.'],
  ['MG', 'www.example.'],
  ['MR', 'www.example.'],
  ['KEY', '256 3 8 AQIDBAUGBwg='],
  ['PTR', 'Printer.Example.'],
]

/** Labels whose octets need escapes or whose case matters; each owns an A record. */
export const ODD_LABELS: readonly string[] = [
  'nul\\000x',
  'caf\\195\\169',
  'dot\\.ted',
  'sp\\032ace',
  'semi\\;colon',
  'UPPER.Case',
  '_under',
  'l'.repeat(63),
]

/** The name of a DNAME whose target is so long that long names below it overflow (RFC 6672 2.2). */
export const LONG_DNAME_LABEL = 'dname-long'

/** A leaf other than this one, for records that point across zones; all kinds of zones get their turn. */
export function otherLeaf(plan: ZonePlan, distance: number): ZonePlan {
  const leaves = ZONES.filter((zone) => zone.kind === 'leaf' && zone.fault !== 'signatures-stripped')
  const at = leaves.indexOf(plan)
  return leaves[(at + distance + leaves.length) % leaves.length]!
}

/** The records of a zone, DNSSEC aside but for the DS sets of its children, which come as an argument. */
export function zoneRecords(plan: ZonePlan, network: string, dsRecords: readonly ZoneRecord[]): ZoneRecord[] {
  const builder = new ZoneBuilder(plan, network)
  builder.apex()
  if (plan.kind === 'leaf') builder.leaf()
  if (plan.kind === 'reverse') builder.reverse()
  if (plan.kind === 'registry') builder.registry()
  if (plan.name === 'hosting.nu.') builder.hosting()
  for (const child of ZONES) if (parentZone(child) === plan) builder.delegation(child)
  builder.records.push(...dsRecords)
  return builder.records
}

/** The text of a master file with these records (RFC 1035 5). */
export function masterFile(records: readonly ZoneRecord[]): string {
  const lines = records.map(
    ({ owner, ttlSeconds, type, rdata }) => `${owner}\t${ttlSeconds}\tIN\t${type}\t${rdata}\n`,
  )
  return `$TTL 3600\n${lines.join('')}`
}

/** The names of the zone's name servers and their addresses. */
export function nameServers(plan: ZonePlan, network: string): { name: string; address: string }[] {
  const [first, second] = SERVER_HOSTS[plan.server]
  const hosts = second === undefined ? [first!] : [first!, second]
  return hosts.map((host, i) => ({
    name:
      plan.nameServers === 'hosting'
        ? `ns${i + 1}-${plan.server}.hosting.nu.`
        : below(`ns${i + 1}`, plan.name),
    address: `${network}.${host}`,
  }))
}

class ZoneBuilder {
  readonly records: ZoneRecord[] = []
  readonly #plan: ZonePlan
  readonly #network: string
  readonly #random: SeededRandom

  constructor(plan: ZonePlan, network: string) {
    this.#plan = plan
    this.#network = network
    this.#random = new SeededRandom(plan.name)
  }

  #name(label: string): string {
    return below(label, this.#plan.name)
  }

  #add(label: string, type: string, rdata: string, ttlSeconds = this.#random.pick(TTLS_SECONDS)): void {
    this.records.push({ owner: label === '@' ? this.#plan.name : this.#name(label), ttlSeconds, type, rdata })
  }

  #addresses(label: string, count4: number, count6: number): void {
    const ttlSeconds = this.#random.pick(TTLS_SECONDS)
    const octet = (): number => this.#random.below(256)
    for (let i = 0; i < count4; i++) this.#add(label, 'A', `198.18.${octet()}.${octet()}`, ttlSeconds)
    for (let i = 0; i < count6; i++) {
      this.#add(label, 'AAAA', `2001:db8:${octet().toString(16)}::${i + 1}`, ttlSeconds)
    }
  }

  apex(): void {
    const rdata = `${this.#name('ns1')} ${this.#name('hostmaster')} 2026010100 7200 3600 1209600 ${NEGATIVE_TTL_SECONDS}`
    this.#add('@', 'SOA', rdata, 3600)
    for (const { name, address } of nameServers(this.#plan, this.#network)) {
      this.#add('@', 'NS', name, 3600)
      if (this.#plan.nameServers === 'in-zone')
        this.records.push({ owner: name, ttlSeconds: 3600, type: 'A', rdata: address })
    }
  }

  delegation(child: ZonePlan): void {
    for (const { name, address } of nameServers(child, this.#network)) {
      this.records.push({ owner: child.name, ttlSeconds: 86_400, type: 'NS', rdata: name })
      if (child.nameServers === 'in-zone')
        this.records.push({ owner: name, ttlSeconds: 86_400, type: 'A', rdata: address })
    }
  }

  registry(): void {
    this.#addresses('www.nic', 1, 1)
    this.#add('nic', 'TXT', '"registry"')
    this.#addresses('*.wild.nic', 1, 0)
    this.#add('to-leaf', 'CNAME', below('www', otherLeaf(ZONES.at(-1)!, this.#random.below(40)).name))
    // A delegation whose server does not know the zone.
    this.#add('lame', 'NS', below('ns1.lame', this.#plan.name))
    this.#add('ns1.lame', 'A', `${this.#network}.${SERVER_HOSTS.a[0]}`)
  }

  reverse(): void {
    if (this.#plan.name !== '44.in-addr.arpa.') return
    this.#add('1.0.128', 'PTR', 'www.ldns-rsa-nsec.se.')
    this.#add('2.0.128', 'CNAME', this.#name('2.subnet.0.128'))
    this.#add('2.subnet.0.128', 'PTR', 'www.hosting.nu.')
  }

  hosting(): void {
    for (const server of Object.keys(SERVER_HOSTS) as ServerKey[]) {
      SERVER_HOSTS[server].forEach((host, i) => {
        this.#add(`ns${i + 1}-${server}`, 'A', `${this.#network}.${host}`, 3600)
      })
    }
  }

  leaf(): void {
    this.#services()
    this.#aliases()
    this.#wildcards()
    this.#trees()
    this.#types()
    this.#longTexts()
  }

  #services(): void {
    this.#addresses('@', 1 + this.#random.below(2), this.#random.below(2))
    this.#add('@', 'MX', `10 ${this.#name('mail')}`, 3600)
    this.#add('@', 'MX', `20 ${below('mail', otherLeaf(this.#plan, 1).name)}`, 3600)
    this.#add('@', 'TXT', '"v=spf1 mx -all"', 3600)
    this.#add('@', 'TXT', `"site-verification=${this.#random.label(32)}"`, 3600)
    this.#add('@', 'CAA', '0 issue "ca.example"', 3600)
    this.#add('@', 'CAA', '0 iodef "mailto:security@example"', 3600)
    this.#add('@', 'HTTPS', '1 . alpn=h2,h3')
    this.#add('@', 'NAPTR', `10 10 "s" "SIP+D2U" "" ${this.#name('_sip._udp')}`)
    this.#addresses('www', 1 + this.#random.below(4), this.#random.below(3))
    this.#addresses('mail', 1, 1)
    this.#add(
      '_25._tcp.mail',
      'TLSA',
      '3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971',
    )
    this.#add('_sip._udp', 'SRV', `10 60 5060 ${this.#name('www')}`, 3600)
    this.#add('_sip._udp', 'SRV', `20 0 5060 ${this.#name('Mail')}`, 3600)
    this.#addresses('many', 24, 0)
    this.#add('ttl-0', 'A', '198.18.0.1', 0)
  }

  #aliases(): void {
    const target = (label: string, distance: number): string =>
      below(label, otherLeaf(this.#plan, distance).name)
    this.#add('alias', 'CNAME', this.#name('www'))
    for (let i = 1; i < 5; i++) this.#add(`chain-${i}`, 'CNAME', this.#name(`chain-${i + 1}`))
    this.#add('chain-5', 'CNAME', this.#name('www'))
    this.#add('away', 'CNAME', target('www', 3))
    this.#add('away-far', 'CNAME', target('away', 11))
    this.#add('away-wild', 'CNAME', target('some.wild', 5))
    this.#add('away-nothing', 'CNAME', target('nothing-here', 7))
    this.#add('away-ent', 'CNAME', target('ent', 13))
    this.#add('away-top', 'CNAME', 'www.nic.com.')
    this.#add('dangling', 'CNAME', this.#name('nothing-here'))
    this.#add('loop-a', 'CNAME', this.#name('loop-b'))
    this.#add('loop-b', 'CNAME', this.#name('loop-a'))
    this.#add('dname', 'DNAME', otherLeaf(this.#plan, 9).name)
    this.#add('dname-near', 'DNAME', this.#name('wild'))
    this.#add('dname-far', 'DNAME', target('dname', 17))
    this.#add(LONG_DNAME_LABEL, 'DNAME', `${'x'.repeat(60)}.${'y'.repeat(60)}.${this.#plan.name}`)
    this.#add('to-dname', 'CNAME', this.#name('www.dname'))
  }

  #wildcards(): void {
    this.#addresses('*.wild', 2, 0)
    this.#add('*.wild', 'TXT', '"from a wildcard"')
    this.#add('*.wild', 'MX', `10 ${this.#name('mail')}`)
    this.#addresses('exact.wild', 1, 0)
    this.#addresses('*.deep.wild', 0, 1)
    this.#add('*.wild-alias', 'CNAME', this.#name('www'))
    this.#add('*.wild-away', 'CNAME', below('www', otherLeaf(this.#plan, 19).name))
    this.#add('*.wild-chain', 'CNAME', this.#name('other.wild'))
  }

  #trees(): void {
    this.#addresses('a.b.c.ent', 1, 0)
    this.#add('x.c.ent', 'TXT', '"beside an empty non-terminal"')
    for (const label of ODD_LABELS) this.#addresses(label, 1, 0)
    this.#addresses(this.#fillingLabels(), 1, 0)
  }

  /** Labels that make the longest name that fits under the apex. */
  #fillingLabels(): string {
    const { signing, name } = this.#plan
    // BIND's signer and NSD hash the wildcard below every name for NSEC3; where it does not fit, one gives up, one dies.
    const octetsMax = signing !== undefined && signing.denial !== 'nsec' ? 253 : 255
    let room = octetsMax - (name.length + 1)
    const labels: string[] = []
    while (room > 1) {
      // A rest of one octet would be an empty label, so the label before leaves two or none.
      const length = Math.min(63, room - 1) - (room - 1 > 63 && room - 64 === 1 ? 1 : 0)
      labels.push('f'.repeat(length))
      room -= length + 1
    }
    return labels.join('.')
  }

  #types(): void {
    MENAGERIE.forEach(([type, rdata], i) => {
      // Every zone has a third of them, together and alone.
      if (i % 3 !== this.#random.below(3)) return
      this.#add('types', type, rdata, 3600)
      this.#add(`type-${type.toLowerCase()}`, type, rdata)
    })
  }

  #longTexts(): void {
    const text = (octets: number): string => `"${this.#random.label(octets)}"`
    this.#add('long', 'TXT', Array.from({ length: 4 }, () => text(200)).join(' '), 3600)
    for (let i = 0; i < 9; i++) this.#add('longer', 'TXT', `${text(250)} ${text(200)}`, 3600)
  }
}
