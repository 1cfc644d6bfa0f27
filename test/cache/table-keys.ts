/** Keys at hand for tests of tables. */
import type { HashKey } from '../../src/base/keyed-hash.ts'
import { TableKey } from '../../src/cache/table-key.ts'

export function tableKey(hashKey: HashKey, octets: Uint8Array): TableKey {
  const key = new TableKey(octets.length)
  key.octets.set(octets)
  key.close(hashKey, octets.length)
  return key
}
