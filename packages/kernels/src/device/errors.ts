/** @file The error class of this package and the house form of its messages. */

/** What was received, what was expected and how to mend it: the three lines of every message. */
export interface DeviceErrorParts {
  readonly received: string;
  readonly expected: string;
  readonly fix: string;
}

/** A device is missing, failed or was asked for something beyond its limits. */
export class DeviceError extends Error {
  constructor(where: string, what: string, parts: DeviceErrorParts) {
    super(
      `${where}: ${what}\n  Received: ${parts.received}\n  Expected: ${parts.expected}\n  Fix: ${parts.fix}`,
    );
    this.name = "DeviceError";
  }
}

/** More memory was asked for than there is. */
export class MemoryError extends DeviceError {
  constructor(where: string, what: string, parts: DeviceErrorParts) {
    super(where, what, parts);
    this.name = "MemoryError";
  }
}

/** A broken invariant between the packages; please report. */
export function internal(message: string): DeviceError {
  const error = new DeviceError("internal", message, {
    received: "a call that breaks the contract of the device",
    expected: "none",
    fix: "this is a bug in tenrec: please report it",
  });
  return error;
}

/** What a disposed device tells whoever still waits or computes. */
export function disposedError(backend: "webgpu" | "cpu"): DeviceError {
  return new DeviceError(backend, "the device was disposed.", {
    received: "a call after dispose",
    expected: "a device in use",
    fix: "call init() again before computing",
  });
}

/** `1,234,567 bytes (1.2 MiB)`. */
export function formatBytes(bytes: number): string {
  const exact = `${bytes.toLocaleString("en-US")} bytes`;
  if (bytes < 1024) return exact;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${exact} (${(bytes / 1024 ** power).toFixed(1)} ${["", "KiB", "MiB", "GiB"][power]})`;
}
