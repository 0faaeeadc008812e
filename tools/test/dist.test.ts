/** What the build changes in published modules: WGSL becomes small, reference rules go. */
import { describe, expect, test } from "vitest";
import { dropReferences } from "../dropReferences.mjs";
import { minifyWgsl } from "../minifyWgsl.mjs";

describe("minifyWgsl", () => {
  test("shortens locals and keeps fields, functions and types", () => {
    const text = "fn f_f32(value: f32) -> f32 {\n  let half = value.x / 2.0;\n  return half - -value;\n}\n";
    expect(minifyWgsl(text)).toBe("fn f_f32(a:f32)->f32{\n let b=a.x/2.0;return b - -a;\n}\n");
  });

  test("takes no name that the function uses", () => {
    const text = "fn f(value: f32) -> f32 {\n  return a + value;\n}\n";
    expect(minifyWgsl(text)).toBe("fn f(b:f32)->f32{\n return a+b;\n}\n");
  });

  test("takes no keyword when letters run out", () => {
    const lines = Array.from({ length: 60 }, (_, i) => `  let name${i} = ${i};\n`).join("");
    const short = minifyWgsl(`fn f() {\n${lines}}\n`).match(/let \w+/g) ?? [];
    expect(new Set(short).size).toBe(60);
    expect(short.filter((name) => /^let (as|do|if|fn|of)$/.test(name))).toEqual([]);
  });

  test("drops what a template replaces and keeps its marks", () => {
    const text = [
      "// @standalone\n@group(0) @binding(0) var<storage> data: array<f32>;\n// @end\n",
      "// @specialize\nconst WIDTH = 4;\nconst TWICE = WIDTH * 2;\n",
      "// @hook\nfn load(at: i32) -> f32 {\n  return data[at];\n}\n",
      "// @hook\nstruct State {\n  start: i32,\n}\n",
    ].join("\n");
    expect(minifyWgsl(text)).toBe(
      "// @specialize\nconst WIDTH = ;\nconst TWICE = WIDTH * 2;\n// @hook\nfn load\n}\n// @hook\nstruct State\n}\n",
    );
  });
});

describe("dropReferences", () => {
  test("nulls rules in every form and nothing else", () => {
    const code =
      "const a = { name, reference: (x) => ({ reference: x }), reference() { return 1; }, references: 2 };";
    expect(dropReferences(code)).toBe("const a = { name, reference: null, reference: null, references: 2 };");
  });

  test("nulls the argument that becomes a rule", () => {
    const code =
      "const f = (name, reference) => ({ reference: (x) => reference(x) }); f(1, (x) => x, 3); g(1, 2);";
    expect(dropReferences(code)).toBe(
      "const f = (name, reference) => ({ reference: null }); f(1, null, 3); g(1, 2);",
    );
  });

  test("leaves patterns and reads alone", () => {
    const code = "const f = ({ reference: rule }) => rule; g(record.reference);";
    expect(dropReferences(code)).toBe(code);
  });
});
