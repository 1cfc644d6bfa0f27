/** How much room V8 gives to new objects in the main thread; workers have bounds of their own. */
import { setFlagsFromString } from 'node:v8'

/**
 * From now on that room does not grow. It begins with 1 MiB and never shrinks, so this is to be called before the modules
 * of a daemon are loaded, which alone make it 16. V8 takes it back when a thread starts that has a heap of its own.
 * Nothing depends on it: of what V8 does not know it says so on standard error, and goes on.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
