/** Texts as words of a command line that somebody is to copy into a shell: whoever chose the text adds nothing to the command. */

const PLAIN = /^[\w.:/@%+=,-]+$/
const PLAIN_WORDS = /^[\w.:/@%+=, -]*$/

/** One word: as it is, or in quotes where a shell needs them. */
export function shellWord(text: string): string {
  if (PLAIN.test(text)) return text
  return PLAIN_WORDS.test(text) ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`
}

/** The same for a name as text, which is never taken for an option. */
export function shellName(name: string): string {
  return shellWord(name.replace(/^-/, '\\045'))
}
