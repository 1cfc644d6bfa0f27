/** Begins to write a snapshot to the path that it is given, says so, and comes to no end: to be killed. */
import { SECTION } from '../../src/cache/snapshot.ts'
import { writeSnapshot } from '../../src/daemon/snapshot/file.ts'
import { HEAD, record } from './snapshot-records.ts'

/** Nobody killed it: whoever started it is gone. */
setTimeout(() => process.exit(1), 20_000)

let shown = 0
let slices = 0
await writeSnapshot(process.argv[2]!, HEAD, [
  {
    section: SECTION.ANSWERS,
    scan(_from, visit) {
      for (let i = 0; i < 100; i++) if (!visit(record(`name ${shown++}`, 'x'.repeat(200)))) break
      if (++slices === 100) process.stdout.write('writing\n')
      return 0
    },
  },
])
