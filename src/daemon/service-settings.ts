/** What of a configuration the client side goes by. */
import type { Settings } from '../config/settings.ts'
import type { ServiceSettings } from '../front/service.ts'
import { AccessList } from '../policy/access.ts'
import { LocalZones } from '../policy/local-zones.ts'

/** The settings of a service. */
export function serviceSettings(settings: Settings): ServiceSettings {
  return {
    access: new AccessList({
      allow: settings['access.allow'],
      deny: settings['access.deny'],
      snoop: settings['access.snoop'],
    }),
    localZones: localZones(settings),
    any: settings['resolution.any'],
    texts: { identity: settings['server.identity'], version: settings['server.version'] },
    nsid: settings['server.nsid'],
  }
}

/** The zones that are answered without asking anybody. */
export function localZones(settings: Settings): LocalZones {
  return new LocalZones({
    off: settings['local-zones.disable'],
    zones: settings['local-zones.zones'],
    records: settings['local-zones.records'],
  })
}
