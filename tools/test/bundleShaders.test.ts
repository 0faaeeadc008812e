/** The shader module has the code of the WGSL files, and the committed one is up to date. */
import { expect, test } from "vitest";
import { exportName, moduleText, shadersAreFresh, withoutComments } from "../bundleShaders.mjs";

test("names are camelCase", () => {
  expect(exportName("shaders/rows/row_softmax.wgsl")).toBe("rowSoftmax");
  expect(exportName("shaders/gemm.wgsl")).toBe("gemm");
});

test("text survives backslashes, backticks and ${", async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text under test looks like a placeholder
  const text = "fn f() { /* `a` ${b} \\n $c */ }\n";
  const source = moduleText([{ path: "shaders/odd.wgsl", text }]).replace(": string", "");
  const module = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`);
  expect(module.odd).toBe(text);
});

test("comments go, markers stay", () => {
  const text = "// prose\n// @hook\nfn f() { // more\n  // prose\n  x = 1; // @constant\n}\n";
  expect(withoutComments(text)).toBe("// @hook\nfn f() {\n  x = 1; // @constant\n}\n");
});

test("two files of one name are refused", () => {
  const files = ["shaders/a/x.wgsl", "shaders/b/x.wgsl"].map((path) => ({ path, text: "" }));
  expect(() => moduleText(files)).toThrow('shaders/b/x.wgsl and shaders/a/x.wgsl are both "x".');
});

test("packages/kernels/src/shaders.ts is up to date", () => {
  expect(shadersAreFresh()).toBe(true);
});
