/** @file Bitwise repeatable training on the cpu backend. */
import { testRepeats } from "./tapeRepeat.ts";

testRepeats("cpu");
