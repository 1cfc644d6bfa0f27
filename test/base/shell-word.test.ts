/** Commands that are shown to be copied: a shell makes one word of each text, and runs nothing in it. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { shellName, shellWord } from '../../src/base/shell-word.ts'
import { exceptionCommand, fixText } from '../../src/telemetry/report/advice.ts'
import { nameFromLabels } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'

/** What a shell makes of a line. */
function words(line: string): string[] {
  const printed = execFileSync('/bin/sh', ['-c', `sigill() { printf '%s\\n' "$@"; }; ${line}`])
  return printed.toString().trimEnd().split('\n')
}

/** A label of every octet that can be printed, by sixty. */
const PRINTABLE = Uint8Array.from({ length: 94 }, (_, i) => 0x21 + i)
const HOSTILE = [
  nameFromLabels([PRINTABLE.subarray(0, 60), PRINTABLE.subarray(60)])!,
  nameFromLabels([Buffer.from('`echo${IFS}mine`'), Buffer.from('test')])!,
  nameFromLabels([Buffer.from("a'|echo mine>&2;'"), Buffer.from('test')])!,
  nameFromLabels([Buffer.from('--force'), Buffer.from('test')])!,
]

t.test('what needs no quotes has none, and words are kept together', async (t) => {
  t.equal(shellName('xn--bank-5qa.se.'), 'xn--bank-5qa.se.')
  t.equal(shellWord('outage of de.'), '"outage of de."')
  t.equal(shellWord(''), '""')
})

t.test('names of strangers in commands are one word, and the same name', async (t) => {
  for (const name of HOSTILE) {
    const zone = formatName(name)
    const [nta, add, named, ...terms] = words(exceptionCommand(zone, `outage of ${zone}`)).slice(1)
    t.same([nta, add, terms], ['nta', 'add', ['--for', '1h', '--reason', `outage of ${zone}`]])
    t.same(nameFrom(named!), name)
    t.notMatch(named, /^-/)
    const fix = fixText({ zone, type: 'A', reason: 'not-judged', ede: 6, text: '', queries: 1 })
    const [, checked] = words(/`(sigill check .*)`\.$/.exec(fix)![1]!)
    t.same(nameFrom(checked!), name)
  }
})
