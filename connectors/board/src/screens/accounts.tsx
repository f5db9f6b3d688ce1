// The key accounts, and everything about one of them.

import { useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { entityPath, get, query } from "../api";
import { words } from "../i18n";
import { accountUrl, Busy, Countdown, entityUrl, Facts, idOf, Priority, Section, Time, Trouble, useAnswer } from "../parts/base";
import { Excused } from "../parts/excuse";
import { VirtualList } from "../parts/list";
import type { Account, ClockRow, Data, EntityView, TimelineEntry } from "../types";
import { called, eventName, everybody, label, policy } from "../words";
import { usePages } from "./clocks";
import { FigureTiles } from "./figures";

export function Accounts() {
  const w = words.value;
  const { query: search } = useLocation();
  const [text, setText] = useState("");
  const tiers: string[] = policy.value?.document?.tiers ?? [];
  const { rows, error, begun, more, again } = usePages<Account>(
    query("/v1/accounts", { limit: 200, q: text.trim(), tier: search.tier }),
    (p: { accounts: Account[]; cursor: string | null }) => ({ rows: p.accounts, cursor: p.cursor }),
  );
  return (
    <>
      <h1 class="screen-title">{w.accounts}</h1>
      <nav class="tabs" aria-label={w.accounts}>
        {["", ...tiers].map((tier) => (
          <a key={tier} href={query("/accounts", { tier })} aria-current={(search.tier ?? "") === tier ? "page" : undefined}>
            {tier || w.all}
          </a>
        ))}
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

/** What the account's own facts say: the newest `tiered` beside tier and name, and each contact. */
interface Own {
  profile: [string, string][];
  contacts: Data[];
}

const CONTACTS_SHOWN = 50;
const OWN_MAX = 1000; // of the account's own facts, the newest

async function own(account: string): Promise<Own> {
  const path = `/v1/entities/${entityPath(account, `account/${account}`)}/timeline`;
  const { timeline } = await get<{ timeline: TimelineEntry[] }>(query(path, { order: "newest", limit: OWN_MAX }));
  const events = timeline.map((entry) => entry.event);
  const tiered = events.find((event) => event.type === "tocsin.account.tiered")?.data ?? {};
  const plain = Object.entries(tiered).filter(([name, value]) => name !== "tier" && name !== "name" && /string|number|boolean/.test(typeof value));
  return {
    profile: plain.map(([name, value]) => [name, String(value)]),
    contacts: events.filter((event) => event.type === "tocsin.account.contacted").sort((a, b) => (a.time < b.time ? 1 : -1)),
  };
}

/** How many a period wants, by the policy, and how many of them were done. */
function doneAndWanted(row: Data, tier: string | null, contacts: Data[]): [number, number] | null {
  const clock = policy.value?.document?.clocks?.[row.clock] as Data | undefined;
  const wanted = Number(typeof clock?.count === "object" ? clock.count[tier ?? ""] : clock?.count);
  const kind = /^contacted kind=(\S+)$/.exec(String(clock?.match ?? ""))?.[1];
  if (!kind || !(wanted > 0)) return null;
  const [from, to] = [Date.parse(row.start), Date.parse(row.thresholds?.[0]?.due ?? row.due)];
  const done = contacts.filter((one) => one.data?.kind === kind && Date.parse(one.time) >= from && Date.parse(one.time) < to).length;
  return [Math.min(done, wanted), wanted];
}

/** A period clock as the account's page lists it. */
function CadenceRow({ row, tier, contacts }: { row: Data; tier: string | null; contacts: Data[] }) {
  const w = words.value;
  const counted = doneAndWanted(row, tier, contacts);
  const missed = row.verdict === "breached" || row.thresholds?.some((t: Data) => t.verdict === "breached");
  const met = row.verdict === "met" || (row.state === "stopped" && !missed);
  const due = row.due ?? row.thresholds?.[0]?.due;
  return (
    <li class="row">
      <div class="grow">
        {label(row.clock)} <span class="quiet">{row.cycle}</span>
      </div>
      {counted && <span>{w.cadenceDone(...counted)}</span>}
      {met ? (
        <span class="fine">✔ {w.met}</span>
      ) : missed ? (
        <>
          <span class="late">✖ {w.breached}</span> {row.thresholds?.some((t: Data) => t.excusedAt) && <Excused />}
        </>
      ) : (
        <Countdown due={due} />
      )}
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
  const account = useRoute().params.account ?? "";
  const { value, error, again } = useAnswer(() => get<Account & Data>(`/v1/accounts/${encodeURIComponent(account)}`), account);
  const about = useAnswer(() => own(account), account);
  if (error) return <Trouble title={account} error={error} again={again} />;
  if (!value) return <Busy title={account} />;
  const { profile, contacts } = about.value ?? { profile: [], contacts: [] };
  const open = value.open ?? [];
  return (
    <>
      <h1>
        {value.name || account} <span class="badge">{value.tier ?? "–"}</span>
      </h1>
      <p class="quiet">
        {account} · {value.keyAccount ? w.keyAccount : w.notKeyAccount}
      </p>
      <FigureTiles account={account} />
      <p>
        <a href={query("/figures", { by: "quarter", account })}>{w.report}</a> · <a href={query("/q", { tab: "all", account })}>{w.queue}</a>
      </p>
      <Section title={w.team}>
        <Facts
          rows={[
            ...Object.entries(value.team).map(([role, persons]) => [label(role), everybody(persons) || w.nobodyAssigned] as [string, string]),
            ...profile.map(([name, v]) => [label(name), v] as [string, string]),
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
              <CadenceRow key={`${row.clock}/${row.cycle}`} row={row} tier={value.tier} contacts={contacts} />
            ))}
          </ul>
        )}
        {Object.keys(value.lastContacts ?? {}).length > 0 && (
          <>
            <h3>{w.lastContacts}</h3>
            <Facts rows={Object.entries(value.lastContacts).map(([kind, at]) => [label(`account.${kind}`), <Time at={at} />])} />
            {contacts.length > 0 && (
              <details>
                <summary>{w.contacts(contacts.length)}</summary>
                <ul class="plain">
                  {contacts.slice(0, CONTACTS_SHOWN).map((one) => (
                    <li key={one.id} class="row">
                      <Time at={one.time} /> <span class="grow">{label(`account.${one.data?.kind}`)}</span> {one.data?.by && called(String(one.data.by))}
                    </li>
                  ))}
                </ul>
              </details>
            )}
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
    () => get<{ timeline: TimelineEntry[] }>(query(`/v1/accounts/${encodeURIComponent(account)}/timeline`, { order: "newest", limit })),
    `${account} ${limit}`,
  );
  if (error) return <Trouble error={error} />;
  if (!value) return <Busy />;
  return (
    <>
      <ol class="history">
        {value.timeline.map(({ position, event }) => {
          const kind = String(event.type).split(".")[1] ?? "";
          const about = event.data?.entity ?? `${kind}/${event.subject}`;
          return (
            <li key={position}>
              <Time at={event.time} /> <a href={entityUrl(account, about)}>{idOf(about)}</a> {eventName(event)}
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
