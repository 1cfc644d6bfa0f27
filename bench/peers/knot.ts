/** Knot Resolver 5: one process a thread; its configuration is Lua. */
import type { Launch, Peer, ResolverSetup } from './peer.ts'

export const KNOT: Peer = {
  key: 'knot',
  title: 'Knot Resolver',
  program: 'kresd',
  package: 'knot-resolver',
  versionArgs: ['--version'],
  version: /version (\S+)/,
  configure,
}

// One cache holds everything. ALLOW_LOCAL lets it ask authorities on loopback. The modules that are unloaded ask the
// root of their own accord, or watch things that do not change here.
function configure(setup: ResolverSetup): Launch {
  const text = `net.ipv6 = false
net.listen('${setup.address}', ${setup.port}, { kind = 'dns' })
net.bufsize(1232)
log_level('crit')
cache.size = ${2 * setup.cacheMib} * MB
modules.load('hints')
hints.root_file('${setup.hintsFile}')
hints.use_nodata(false)
trust_anchors.remove('.')
trust_anchors.add('. 86400 IN DS ${setup.anchor}')
option('ALLOW_LOCAL', true)
modules.unload('ta_signal_query')
modules.unload('ta_update')
modules.unload('priming')
`
  const forks = setup.threads > 1 ? ['-f', String(setup.threads)] : []
  return {
    files: { 'kresd.conf': text },
    args: ['-n', '-q', '-c', `${setup.folder}/kresd.conf`, ...forks, setup.folder],
  }
}
