// On call: one card for each entity about which somebody was called, the worst first.

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { acknowledge, respondedByPhone } from "../actions";
import { actor, entityPath, get, may, query } from "../api";
import { now } from "../clock";
import { words } from "../i18n";
import { inTab, type Tab } from "../order";
import { accountUrl, Busy, Countdown, entityUrl, groupUrl, idOf, Priority, safeLink, Trouble, useAnswer } from "../parts/base";
import { Excused } from "../parts/excuse";
import { CalledLine } from "../parts/ladder";
import { VirtualList } from "../parts/list";
import { aliveGroups, type Card, changes, failed, learnEntity, load, loading, nobodyKnows, openGroups, order } from "../store";
import type { ClockRow, EntityView } from "../types";
import { about, called, everybody, label, stops } from "../words";

const FAILING_ASK_MS = 15_000;
const TABS: Tab[] = ["mine", "all", "taken", "nobody"];

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
let asked = 0; // entities that are being read; a screenful at a time
const ASKED_MAX = 4;
const waiting: (() => void)[] = [];

async function readClocks(card: Card): Promise<void> {
  if (asked >= ASKED_MAX) await new Promise<void>((go) => waiting.push(go));
  asked++;
  try {
    const entity = await get<EntityView>(`/v1/entities/${entityPath(card.account, card.entity)}`);
    learnEntity(card, entity);
  } catch {
    card.clocksKnown = true;
  } finally {
    asked--;
    waiting.shift()?.();
  }
}

/** What is missed or due first stands first. */
function byDue(a: ClockRow, b: ClockRow): number {
  const due = (row: ClockRow) => row.thresholds.map((t) => (t.verdict === "met" ? null : t.due) ?? "9999").sort()[0] ?? "9999";
  return due(a) < due(b) ? -1 : due(a) > due(b) ? 1 : 0;
}

function ClockBar({ row }: { row: ClockRow }) {
  const w = words.value;
  const pending = row.thresholds.find((t) => t.verdict === "pending" && t.due);
  const missed = row.thresholds.find((t) => t.verdict === "breached" && !t.excusedAt);
  const excused = !missed && row.thresholds.some((t) => t.excusedAt);
  const shown = pending ?? missed ?? row.thresholds[0];
  if (!shown) return null;
  const start = Date.parse(row.start);
  const due = shown.due ? Date.parse(shown.due) : Number.NaN;
  const part =
    (missed || excused) && !pending ? 1 : row.state === "paused" ? (row.elapsedFraction ?? 0.5) : Math.min(1, Math.max(0, (now.value - start) / (due - start)));
  return (
    <div class="clockbar">
      <span>{label(row.clock)}</span>
      <meter class={missed ? "late" : part > 0.66 ? "soon" : "fine"} min={0} max={1} value={Number.isNaN(part) ? 0 : part} aria-label={label(row.clock)} />
      <span>
        {missed && <Countdown due={missed.due} />} {excused && <Excused />}{" "}
        {(pending || !(missed || excused)) && <Countdown due={shown.due} paused={row.state === "paused"} />}
        {missed && row.state === "paused" && <span class="soon"> {w.paused}</span>}
      </span>
    </div>
  );
}

const SETTLE_MS = 500;

/** Whether the card has stood at its place for a moment: a touch that was meant for another card that stood here takes nothing. */
function useSettled(place: number | string): boolean {
  const [settled, set] = useState<number | string>(-1);
  useEffect(() => {
    const timer = setTimeout(() => set(place), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [place]);
  return settled === place;
}

export function QueueCard({ card, place, selected, select }: { card: Card; place: number; selected: boolean; select: (key: string) => void }) {
  const w = words.value;
  const settled = useSettled(place);
  card.version.value; // drawn again when it has changed
  useEffect(() => {
    if (!card.clocksKnown) void readClocks(card);
  }, [card.key, card.clocksKnown]);
  const open = openGroups(card);
  const alive = aliveGroups(card);
  const worst = [...(open.length ? open : alive)].sort((a, b) => (a.urgency === b.urgency ? (a.begun < b.begun ? 1 : -1) : a.urgency === "high" ? -1 : 1))[0];
  const takers = [...new Set(alive.filter((g) => g.state === "acknowledged" && g.acknowledgedBy).map((g) => g.acknowledgedBy))];
  const link = safeLink(card.link);
  const clocks = [...card.clocks.values()].filter((c) => c.state === "running" || c.state === "paused").sort(byDue);
  return (
    <article
      class={`card${card.fresh && (calm || Math.floor(now.value / 1000) % 2) ? " fresh" : ""}${selected ? " selected" : ""}${nobodyKnows(card) ? " nobody" : ""}`}
      onFocusIn={() => select(card.key)}
      data-key={card.key}
    >
      <h2 class="cardname">
        <Priority name={card.priority} urgent={alive.some((g) => g.urgency === "high")} />
        <a href={entityUrl(card.account, card.entity)}>{card.title.trim() || `${label(card.entity.split("/")[0])} ${idOf(card.entity)}`}</a>
      </h2>
      <p class="quiet">
        <a href={accountUrl(card.account)}>{card.accountName || card.account}</a>
        {card.tier && ` · ${card.tier}`} · {idOf(card.entity)}
        {card.assignee && ` · ${called(card.assignee)}`}
      </p>
      {worst && (
        <p>
          <a href={groupUrl(card.account, card.entity, worst.escalation)}>{about(worst)}</a>
          {clocks.length === 0 && worst.due && (
            <>
              {" · "}
              <Countdown due={worst.due} />
            </>
          )}
          {alive.length > 1 && <span class="quiet"> (+{alive.length - 1})</span>}
        </p>
      )}
      {clocks.slice(0, 3).map((row) => (
        <ClockBar key={`${row.clock}/${row.cycle}`} row={row} />
      ))}
      {worst && (
        <p>
          <CalledLine group={worst} />
        </p>
      )}
      {takers.length > 0 && <p class="fine">✔ {w.acknowledgedBy(everybody(takers as string[]))}</p>}
      <p class="buttons">
        {open.length > 0 && may("act") && (
          <button type="button" class="main" aria-disabled={!settled} onClick={() => settled && void acknowledge(card.account, card.entity, card.title)}>
            {w.acknowledgeAll(open.length)}
          </button>
        )}
        {card.entity.startsWith("ticket/") && may("ingest") && stops(clocks, "responded") && (
          <button type="button" aria-disabled={!settled} onClick={() => settled && respondedByPhone(card.account, card.entity)}>
            {w.respondedByPhone}
          </button>
        )}
        {link && (
          <a class="button" href={link} target="_blank" rel="noopener noreferrer" aria-label={w.openCrm}>
            CRM ↗
          </a>
        )}
      </p>
    </article>
  );
}

/** Channels to people that fail: whoever looks here is the one who can still know. */
function Failing() {
  const turn = Math.floor(performance.now() / FAILING_ASK_MS);
  now.value; // looks at the clock each second, asks now and then
  const { value } = useAnswer(() => get<{ failing?: string[] }>(query("/v1/deliveries", { limit: 1 })).catch(() => ({ failing: [] })), turn);
  if (!value?.failing?.length) return null;
  return (
    <p class="trouble" role="alert">
      <a href="/deliveries?outcome=failed">{words.value.channelsFail(value.failing.map(label).join(words.value.comma))}</a>
    </p>
  );
}

export function Queue() {
  const w = words.value;
  const location = useLocation();
  const [text, setText] = useState("");
  const [, redraw] = useState(0);
  // Not a state: a key that follows at once must find it.
  const chosen = useRef("");
  const select = (key: string) => {
    if (chosen.current === key) return;
    chosen.current = key;
    redraw((n) => n + 1);
  };
  changes.value;
  const { list: all, counts } = order;
  const wanted = location.query.tab as Tab | undefined;
  const tab: Tab = wanted && TABS.includes(wanted) ? wanted : actor() !== "board" && counts.mine > 0 ? "mine" : "all";
  const needle = text.trim().toLowerCase();
  const { priority, account } = location.query;
  const shown =
    tab === "all" && !needle && !priority && !account
      ? all
      : all.filter(
          (card) =>
            inTab[tab](card) &&
            (!priority || card.priority === priority) &&
            (!account || card.account === account) &&
            (!needle || `${card.title} ${card.entity} ${card.accountName} ${card.account}`.toLowerCase().includes(needle)),
        );
  // By its key: what comes in above it moves nothing. One that has gone leaves its place chosen by nobody until `j` or `k`.
  const lastAt = useRef(0);
  const placeOfChosen = () => {
    const found = shown.findIndex((card) => card.key === chosen.current);
    if (found >= 0) lastAt.current = found;
    return chosen.current ? found : 0;
  };
  const selected = placeOfChosen();
  const firstStands = useSettled(shown[0]?.key ?? "");
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement || event.metaKey || event.ctrlKey || event.altKey) return;
      const at = placeOfChosen();
      const card = shown[at];
      if (event.key === "j" || event.key === "k") {
        // What stood behind the one that has gone stands at its place now.
        const next = at >= 0 ? at + 1 : lastAt.current;
        const to = Math.max(0, Math.min(shown.length - 1, event.key === "j" ? next : next - (at >= 0 ? 2 : 1)));
        const target = shown[to];
        if (!target) return;
        select(target.key);
        document.querySelector<HTMLElement>(`[data-key="${CSS.escape(target.key)}"] a`)?.focus();
      } else if (event.key === "a" && !event.repeat && card && openGroups(card).length > 0 && may("act") && (chosen.current || firstStands))
        void acknowledge(card.account, card.entity, card.title);
      else if (event.key === "/") {
        event.preventDefault();
        document.getElementById("search")?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
  return (
    <>
      <h1 class="screen-title">{w.queue}</h1>
      <nav class="tabs" aria-label={w.queue}>
        {TABS.map((one) => {
          const n = counts[one];
          return (
            <a key={one} href={`/q?tab=${one}`} aria-current={one === tab ? "page" : undefined} class={one === "nobody" && n > 0 ? "late" : undefined}>
              {w[one]} <b>{n}</b>
              {one === "nobody" && n > 0 && "!"}
            </a>
          );
        })}
        <input id="search" type="search" placeholder={w.search} aria-label={w.search} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </nav>
      <Failing />
      {failed.value && <Trouble error={failed.value} again={() => void load()} />}
      {loading.value && all.length === 0 ? (
        <Busy />
      ) : shown.length === 0 ? (
        <p class="quiet">{w.allQuiet}</p>
      ) : (
        <VirtualList
          items={shown}
          keyOf={(card) => card.key}
          height={210}
          label={w.queue}
          draw={(card, i) => <QueueCard card={card} place={i} selected={i === selected} select={select} />}
        />
      )}
      {shown.length < all.length && (
        <p class="quiet">
          {w.hidden(all.length - shown.length)}{" "}
          <a href="/q?tab=all" onClick={() => setText("")}>
            {w.showAll}
          </a>
        </p>
      )}
    </>
  );
}
