/** @file Fused attention on WebGPU. */
import { attentionTargets } from "./attentionTargets.ts";

attentionTargets("webgpu");
