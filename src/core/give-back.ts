/** Bytes from which on it is worth it. Smaller ones mostly share their memory with others. */
const LARGE_BYTES = 16_384

/**
 * Gives back at once the memory of a large buffer that nobody will read any more. Left to the collector, which looks only at its own small heap,
 * tens of megabytes of them would lie around. What shares its memory with others is let be.
 */
export function giveBack(large: Buffer): void {
  const { buffer, length } = large
  if (length >= LARGE_BYTES && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
