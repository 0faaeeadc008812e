/** @file The images to learn: the digits that tenrec ships, or MNIST from a folder. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { datasets } from "tenrec";
import { inputError } from "./options.mjs";

/**
 * @typedef {{ data: Float32Array | Uint8Array, shape: number[] }} Images
 * @typedef {{ name: string, side: number, white: number, train: Rows, test: Rows }} ImageSet `white` is the value of full ink
 * @typedef {{ x: Images, y: { data: Int32Array | Uint8Array, shape: number[] } }} Rows
 */

/** @returns {Promise<ImageSet>} 1,797 images of 8 x 8 pixels */
export async function loadDigits() {
  const { train, test } = await datasets.digits({ flatten: false, scale: false });
  return { name: "digits", side: 8, white: 16, train, test };
}

/** @returns {Promise<ImageSet>} 70,000 images of 28 x 28 pixels, or whatever the folder holds in this format */
export async function loadMnist(folder) {
  const files = await idxFiles(folder);
  const source = Object.fromEntries(
    await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name))])),
  );
  const { train, test } = await datasets.mnist({ source });
  return { name: "MNIST digits", side: 28, white: 255, train: withChannel(train), test: withChannel(test) };
}

async function idxFiles(folder) {
  const names = await readdir(folder).catch((error) => {
    const expected = "a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the two of t10k";
    throw inputError("the folder of --mnist cannot be read.", error.message, expected, "check the path");
  });
  return names.filter((name) => /^(train|t10k)-(images|labels)[-.]idx\d-ubyte(\.gz)?$/.test(name));
}

const withChannel = ({ x, y }) => ({ x: { data: x.data, shape: [...x.shape, 1] }, y });
