/** Which test has which rows of the catalogue, read from the titles in the sources. */
import { listProjectFiles, readProjectFile } from '../house/project.ts'
import { scanSource } from '../house/source-scan.ts'

/** A title of a test: the first argument of `t.test` or `row`. */
const TITLE = /\b(?:t\.test|row)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g
const ID = /\b[ABCDV]\d\d\b/g

/** The ids that stand in the titles of a test file. */
export function idsIn(source: string): Set<string> {
  const titles = [...scanSource(source).code.matchAll(TITLE)].map((match) => match[2]!)
  return new Set(titles.flatMap((title) => title.match(ID) ?? []))
}

/** For every row that has tests, their files below `test/`. */
export function filesByRow(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const path of listProjectFiles('test', '.test.ts')) {
    if (path === 'attacks/table.test.ts') continue
    for (const id of idsIn(readProjectFile(`test/${path}`))) {
      const files = found.get(id) ?? []
      files.push(path)
      found.set(id, files)
    }
  }
  return found
}
