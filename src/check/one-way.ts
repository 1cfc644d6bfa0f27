/** The way out, as it is for one server when only one transport serves it. */
import { type Endpoint, endpointKey } from '../base/address.ts'
import { UPSTREAM_TCP_TIMEOUT_MS_MAX } from '../base/limits.ts'
import type { Upstream, UpstreamRequest, UpstreamResult } from '../resolver/ports.ts'
import { parseHeader } from '../wire/message.ts'

/**
 * Asks one server by TCP alone, or by UDP with TCP only for what was truncated, as a resolver gets its data. All
 * other servers are asked as ever.
 */
export class OneWay implements Upstream {
  readonly #upstream: Upstream
  readonly #server: string
  readonly #transport: 'udp' | 'tcp'
  #truncated = false

  constructor(upstream: Upstream, server: Endpoint, transport: 'udp' | 'tcp') {
    this.#upstream = upstream
    this.#server = endpointKey(server)
    this.#transport = transport
  }

  async ask(request: UpstreamRequest): Promise<UpstreamResult> {
    if (endpointKey(request.server) !== this.#server) return this.#upstream.ask(request)
    if (this.#transport === 'tcp') {
      const timeoutMs = Math.max(request.timeoutMs, UPSTREAM_TCP_TIMEOUT_MS_MAX)
      return this.#upstream.ask({ ...request, timeoutMs, transport: 'tcp' })
    }
    // TCP in place of lost datagrams would hide that they are lost.
    if (request.transport === 'tcp' && !this.#truncated) return { kind: 'failure', reason: 'refused' }
    const result = await this.#upstream.ask(request)
    if (request.transport === 'udp' && result.kind === 'reply')
      this.#truncated = parseHeader(result.message)?.tc === true
    return result
  }
}
