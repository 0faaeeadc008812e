/** Class probabilities from logits, and what they say about known labels: loss, accuracy and the confusion table. */

export interface Scores {
  readonly loss: number;
  readonly accuracy: number;
  readonly confusion: readonly (readonly number[])[];
}

/** Keras clips probabilities here before the logarithm; the same clip keeps both losses on one scale. */
const smallest = 1e-7;

function largestIndex(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}

/** Softmax of each row of `classes` numbers, in place; a row with a number that is not finite becomes NaN. */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const most = row.reduce((largest, logit) => Math.max(largest, logit), -Infinity);
    let sum = 0;
    row.forEach((logit, index) => {
      const part = Math.exp(logit - most);
      row[index] = part;
      sum += part;
    });
    row.forEach((part, index) => {
      row[index] = part / sum;
    });
  }
  return logits;
}

/** Mean cross entropy, share of right answers and the table of true by predicted class. */
export function score(probabilities: Float32Array, labels: Int32Array, classes: number): Scores {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let loss = 0;
  let right = 0;
  labels.forEach((label, index) => {
    const row = probabilities.subarray(index * classes, (index + 1) * classes);
    const chosen = largestIndex(row);
    const clipped = Math.min(1 - smallest, Math.max(smallest, row[label] as number));
    loss -= Math.log(clipped);
    if (chosen === label) right++;
    const counts = confusion[label] as number[];
    counts[chosen] = (counts[chosen] as number) + 1;
  });
  return { loss: loss / labels.length, accuracy: right / labels.length, confusion };
}
