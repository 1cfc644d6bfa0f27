/** The commands by which a process takes over from the running one. */
import { z } from 'zod'
import { HAND_OVER_PROTOCOL, type HandOver } from '../hand-over/hand-over.ts'
import { type Route, route } from './route.ts'

/** The commands: begin, end and cancel. */
export function handOverRoutes(handOver: HandOver): Route[] {
  const path = '/v1/hand-over'
  const done = z.strictObject({ done: z.literal(true) })
  return [
    route({
      method: 'POST',
      path,
      summary: 'For `sigill serve --take-over`: gives a process that starts beside this one the sockets.',
      body: z.strictObject({
        protocol: z.literal(HAND_OVER_PROTOCOL, { error: `expected ${HAND_OVER_PROTOCOL}` }),
      }),
      result: z.strictObject({ sockets: z.array(z.string()) }),
      run: async (_body, author) => ({ sockets: await handOver.begin(author) }),
    }),
    route({
      method: 'POST',
      path: `${path}/end`,
      summary: 'The process that took the sockets serves: this one answers what it has in work, and ends.',
      body: z.strictObject({}),
      result: done,
      run: async () => {
        handOver.end()
        return { done: true }
      },
    }),
    route({
      method: 'POST',
      path: `${path}/cancel`,
      summary: 'The process that took the sockets does not serve: this one goes on.',
      body: z.strictObject({}),
      result: done,
      run: async () => {
        handOver.cancel()
        return { done: true }
      },
    }),
  ]
}

/** Commands that change something are refused while another process takes over. */
export function heldBack(routes: readonly Route[], handOver: HandOver): Route[] {
  return routes.map((one) => {
    if (one.method === 'GET') return one
    return {
      ...one,
      run: async (body, author) => {
        handOver.refuseChanges()
        return one.run(body, author)
      },
    }
  })
}
