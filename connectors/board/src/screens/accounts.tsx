// The key accounts, and everything about one of them.

import { useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import { get, query } from "../api";
import { words } from "../i18n";
import { accountUrl, Busy, Countdown, entityUrl, Facts, idOf, Priority, Section, Time, Trouble, useAnswer } from "../parts/base";
import { VirtualList } from "../parts/list";
import type { Account, ClockRow, Data, EntityView } from "../types";
import { called, everybody, label } from "../words";
import { usePages } from "./clocks";
import { FigureTiles } from "./figures";

export function Accounts() {
  const w = words.value;
  const [text, setText] = useState("");
  const { rows, error, begun, more, again } = usePages<Account>(
    query("/v1/accounts", { limit: 200, q: text.trim() }),
    (p: { accounts: Account[]; cursor: string | null }) => ({ rows: p.accounts, cursor: p.cursor }),
  );
  return (
    <>
      <h1 class="screen-title">{w.accounts}</h1>
      <nav class="tabs" aria-label={w.accounts}>
        <input type="search" placeholder={w.search} aria-label={w.search} value={text} onChange={(e) => setText(e.currentTarget.value)} />
      </nav>
      {error && <Trouble error={error} again={again} />}
      {!begun ? (
        <Busy />
      ) : rows.length === 0 ? (
        <p class="quiet">{w.empty}</p>
      ) : (
        <VirtualList
          items={rows}
          keyOf={(a) => a.account}
          height={64}
          label={w.accounts}
          end={more}
          draw={(a) => (
            <div class="row">
              <span class="badge">{a.tier ?? "–"}</span>
              <div class="grow">
                <a href={accountUrl(a.account)}>{a.name || a.account}</a>
                <p class="quiet">
                  {a.account} {a.keyAccount ? "" : `· ${w.notKeyAccount}`} {a.team.account_manager && ` · ${everybody(a.team.account_manager)}`}
                </p>
              </div>
            </div>
          )}
        />
      )}
    </>
  );
}

/** A period clock as the account's page lists it; done and wanted where the node says them. */
function CadenceRow({ row }: { row: Data }) {
  const w = words.value;
  const missed = row.verdict === "breached" || row.thresholds?.some((t: Data) => t.verdict === "breached");
  const met = row.verdict === "met" || (row.state === "stopped" && !missed);
  const due = row.due ?? row.thresholds?.[0]?.due;
  return (
    <li class="row">
      <div class="grow">
        {label(row.clock)} <span class="quiet">{row.cycle}</span>
      </div>
      {row.wanted !== undefined && <span>{w.cadenceDone(row.done ?? 0, row.wanted)}</span>}
      {met ? <span class="fine">✔ {w.met}</span> : missed ? <span class="late">✖ {w.breached}</span> : <Countdown due={due} />}
    </li>
  );
}

function OpenRow({ view }: { view: EntityView }) {
  const w = words.value;
  const running = view.clocks.filter((c: ClockRow) => c.state === "running");
  const dues = running.flatMap((c) => c.thresholds.filter((t) => t.due).map((t) => t.due as string)).sort();
  return (
    <li class="row">
      <Priority name={view.priority} />
      <div class="grow">
        <a href={entityUrl(view.account, view.entity)}>{view.title || `${label(view.entity.split("/")[0])} ${idOf(view.entity)}`}</a>
        <p class="quiet">
          {idOf(view.entity)} · {w.states[view.state] ?? view.state}
          {view.stage && ` · ${w.stage(view.stage)}`}
          {view.assignee && ` · ${called(view.assignee)}`}
        </p>
      </div>
      {dues[0] && <Countdown due={dues[0]} />}
    </li>
  );
}

export function AccountScreen() {
  const w = words.value;
  const account = decodeURIComponent(useRoute().params.account ?? "");
  const { value, error, again } = useAnswer(() => get<Account & Data>(`/v1/accounts/${encodeURIComponent(account)}`), account);
  if (error) return <Trouble title={account} error={error} again={again} />;
  if (!value) return <Busy title={account} />;
  const open = value.open ?? [];
  const profile = Object.entries((value.profile ?? {}) as Record<string, unknown>).filter(([, v]) => typeof v === "string" || typeof v === "number");
  return (
    <>
      <h1>
        {value.name || account} <span class="badge">{value.tier ?? "–"}</span>
      </h1>
      <p class="quiet">
        {account} · {value.keyAccount ? w.keyAccount : w.notKeyAccount}
      </p>
      <FigureTiles account={account} />
      <Section title={w.team}>
        <Facts
          rows={[
            ...Object.entries(value.team).map(([role, persons]) => [label(role), everybody(persons) || w.nobodyAssigned] as [string, string]),
            ...profile.map(([name, v]) => [label(name), String(v)] as [string, string]),
            [w.satisfaction, value.satisfaction?.count ? `${value.satisfaction.mean.toFixed(2)} (${value.satisfaction.count})` : null],
          ]}
        />
      </Section>
      <Section title={w.cadence}>
        {(value.cadence ?? []).length === 0 ? (
          <p class="quiet">{w.empty}</p>
        ) : (
          <ul class="plain">
            {(value.cadence ?? []).map((row) => (
              <CadenceRow key={`${row.clock}/${row.cycle}`} row={row} />
            ))}
          </ul>
        )}
        {Object.keys(value.lastContacts ?? {}).length > 0 && (
          <>
            <h3>{w.lastContacts}</h3>
            <Facts rows={Object.entries(value.lastContacts).map(([kind, at]) => [label(kind), <Time at={at} />])} />
          </>
        )}
      </Section>
      <Section title={`${w.openWork} (${open.length})`}>
        {open.length === 0 ? (
          <p class="quiet">{w.empty}</p>
        ) : (
          <ul class="plain">
            {open.map((view) => (
              <OpenRow key={view.entity} view={view} />
            ))}
          </ul>
        )}
      </Section>
      {(value.ended ?? []).length > 0 && (
        <Section title={w.closedWork}>
          <details>
            <summary>{value.ended?.length}</summary>
            <ul class="plain">
              {value.ended?.map((view) => (
                <OpenRow key={view.entity} view={view} />
              ))}
            </ul>
          </details>
        </Section>
      )}
      <Section title={w.history}>
        <AccountHistory account={account} />
      </Section>
    </>
  );
}

function AccountHistory({ account }: { account: string }) {
  const w = words.value;
  const [limit, setLimit] = useState(30);
  const { value, error } = useAnswer(
    () => get<{ timeline: { position: string; event: Data }[] }>(query(`/v1/accounts/${encodeURIComponent(account)}/timeline`, { order: "newest", limit })),
    `${account} ${limit}`,
  );
  if (error) return <Trouble error={error} />;
  if (!value) return <Busy />;
  return (
    <>
      <ol class="history">
        {value.timeline.map(({ position, event }) => {
          const [, kind = "", verb = ""] = String(event.type).split(".");
          const about = event.data?.entity ?? `${kind}/${event.subject}`;
          return (
            <li key={position}>
              <Time at={event.time} /> <a href={entityUrl(account, about)}>{idOf(about)}</a> {event.data?.clock ? `${label(event.data.clock)} ` : ""}
              {w.states[verb] ?? w.verdicts[verb] ?? label(`${kind}.${verb}`)}
            </li>
          );
        })}
      </ol>
      {value.timeline.length >= limit && (
        <button type="button" onClick={() => setLimit(limit * 4)}>
          {w.moreRows}
        </button>
      )}
    </>
  );
}
