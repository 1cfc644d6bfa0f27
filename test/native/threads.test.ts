/** Threads come and go with their sockets: nothing stays open, no port stays taken, and nothing falls over. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { buildAddon } from '../../src/native/build.ts'
import { UdpClient } from './udp-client.ts'

const ROUNDS = 50
/** `terminate` is the parent's; the others are what the thread is told. */
const ENDS = ['terminate', 'throw', 'exit', 'return'] as const

const folder = mkdtempSync(join(tmpdir(), 'sigill-addon-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'udp.node')
const why = buildAddon({ out: path })

/** Sockets and event queues that this process has open. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^(?:socket|anon_inode):/.test(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      return false
    }
  }).length
}

async function end(worker: Worker, how: (typeof ENDS)[number]): Promise<void> {
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  if (how === 'terminate') await worker.terminate()
  else worker.postMessage(how)
  await ended
}

t.test(
  `${ROUNDS} threads, ended in each way while questions come`,
  { skip: why ?? false, timeout: 120_000 },
  async (t) => {
    const client = await UdpClient.open()
    let port = 0
    let flooding = true
    const flood = async (): Promise<void> => {
      while (flooding) {
        for (let i = 0; i < 20 && port > 0; i++)
          void client.send(Uint8Array.of(i), port, '127.0.0.1').catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    const flooded = flood()
    let before = 0
    for (let round = 0; round < ROUNDS; round++) {
      const worker = new Worker(new URL('./thread-server.js', import.meta.url), {
        workerData: { path, port },
      })
      worker.on('error', () => {})
      const had = await new Promise((resolve) => {
        worker.once('message', resolve)
        worker.once('exit', () => resolve('it ended'))
      })
      if (round === 0) port = had as number
      else t.equal(had, port, 'the port was free again')
      client.received.length = 0
      t.ok((await client.wait(1)) > 0, 'it answers')
      await end(worker, ENDS[round % ENDS.length]!)
      if (round === ENDS.length - 1) before = openDescriptors()
    }
    flooding = false
    await flooded
    t.equal(openDescriptors(), before)
    await client.close()
  },
)
