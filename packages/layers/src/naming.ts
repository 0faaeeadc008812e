/** @file Names as Keras makes them: `Dense` becomes `dense`, `dense_1`, ... */

const counts = new Map<string, number>();

/** `RootMeanSquaredError` -> `root_mean_squared_error`, `AUC` -> `auc`, `Conv2D` -> `conv2d`, as Keras's `to_snake_case`. */
export function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** The prefix itself the first time, then with `_1`, `_2`, ... */
export function uniqueName(prefix: string): string {
  const used = counts.get(prefix) ?? 0;
  counts.set(prefix, used + 1);
  return used === 0 ? prefix : `${prefix}_${used}`;
}

/** Starts automatic names from the beginning (Keras's `clear_session`). */
export function resetNames(): void {
  counts.clear();
}

/**
 * Name of an object's class. Classes of the library carry `static className`, because minifiers rename classes; a subclass that has none of its
 * own is called by its constructor's name.
 */
export function classNameOf(object: object): string {
  const made = object.constructor as { readonly name: string; readonly className?: string };
  return Object.hasOwn(made, "className") ? (made.className as string) : made.name;
}
