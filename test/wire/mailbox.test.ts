/** RNAMEs as mail addresses: RFC 1035 8, quoted as RFC 5321 4.1.2 wants it. */
import t from 'tap'
import { mailboxText } from '../../src/wire/mailbox.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

for (const [rname, address] of [
  ['hostmaster.example.se.', 'hostmaster@example.se'],
  ['john\\.doe.example.se.', 'john.doe@example.se'],
  ['dns+zone.example.se.', 'dns+zone@example.se'],
  ['two\\032words.example.se.', '"two words"@example.se'],
  ['\\.first.example.se.', '".first"@example.se'],
  ['a\\.\\.b.example.se.', '"a..b"@example.se'],
  ['quo\\"te.example.se.', '"quo\\"te"@example.se'],
  ['back\\\\slash.example.se.', '"back\\\\slash"@example.se'],
  ['\\@.example.se.', '"@"@example.se'],
  ['<b>.example.se.', '"<b>"@example.se'],
] as const) {
  t.test(`${rname} is ${address}`, async (t) => t.equal(mailboxText(nameFrom(rname)), address))
}

for (const [rname, why] of [
  ['.', 'nobody'],
  ['hostmaster.', 'no domain'],
  ['line\\010feed.example.se.', 'a control character'],
  ['\\195\\164.example.se.', 'octets beyond ASCII'],
  ['hostmaster.ex\\032ample.se.', 'a space in the domain'],
  ['hostmaster.-example.se.', 'a hyphen first in the domain'],
] as const) {
  t.test(`${rname} is no address: ${why}`, async (t) => t.equal(mailboxText(nameFrom(rname)), undefined))
}
