import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressSync, uncompressSync } from 'snappy'
import type { Codec } from '../../src/kafka/codecs.ts'
import { lz4Codec, snappyCodec, zstdCodec } from '../../src/kafka/codecs.ts'

const codecs: Readonly<Record<string, Codec>> = { snappy: snappyCodec, lz4: lz4Codec, zstd: zstdCodec }
const data: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  text: Buffer.from('привет, мир; '.repeat(20)),
  zeroes: Buffer.alloc(1_000_000),
  noise: Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255)),
}

const int32 = (number: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(number)
  return bytes
}

for (const [name, codec] of Object.entries(codecs))
  test(`${name} gives back what it was given, and compresses it`, async () => {
    for (const [what, buffer] of Object.entries(data)) {
      const packed = await codec.compress({ buffer })
      assert.ok(Buffer.isBuffer(packed))
      const unpacked = await codec.decompress(packed)
      assert.ok(Buffer.isBuffer(unpacked))
      assert.ok(unpacked.equals(buffer), what)
    }
    assert.ok((await codec.compress({ buffer: data.zeroes as Buffer })).length < 100_000)
  })

for (const [name, codec] of Object.entries(codecs))
  test(`${name} refuses what is broken instead of giving back a part of it`, async () => {
    const packed = await codec.compress({ buffer: data.text as Buffer })
    await assert.rejects(codec.decompress(packed.subarray(0, packed.length - 5)))
    await assert.rejects(codec.decompress(Buffer.from('this is not compressed')))
  })

test('snappy is written in the framing that Java reads: magic, versions, then each block after its length', async () => {
  const buffer = Buffer.from('payload')
  const packed = await snappyCodec.compress({ buffer })
  assert.equal(packed.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001')
  assert.equal(packed.readInt32BE(16), packed.length - 20)
  assert.ok(Buffer.from(uncompressSync(packed.subarray(20)) as Buffer).equals(buffer))
})

test('snappy in several blocks, as Java writes more than 32 KiB, is read whole', async () => {
  const blocks = ['one ', 'two ', 'three'].map((text) => compressSync(Buffer.from(text)))
  const head = Buffer.from('82534e41505059000000000100000001', 'hex')
  const packed = Buffer.concat([head, ...blocks.flatMap((block) => [int32(block.length), block])])
  assert.equal((await snappyCodec.decompress(packed)).toString(), 'one two three')
  assert.equal((await snappyCodec.decompress(head)).length, 0)
})

test('snappy without framing, as librdkafka writes it, is read too', async () => {
  const buffer = data.text as Buffer
  assert.ok((await snappyCodec.decompress(compressSync(buffer))).equals(buffer))
})

test('lz4 is written as a frame, and a frame written elsewhere is read', async () => {
  const packed = await lz4Codec.compress({ buffer: Buffer.from('payload') })
  assert.equal(packed.readUInt32LE(0), 0x184d2204)
  // Version 01, independent blocks; blocks up to 64 KiB; one stored block; the end mark.
  const stored = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 5, 0, 0, 0x80, ...Buffer.from('hello'), 0, 0, 0, 0])
  assert.equal((await lz4Codec.decompress(stored)).toString(), 'hello')
})

test('zstd is written as a frame, and frames of any level, with or without a content size, are read', async () => {
  const buffer = data.text as Buffer
  const packed = await zstdCodec.compress({ buffer })
  assert.equal(packed.readUInt32LE(0), 0xfd2fb528)
  assert.ok(zstdDecompressSync(packed).equals(buffer))
  for (const level of [1, 19])
    for (const contentSize of [0, 1]) {
      const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_contentSizeFlag]: contentSize }
      assert.ok((await zstdCodec.decompress(zstdCompressSync(buffer, { params }))).equals(buffer))
    }
})
