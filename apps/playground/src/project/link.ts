/** A Project in the address: `#s=1.<base64url(deflate-raw(json))>`, only what differs from the data set's defaults. */

import { defaultProject } from "./defaults.ts";
import { dataSets, type Project } from "./project.ts";
import { readProject } from "./validate.ts";

type Section = "data" | "model" | "train" | "view";
const sections: readonly Section[] = ["data", "model", "train", "view"];
type Sparse = { v: number; set: string } & { [Key in Section]?: Record<string, unknown> };

/** The fields of `project` that differ from its data set's defaults. */
export function differences(project: Project): Sparse {
  const base = defaultProject(project.data.set);
  const sparse: Sparse = { v: project.v, set: project.data.set };
  for (const section of sections) {
    const changed = Object.entries(project[section]).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(base[section][key as never]),
    );
    if (changed.length > 0) sparse[section] = Object.fromEntries(changed);
  }
  return sparse;
}

/** The Project whose differences are `sparse`, checked field by field. */
export function fromDifferences(sparse: unknown): Project {
  const source = (typeof sparse === "object" && sparse !== null ? sparse : {}) as Partial<Sparse>;
  const base = defaultProject(dataSets.find((set) => set === source.set) ?? "spiral");
  const merged: Record<string, unknown> = { ...base, v: source.v };
  for (const section of sections) merged[section] = { ...base[section], ...source[section] };
  return readProject(merged);
}

async function through(bytes: Uint8Array<ArrayBuffer>, stream: GenericTransformStream): Promise<Uint8Array> {
  const output = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(output).arrayBuffer());
}

function toBase64Url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );
}

/** The fragment for `project`; empty when it is the project the page opens with. */
export async function toFragment(project: Project): Promise<string> {
  const json = JSON.stringify(differences(project));
  if (json === JSON.stringify(differences(defaultProject("spiral")))) return "";
  const bytes = new TextEncoder().encode(json);
  return `#s=1.${toBase64Url(await through(bytes, new CompressionStream("deflate-raw")))}`;
}

/**
 * The Project in a fragment, or undefined where the fragment carries none.
 * @throws {ProjectError} where a field is not valid; {Error} where the text is damaged.
 */
export async function fromFragment(fragment: string): Promise<Project | undefined> {
  const text = /^#s=1\.([\w-]{1,8192})$/.exec(fragment)?.[1];
  if (text === undefined) return undefined;
  const bytes = await through(fromBase64Url(text), new DecompressionStream("deflate-raw"));
  return fromDifferences(JSON.parse(new TextDecoder().decode(bytes)));
}
