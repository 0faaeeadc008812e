/** @file A GPU that has no memory for large buffers, for tests: a real lack of memory would take the machine with it. */

/** From now on buffers of at least `bytes` bytes are invalid ones, as the specification has it, and the error scopes tell so. */
export function starveGpu(gpu: GPUDevice, bytes: number): void {
  const create = gpu.createBuffer.bind(gpu);
  const pop = gpu.popErrorScope.bind(gpu);
  let isStarved = false;
  gpu.createBuffer = (descriptor) => {
    if (descriptor.size < bytes) return create(descriptor);
    isStarved = true;
    gpu.pushErrorScope("validation");
    const invalid = create({ ...descriptor, usage: 0 });
    pop();
    return invalid;
  };
  gpu.popErrorScope = async () => {
    const starved = isStarved;
    isStarved = false;
    const error = await pop();
    return starved ? new GPUOutOfMemoryError("no room") : error;
  };
}
