import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MavenProgress, pomOf } from '../../src/stack/maven.ts'

test('bytes that arrived are those of files that are done and of those under way', () => {
  const progress = new MavenProgress()
  progress.read('Downloading from central: https://x.test/a.jar\nProgress (1): 0.5/2.0 MB\rProgress (2): 1.5/2.0 MB | 500 kB\r')
  assert.equal(progress.megabytes(), 2)
  progress.read('Downloaded from central: https://x.test/9.0 MB/a.jar (2.0 MB at 39 MB/s)\n')
  progress.read('Progress (1): 101/109 MB\r')
  assert.equal(progress.megabytes(), 103)
})

test('a line that arrives in two pieces counts once', () => {
  const progress = new MavenProgress()
  progress.read('Downloaded from central: https://x.test/a.jar (12 M')
  progress.read('B at 39 MB/s)\n[INFO] Copying a.jar\n')
  assert.equal(progress.megabytes(), 12)
})

test('the POM names each artifact with its version', () => {
  const pom = pomOf(['g.h:a:1.0', 'i:b:2'])
  assert.match(pom, /<dependency><groupId>g\.h<\/groupId><artifactId>a<\/artifactId><version>1\.0<\/version><\/dependency>/)
  assert.equal(pom.match(/<dependency>/g)?.length, 2)
})
