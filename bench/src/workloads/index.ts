// The table of workloads: adding one here and its sides per library is all that a new benchmark takes.
import type { Workload } from "../types.ts";
import { mlp } from "./mlp.ts";

export const workloads = [mlp] as readonly Workload[];
