/** Unbound (unbound.conf(5)). */
import type { Launch, Peer, ResolverSetup } from './peer.ts'

export const UNBOUND: Peer = {
  key: 'unbound',
  title: 'Unbound',
  program: 'unbound',
  package: 'unbound',
  versionArgs: ['-V'],
  version: /Version (\S+)/,
  configure,
}

// Twice as many sockets as questions, as its manual wants it; without libevent it takes fewer by itself. Slabs are for
// threads to share.
function configure(setup: ResolverSetup): Launch {
  const { folder, threads, cacheMib } = setup
  const text = `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  num-threads: ${threads}
  interface: ${setup.address}
  port: ${setup.port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  outgoing-range: 8192
  num-queries-per-thread: 4096
  so-rcvbuf: 4m
  so-reuseport: ${threads > 1 ? 'yes' : 'no'}
  msg-cache-size: ${cacheMib}m
  rrset-cache-size: ${cacheMib}m
  msg-cache-slabs: ${slabs(threads)}
  rrset-cache-slabs: ${slabs(threads)}
  infra-cache-slabs: ${slabs(threads)}
  key-cache-slabs: ${slabs(threads)}
  key-cache-size: 64m
  neg-cache-size: 64m
  infra-cache-numhosts: 20000
  module-config: "validator iterator"
  root-hints: "${setup.hintsFile}"
  trust-anchor-file: "${setup.anchorFile}"
  trust-anchor-signaling: no
  edns-buffer-size: 1232
  max-udp-size: 1232
  ratelimit: 0
  ip-ratelimit: 0
remote-control:
  control-enable: no
`
  return { files: { 'unbound.conf': text }, args: ['-d', '-p', '-c', `${folder}/unbound.conf`] }
}

/** A power of two, as it wants them. */
function slabs(threads: number): number {
  return 2 ** Math.ceil(Math.log2(threads))
}
