/** Set-up of the ring `relaxed`: Node's tests in a page that has no WebGPU, as Node has none. */
Object.defineProperty(Navigator.prototype, "gpu", { value: undefined });
