import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { ContainerRuntimeClient, GenericContainer, StartedTestContainer } from 'testcontainers'
import { errorText } from '../core/errors.ts'
import { StackError } from './stack-error.ts'

const logTailLines = 50
const toldLines = 5
const stackLabel = 'mytracker-sink.stack'
const titleLabel = 'mytracker-sink.title'

export interface Container {
  /** What it is, for a person to read. */
  readonly title: string
  readonly image: string
  readonly configure: (container: GenericContainer) => GenericContainer
  /** Resolves when it serves, and rejects soon after the signal's abort. */
  readonly ready: (container: StartedTestContainer, signal: AbortSignal) => Promise<void>
}

/** The containers of one stack, over testcontainers, which knows no signal and removes nothing that it could not start. */
export class Containers {
  readonly host: string
  readonly #library: typeof import('testcontainers')
  readonly #client: ContainerRuntimeClient
  /** Begins with whose they are. */
  readonly #id = `${process.pid}-${randomUUID()}`

  private constructor(library: typeof import('testcontainers'), client: ContainerRuntimeClient) {
    this.host = client.info.containerRuntime.host
    this.#library = library
    this.#client = client
  }

  static async connect(): Promise<Containers> {
    // Loaded only here: it is large, a tool of development, and not in the image.
    const library = await import('testcontainers')
    return new Containers(library, await library.getContainerRuntimeClient())
  }

  /** Afterwards a start takes seconds: the images are there, and so is the reaper. Rejects with StackError. */
  async prepare(images: readonly string[], signal: AbortSignal): Promise<void> {
    const reaper = async () => {
      await this.#library.getReaper(this.#client).catch((error: unknown) => {
        throw new StackError(`testcontainers' reaper does not start: ${errorText(error)}`)
      })
    }
    await abortable(Promise.all([...images.map((image) => this.#pull(image)), reaper()]), signal)
  }

  /** Resolves when all serve. Where one does not come up, or the signal aborts, nothing is left of any. */
  async start(wanted: readonly Container[], signal: AbortSignal): Promise<StartedTestContainer[]> {
    const failing = new AbortController()
    const either = AbortSignal.any([signal, failing.signal])
    const starts = wanted.map(async (each) => {
      try {
        return await this.#startOne(each, either)
      } catch (error) {
        failing.abort(error)
        throw error
      }
    })
    try {
      return await Promise.all(starts)
    } catch (error) {
      await Promise.allSettled(starts)
      await this.remove()
      throw error
    }
  }

  /** With their volumes, whatever state they are in. */
  async remove(): Promise<void> {
    const found = await this.#found()
    await Promise.all(found.map(({ Id }) => this.#dockerode.getContainer(Id).remove({ force: true, v: true })))
  }

  async #pull(image: string): Promise<void> {
    const name = this.#library.ImageName.fromString(image)
    // Some daemons answer a pull that fails with 200 and tell why in a stream that testcontainers does not read.
    const why = await this.#client.image.pull(name).then(() => `"docker pull ${image}" says why`, errorText)
    if (!(await this.#client.image.exists(name)))
      throw new StackError(`the image ${image} is not here and cannot be pulled: ${why}`)
  }

  async #startOne({ title, image, configure, ready }: Container, signal: AbortSignal): Promise<StartedTestContainer> {
    const { GenericContainer, Wait } = this.#library
    const over = new AbortController()
    try {
      const started = await configure(new GenericContainer(image))
        .withLabels({ [stackLabel]: this.#id, [titleLabel]: title })
        // For nothing: what testcontainers waits for, it waits for although the container has ended.
        .withWaitStrategy(Wait.forAll([]))
        .start()
      const ended = this.#dockerode.getContainer(started.getId()).wait({ abortSignal: over.signal })
      const serves = ready(started, signal).then(() => true)
      if (await Promise.race([serves, ended.then(() => false)])) return started
      throw new Error('ended')
    } catch (error) {
      signal.throwIfAborted()
      throw (await this.#obituary(title, image)) ?? error
    } finally {
      over.abort()
    }
  }

  /** Why a container has ended, or undefined where it has not. */
  async #obituary(title: string, image: string): Promise<StackError | undefined> {
    const [found] = await this.#found(`${titleLabel}=${title}`)
    if (found?.State !== 'exited') return undefined
    const log = await text(await this.#client.container.logs(this.#dockerode.getContainer(found.Id), { tail: logTailLines }))
    // The frames of Java's stack traces would push out what they belong to.
    const lines = log.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('\tat '))
    return new StackError(`the ${title} (${image}) ended by itself. The end of its log:\n${lines.slice(-toldLines).join('\n')}`)
  }

  async #found(...labels: readonly string[]) {
    return await this.#dockerode.listContainers({ all: true, filters: { label: [`${stackLabel}=${this.#id}`, ...labels] } })
  }

  get #dockerode() {
    return this.#client.container.dockerode
  }
}

/** We stop waiting; a pull goes on by itself, and makes no container. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
