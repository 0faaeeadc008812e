// Brings Tenrec up on WebGPU; "auto" would refuse a software adapter.
import { init } from "tenrec";

export async function startTenrec(): Promise<void> {
  await init({ backend: "webgpu" });
}
