// The server's time. Everything that the page counts is counted by it, never by this device's clock: the
// device may be wrong, and in the demonstration the server lives in another month and faster.
import { signal } from "@preact/signals";

const TICK_MS = 1000;

interface Sample {
  server: number;
  local: number; // performance.now()
}

let first: Sample | null = null;
let last: Sample | null = null;
/** How many times faster than real time the server's clock runs, about; 1 but in the demonstration. */
export const speed = signal(1);
let rate = 1;

/** The server's instant in ms, renewed each second (each frame would only cost battery). */
export const now = signal(Date.now());

/**
 * Takes an instant that the server has said. `past`: it may be some time ago (of a record that the stream brings again), and
 * can only move the clock forward.
 */
export function hear(instant: string | undefined, past = false): void {
  const server = instant ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(server)) return;
  if (past && last && server < estimate()) return;
  const sample = { server, local: performance.now() };
  if (!first && !past) first = sample;
  const passed = first ? sample.local - first.local : 0;
  if (first && passed > 3000) {
    const measured = (sample.server - first.server) / passed; // of a past instant: at least so fast
    // Real time is real time; only a clock that clearly runs otherwise is believed to.
    const believed = measured > 0.5 && measured < 2 ? 1 : measured;
    if (!past || believed > rate) rate = believed;
    // In steps, since each shows.
    const about = rate > 2 ? Number(rate.toPrecision(1)) : 1;
    if (about !== speed.value) speed.value = about;
    if (!past && passed > 60_000) first = sample;
  }
  if (!last || server >= estimate() || server < estimate() - 2000 * Math.max(1, rate)) last = sample;
  // What shows an instant is drawn again by the tick; only a leap is shown at once.
  if (running && Math.abs(now.peek() - estimate()) > 2 * TICK_MS * Math.max(1, rate)) now.value = estimate();
}

/** The server's instant, not only as of the last tick. */
export function estimate(): number {
  return last ? last.server + (performance.now() - last.local) * rate : Date.now();
}

let running = true;

/** While nothing is heard of the node, the countdown stands still: nobody knows what is true. */
export function freeze(frozen: boolean): void {
  running = !frozen;
}

setInterval(() => {
  if (running) now.value = estimate();
}, TICK_MS);
