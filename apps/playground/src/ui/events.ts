/** Small readers of form events, so that templates stay short. */

export const picked = (event: Event) => (event as CustomEvent<number>).detail;
export const chosen = (event: Event) => (event.target as HTMLSelectElement).value;
export const checked = (event: Event) => (event.target as HTMLInputElement).checked;
