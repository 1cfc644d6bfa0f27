/** The harness's programs in C, built when they are wanted. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const SOURCES = resolve(import.meta.dirname, '../../bench/native')
const OUT = join(import.meta.dirname, 'native')
const COMPILERS = ['cc', 'gcc', 'clang']
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra']

/** Where a program is, or why there is none. */
export type Built = { readonly path: string } | { readonly missing: string }

/** How it is built, where that differs from usual. */
export interface CompileOptions {
  readonly flags?: readonly string[]
  readonly out?: string
  readonly compilers?: readonly string[]
}

/**
 * Builds `bench/native/NAME.c` unless what is there is newer than all sources.
 *
 * @param name without its ending
 */
export function compile(name: string, options: CompileOptions = {}): Built {
  if (process.platform !== 'linux') return { missing: 'it uses system calls of Linux' }
  const out = options.out ?? join(OUT, name)
  const sources = [`${name}.c`, 'expectation.h'].map((file) => join(SOURCES, file))
  const builtAt = timeOf(out)
  if (builtAt > 0 && sources.every((file) => timeOf(file) < builtAt)) return { path: out }
  const compilers = options.compilers ?? COMPILERS
  const compiler = compilers.find((each) => spawnSync(each, ['--version']).status === 0)
  if (compiler === undefined) return { missing: `no C compiler is on this machine (${compilers.join(', ')})` }
  mkdirSync(resolve(out, '..'), { recursive: true })
  // Who runs the old one is not disturbed.
  const fresh = `${out}.${process.pid}`
  const args = [...FLAGS, ...(options.flags ?? []), '-o', fresh, sources[0]!]
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (status !== 0) return { missing: `${compiler} failed:\n${stderr}` }
  renameSync(fresh, out)
  return { path: out }
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
