/** @file Recurrent sequences on the cpu. */
import { testRecurrent } from "./recurrentSuite.ts";

testRecurrent("cpu");
