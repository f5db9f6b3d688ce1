// The small parts that every screen is made of.
import { type ComponentChildren, Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { now } from "../clock";
import { instant, remaining, wholeInstant } from "../format";
import { words } from "../i18n";
import "../title";

export function Time({ at, full }: { at: string | null | undefined; full?: boolean }) {
  if (!at) return <span>–</span>;
  const whole = wholeInstant(at);
  return (
    <time dateTime={at} title={whole}>
      {full ? whole : instant(at, now.peek())}
    </time>
  );
}

/** Counts down to a due, and up after it. */
export function Countdown({ due, paused, leftMs }: { due: string | null | undefined; paused?: boolean; leftMs?: string }) {
  if (paused) return <span class="soon">{leftMs ?? words.value.paused}</span>;
  const r = remaining(due, now.value);
  return (
    <span class={r.over ? "late" : r.soon ? "soon" : "fine"} title={due ? wholeInstant(due) : undefined}>
      {r.text}
    </span>
  );
}

export function Priority({ name, urgent }: { name: string | null | undefined; urgent?: boolean }) {
  if (!name) return urgent ? <span class="badge high">!</span> : null;
  return <span class={`badge p${name.replace(/\D/g, "")}`}>{name}</span>;
}

/** On paper: as of when this is. */
export function Printed() {
  return <p class="print-only">{words.value.asOf(wholeInstant(new Date(now.value).toISOString()))}</p>;
}

/** `title`: this stands for a whole screen, which has no other heading yet. */
export function Busy({ title }: { title?: string }) {
  return (
    <>
      {title && <h1>{title}</h1>}
      <p class="quiet" role="status">
        {words.value.loading}
      </p>
    </>
  );
}

export function Trouble({ error, again, title }: { error: string; again?: () => void; title?: string }) {
  const w = words.value;
  return (
    <>
      {title && <h1>{title}</h1>}
      {error === w.notHere || error === w.notFound ? (
        <p class="quiet" role="status">
          {error}
        </p>
      ) : (
        <p class="trouble" role="alert">
          {w.failed}: {error}{" "}
          {again && (
            <button type="button" onClick={again}>
              {w.retry}
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** Asks for something when `key` changes; what it answers, or what went wrong. */
export function useAnswer<T>(ask: () => Promise<T>, key: unknown): { value: T | null; error: string; again: () => void } {
  const [state, set] = useState<{ value: T | null; error: string }>({ value: null, error: "" });
  const [turn, setTurn] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    const mine = ++latest.current;
    ask().then(
      (value) => mine === latest.current && set({ value, error: "" }),
      (error) => mine === latest.current && set((old) => ({ value: old.value, error: error instanceof Error ? error.message : String(error) })),
    );
  }, [key, turn]);
  return { ...state, again: () => setTurn((n) => n + 1) };
}

export function Section({ title, children, id }: { title: ComponentChildren; children: ComponentChildren; id?: string }) {
  return (
    <section id={id}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}

export function Dialog({ open, close, title, children }: { open: boolean; close: () => void; title: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} onClose={close} aria-label={title}>
      <h2>{title}</h2>
      {open && children}
    </dialog>
  );
}

// Below what a dialog asks: what sends it, and what gives it up.
export function DialogButtons({ send, close }: { send: string; close: () => void }) {
  return (
    <p class="buttons">
      <button type="submit" class="main">
        {send}
      </button>
      <button type="button" onClick={close}>
        {words.value.cancel}
      </button>
    </p>
  );
}

export function entityUrl(account: string, entity: string): string {
  const [kind, ...id] = entity.split("/");
  return `/e/${encodeURIComponent(account)}/${encodeURIComponent(kind ?? "")}/${encodeURIComponent(id.join("/"))}`;
}

export function groupUrl(account: string, entity: string, escalation: string): string {
  return `${entityUrl(account, entity).replace(/^\/e\//, "/g/")}?escalation=${encodeURIComponent(escalation)}`;
}

export function accountUrl(account: string): string {
  return `/accounts/${encodeURIComponent(account)}`;
}

/** A link from outside leads only where links may lead. */
export function safeLink(link: string | null | undefined): string | null {
  return link && /^https?:\/\//i.test(link) ? link : null;
}

export function idOf(entity: string): string {
  return entity.split("/").slice(1).join("/");
}
