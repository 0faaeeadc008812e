/** @file Base64, zlib and gzip to bytes, with what every browser, Worker and Node has built in. */

/** The bytes of base64 text; line breaks are ignored. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** True if the bytes begin like a gzip file (1f 8b). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks `bytes` of the given format. Rejects when they are corrupt or cut short. */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  format: "gzip" | "deflate",
): Promise<Uint8Array<ArrayBuffer>> {
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
