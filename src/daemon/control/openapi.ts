/** The description of the commands (OpenAPI 3.1), made from the table that serves them. */
import { z } from 'zod'
import { type Route, withAuthor } from './route.ts'

const JSON_TYPE = 'application/json'

/** What is said of a request that is not carried out. */
const FAULT: z.ZodType = z.strictObject({ error: z.string() })

/** Where the description itself is. */
export const OPENAPI_PATH = '/v1/openapi.json'

/** The description as an object for JSON. */
export function describeRoutes(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const operations = paths[route.path] ?? {}
    paths[route.path] = operations
    operations[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sigill control', version, description: 'Commands to a running Sigill.' },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function operation({ method, path, summary, body, result }: Route): Record<string, unknown> {
  return {
    summary,
    operationId: `${method.toLowerCase()}${path.replace(/^\/v1/, '').replace(/[^a-z]+/g, '-')}`,
    // Over TCP alone: who may write to the socket has shown enough.
    security: [{ token: [] }, {}],
    ...(body && { requestBody: { required: true, content: content(withAuthor(body), 'input') } }),
    responses: {
      200: { description: 'done', content: content(result, 'output') },
      default: { description: 'not done, and why', content: content(FAULT, 'output') },
    },
  }
}

function content(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...plain } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return { [JSON_TYPE]: { schema: plain } }
}
