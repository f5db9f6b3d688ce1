// Every running promise, or those that are overdue, at risk or waiting; ten thousand of them too.

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { get, query } from "../api";
import { duration } from "../format";
import { words } from "../i18n";
import { onEvent } from "../live";
import { accountUrl, Busy, Countdown, entityUrl, idOf, Priority, Trouble } from "../parts/base";
import { Excused } from "../parts/excuse";
import { VirtualList } from "../parts/list";
import { applyToClock } from "../store";
import type { ClockRow, CloudEvent } from "../types";
import { called, label } from "../words";

const PAGE = 200;
const STATES = ["running", "overdue", "at_risk", "paused"] as const;

interface Page {
  clocks: ClockRow[];
  cursor: string | null;
}

/** A list that is read on when its end comes near. */
export function usePages<Row>(path: string, read: (answer: never) => { rows: Row[]; cursor: string | null }) {
  const [state, set] = useState<{ rows: Row[]; cursor: string | null; error: string; begun: boolean }>({ rows: [], cursor: "", error: "", begun: false });
  const busy = useRef(false);
  const current = useRef(path);
  const next = async (from: string | null, rows: Row[]) => {
    if (busy.current || from === null) return;
    busy.current = true;
    const mine = path;
    try {
      const answer = read((await get(from ? `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(from)}` : path)) as never);
      if (mine === current.current) set({ rows: [...rows, ...answer.rows], cursor: answer.cursor, error: "", begun: true });
    } catch (error) {
      if (mine === current.current) set({ rows, cursor: from, error: error instanceof Error ? error.message : String(error), begun: true });
    }
    busy.current = false;
  };
  const afresh = () => {
    current.current = path;
    busy.current = false;
    set({ rows: [], cursor: "", error: "", begun: false });
    void next("", []);
  };
  useEffect(afresh, [path]);
  return { ...state, more: () => void next(state.cursor, state.rows), again: () => void next(state.cursor ?? "", state.rows), afresh };
}

const keyOf = (row: { account: string; entity: string; clock: string; cycle: unknown }) => `${row.account}/${row.entity}/${row.clock}/${row.cycle}`;
const DRAW_MS = 250; // what the stream tells in this time is drawn together

/**
 * Keeps listed clocks true by the stream: those that have ended leave. How many started since the list was read is counted, so
 * that nothing stays unseen.
 */
function usePatched(rows: ClockRow[]): { shown: ClockRow[]; started: number } {
  const [, redraw] = useState(0);
  const begun = useRef({ list: "", keys: new Set<string>() });
  const first = rows[0] ? keyOf(rows[0]) : "";
  if (begun.current.list !== first) begun.current = { list: first, keys: new Set() };
  useEffect(() => {
    const known = new Map(rows.map((row) => [keyOf(row), row]));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvent((event: CloudEvent) => {
      const [, kind, verb = ""] = event.type.split(".");
      if (event.source !== "/tocsin/engine" || kind !== "clock" || !event.data) return;
      const { entity, clock, cycle } = event.data;
      const key = keyOf({ account: event.partitionkey, entity, clock, cycle });
      const row = known.get(key);
      if (row) applyToClock(row, event.data, verb);
      else if (verb === "started") begun.current.keys.add(key);
      else return;
      timer ??= setTimeout(() => {
        timer = undefined;
        redraw((n) => n + 1);
      }, DRAW_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [rows]);
  return { shown: rows.filter((row) => row.state === "running" || row.state === "paused"), started: begun.current.keys.size };
}

export function ClockCard({ row }: { row: ClockRow }) {
  const w = words.value;
  const pending = row.thresholds.find((t) => t.verdict === "pending" && t.due);
  const missed = row.thresholds.filter((t) => t.verdict === "breached");
  return (
    <div class="row">
      <Priority name={row.priority} />
      <div class="grow">
        <a href={entityUrl(row.account, row.entity)}>{row.title || `${label(row.entity.split("/")[0])} ${idOf(row.entity)}`}</a>
        <p class="quiet">
          <a href={accountUrl(row.account)}>{row.accountName || row.account}</a> · {label(row.clock)} {row.cycle === 1 ? "" : row.cycle}{" "}
          {row.assignee && ` · ${called(row.assignee)}`}
        </p>
      </div>
      <div class="number">
        {missed.length > 0 && (
          <p>
            <Countdown due={missed[missed.length - 1]?.due} /> {missed[missed.length - 1]?.excusedAt && <Excused />}
          </p>
        )}
        {row.state === "paused" ? (
          <p class="soon">{row.remainingMs ? w.pausedLeft(duration(row.remainingMs)) : w.paused}</p>
        ) : (
          pending && (
            <p>
              <Countdown due={pending.due} />
            </p>
          )
        )}
      </div>
    </div>
  );
}

export function Clocks() {
  const w = words.value;
  const { query: search, route } = useLocation();
  const state = STATES.includes(search.state as never) ? (search.state as (typeof STATES)[number]) : "running";
  const filters = {
    account: search.account,
    kind: search.kind,
    clock: search.clock,
    priority: search.priority,
    tier: search.tier,
    person: search.person,
    q: search.q,
  };
  const { rows, error, begun, more, again, afresh } = usePages<ClockRow>(query("/v1/clocks", { state, order: "due", limit: PAGE, ...filters }), (p: Page) => ({
    rows: p.clocks,
    cursor: p.cursor,
  }));
  const { shown, started } = usePatched(rows);
  const go = (to: Record<string, string | undefined>) => route(query("/clocks", { state, ...filters, ...to }));
  const titles: Record<string, string> = { running: w.runningNow, overdue: w.overdue, at_risk: w.atRisk, paused: w.waits };
  return (
    <>
      <h1 class="screen-title">{w.clocks}</h1>
      <nav class="tabs" aria-label={w.clocks}>
        {STATES.map((one) => (
          <a key={one} href={query("/clocks", { ...filters, state: one })} aria-current={one === state ? "page" : undefined}>
            {titles[one]}
          </a>
        ))}
        <input type="search" placeholder={w.search} aria-label={w.search} value={search.q ?? ""} onChange={(e) => go({ q: e.currentTarget.value })} />
      </nav>
      {error && <Trouble error={error} again={again} />}
      {started > 0 && state === "running" && (
        <p class="quiet" role="status">
          {w.startedSince(started)}{" "}
          <button type="button" onClick={afresh}>
            {w.readAgain}
          </button>
        </p>
      )}
      {!begun ? (
        <Busy />
      ) : shown.length === 0 ? (
        <p class="quiet">{w.empty}</p>
      ) : (
        <VirtualList items={shown} keyOf={keyOf} height={64} label={w.clocks} end={more} draw={(row) => <ClockCard row={row} />} />
      )}
    </>
  );
}
