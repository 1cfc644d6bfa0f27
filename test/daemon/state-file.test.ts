import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { StateFile, type StateForm } from '../../src/daemon/state/state-file.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { testFolder } from '../support/folder.ts'

interface Numbers {
  readonly numbers: readonly number[]
}

const FORM: StateForm<Numbers> = {
  kind: 'numbers',
  holds: 'how many there were',
  version: 3,
  write: ({ numbers }) => ({ numbers }),
  read(content) {
    const { numbers } = content as Partial<Numbers>
    return Array.isArray(numbers) ? { numbers } : { fault: 'there are no numbers' }
  },
}

/** A user without rights. */
const NOBODY = 65_534

interface Line {
  readonly text: string
  readonly fault?: string
}

async function fileIn(path: string): Promise<{ file: StateFile<Numbers>; told: Line[] }> {
  const told: Line[] = []
  const tell = (fields: object, text: string): void => void told.push({ ...fields, text })
  const folder = await StateFolder.open({
    path,
    isWanted: true,
    log: { info: tell, warn: tell, error: tell } as never,
  })
  return { file: new StateFile(folder, FORM), told }
}

t.test('what is saved is read again', async (t) => {
  const path = testFolder(t)
  const { file } = await fileIn(path)
  t.equal(file.load(), undefined)
  t.equal(await file.save({ numbers: [1, 2] }), true)
  t.same((await fileIn(path)).file.load(), { numbers: [1, 2] })
})

t.test('a file that was changed, cut or written by another version is set aside and told', async (t) => {
  const damages: [(text: string) => string, RegExp][] = [
    [(text) => text.slice(0, -3), /not whole JSON/],
    [(text) => text.replace('1,', '7,'), /digest/],
    [(text) => text.replace('"version": 3', '"version": 4'), /version 4, not 3/],
    [(text) => text.replace('"kind": "numbers"', '"kind": "letters"'), /kind/],
    [() => 'null', /kind/],
    [(text) => text.replace(/\[[^\]]*\]/, '['.repeat(1_000_000) + ']'.repeat(1_000_000)), /digest/],
  ]
  for (const [damage, fault] of damages) {
    const path = testFolder(t)
    const { file, told } = await fileIn(path)
    await file.save({ numbers: [1, 2] })
    const name = join(path, 'numbers.json')
    const damaged = damage(readFileSync(name, 'utf8'))
    writeFileSync(name, damaged)
    t.equal(file.load(), undefined)
    t.match(told, [{ text: /was set aside; this is gone: how many there were$/, fault }])
    t.equal(readFileSync(`${name}.damaged`, 'utf8'), damaged)
    t.equal(file.load(), undefined)
    t.equal(told.length, 1)
    await file.save({ numbers: [3] })
    t.same(file.load(), { numbers: [3] })
  }
})

t.test('content that the form refuses is damage too', async (t) => {
  const path = testFolder(t)
  const { file, told } = await fileIn(path)
  await file.save({} as Numbers)
  t.equal(file.load(), undefined)
  t.match(told, [{ fault: 'there are no numbers' }])
})

t.test(
  "a file that is another user's is set aside, not replaced: what is in it can be had again",
  async (t) => {
    const path = testFolder(t)
    await (await fileIn(path)).file.save({ numbers: [1] })
    const name = join(path, 'numbers.json')
    const text = readFileSync(name, 'utf8')
    chmodSync(path, 0o777)
    chmodSync(name, 0o000)
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    try {
      const { file, told } = await fileIn(path)
      t.equal(file.load(), undefined)
      t.match(told, [{ text: /was set aside/, fault: 'it cannot be read: no permission' }])
      t.equal(await file.save({ numbers: [2] }), true)
      t.same(file.load(), { numbers: [2] })
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    chmodSync(`${name}.damaged`, 0o600)
    t.equal(readFileSync(`${name}.damaged`, 'utf8'), text)
  },
)

t.test('a folder that may only be read is read, and not written', async (t) => {
  const path = testFolder(t)
  await (await fileIn(path)).file.save({ numbers: [1] })
  chmodSync(path, 0o555)
  chmodSync(join(path, 'numbers.json'), 0o444)
  // Root may write everywhere, so somebody else has to try.
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(NOBODY)
  try {
    const { file, told } = await fileIn(path)
    t.same(file.load(), { numbers: [1] })
    t.equal(await file.save({ numbers: [2] }), false)
    // The system's access(2) goes by who started the process.
    t.match(told, [{ text: isRoot ? /cannot be written/ : /cannot be used/ }])
    t.same(file.load(), { numbers: [1] })
    t.notOk(existsSync(join(path, 'numbers.json.new')))
  } finally {
    if (isRoot) process.seteuid?.(0)
    chmodSync(path, 0o755)
  }
})
