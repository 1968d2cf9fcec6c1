import { Command } from 'commander'
import { errorText } from '../core/errors.ts'
import type { StatusDocument } from '../ops/status.ts'
import { isWell } from '../ops/verdict.ts'
import { statusText } from './status-text.ts'

interface StatusFlags {
  readonly url: string
  readonly json?: boolean
}

const TIMEOUT_MS = 5_000
const DEFAULT_URL = 'http://localhost:8080'

export function statusCommand(): Command {
  return new Command('status')
    .description('how a running service is: state, what is wrong and what to do, partitions, apps, last failures')
    .option('--url <url>', "where the service's HTTP answers", DEFAULT_URL)
    .option('--json', 'the status document as it is, JSON (default: text)')
    .addHelpText('after', `\nWaits at most ${TIMEOUT_MS / 1_000} s. Exit codes: 0 delivering or idle, 1 otherwise.`)
    .action(async (flags: StatusFlags) => {
      process.exitCode = await status(flags)
    })
}

async function status({ url, json = false }: StatusFlags): Promise<number> {
  const found = await statusAt(url)
  if ('fault' in found) {
    process.stderr.write(`mytracker-sink: ${found.fault}\n`)
    return 1
  }
  const { document } = found
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : statusText(document))
  return isWell(document.state) ? 0 : 1
}

async function statusAt(url: string): Promise<{ readonly document: StatusDocument } | { readonly fault: string }> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    return { fault: `--url: "${url}" is no URL; write one like ${DEFAULT_URL}` }
  const where = `${url.replace(/\/+(status\/*)?$/, '')}/status`
  let text: string
  try {
    const response = await fetch(where, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    text = await response.text()
    if (!response.ok)
      return { fault: `${where} answers with status ${response.status}; --url must lead to the service's http.port` }
  } catch (error) {
    return {
      fault: `${where} cannot be reached (${reasonOf(error)}); does the service run, and is its http.port the one in --url?`,
    }
  }
  const document = documentOf(text)
  return document === undefined
    ? { fault: `${where} answers with something else than a status; --url must lead to the service's http.port` }
    : { document }
}

function documentOf(text: string): StatusDocument | undefined {
  try {
    const document = JSON.parse(text) as Partial<StatusDocument> | null
    const isStatus = typeof document?.state === 'string' && Array.isArray(document.partitions) && Array.isArray(document.failures)
    return isStatus ? (document as StatusDocument) : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as Error
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? errorText(cause ?? error)
}
