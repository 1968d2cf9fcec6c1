#!/usr/bin/env node
import { existsSync } from 'node:fs'

// Node 24 runs the TypeScript as it is. An older Node would stop at its first type annotation with a
// syntax error that tells nobody what to do, hence this look before the import.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `mytracker-sink needs Node 24 or newer; this is ${process.version}. In a checkout, \`npm ci\` brings one: npx mytracker-sink.`,
  )
  process.exit(1)
}
// A package holds no sources, which Node would not run below node_modules, but what was built of them.
await import(existsSync(new URL('../src/main.ts', import.meta.url)) ? '../src/main.ts' : '../dist/main.js')
