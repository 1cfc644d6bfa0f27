/** A number of things in a sentence: `1 answer`, `2 answers`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}
