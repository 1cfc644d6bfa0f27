/** The report as a page in a browser: nothing sticks out, nothing runs, and it can be read by night. */
import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { reportHtml } from '../../src/cli/rollout-report-html.ts'
import { DistinctClients } from '../../src/telemetry/report/distinct-clients.ts'
import { type ReportData, STAGES } from '../../src/telemetry/report/report-data.ts'
import { reportView } from '../../src/telemetry/report/report-view.ts'
import { testFolder } from '../support/folder.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z') / 1000
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']
const browser = BROWSERS.find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

const clients = new DistinctClients()
for (let n = 1; n <= 40; n++) clients.add(n * 7919)

/** The longest name that there is, and one that would be markup. */
const LONG = `${'w'.repeat(63)}.${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(57)}.se.`
const MARKUP = '<img\\032src=x\\032onerror=alert\\0401\\041>.example.se.'

function page(): string {
  const domains = [LONG, MARKUP].map((domain) => ({
    domain,
    queries: 1_234_567,
    refused: 12,
    clients: clients.encode(),
    faults: [{ zone: domain, type: 'A', reason: 'signature-expired', ede: 7, text: '', queries: 1_234_567 }],
    names: [{ name: domain, type: 'A', queries: 1_234_567 }],
    firstSeen: NOW - 60,
    lastSeen: NOW,
  }))
  const data: ReportData = {
    since: NOW - 3_600,
    verdicts: { secure: 9_999_999_999, insecure: 1, bogus: 2_469_134, indeterminate: 0 },
    unchecked: 3,
    others: 4,
    clients: clients.encode(),
    noticing: STAGES.map(() => clients.encode()),
    tlds: [{ tld: `${'t'.repeat(63)}.`, signed: 9_999_999_999, unsigned: 1 }],
    domains,
  }
  return reportHtml(reportView(data, NOW))
}

/** Holds the page in a frame of each width, and says what is to be seen from outside of it. */
function harness(html: string, widths: readonly number[]): string {
  const frames = widths.map((width) => `<iframe style="width:${width}px;height:600px;border:0"></iframe>`)
  return `<!doctype html><body>${frames.join('')}<pre id="seen"></pre><script>
const html = ${JSON.stringify(html).replaceAll('<', '\\u003c')}
const frames = [...document.querySelectorAll('iframe')]
Promise.all(frames.map((frame) => new Promise((done) => {
  frame.onload = () => {
    const { documentElement: root, body, images, scripts } = frame.contentDocument
    const style = frame.contentWindow.getComputedStyle(body)
    done({ width: root.clientWidth, needs: root.scrollWidth, images: images.length, scripts: scripts.length,
      ink: style.color, paper: style.backgroundColor })
  }
  frame.srcdoc = html
}))).then((seen) => { document.getElementById('seen').textContent = JSON.stringify(seen) })
</script>`
}

interface Seen {
  readonly width: number
  readonly needs: number
  readonly images: number
  readonly scripts: number
  readonly ink: string
  readonly paper: string
}

/** How bright a colour is, 0 to 255. */
function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
  return 0.3 * red + 0.6 * green + 0.1 * blue
}

t.test(
  'on a telephone, on a screen, by day and by night',
  { skip: browser === undefined && 'needs chromium', timeout: 120_000 },
  async (t) => {
    const folder = testFolder(t)
    const file = join(folder, 'harness.html')
    writeFileSync(file, harness(page(), [320, 1_100]))
    const run = promisify(execFile)
    for (const dark of [false, true]) {
      const { stdout } = await run(browser!, [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(folder, `profile-${dark}`)}`,
        '--virtual-time-budget=10000',
        `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
        '--dump-dom',
        `file://${file}`,
      ])
      const [, json = '[]'] = /<pre id="seen">(.*?)<\/pre>/s.exec(stdout) ?? []
      const seen = JSON.parse(json) as readonly Seen[]
      t.equal(seen.length, 2)
      for (const { width, needs, images, scripts, ink, paper } of seen) {
        t.ok(needs <= width, `${needs} of ${width} pixels are needed`)
        t.same([images, scripts], [0, 0], 'a name is text')
        const contrast = brightness(paper) - brightness(ink)
        t.ok(dark ? contrast < -150 : contrast > 150, `${ink} on ${paper}`)
      }
    }
  },
)
