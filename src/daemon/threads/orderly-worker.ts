/**
 * A worker whose sockets are closed before it is terminated. Node up to 20, at least, aborts the whole process when a
 * thread is terminated at the moment in which a datagram or a segment is handed to JavaScript (`FromJust` in
 * `UDPWrap::OnRecv`): under load that is one time in some forty.
 */
import { Worker } from 'node:worker_threads'
import { THREAD_CLOSE_MS_MAX } from '../../base/limits.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** See the head of this file. The thread has to understand `close`. */
export class OrderlyWorker extends Worker {
  /**
   * Ends it whatever it does.
   *
   * @param closeMs time that it gets to close its sockets
   */
  override async terminate(closeMs: number = THREAD_CLOSE_MS_MAX): Promise<number> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, closeMs)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.once('exit', done)
      this.on('message', ({ kind }: FromThread) => {
        if (kind === 'closed') done()
      })
      const message: ToThread = { kind: 'close' }
      this.postMessage(message)
    })
    return super.terminate()
  }
}
