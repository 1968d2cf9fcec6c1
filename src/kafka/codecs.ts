/** The compression codecs that kafkajs lacks, in the framing that Java clients write. */
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { compress, uncompress } from 'snappy'

interface Encoder {
  readonly buffer: Buffer
}

export interface Codec {
  compress(encoder: Encoder): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** Java's snappy stream: 8 bytes of magic, two int32 of version, then blocks that each follow their int32 length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])

export const snappyCodec: Codec = {
  async compress({ buffer }) {
    const block = await compress(buffer)
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    return Buffer.concat([XERIAL_HEADER, length, block])
  },
  async decompress(buffer) {
    // librdkafka and others write one raw block instead.
    if (!buffer.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return asBuffer(await uncompress(buffer))
    const blocks: Buffer[] = []
    for (let at = XERIAL_HEADER.length; at < buffer.length; ) {
      const end = at + 4 + buffer.readInt32BE(at)
      blocks.push(asBuffer(await uncompress(buffer.subarray(at + 4, end))))
      at = end
    }
    return Buffer.concat(blocks)
  },
}

export const lz4Codec: Codec = {
  compress: async ({ buffer }) => asBuffer(await compressFrame(buffer)),
  decompress: async (buffer) => asBuffer(await decompressFrame(buffer)),
}

const zstdIn = promisify(zstdCompress)
const zstdOut = promisify(zstdDecompress)

export const zstdCodec: Codec = {
  compress: ({ buffer }) => zstdIn(buffer),
  decompress: (buffer) => zstdOut(buffer),
}

function asBuffer(data: string | Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data as Uint8Array)
}
