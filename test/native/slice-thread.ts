/** A thread that asks for short slices, and tells whether it was heard. */
import { parentPort } from 'node:worker_threads'
import { askForShortSlices } from '../../src/native/short-slices.ts'

parentPort!.postMessage(askForShortSlices())
