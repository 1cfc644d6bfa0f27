/** The reference: a configuration file with every setting at its default, explained. */
import { stringify } from 'yaml'
import { SETTINGS, type SettingKey } from './settings.ts'
import { type Branch, settingsTree } from './tree.ts'

const LINE_CHARACTERS_MAX = 100

const HEADER = `# Every setting of Sigill with its default. A file of your own needs only what differs.
# Paths are relative to the folder of the file. Check a file with: sigill check-config FILE
`

/** Text of `conf/sigill.yaml`. */
export function formatReference(): string {
  return HEADER + formatBranch(settingsTree(), 0)
}

function formatBranch(branch: Branch, depth: number): string {
  const indent = '  '.repeat(depth)
  let text = ''
  for (const [name, entry] of branch) {
    if (entry instanceof Map) {
      text += `${depth === 0 ? '\n' : ''}${indent}${name}:\n${formatBranch(entry, depth + 1)}`
    } else {
      text += formatSetting(name, entry, indent)
    }
  }
  return text
}

function formatSetting(name: string, key: SettingKey, indent: string): string {
  const value = stringify(SETTINGS[key].default, {
    collectionStyle: 'flow',
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trim()
  // Words such as auto and enforce read better bare.
  const plain = value.replace(/^"([a-z]+)"$/, '$1')
  return `${formatComment(SETTINGS[key].doc, indent)}${indent}${name}: ${plain}\n`
}

function formatComment(doc: string, indent: string): string {
  let text = ''
  let line = `${indent}#`
  for (const word of doc.split(' ').filter((part) => part !== '')) {
    if (line.length + 1 + word.length > LINE_CHARACTERS_MAX) {
      text += `${line}\n`
      line = `${indent}#`
    }
    line += ` ${word}`
  }
  return doc === '' ? '' : `${text}${line}\n`
}
