// What was done, and what will be done in five seconds unless it is undone.
import { signal } from "@preact/signals";
import { words } from "../i18n";

const UNDO_S = 5;

interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  left?: number; // seconds until it is sent
  undo?: () => void;
}

const toasts = signal<Toast[]>([]);
let last = 0;

function change(id: number, to: Partial<Toast> | null): void {
  toasts.value = toasts.value.flatMap((t) => (t.id !== id ? [t] : to ? [{ ...t, ...to }] : []));
}

export function say(text: string, bad = false): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, text, bad }];
  setTimeout(() => change(id, null), bad ? 12_000 : 5000);
}

export async function doing(order: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await order();
    say(done);
    return true;
  } catch (error) {
    say(`${words.value.failed}: ${error instanceof Error ? error.message : error}`, true);
    return false;
  }
}

const unsent = new Map<number, () => void>();

/** Sends after five seconds, or when the page is left; until then it can be undone. Never used for acknowledging. */
export function undoable(what: string, order: () => Promise<unknown>): void {
  const id = ++last;
  let left = UNDO_S;
  const timer = setInterval(() => (--left > 0 ? change(id, { left }) : send()), 1000);
  const undo = () => {
    clearInterval(timer);
    unsent.delete(id);
    change(id, null);
  };
  const send = () => {
    undo();
    void doing(order, `${what}: ${words.value.done}`);
  };
  unsent.set(id, send);
  toasts.value = [...toasts.value, { id, text: what, left, undo }];
}

window.addEventListener("pagehide", () => {
  for (const send of [...unsent.values()]) send();
});

export function Toasts() {
  const w = words.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <p key={t.id} class={t.bad ? "toast bad" : "toast"}>
          {t.left === undefined ? t.text : w.sending(t.text, t.left)}
          {t.undo && (
            <button type="button" onClick={t.undo}>
              {w.undo}
            </button>
          )}
        </p>
      ))}
    </div>
  );
}
