// The server's time. Everything that the page counts is counted by it, never by this device's clock: the
// device may be wrong, and in the demonstration the server lives in another month and faster.
import { signal } from "@preact/signals";

interface Sample {
  server: number;
  local: number; // performance.now()
}

let first: Sample | null = null;
let last: Sample | null = null;
let rate = 1;

/** The server's instant in ms, renewed each second (each frame would only cost battery). */
export const now = signal(Date.now());

/** Takes an instant that the server has just said. Earlier ones than are known by now count for nothing. */
export function hear(instant: string | undefined): void {
  const server = instant ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(server)) return;
  const sample = { server, local: performance.now() };
  if (!first) first = sample;
  const passed = sample.local - first.local;
  if (passed > 3000) {
    const measured = (sample.server - first.server) / passed;
    // Real time is real time; only a clock that clearly runs otherwise is believed to.
    rate = measured > 0.5 && measured < 2 ? 1 : measured;
    if (passed > 60_000) first = sample;
  }
  if (!last || server >= estimate() || server < estimate() - 2000 * Math.max(1, rate)) last = sample;
  now.value = estimate();
}

function estimate(): number {
  return last ? last.server + (performance.now() - last.local) * rate : Date.now();
}

/** How many times faster than real time the server's clock runs; 1 but in the demonstration. */
export function speed(): number {
  return rate;
}

let running = true;

/** While nothing is heard of the node, the countdown stands still: nobody knows what is true. */
export function freeze(frozen: boolean): void {
  running = !frozen;
}

setInterval(() => {
  if (running) now.value = estimate();
}, 500);
