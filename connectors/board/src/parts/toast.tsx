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

const SLOW_MS = 3000; // without an answer: whoever waits hears that nothing is sure yet

/** Says `done` when it is; `what` it is about stands before whatever else is said. */
export async function doing(order: () => Promise<unknown>, done: string | (() => string), what = ""): Promise<boolean> {
  const w = words.value;
  const about = what ? `${what}: ` : "";
  const slow = setTimeout(() => say(about + w.notConfirmed, true), SLOW_MS);
  try {
    await order();
    say(about + (typeof done === "string" ? done : done()));
    return true;
  } catch (error) {
    // A TypeError is how a browser says that nobody answers.
    say(about + (error instanceof TypeError ? w.nobodyAnswers : `${w.failed}: ${error instanceof Error ? error.message : error}`), true);
    return false;
  } finally {
    clearTimeout(slow);
  }
}

const unsent = new Map<number, { what: string; of: string; send: () => void }>();

/** Sends after five seconds, or when the page is left; until then it can be undone, and the same of the same is not
 * ordered twice. Never used for acknowledging. */
export function undoable(what: string, of: string, order: () => Promise<unknown>): void {
  if ([...unsent.values()].some((one) => one.what === what && one.of === of)) return;
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
    void doing(order, words.value.done, what);
  };
  unsent.set(id, { what, of, send });
  toasts.value = [...toasts.value, { id, text: what, left, undo }];
}

export function sendAll(): void {
  for (const { send } of [...unsent.values()]) send();
}
window.addEventListener("pagehide", sendAll);

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
