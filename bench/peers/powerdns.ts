/** PowerDNS Recursor 4 and its successors (old style of settings). */
import type { Launch, Peer, ResolverSetup } from './peer.ts'

export const POWERDNS: Peer = {
  key: 'powerdns',
  title: 'PowerDNS Recursor',
  program: 'pdns_recursor',
  package: 'pdns-recursor',
  versionArgs: ['--version'],
  version: /Recursor (\S+)/,
  configure,
}

/** Its caches are counted: of a signed name, at most so many RRsets and messages are kept. */
const ENTRIES_A_NAME = 2

function configure(setup: ResolverSetup): Launch {
  const { folder, threads } = setup
  const entries = setup.cacheNames * ENTRIES_A_NAME
  const text = `config-dir=${folder}
socket-dir=${folder}
daemon=no
local-address=${setup.address}
local-port=${setup.port}
allow-from=127.0.0.0/8
dont-query=
query-local-address=0.0.0.0
hint-file=${setup.hintsFile}
lua-config-file=${folder}/recursor.lua
dnssec=validate
threads=${threads}
pdns-distributes-queries=no
reuseport=${threads > 1 ? 'yes' : 'no'}
max-cache-entries=${entries}
max-packetcache-entries=${setup.cacheNames}
quiet=yes
loglevel=2
disable-syslog=yes
log-common-errors=no
statistics-interval=0
security-poll-suffix=
edns-outgoing-bufsize=1232
udp-truncation-threshold=1232
`
  const lua = `clearTA('.')\naddTA('.', "${setup.anchor}")\n`
  return { files: { 'recursor.conf': text, 'recursor.lua': lua }, args: [`--config-dir=${folder}`] }
}
