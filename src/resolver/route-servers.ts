/** Addresses of a route's servers that were given by name. */
import { type Name, nameKey } from '../wire/name.ts'
import { addressTypes } from './address-families.ts'
import type { Context } from './context.ts'

/**
 * Looks them up beside the question at hand, which does not wait: every server that the
 * operator named is to have its share of questions, but a name that cannot be resolved must not hold up anybody.
 */
export function lookUpAside(context: Context, name: Name): void {
  const { routes, settings } = context
  const key = nameKey(name)
  // What is not kept cannot be found when the next question looks for it.
  if (routes.lookedUp.has(key) || routes.closest(name)?.cache === false) return
  routes.lookedUp.add(key)
  context.aside(async (job) => {
    const types = addressTypes(settings)
    try {
      for (const type of types) {
        const data = await context.fetchData(job, name, type)
        if (data.kind === 'records') return
      }
    } finally {
      routes.lookedUp.delete(key)
    }
  })
}
