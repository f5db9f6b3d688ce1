// The stream of committed records, and an honest word about it: when nothing was heard for twenty seconds,
// nobody may believe that the page is live.
import { effect, signal } from "@preact/signals";
import { headers, refused, token } from "./api";
import { freeze, hear } from "./clock";
import type { CloudEvent } from "./types";

export const SILENT_AFTER_S = 20; // the node sends a sign of life each 15 s at least
const RETRY_MS = [500, 1000, 2000, 4000];

export type Connection = "connecting" | "live" | "silent";
export const connection = signal<Connection>("connecting");
/** Seconds since the last sign of life. */
export const silence = signal(0);

type Listener = (event: CloudEvent, position: string) => void;
const listeners = new Set<Listener>();
const fresh = new Set<() => void>();

export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called when the stream began anew at a place that is not where it broke off: lists must be read again. */
export function onFresh(listener: () => void): () => void {
  fresh.add(listener);
  return () => fresh.delete(listener);
}

let heardAt = performance.now();
let lastId = "";
let generation = 0;

function heard(): void {
  heardAt = performance.now();
  silence.value = 0;
  connection.value = "live";
  freeze(false);
}

setInterval(() => {
  silence.value = Math.floor((performance.now() - heardAt) / 1000);
  if (silence.value >= SILENT_AFTER_S && connection.value !== "silent") {
    connection.value = "silent";
    freeze(true);
  }
  // A connection that hangs is given up: the next one may get through.
  if (silence.value > 0 && silence.value % 40 === 0) restart();
}, 1000);

function frame(text: string): void {
  let id = "";
  let data = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("id:")) id = line.slice(3).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trim();
  }
  if (id) lastId = id;
  if (!data) return;
  let event: CloudEvent;
  try {
    event = JSON.parse(data);
  } catch {
    return;
  }
  hear(event.recordedtime, true);
  for (const listener of listeners) listener(event, id);
}

async function read(mine: number): Promise<void> {
  const abort = new AbortController();
  stopReading = () => abort.abort();
  const response = await fetch("/v1/stream", {
    headers: { ...headers(), ...(lastId ? { "last-event-id": lastId } : {}) },
    signal: abort.signal,
    cache: "no-store",
  });
  if (response.status === 401) {
    refused.value = true;
    throw new Error("token refused");
  }
  if (!response.ok || !response.body) {
    if (response.status === 400) lastId = ""; // a position of another log
    throw new Error(`HTTP ${response.status}`);
  }
  if (!lastId) for (const listener of fresh) listener();
  heard();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (mine === generation) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    rest += value;
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    for (const text of frames) frame(text);
  }
}

let stopReading: () => void = () => {};

async function run(mine: number): Promise<void> {
  for (let tries = 0; mine === generation; tries++) {
    try {
      await read(mine);
      tries = 0;
    } catch {
      if (refused.value) return;
    }
    if (mine !== generation) return;
    if (connection.value === "live") connection.value = "connecting";
    await new Promise((done) => setTimeout(done, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]));
  }
}

function restart(): void {
  generation++;
  stopReading();
  void run(generation);
}

effect(() => {
  token.value; // another token, another stream
  if (!refused.value) restart();
});
