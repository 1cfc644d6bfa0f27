/** Every zone of the lab Internet. */
import { BROKEN_ZONES } from './broken-zones.ts'
import { HEALTHY_ZONES } from './healthy-zones.ts'
import type { LabZone } from './lab-zone.ts'
import { REGISTRY_ZONES } from './registry-zones.ts'

/** The whole catalogue: registries first, what is in order, then what is broken. */
export const LAB_ZONES: readonly LabZone[] = [...REGISTRY_ZONES, ...HEALTHY_ZONES, ...BROKEN_ZONES]
