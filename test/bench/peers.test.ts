/** Every resolver is told the same: one thread, the same memory, the lab's root and anchor, nothing that gets in the way. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findContenders, PEERS, parseOnly, parsePeerPaths } from '../../bench/peers/find.ts'
import type { ResolverSetup } from '../../bench/peers/peer.ts'
import { SIGILL } from '../../bench/peers/sigill.ts'
import { SIGILL_UNDER_FAULTS } from '../../bench/troubles.ts'
import { loadConfig } from '../../src/config/load.ts'
import { testFolder } from '../support/folder.ts'

const SETUP: ResolverSetup = {
  ...{ folder: '/f', address: '127.0.0.1', port: 25300, hintsFile: '/hints', anchorFile: '/root.ds' },
  ...{ anchor: '7 13 2 abcd', threads: 1, cacheMib: 64, cacheNames: 1000, memoryAsUsed: false },
}

/** What the files of each must hold: address, hints, anchor, memory, validation, threads (or its arguments do). */
const MUST: Readonly<Record<string, readonly RegExp[]>> = {
  sigill: [
    /127\.0\.0\.1@25300/,
    /root-hints: \/hints/,
    /trust-anchor-files: \[\/root\.ds\]/,
    /answers-mib: 64/,
    /rrsets-mib: 64/,
    /front-threads: 1/,
    /resolver-threads: 0/,
    /allow-loopback-authorities: true/,
  ],
  unbound: [
    /port: 25300/,
    /root-hints: "\/hints"/,
    /trust-anchor-file: "\/root\.ds"/,
    /msg-cache-size: 64m/,
    /rrset-cache-size: 64m/,
    /num-threads: 1/,
    /so-rcvbuf: 4m/,
    /validator iterator/,
    /do-not-query-localhost: no/,
  ],
  knot: [
    /25300/,
    /root_file\('\/hints'\)/,
    /DS 7 13 2 abcd/,
    /cache\.size = 128 \* MB/,
    /ALLOW_LOCAL/,
    /net\.ipv6 = false/,
  ],
  powerdns: [
    /local-port=25300/,
    /hint-file=\/hints/,
    /addTA\('\.', "7 13 2 abcd"\)/,
    /threads=1\n/,
    /dnssec=validate/,
    /dont-query=\n/,
  ],
  bind: [
    /port 25300/,
    /file "\/hints"/,
    /static-ds 7 13 2 "abcd"/,
    /max-cache-size 128M/,
    /udp-receive-buffer 4194304/,
    /dnssec-validation yes/,
    /send-cookie no/,
    /-n 1 /,
  ],
}

t.test('each is configured alike', async (t) => {
  for (const peer of [SIGILL, ...PEERS]) {
    const { files, args } = peer.configure(SETUP)
    const text = `${Object.values(files).join('\n')}\n${args.join(' ')}`
    t.ok(MUST[peer.key]!.length > 5, peer.key)
    for (const pattern of MUST[peer.key]!) t.match(text, pattern, peer.key)
    t.equal(/\$\{|undefined|NaN/.exec(text), null, peer.key)
  }
})

t.test('where they are', async (t) => {
  const nowhere = { PATH: '' }
  t.same([...parsePeerPaths(['unbound=/a=b'])], [['unbound', '/a=b']])
  t.throws(() => parsePeerPaths(['unbound']), /NAME=PATH/)
  t.throws(() => parsePeerPaths(['other=/a']), /NAME one of unbound, knot, powerdns, bind/)
  t.same(parseOnly('sigill,bind'), ['sigill', 'bind'])
  t.throws(() => parseOnly('sigill,other'), /other is none of/)
  t.throws(() => findContenders(new Map([['bind', '/not/here']]), ['bind'], nowhere), /no program/)
  const environment = { SIGILL_BENCH_UNBOUND: process.execPath }
  const found = findContenders(new Map(), ['sigill', 'unbound'], environment)
  t.same(
    found.contenders.map(({ peer, program }) => [peer.key, program]),
    [
      ['sigill', process.execPath],
      ['unbound', process.execPath],
    ],
  )
})

t.test('what this resolver is told it can read, with faults and a snapshot too', async (t) => {
  const folder = testFolder(t)
  writeFileSync(join(folder, 'hints'), '. 1 NS a.root.\na.root. 1 A 127.53.0.1\n')
  writeFileSync(join(folder, 'root.ds'), `. 1 DS 7 13 2 ${'ab'.repeat(32)}\n`)
  const setup = { ...SETUP, folder, hintsFile: join(folder, 'hints'), anchorFile: join(folder, 'root.ds') }
  const read = ({ configure }: typeof SIGILL): ReturnType<typeof loadConfig>['settings'] => {
    const path = join(folder, 'sigill.yaml')
    writeFileSync(path, configure(setup).files['sigill.yaml']!)
    return loadConfig(path).settings
  }
  t.equal(read(SIGILL)['cache.snapshot'], '')
  t.equal(read(SIGILL_UNDER_FAULTS)['cache.snapshot'], join(folder, 'caches'))
})
