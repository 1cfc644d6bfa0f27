/** Processor time of the resolver alone: what the lab's servers take for their answers is not counted. */
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { processorMs, timeOf } from '../support/processor-time.ts'
import type { World } from '../support/world.ts'

/** Ten times what the catalogue allows, or more: a machine that runs other tests too must not fail one. */
export const GENEROUS_MS = 300

/** Milliseconds that one question costs. */
export async function askedMs(world: World, name: string, type: number = TYPE.A): Promise<number> {
  let labMs = 0
  for (const [address, authority] of world.internet.authorities) {
    world.network.attach(address, (...query) => {
      const { result, ms } = timeOf(() => authority(...query))
      labMs += ms
      return result
    })
  }
  const tookMs = await processorMs(async () => void (await world.ask(name, type)))
  return tookMs - labMs
}
