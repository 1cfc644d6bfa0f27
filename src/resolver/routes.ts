/** Zones whose servers the operator gave in place of a delegation: stub zones and forward zones. */
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, type Name, nameKey, parentOf } from '../wire/name.ts'
import type { Cut } from './cut.ts'
import type { Route } from './ports.ts'

/** The routes of an engine, by zone. */
export class Routes {
  readonly #byZone: ReadonlyMap<string, Route>
  /** Servers (by folded name) whose addresses are being looked up beside the questions. */
  readonly lookedUp: Set<string> = new Set<string>()

  constructor(routes: readonly Route[]) {
    this.#byZone = new Map(routes.map((route) => [nameKey(route.name), route]))
  }

  /** True when a route begins at exactly this name. */
  beginsAt(name: Name): boolean {
    return this.#byZone.size > 0 && this.#byZone.has(nameKey(name))
  }

  /** The deepest route at or above a name. */
  closest(name: Name): Route | undefined {
    if (this.#byZone.size === 0) return undefined
    for (let at = name; ; at = parentOf(at)) {
      const route = this.#byZone.get(nameKey(at))
      if (route !== undefined || isRoot(at)) return route
    }
  }

  /** The route of a question: a DS set is the parent's side of the cut (RFC 4035 3.1.4.1). */
  of(name: Name, type: number): Route | undefined {
    return this.closest(type === TYPE.DS && !isRoot(name) ? parentOf(name) : name)
  }

  /** The route that would hold if this one were not there. */
  above({ name }: Route): Route | undefined {
    return isRoot(name) ? undefined : this.closest(parentOf(name))
  }
}

/** A route as a zone cut. */
export function routeCut(route: Route): Cut {
  return { kind: 'cut', zone: route.name, servers: route.servers, route }
}

/** True for a zone below a stub zone that its servers delegated. A forwarder resolves all there is below it. */
export function isDelegatedBelow(zone: Name, route: Route): boolean {
  return route.kind === 'stub' && isStrictSubdomainOf(zone, route.name)
}
