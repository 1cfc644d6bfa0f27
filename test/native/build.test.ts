/** How the addon is built, loaded and chosen, and that none of it is missed where it cannot be. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadAddon } from '../../src/native/addon.ts'
import { chooseBackend } from '../../src/native/backend.ts'
import { buildAddon } from '../../src/native/build.ts'
import { DGRAM } from '../../src/native/dgram.ts'
import { testFolder } from '../support/folder.ts'

const folder = testFolder(t)
const out = join(folder, 'udp.node')
const first = buildAddon({ out })
const skip = first !== undefined && `nothing can be built here: ${first}`

t.test('it builds without a warning', { skip }, async (t) => {
  const flags = ['-Werror', '-Wconversion', '-Wshadow', '-Wstrict-prototypes', '-Wcast-align']
  t.equal(buildAddon({ out, flags }), undefined)
  t.match(loadAddon(out), { name: 'addon', reusePort: true })
})

t.test(
  'by clang as well',
  { skip: skip || (spawnSync('clang', ['--version']).status !== 0 && 'no clang here') },
  async (t) => {
    t.equal(
      buildAddon({ out, flags: ['-Werror', '-Wconversion', '-Wshadow'], compilers: ['clang'] }),
      undefined,
    )
    t.match(loadAddon(out), { name: 'addon' })
  },
)

t.test('what cannot be built is told, and leaves nothing behind', { skip }, async (t) => {
  t.equal(buildAddon({ out }), undefined)
  const source = join(folder, 'broken.c')
  writeFileSync(source, 'int main(void) { return x; }\n')
  t.match(buildAddon({ out, source }), /failed:\n[\s\S]*undeclared/)
  t.notOk(existsSync(out), 'an older addon is gone: it may not fit')
  t.match(
    buildAddon({ out, compilers: ['no-such-compiler'] }),
    'no C compiler is on this machine (no-such-compiler)',
  )
  t.match(buildAddon({ out: join(folder, 'absent', 'udp.node') }), /failed:/)
})

t.test('an addon that cannot be loaded is a reason, not a fault', async (t) => {
  t.equal(loadAddon(join(folder, 'absent.node')), 'it was not built')
  const garbage = join(folder, 'garbage.node')
  writeFileSync(garbage, 'for another machine')
  t.match(loadAddon(garbage), /^it cannot be loaded: .*garbage\.node/)
  const other = join(folder, 'other.cjs')
  writeFileSync(other, 'module.exports = { version: 0, UdpSocket: class {} }\n')
  t.equal(loadAddon(other), 'it was built from another version of the source')
})

t.test('an addon for a later Node is a reason too, before it is used', { skip }, async (t) => {
  const source = join(folder, 'later.c')
  writeFileSync(
    source,
    `#include <node_api.h>
     extern void napi_of_the_future(void);
     static napi_value use(napi_env env, napi_callback_info info) { (void)env; (void)info; napi_of_the_future(); return NULL; }
     NAPI_MODULE_INIT() {
       napi_value f;
       napi_create_function(env, "use", 3, use, NULL, &f);
       napi_set_named_property(env, exports, "use", f);
       return exports;
     }\n`,
  )
  const later = join(folder, 'later.node')
  t.equal(buildAddon({ out: later, source }), undefined)
  t.match(loadAddon(later), /^it cannot be loaded: .*napi_of_the_future/)
})

t.test('which way serves', async (t) => {
  const addon = { ...DGRAM, name: 'addon' as const }
  t.same(
    chooseBackend('auto', () => addon),
    { backend: addon, why: undefined },
  )
  t.same(
    chooseBackend('addon', () => addon),
    { backend: addon, why: undefined },
  )
  t.match(
    chooseBackend('dgram', () => addon),
    { backend: { name: 'dgram' } },
  )
  t.same(
    chooseBackend('auto', () => 'it was not built'),
    { backend: DGRAM, why: 'it was not built' },
  )
  t.same(
    chooseBackend('addon', () => 'it was not built'),
    { backend: undefined, why: 'it was not built' },
  )
})

t.test('the build of the package builds it, and goes on without', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'))
  t.match(scripts.build, 'node dist/src/native/build.js')
})
