/** @file Matrix products: blocks of k, packed panels, tiles in registers, the epilogue on rows as they are finished. */
import type { Value } from "./assembler.ts";
import type { GemmBlocks } from "./gemmBlocks.ts";
import { type Bounds, isZero } from "./gemmLoops.ts";
import { add, addScaled, equal, int } from "./integers.ts";
import { batchAxis, kAxis, mAxis } from "./operand.ts";
import { rowByColumns } from "./thin.ts";

/** Emits all of some batches. */
export function emitBatches(blocks: GemmBlocks, [first, end]: Bounds): void {
  blocks.f.loop(blocks.batch, first, end, 1, () => {
    if (blocks.sizes.isThin) emitThin(blocks);
    else if (blocks.sizes.keepsC) emitByDepth(blocks);
    else emitByRows(blocks, first);
    blocks.emitSums();
  });
}

/** Row by row. */
function emitThin(blocks: GemmBlocks): void {
  const { f, places } = blocks;
  const { m, n, columns } = blocks.sizes;
  if (!blocks.a.plain) blocks.compute(blocks.a, [mAxis, kAxis], [int(0), int(m)]);
  const a = blocks.rowsOfA(int(0));
  const row = f.local("i32");
  blocks.overDepth((block) => {
    const { k, depth } = block;
    const b = blocks.blockOfB(block);
    const product = rowByColumns(f.module, a.depthStride, b.depthStride);
    f.loop(row, int(0), int(m), 1, () => {
      const c = addScaled(places.c, row.get, columns * 4);
      for (const value of [a.at(row.get, k), b.at(int(0), k), depth, c, int(n), isZero(k)]) value(f);
      f.call(product);
    });
  });
  blocks.emitEpilogue([int(0), int(m)], places.c);
}

/** B is packed whole, or read where it lies, then C is made a block of rows at a time; batches count from `firstBatch`. */
function emitByRows(blocks: GemmBlocks, firstBatch: Value): void {
  const { m, readsB } = blocks.sizes;
  if (!readsB) packWhole(blocks, firstBatch);
  blocks.emitRowBlocks([int(0), int(m)]);
}

function packWhole(blocks: GemmBlocks, firstBatch: Value): void {
  const { f, b, batch } = blocks;
  const pack = (): void => blocks.overDepth((block) => blocks.packB(block));
  // The same for all batches.
  if (b.plain && !b.plain.form.axes.has(batchAxis)) f.if(equal(batch.get, firstBatch), pack);
  else pack();
}

/** Blocks of k of both operands are added to a C that is kept. */
function emitByDepth(blocks: GemmBlocks): void {
  const { f, a } = blocks;
  const { m } = blocks.sizes;
  blocks.overDepth((block) => {
    const { k, depth } = block;
    blocks.packB(block);
    if (!a.plain) blocks.compute(a, [kAxis, mAxis], [k, f.keep("i32", add(k, depth)).get]);
    blocks.multiplyRows(blocks.blockOf(a, k), [int(0), int(m)], block);
  });
  blocks.emitEpilogue([int(0), int(m)], blocks.places.c);
}
