/** @file The textbook's low-level programs on the cpu backend. */
import { testTextbook } from "./textbookPrograms.ts";

testTextbook("cpu");
