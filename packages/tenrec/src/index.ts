/** What a user imports: tensors, gradients and random numbers from below, layers and models from above. */
export * from "@tenrec/layers";
export * from "@tenrec/tensor";
