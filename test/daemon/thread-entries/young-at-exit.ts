/** Loaded before a daemon (`node --import`): at its end, the main thread says how large its young generation is. */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { getHeapSpaceStatistics } from 'node:v8'
import { isMainThread } from 'node:worker_threads'

const STDERR = 2

if (isMainThread)
  process.on('exit', () => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')!
    writeSync(STDERR, `young generation: ${young.space_size} octets\n`)
  })
