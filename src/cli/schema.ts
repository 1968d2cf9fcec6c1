import { Command } from 'commander'
import { configJsonSchema } from '../config/json-schema.ts'

export function schemaCommand(): Command {
  return new Command('schema')
    .description("the configuration's JSON Schema, for an editor's completion")
    .addHelpText('after', '\nExit code: 0.')
    .action(() => void process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`))
}
