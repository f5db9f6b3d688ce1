// For whoever is in charge: what burns now, whether promises are kept, who carries the load.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, query } from "../api";
import { count, duration } from "../format";
import { words } from "../i18n";
import { onEvent, onFresh } from "../live";
import { accountUrl, Busy, Section, Trouble } from "../parts/base";
import { aliveGroups, cards, changes, everCalled, loading, nobodyKnows, openGroups, priorities } from "../store";
import type { Data } from "../types";
import { label, called as nameOf } from "../words";
import { newestFigures, Tiles } from "./figures";

const LOAD_SHOWN = 12;
const ASKED_AFTER_MS = 200; // what happens together is asked for together
const ASKED_EVERY_MS = 5000; // at most, however much happens
const COUNTED_MS = 1000; // so long after it was told, something is surely counted

function Tile({ href, name, value, tone }: { href: string; name: string; value: number; tone?: string }) {
  return (
    <a class="tile" href={href}>
      <span class="quiet">{name}</span>
      <b class={value > 0 ? tone : undefined}>{count(value)}</b>
    </a>
  );
}

/** A named number with its bar, as a list that a screen reader reads too. */
export function Bars({ rows }: { rows: [string, number][] }) {
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return (
    <div class="bars">
      {rows.map(([name, n]) => (
        <>
          <span>{name}</span>
          <span class="bar" style={{ width: `${(n / most) * 100}%` }} aria-hidden="true" />
          <span class="number">{count(n)}</span>
        </>
      ))}
    </div>
  );
}

/**
 * Asks at once, and soon after something has changed: one question at a time, and so often at most. What was told just before
 * a question may not be counted in its answer yet: then there is another one.
 */
function useFollowed<T>(ask: () => Promise<T>): { value: T | null; error: string; again: () => void } {
  const [state, set] = useState<{ value: T | null; error: string }>({ value: null, error: "" });
  const again = useRef(() => {});
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let [asking, gone] = [false, false];
    let [heardAt, askedAt] = [Number.NEGATIVE_INFINITY, 0];
    const now = async () => {
      asking = true;
      askedAt = performance.now();
      const answer = await ask().then(
        (value) => ({ value, error: "" }),
        (error) => ({ value: null, error: error instanceof Error ? error.message : String(error) }),
      );
      asking = false;
      if (gone) return;
      set((old) => ({ value: answer.value ?? old.value, error: answer.error }));
      if (heardAt > askedAt - COUNTED_MS) soon();
    };
    const soon = () => {
      if (asking) return; // it is seen to when the answer has come
      timer ??= setTimeout(
        () => {
          timer = undefined;
          void now();
        },
        Math.max(ASKED_AFTER_MS, askedAt + ASKED_EVERY_MS - performance.now()),
      );
    };
    const heard = () => {
      heardAt = performance.now();
      soon();
    };
    again.current = () => {
      clearTimeout(timer);
      timer = undefined;
      if (!asking) void now();
    };
    void now();
    const stops = [onEvent(heard), onFresh(heard), changes.subscribe(heard)];
    return () => {
      gone = true;
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, []);
  return { ...state, again: () => again.current() };
}

/** What the page itself knows of who was called, as of now. */
function counted() {
  const all = [...cards.values()];
  const first = priorities()[0] ?? "P1";
  const called = new Map<string, number>();
  const places = new Map<string, number>();
  const tiers = new Map<string, number>();
  const taken: number[] = []; // how long each that was taken had waited
  for (const card of all) {
    for (const group of aliveGroups(card)) {
      for (const person of new Set(everCalled(group))) called.set(person, (called.get(person) ?? 0) + 1);
      if (group.acknowledgedAt) taken.push(Date.parse(group.acknowledgedAt) - Date.parse(group.begun));
    }
    tiers.set(card.tier ?? "–", (tiers.get(card.tier ?? "–") ?? 0) + 1);
    places.set(card.accountName || card.account, (places.get(card.accountName || card.account) ?? 0) + 1);
  }
  taken.sort((a, b) => a - b);
  const open = all.filter((c) => openGroups(c).length > 0);
  return {
    first,
    called,
    places,
    tiers,
    taken,
    nobody: all.filter(nobodyKnows).length,
    open: open.length,
    firstOpen: open.filter((c) => c.priority === first).length,
    acknowledged: all.length - open.length,
  };
}

/** All that the screen asks for, as one answer. */
async function asked() {
  const [board, figures, faults] = await Promise.all([
    get<{ counts: Record<string, number> }>(query("/v1/board", { limit: 1 })),
    newestFigures(),
    get<{ faults: Data[] }>(query("/v1/faults", { limit: 20 })).catch(() => ({ faults: [] })),
  ]);
  return { counts: board.counts, figures: figures.figures, faults: faults.faults };
}

export function Director() {
  const w = words.value;
  const { value, error, again } = useFollowed(asked);
  // The alarms are those that the stream keeps, as of now; the rest follows.
  const now = useMemo(counted, [value, changes.value, loading.value]);
  if (!value && error) return <Trouble title={w.director} error={error} again={again} />;
  if (!value || loading.value) return <Busy title={w.director} />;
  const { counts, figures, faults } = value;
  const { first, called, places, tiers, taken } = now;
  const most = (map: Map<string, number>) => [...map].sort((a, b) => b[1] - a[1]).slice(0, LOAD_SHOWN);
  return (
    <>
      <h1 class="screen-title">{w.director}</h1>
      {error && <Trouble error={error} again={again} />}
      <Section title={w.rightNow}>
        <div class="tiles">
          <Tile href="/q?tab=nobody" name={w.nobody} value={now.nobody} tone="late" />
          <Tile href={`/q?tab=all&priority=${encodeURIComponent(first)}`} name={`${first} ${w.notTaken}`} value={now.firstOpen} tone="late" />
          <Tile href="/q?tab=all" name={w.notTaken} value={now.open} tone="soon" />
          <Tile href="/q?tab=taken" name={w.taken} value={now.acknowledged} />
          <Tile href="/clocks?state=overdue" name={w.overdue} value={counts.overdue ?? 0} tone="late" />
          <Tile href="/clocks?state=at_risk" name={w.atRisk} value={counts.at_risk ?? 0} tone="soon" />
          <Tile href="/clocks?state=running" name={w.runningNow} value={counts.running ?? 0} />
        </div>
        {taken.length > 0 && <p class="quiet">{w.takenAfter(duration(taken[Math.floor(taken.length / 2)] ?? 0), taken.length)}</p>}
      </Section>
      <Section title={w.figures}>
        <Tiles figures={figures} />
      </Section>
      <Section title={w.load}>
        <Bars rows={most(called).map(([id, n]) => [nameOf(id), n])} />
      </Section>
      <Section title={w.where}>
        <Bars rows={[...tiers].sort().map(([tier, n]) => [tier === "–" ? tier : label(tier), n])} />
        <h3>{w.accounts}</h3>
        <Bars rows={most(places)} />
      </Section>
      <Section title={w.faults}>
        {faults.length === 0 ? (
          <p class="quiet">{w.empty}</p>
        ) : (
          <ul class="plain">
            {faults.map((f) => (
              <li key={`${f.account}/${f.module}/${f.weeks}`} class="row">
                <a href={accountUrl(f.account)}>{f.accountName || f.account}</a>{" "}
                {w.faultIn(String(f.module), Array.isArray(f.weeks) ? f.weeks.join(", ") : String(f.weeks ?? ""))}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}
