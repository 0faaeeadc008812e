/** @file A thread of the cpu backend: the module of a Worker, which takes chunks of steps that the device's thread publishes. */
import { mathImports } from "../wasm/math.ts";
import { chunkOf, closed, functionName, type Message, type StepFunction, word } from "./control.ts";

/** How a thread talks to its device, in a page's Worker and in Node's. */
interface Port {
  postMessage(message: "ready"): void;
  listen(take: (message: Message) => void): void;
}

/** Waking up takes longer than most pauses between steps. */
const spinMilliseconds = 0.08;

class Thread {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #memory: WebAssembly.Memory;
  readonly #thread: number;
  readonly #programs = new Map<number, readonly StepFunction[]>();
  /** The one that started the thread included. */
  #messages = 1;

  constructor({ control, memory, thread }: Extract<Message, { type: "start" }>) {
    this.#control = control;
    this.#memory = memory;
    this.#thread = thread;
  }

  take(message: Exclude<Message, { type: "start" }>): void {
    this.#messages++;
    if (message.type === "drop") this.#programs.delete(message.program);
    else this.#programs.set(message.program, this.#instantiate(message.module));
  }

  /** Works until a message has come, which only arrives once this returns. */
  work(): void {
    const control = this.#control;
    while (Atomics.load(control, word.messages) === this.#messages) {
      const claim = Atomics.load(control, word.claim);
      if (chunkOf(claim) === closed || !this.#runChunk(claim)) this.#idle(claim);
    }
  }

  /** A thread that lacks memory for a program leaves its steps to the others. */
  #instantiate(module: WebAssembly.Module): StepFunction[] {
    try {
      const imports = { math: mathImports, env: { memory: this.#memory } };
      const { exports } = new WebAssembly.Instance(module, imports);
      return Object.keys(exports).map((_, number) => exports[functionName(number)] as StepFunction);
    } catch {
      return [];
    }
  }

  /** Takes and runs the chunk that `claim` names; false if there is none for this thread. */
  #runChunk(claim: number): boolean {
    const control = this.#control;
    const read = (index: number) => Atomics.load(control, index);
    const chunk = chunkOf(claim);
    if (chunk >= read(word.chunks)) return false;
    const run = this.#programs.get(read(word.program))?.[read(word.function)];
    if (!run) return false;
    const [call, units, chunkUnits] = [read(word.call), read(word.units), read(word.chunkUnits)];
    // What was read belongs to the claim: the claim changes before and after the words of a step do.
    if (Atomics.compareExchange(control, word.claim, claim, claim + 1) !== claim) return true;
    try {
      const begin = chunk * chunkUnits;
      run(call, begin, Math.min(begin + chunkUnits, units), this.#thread);
    } catch {
      Atomics.store(control, word.failed, 1);
    }
    Atomics.add(control, word.done, 1);
    return true;
  }

  /** Until the claim is another. */
  #idle(claim: number): void {
    const control = this.#control;
    const end = performance.now() + spinMilliseconds;
    do {
      for (let i = 0; i < 100; i++) if (Atomics.load(control, word.claim) !== claim) return;
    } while (performance.now() < end);
    Atomics.add(control, word.sleepers, 1);
    Atomics.wait(control, word.claim, claim);
    Atomics.sub(control, word.sleepers, 1);
  }
}

function findPort(): Port {
  const scope = globalThis as unknown as {
    readonly process?: { getBuiltinModule?(name: string): { readonly parentPort: NodePort | null } };
    onmessage: ((event: MessageEvent<Message>) => void) | null;
    postMessage(message: "ready"): void;
  };
  const parent = scope.process?.getBuiltinModule?.("node:worker_threads").parentPort;
  if (parent) {
    return {
      postMessage: (message) => parent.postMessage(message),
      listen: (take) => parent.on("message", take),
    };
  }
  return {
    postMessage: (message) => scope.postMessage(message),
    listen: (take) => {
      scope.onmessage = ({ data }) => take(data);
    },
  };
}

/** Of `node:worker_threads`. */
interface NodePort {
  postMessage(message: "ready"): void;
  on(event: "message", take: (message: Message) => void): void;
}

const port = findPort();
let thread: Thread | null = null;
port.listen((message) => {
  if (message.type === "start") {
    thread = new Thread(message);
    port.postMessage("ready");
  } else thread?.take(message);
  thread?.work();
});
