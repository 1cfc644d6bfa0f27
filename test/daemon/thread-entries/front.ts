/** A front thread that can be made to fail. */
import { throwWhenTold } from './throw-when-told.ts'

await import('../../../src/daemon/threads/front-thread.ts')
throwWhenTold()
