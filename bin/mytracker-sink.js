#!/usr/bin/env node
// Node 24 runs the TypeScript as it is. An older Node would stop at its first type annotation with a
// syntax error that tells nobody what to do, hence this look before the import.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `mytracker-sink needs Node 24 or newer; this is ${process.version}. In a checkout, \`npm ci\` brings one: npx mytracker-sink.`,
  )
  process.exit(1)
}
await import('../src/main.ts')
