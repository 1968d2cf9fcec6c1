/** Writes the generated pages: `npm run docs`. A test fails while one of them is stale. */
import { writeFileSync } from 'node:fs'
import { parametersPage } from './parameters-page.ts'

writeFileSync(new URL('../docs/parameters.md', import.meta.url), parametersPage())
