/** Loaded into a daemon before its own modules: at SIGUSR2 one of its threads is ended, each in its turn. */
import type { Worker } from 'node:worker_threads'

const workers = new Set<Worker>()

process.on('worker', (worker: Worker) => {
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
})

process.on('SIGUSR2', () => {
  // The one that has lived longest.
  const [worker] = workers
  void worker?.terminate()
})
