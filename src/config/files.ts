import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { moduleFindings } from './module-files.ts'
import type { Finding, Path } from './problem.ts'
import type { WrittenDraft } from './rules.ts'
import { Secret } from './secrets.ts'

/** What secrets and files need of the world. */
export interface Surroundings {
  /** Where relative paths start: the directory of the configuration. */
  readonly directory: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A mapping of the configuration in which the secret `name` is given as `name` or as `nameFile`. */
type Owner = Readonly<Record<string, unknown>>

interface SecretPlace {
  readonly owner: Owner | undefined
  readonly path: Path
  readonly name: string
  readonly isRequired: boolean
}

function secretPlaces({ kafka, schemaRegistry, tracker }: WrittenDraft): SecretPlace[] {
  const sasl = kafka?.sasl
  const registry = schemaRegistry
  return [
    {
      owner: sasl,
      path: ['kafka', 'sasl'],
      name: sasl?.mechanism === 'oauthbearer' ? 'clientSecret' : 'password',
      isRequired: true,
    },
    { owner: registry, path: ['schemaRegistry'], name: 'password', isRequired: registry?.username !== undefined },
    { owner: registry, path: ['schemaRegistry'], name: 'bearerToken', isRequired: false },
    ...(tracker?.apps ?? []).map((owner, place) => ({
      owner,
      path: ['tracker', 'apps', place],
      name: 'token',
      isRequired: true,
    })),
  ]
}

/** Runs `read` on the file and words its failure for a person; undefined where all is well. */
function readFault(path: Path, read: () => unknown): Finding | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return { path, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function secretFindings({ owner, path, name, isRequired }: SecretPlace, { directory, now }: Surroundings): Finding[] {
  const file = owner?.[`${name}File`]
  const isText = owner?.[name] !== undefined
  if (owner === undefined) return []
  if (typeof file !== 'string') {
    return isRequired && !isText
      ? [{ path: [...path, name], message: `is required; write ${name}, or ${name}File with the path of a file` }]
      : []
  }
  if (isText) return [{ path: [...path, `${name}File`], message: `stands beside ${name}; keep one of the two` }]
  const fault = readFault([...path, `${name}File`], () => Secret.fromFile(resolve(directory, file), now))
  return fault === undefined ? [] : [fault]
}

/** Both ways of proving oneself to the registry at once, or one of them by half. */
function registryFindings({ schemaRegistry }: WrittenDraft): Finding[] {
  const { username, password, passwordFile, bearerToken, bearerTokenFile } = schemaRegistry ?? {}
  const hasPassword = (password ?? passwordFile) !== undefined
  if (username === undefined && hasPassword) {
    return [{ path: ['schemaRegistry', 'username'], message: 'is required together with a password; write both or neither' }]
  }
  if (username !== undefined && (bearerToken ?? bearerTokenFile) !== undefined) {
    return [{ path: ['schemaRegistry', 'username'], message: 'does not go with a bearer token; remove one of the two' }]
  }
  return []
}

function certificateFindings({ kafka, schemaRegistry, tracker }: WrittenDraft, directory: string): Finding[] {
  const ssl = typeof kafka?.ssl === 'object' ? kafka.ssl : {}
  const files: { readonly path: Path; readonly file: string | undefined }[] = [
    ...(['caFile', 'certFile', 'keyFile'] as const).map((key) => ({ path: ['kafka', 'ssl', key], file: ssl[key] })),
    { path: ['kafka', 'sasl', 'caFile'], file: kafka?.sasl?.mechanism === 'oauthbearer' ? kafka.sasl.caFile : undefined },
    { path: ['schemaRegistry', 'caFile'], file: schemaRegistry?.caFile },
    { path: ['tracker', 'caFile'], file: tracker?.caFile },
  ]
  return files.flatMap(({ path, file }) => {
    const fault = file === undefined ? undefined : readFault(path, () => readFileSync(resolve(directory, file)))
    return fault === undefined ? [] : [fault]
  })
}

/** Secrets that are missing, given twice or not readable, and files that are not readable. */
export function fileFindings(config: WrittenDraft, surroundings: Surroundings): Finding[] {
  return [
    ...secretPlaces(config).flatMap((place) => secretFindings(place, surroundings)),
    ...registryFindings(config),
    ...certificateFindings(config, surroundings.directory),
    ...moduleFindings(config, surroundings.directory),
  ]
}
