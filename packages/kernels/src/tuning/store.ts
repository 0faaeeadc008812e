/** @file Measured choices that outlive the page: in IndexedDB, by adapter, version and problem. */

/** Choices hold for the kernels of one release. */
export const kernelVersion = "0.1.0";

/** What was measured for one problem. */
export interface ChoiceRecord {
  readonly choice: string;
  /** Of a launch, or of the whole program for choices that shape the graph. */
  readonly milliseconds: number;
}

/** Keeps the records of one kind of machine. Never throws: without a working IndexedDB nothing is kept and nothing found. */
export interface ChoiceStore {
  /** False where choices live no longer than the page, as in Node. */
  readonly lasting: boolean;
  /** Records by problem; those that are no records are deleted. */
  load(): Promise<Map<string, ChoiceRecord>>;
  save(records: ReadonlyMap<string, ChoiceRecord>): Promise<void>;
  clear(): Promise<void>;
}

const database = "tenrec-tuning";
const objects = "choices";

/** Whether `value`, from a store or a file, is a record. */
export function isChoiceRecord(value: unknown): value is ChoiceRecord {
  const { choice, milliseconds } = (value ?? {}) as Partial<ChoiceRecord>;
  return typeof choice === "string" && typeof milliseconds === "number" && milliseconds >= 0;
}

function promised<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(database, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(objects);
  return promised(request);
}

/** Runs `use` in a transaction; null where there is no IndexedDB, or none that works (private windows, full disks). */
async function inTransaction<T>(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => Promise<T>,
): Promise<T | null> {
  try {
    const opened = await openDatabase();
    try {
      return await use(opened.transaction(objects, mode).objectStore(objects));
    } finally {
      opened.close();
    }
  } catch {
    return null;
  }
}

/**
 * The records of machines of this identity (adapter, driver, browser).
 *
 * @example const records = await choiceStore(timer.identity).load();
 */
export function choiceStore(identity: string): ChoiceStore {
  const prefix = `${kernelVersion} | ${identity} | `;
  const range = () => IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  return {
    lasting: "indexedDB" in globalThis,
    async load() {
      const records = new Map<string, ChoiceRecord>();
      await inTransaction("readwrite", async (store) => {
        const [keys, values] = await Promise.all([
          promised(store.getAllKeys(range())),
          promised<unknown[]>(store.getAll(range())),
        ]);
        keys.forEach((key, i) => {
          const value = values[i];
          if (isChoiceRecord(value)) records.set(String(key).slice(prefix.length), value);
          else store.delete(key);
        });
      });
      return records;
    },
    async save(records) {
      await inTransaction("readwrite", (store) =>
        Promise.all([...records].map(([problem, record]) => promised(store.put(record, prefix + problem)))),
      );
    },
    async clear() {
      await inTransaction("readwrite", (store) => promised(store.delete(range())));
    },
  };
}
