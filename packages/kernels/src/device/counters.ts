/** @file Counts of what devices do: plain integers in one record, so that counting costs an increment. */

/** Work since the last reset (all devices of the page together). */
export interface Counters {
  /** Kernel launches. */
  dispatches: number;
  /** Compute passes. */
  passes: number;
  /** Calls of `queue.submit`, those of reads included. */
  submits: number;
  /** Bind groups created. */
  bindGroups: number;
  /** GPU buffers created (taking one from the pool is free). */
  buffersCreated: number;
  /** Compute pipelines created. */
  pipelines: number;
  /** Bytes uploaded by the host, parameters of kernels included. */
  bytesWritten: number;
  /** Bytes read back by the host. */
  bytesRead: number;
  /** Bytes of buffers in use (the pool of free buffers not included). */
  liveBytes: number;
  /** Highest `liveBytes` since the last reset. */
  peakBytes: number;
}

/** The running counts. Written by devices only; `tenrec/testing` reads them. */
export const counts: Counters = {
  dispatches: 0,
  passes: 0,
  submits: 0,
  bindGroups: 0,
  buffersCreated: 0,
  pipelines: 0,
  bytesWritten: 0,
  bytesRead: 0,
  liveBytes: 0,
  peakBytes: 0,
};

/** Adds to the bytes in use (negative: gives back) and moves the peak. */
export function countLiveBytes(bytes: number): void {
  counts.liveBytes += bytes;
  if (counts.liveBytes > counts.peakBytes) counts.peakBytes = counts.liveBytes;
}

/** All counts to 0; `liveBytes` stays and the peak starts from it. */
export function resetCounts(): void {
  const { liveBytes } = counts;
  for (const name of Object.keys(counts) as (keyof Counters)[]) counts[name] = 0;
  counts.liveBytes = liveBytes;
  counts.peakBytes = liveBytes;
}
