/**
 * Writes the list of what a release is made of.
 *
 *     node dist/test/release/main.js [FILE]
 *
 * To standard output where no file is named.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listProjectFiles, ROOT, readProjectFile } from '../house/project.ts'
import { makeSbom } from './sbom.ts'

const cFiles = listProjectFiles('src', '.c').map((path) => `src/${path}`)
const text = makeSbom({
  manifest: JSON.parse(readProjectFile('package.json')),
  lock: JSON.parse(readProjectFile('package-lock.json')),
  cFiles: new Map(cFiles.map((path) => [path, readFileSync(join(ROOT, path))])),
})
const file = process.argv[2]
if (file === undefined) process.stdout.write(text)
else writeFileSync(file, text)
