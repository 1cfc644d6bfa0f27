/** A strict reader of the Prometheus text format, version 0.0.4. */

/** One metric family as a scraper understands it. */
export interface ParsedFamily {
  type: string
  help: string
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

// Prometheus reads numbers in any case; prom-client writes Nan.
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|Nan|[+-]Inf|[-+0-9.e]+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y

/** Reads a page; throws on any line that is not as the format says. */
export function parseExposition(page: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>()
  const familyOf = (name: string): ParsedFamily => {
    const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count|total)$/, ''))
    if (family === undefined) throw new Error(`${name} has no TYPE before it`)
    return family
  }
  if (!page.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of page.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string]
      const family = families.get(name) ?? { type: '', help: '', samples: [] }
      families.set(name, family)
      if (kind === 'HELP') family.help = rest
      else family.type = rest
      continue
    }
    if (line === '') continue
    const sample = SAMPLE.exec(line)
    if (sample === null) throw new Error(`not a sample: ${line}`)
    const [, name, labels = '', value] = sample as unknown as [string, string, string | undefined, string]
    familyOf(name).samples.push({
      name,
      labels: parseLabels(labels),
      value: Number(value.replace('Inf', 'Infinity')),
    })
  }
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (match === null) throw new Error(`not labels: ${text}`)
    labels[match[1]!] = match[2]!
  }
  return labels
}
