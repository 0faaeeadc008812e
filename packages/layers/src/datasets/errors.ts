/** @file The error of data sets: options, files and labels that cannot be used. */

/** What was received, what was expected and how to mend it: the three lines of every message. */
export interface DataErrorParts {
  readonly received: string;
  readonly expected: string;
  readonly fix: string;
}

/** Data, or the options of a data set, cannot be used: the message names the file, row or option. */
export class DataError extends Error {
  constructor(where: string, what: string, parts: DataErrorParts) {
    super(
      `${where}: ${what}\n  Received: ${parts.received}\n  Expected: ${parts.expected}\n  Fix: ${parts.fix}`,
    );
    this.name = "DataError";
  }
}
