/** @file What the block loops of a device share: kernels run one after another. */
import { RegisterPool } from "./registers.ts";
import { Scratch } from "./scratch.ts";

export class BlockMachine {
  readonly registers = new RegisterPool();
  readonly scratch = new Scratch();
}
