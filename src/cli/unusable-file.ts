import type { Problem } from '../config/problem.ts'

/** Thrown where a file cannot be used: all that is wrong with it, in the order of its lines. */
export class UnusableFile extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`${problems[0]?.file} cannot be used`)
    this.problems = problems
  }

  static asAWhole(file: string, message: string): UnusableFile {
    return new UnusableFile([{ file, line: 1, column: 1, key: '', message }])
  }
}
