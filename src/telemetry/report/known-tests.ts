/** Zones that are broken on purpose, so that people can see whether a resolver validates: nobody is to mend them. */
import { isSubdomainOf, type Name } from '../../wire/name.ts'
import { nameFrom } from '../../wire/name-text.ts'

interface KnownTest {
  readonly zone: Name
  /** Who keeps it, or where that is said. */
  readonly source: string
}

const test = (zone: string, source: string): KnownTest => ({ zone: nameFrom(zone), source })

const KNOWN_TESTS: readonly KnownTest[] = [
  test('dnssec-failed.org.', 'Comcast, https://www.dnssec-failed.org'),
  test('rhybar.cz.', 'CZ.NIC, https://www.rhybar.cz'),
  test('sigfail.verteiltesysteme.net.', 'University of Duisburg-Essen, http://dnssec.vs.uni-due.de'),
  test(
    'sigfail.ippacket.stream.',
    'successor of sigfail.verteiltesysteme.net; Ubuntu Server, DNSSEC troubleshooting',
  ),
  test('servfail.nl.', 'SIDN Labs, https://www.servfail.nl'),
  test('bad-dnssec.wb.sidnlabs.nl.', 'SIDN Labs, https://workbench.sidnlabs.nl/bad-dnssec.html'),
  test('bogus.nlnetlabs.nl.', 'NLnet Labs; Unbound, pythonmod/examples/edns.py'),
  test('brokendnssec.net.', 'PowerDNS Recursor, regression tests for extended errors'),
  test('trasigdnssec.se.', 'The Swedish Internet Foundation, course in DNSSEC'),
  test('fail01.dnssec.works.', 'https://dnssec.works'),
  test('fail02.dnssec.works.', 'https://dnssec.works'),
  test('fail03.dnssec.works.', 'https://dnssec.works'),
  test('fail04.dnssec.works.', 'https://dnssec.works'),
  test('test.dnscheck.tools.', 'https://dnscheck.tools/help'),
]

/** Who broke a zone on purpose; undefined where nobody is known to. */
export function knownTest(zone: Name): string | undefined {
  return KNOWN_TESTS.find((known) => isSubdomainOf(zone, known.zone))?.source
}
