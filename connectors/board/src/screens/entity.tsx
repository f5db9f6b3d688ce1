// One entity: what was promised, what became of it, why each due lies where it lies, who was called, what happened.

import { useEffect, useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import { acknowledge, escalateNow, excuse, respondedByPhone } from "../actions";
import { entityPath, get, may, mayDecide, query } from "../api";
import { duration } from "../format";
import { words } from "../i18n";
import { onEvent } from "../live";
import {
  accountUrl,
  Busy,
  Countdown,
  Dialog,
  DialogButtons,
  Facts,
  groupUrl,
  idOf,
  Priority,
  Section,
  safeLink,
  Time,
  Trouble,
  useAnswer,
} from "../parts/base";
import { Excuse } from "../parts/excuse";
import { HandOver } from "../parts/handover";
import { Ladder } from "../parts/ladder";
import { explain, Proof } from "../parts/proof";
import { type Segment, SlaTimeline } from "../parts/sla";
import type { ClockRow, CloudEvent, EntityView, Group, TimelineEntry } from "../types";
import { about, called, eventName, everybody, label, stops } from "../words";

const PROOFS_MAX = 8; // clocks whose segments the picture shows
const LATE_MS = 60_000; // learned so much later than it happened: worth a word

/** Grows when the stream tells something of this entity, at most once in 300 ms. */
export function useTurn(account: string, entity: string): number {
  const [turn, set] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvent((event: CloudEvent) => {
      if (event.partitionkey !== account) return;
      const own = event.data?.entity === entity || `${event.type.split(".")[1]}/${event.subject}` === entity;
      if (own && !timer)
        timer = setTimeout(() => {
          timer = undefined;
          set((n) => n + 1);
        }, 300);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [account, entity]);
  return turn;
}

function ClockLine({ view, row }: { view: EntityView; row: ClockRow }) {
  const facts = view.facts ?? [];
  const w = words.value;
  const [asking, ask] = useState(false);
  const [reason, setReason] = useState("");
  const missed = row.thresholds.some((t) => t.verdict === "breached" && !t.excusedAt);
  return (
    <li class="clockline">
      <p>
        <strong>{label(row.clock)}</strong> {row.cycle === 1 ? "" : `#${row.cycle}`} <span class="quiet">{w.states[row.state]}</span>
      </p>
      {row.thresholds.map((t) => (
        <p key={t.name}>
          {label(t.name)}: <span class={t.verdict === "breached" ? "late" : t.verdict === "met" ? "fine" : undefined}>{w.verdicts[t.verdict]}</span>{" "}
          {t.due && (
            <>
              {w.due} <Time at={t.due} />{" "}
            </>
          )}
          {row.state === "running" && !t.excusedAt && <Countdown due={t.due} />}
          {row.state === "paused" && (row.remainingMs ? w.pausedLeft(duration(row.remainingMs)) : w.paused)}
          <Excuse row={row} threshold={t} facts={facts} />
        </p>
      ))}
      <details>
        <summary>{w.proof}</summary>
        <Proof account={view.account} entity={view.entity} row={row} facts={facts} />
      </details>
      {missed && mayDecide() && (
        <>
          <button type="button" onClick={() => ask(true)}>
            {w.excuse}
          </button>
          <Dialog open={asking} close={() => ask(false)} title={w.excuse}>
            <form
              method="dialog"
              onSubmit={() => {
                if (reason.trim()) excuse(view.account, view.entity, row.clock, row.cycle, reason.trim());
              }}
            >
              <label>
                {w.excuseReason}
                <input required value={reason} onInput={(e) => setReason(e.currentTarget.value)} />
              </label>
              <DialogButtons send={w.send} close={() => ask(false)} />
            </form>
          </Dialog>
        </>
      )}
    </li>
  );
}

/** `alone`: the page is about this group, whose name is its heading. */
export function GroupBlock({ view, group, alone }: { view: EntityView; group: Group; alone?: boolean }) {
  const w = words.value;
  const state = (
    <>
      <span class={group.state === "open" ? "late" : "quiet"}>{w.states[group.state]}</span> <span class="quiet">{w.urgencies[group.urgency]}</span>
    </>
  );
  return (
    <article class="card">
      {alone ? (
        <p>{state}</p>
      ) : (
        <h3>
          <a href={groupUrl(view.account, view.entity, group.escalation)}>{about(group)}</a> {state}
        </h3>
      )}
      {(group.acknowledgedBy ?? group.by) && <p class="fine">✔ {w.acknowledgedBy(called(group.acknowledgedBy ?? group.by ?? ""))}</p>}
      <Ladder group={group} />
      {group.state === "open" && may("act") && (
        <p class="buttons">
          <button type="button" class="main" onClick={() => void acknowledge(view.account, view.entity, view.title, group.escalation)}>
            {w.acknowledge}
          </button>
          {group.next && mayDecide() && (
            <button type="button" onClick={() => escalateNow(view.account, view.entity, group.escalation)}>
              {w.escalateNow}
            </button>
          )}
        </p>
      )}
    </article>
  );
}

function happened(event: CloudEvent): string {
  const w = words.value;
  const data = event.data ?? {};
  const reason = event.source !== "/tocsin/engine" && typeof data.reason === "string" ? (w.reasons[data.reason] ?? data.reason) : null;
  const who = (one: unknown) => (typeof one === "string" ? called(one) : Array.isArray(one) ? everybody(one.map(String)) : null);
  const more = [
    data.priority,
    who(data.person),
    who(data.by),
    data.channel && label(String(data.channel)),
    data.contact,
    data.note,
    reason,
    data.threshold && label(data.threshold),
    data.step && w.step(data.step),
    data.persons && (data.persons.length ? who(data.persons) : w.calledNobody),
  ];
  return [eventName(event), ...more.filter((m) => typeof m === "string" && m)].join(" · ");
}

type HistoryOrder = "learned" | "newest" | "oldest";

function History({ account, entity, turn }: { account: string; entity: string; turn: number }) {
  const w = words.value;
  const [limit, setLimit] = useState(50);
  const [order, setOrder] = useState<HistoryOrder>("learned");
  const [text, setText] = useState("");
  const { value, error, again } = useAnswer(
    () => get<{ timeline: TimelineEntry[]; more?: boolean }>(query(`/v1/entities/${entityPath(account, entity)}/timeline`, { order: "newest", limit })),
    `${account} ${entity} ${turn} ${limit}`,
  );
  if (error) return <Trouble error={error} again={again} />;
  if (!value) return <Busy />;
  const entries = value.timeline ?? [];
  const needle = text.trim().toLowerCase();
  const shown = entries.filter(({ event }) => !needle || happened(event).toLowerCase().includes(needle));
  // Late facts stand where they happened, not where they were learned.
  if (order !== "learned") shown.sort((a, b) => (order === "oldest" ? 1 : -1) * (Date.parse(a.event.time) - Date.parse(b.event.time)));
  return (
    <>
      <nav class="tabs" aria-label={w.filters}>
        <select aria-label={w.order} value={order} onChange={(e) => setOrder(e.currentTarget.value as HistoryOrder)}>
          <option value="learned">{w.asLearned}</option>
          <option value="newest">{w.newestFirst}</option>
          <option value="oldest">{w.oldestFirst}</option>
        </select>
        <input type="search" placeholder={w.filter} aria-label={w.filter} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </nav>
      {shown.length < entries.length && <p class="quiet">{w.hidden(entries.length - shown.length)}</p>}
      <ol class="history">
        {shown.map(({ position, event }) => {
          const late = event.recordedtime ? Date.parse(event.recordedtime) - Date.parse(event.time) : 0;
          return (
            <li key={position} class={event.source === "/tocsin/engine" ? "ours" : undefined}>
              <Time at={event.time} /> {happened(event)}
              {event.source !== "/tocsin/engine" && late > LATE_MS && <span class="soon"> {w.learnedLate(duration(late))}</span>}
              {event.tocsinby && (
                <span class="quiet">
                  {" "}
                  {w.by} {event.tocsinby}
                </span>
              )}
            </li>
          );
        })}
      </ol>
      {entries.length >= limit && (
        <button type="button" onClick={() => setLimit(limit * 4)}>
          {w.moreRows}
        </button>
      )}
    </>
  );
}

export function EntityScreen() {
  const w = words.value;
  const { account = "", kind = "", id = "" } = useRoute().params;
  const entity = `${kind}/${id}`;
  const name = account;
  const turn = useTurn(name, entity);
  const [segments, setSegments] = useState(new Map<string, Segment[]>());
  const { value, error, again } = useAnswer(() => get<EntityView>(`/v1/entities/${entityPath(name, entity)}`), `${name} ${entity} ${turn}`);
  useEffect(() => {
    const rows = (value?.clocks ?? []).slice(-PROOFS_MAX);
    for (const row of rows)
      explain(name, entity, row).then(
        (proof) => setSegments((old) => new Map(old).set(`${row.clock}/${row.cycle}`, proof.thresholds[proof.thresholds.length - 1]?.segments ?? [])),
        () => {},
      );
  }, [value?.clocks.length, name, entity]);
  if (error) return <Trouble title={idOf(entity)} error={error} again={again} />;
  if (!value) return <Busy title={idOf(entity)} />;
  const groups = [...value.escalations].sort((a, b) =>
    a.state === b.state ? (a.begun < b.begun ? 1 : -1) : a.state === "open" ? -1 : b.state === "open" ? 1 : 0,
  );
  const open = groups.filter((g) => g.state === "open");
  const link = safeLink(value.link);
  const current = value.clocks.filter((c) => c.state === "running" || c.state === "paused");
  const rest = value.clocks.filter((c) => !current.includes(c));
  return (
    <>
      <h1>
        <Priority name={value.priority} /> {value.title || `${label(kind)} ${idOf(entity)}`}
      </h1>
      <p class="quiet">
        <a href={accountUrl(name)}>{value.accountName || name}</a> · {value.tier ?? "–"} · {idOf(entity)} · {w.states[value.state] ?? value.state}
        {value.stage && ` · ${w.stage(value.stage)}`}
        {value.provisional && <strong class="soon"> · {w.provisional}</strong>}
      </p>
      <p class="buttons">
        {open.length > 0 && may("act") && (
          <button type="button" class="main" onClick={() => void acknowledge(name, entity, value.title)}>
            {w.acknowledgeAll(open.length)}
          </button>
        )}
        {entity.startsWith("ticket/") && stops(current, "responded") && may("ingest") && (
          <button type="button" onClick={() => respondedByPhone(name, entity)}>
            {w.respondedByPhone}
          </button>
        )}
        {open.length > 0 && mayDecide() && (
          <button type="button" onClick={() => escalateNow(name, entity)}>
            {w.escalateNow}
          </button>
        )}
        <HandOver account={name} entity={entity} />
        {link && (
          <a class="button" href={link} target="_blank" rel="noopener noreferrer">
            {w.openCrm} ↗
          </a>
        )}
      </p>
      <Facts
        rows={[
          [w.assignee, value.assignee && called(value.assignee)],
          [w.policyVersion, value.policy],
          [w.started, <Time at={value.opened} />],
        ]}
      />
      {open.length > 0 && (
        <Section title={w.ladder} id="ladder">
          {open.map((g) => (
            <GroupBlock key={g.escalation} view={value} group={g} />
          ))}
        </Section>
      )}
      <Section title={w.timeline}>
        <SlaTimeline clocks={[...current, ...rest.slice(-PROOFS_MAX)]} segments={segments} facts={value.facts ?? []} />
        <ul class="plain">
          {current.map((row) => (
            <ClockLine key={`${row.clock}/${row.cycle}`} view={value} row={row} />
          ))}
        </ul>
        {rest.length > 0 && (
          <details>
            <summary>
              {w.closedWork} ({rest.length})
            </summary>
            <ul class="plain">
              {rest
                .slice(-60)
                .reverse()
                .map((row) => (
                  <ClockLine key={`${row.clock}/${row.cycle}`} view={value} row={row} />
                ))}
            </ul>
          </details>
        )}
      </Section>
      {groups.length > open.length && (
        <Section title={w.called}>
          <details>
            <summary>{groups.length - open.length}</summary>
            {groups
              .filter((g) => g.state !== "open")
              .slice(0, 50)
              .map((g) => (
                <GroupBlock key={g.escalation} view={value} group={g} />
              ))}
          </details>
        </Section>
      )}
      <Section title={w.history}>
        <History account={name} entity={entity} turn={turn} />
      </Section>
    </>
  );
}
