import type { StatusDocument } from '../../src/ops/status.ts'
import type { Exposition } from './exposition.ts'
import { readExposition } from './exposition.ts'
import type { SinkProcess } from './sink-process.ts'
import { until } from './sink-process.ts'

/** A running sink's pages. */
export class Asking {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** Of a process: its log names the address. */
  static async of(sink: SinkProcess): Promise<Asking> {
    const line = () => sink.log.find(({ msg }) => msg.startsWith('the status page'))
    await until('it serves', () => line() !== undefined)
    return new Asking(String(line()?.url))
  }

  async code(path: string): Promise<number> {
    const response = await fetch(this.url + path)
    await response.text()
    return response.status
  }

  async status(): Promise<StatusDocument> {
    return (await (await fetch(`${this.url}/status`)).json()) as StatusDocument
  }

  async text(path: string): Promise<string> {
    return await (await fetch(this.url + path)).text()
  }

  async metrics(): Promise<Exposition> {
    return readExposition(await this.text('/metrics'))
  }

  /** The first status for which `condition` holds. */
  async until(what: string, condition: (status: StatusDocument) => boolean): Promise<StatusDocument> {
    let last: StatusDocument | undefined
    const look = async () => {
      last = await this.status()
      return condition(last)
    }
    await until(what, look).catch((error: Error) => {
      throw new Error(`${error.message}; the last status was ${JSON.stringify(last)}`)
    })
    return last as StatusDocument
  }
}
