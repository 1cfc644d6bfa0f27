/** What a service manager is told. */
import t from 'tap'
import { findServiceManager, ServiceManager } from '../../src/cli/service-manager.ts'

t.test('ready, reloading, stopping', async (t) => {
  const told: string[] = []
  const manager = new ServiceManager((text) => told.push(text), undefined)
  manager.ready('serves here')
  manager.reloading()
  manager.ready('serves there')
  manager.stopping()
  t.equal(told[0], 'READY=1\nSTATUS=serves here')
  t.match(told[1], /^RELOADING=1\nMONOTONIC_USEC=\d+$/)
  t.equal(told[2], 'READY=1\nSTATUS=serves there')
  t.match(told[3], /^STOPPING=1\nSTATUS=/)
  t.equal(told.length, 4)
})

t.test('that it lives, several times within the silence that is allowed, from when it serves', async (t) => {
  const told: string[] = []
  const manager = new ServiceManager((text) => told.push(text), 60)
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  await wait(100)
  t.same(told, [])
  manager.ready('serves')
  manager.ready('serves')
  await wait(300)
  const lives = told.filter((text) => text === 'WATCHDOG=1').length
  t.ok(lives >= 3 && lives <= 15, `${lives}, by one timer`)
})

t.test('sockets that it has opened are for nobody: that is told', async (t) => {
  const told: unknown[] = []
  const find = (environment: Record<string, string>): void => {
    t.intercept(process, 'env', { value: environment })
    findServiceManager({ warn: (fields: unknown) => void told.push(fields) } as never)
  }
  find({})
  find({ LISTEN_FDS: '2', LISTEN_PID: String(process.pid + 1) })
  find({ LISTEN_FDS: 'x', LISTEN_PID: String(process.pid) })
  t.same(told, [], 'none, those of another process')
  find({ LISTEN_FDS: '2', LISTEN_PID: String(process.pid) })
  t.same(told, [{ sockets: 2 }])
})
