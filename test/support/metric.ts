/** A metric of a daemon, as whoever scrapes it would have it. */
import { parseExposition } from '../telemetry/exposition.ts'

/** The sum of a metric over all its labels, or over those with these. */
export async function metricOf(
  port: number,
  name: string,
  label: Readonly<Record<string, string>> = {},
): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`)
  const samples = [...parseExposition(await page.text()).values()].flatMap((family) => family.samples)
  return samples
    .filter((sample) => sample.name === `sigill_${name}`)
    .filter(({ labels }) => Object.entries(label).every(([key, value]) => labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0)
}
