/** @file What the threads of a device share beside its memory: the words that say which step is run and who sleeps, and messages. */

/** Indices of words. Those that all threads write lie in cache lines of their own. */
export const word = {
  /** (sequence << 8) | the next chunk that nobody has taken: a thread takes it by exchanging this word for one more. */
  claim: 0,
  /** Chunks of the step that Workers have finished. */
  done: 16,
  /** Workers that wait for the claim to change. */
  sleepers: 32,
  /** The step: which function of which program, the address of the call's words, its units and how they are cut into chunks. */
  program: 48,
  function: 49,
  call: 50,
  units: 51,
  chunkUnits: 52,
  chunks: 53,
  /** Messages posted to each Worker, which have to be taken in before any step. */
  messages: 64,
  /** Not 0 when a Worker's chunk has thrown. */
  failed: 65,
} as const;

export const controlBytes = 80 * 4;

/** The chunk number of a claim that nobody may take. */
export const closed = 255;
export const maxChunks = 254;

export function chunkOf(claim: number): number {
  return claim & 255;
}

/** A function of a program: units `begin` to `end` of a call. With several threads its scratch memory is that of `thread`. */
export type StepFunction = (call: number, begin: number, end: number, thread?: number) => void;

/** The export of function `number`. */
export function functionName(number: number): string {
  return `k${number}`;
}

export type Message =
  | {
      readonly type: "start";
      readonly control: Int32Array<SharedArrayBuffer>;
      readonly memory: WebAssembly.Memory;
      /** 0 is the thread of the device. */
      readonly thread: number;
    }
  | { readonly type: "add"; readonly program: number; readonly module: WebAssembly.Module }
  | { readonly type: "drop"; readonly program: number };
