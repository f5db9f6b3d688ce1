// Are the promises kept? By month, tier, account; with the list behind each number, as CSV, and on paper.
import { useLocation, useRoute } from "preact-iso";
import { get, headers, query } from "../api";
import { duration, percent } from "../format";
import { words } from "../i18n";
import { accountUrl, Busy, entityUrl, idOf, Printed, Priority, Section, Time, Trouble, useAnswer } from "../parts/base";
import { say } from "../parts/toast";
import type { Account, Data } from "../types";
import { called, label, policy } from "../words";
import { usePages } from "./clocks";

export interface Figure {
  figure: string;
  period: string | null;
  account?: string | null;
  tier?: string | null;
  priority?: string | null;
  person?: string | null;
  module?: string | null;
  target: number | null;
  met?: number;
  breached?: number;
  excused?: number;
  ratio?: number | null;
  mean?: number | null;
  count?: number;
}

const PERIODS = ["day", "week", "month", "quarter", "year"] as const;
const PER = ["", "tier", "priority", "account", "module", "person"] as const;

function shown(f: Figure): string {
  const w = words.value;
  if (f.mean !== undefined && f.mean !== null) return `${f.mean.toFixed(2)} (${f.count ?? 0})`;
  const all = (f.met ?? 0) + (f.breached ?? 0);
  return all ? `${percent(f.ratio ?? (f.met ?? 0) / all)} ${w.ofAll(f.met ?? 0, all)}` : "–";
}

function good(f: Figure): boolean | null {
  const value = f.mean ?? ((f.met ?? 0) + (f.breached ?? 0) ? (f.met ?? 0) / ((f.met ?? 0) + (f.breached ?? 0)) : null);
  return value === null || f.target === null ? null : value >= f.target;
}

interface Kpi {
  period: string;
  clock: string;
  threshold: string;
  account?: string | null;
  tier?: string | null;
  priority?: string | null;
  elapsed: { count: number; buckets: { upToMs: number | null; count: number }[] };
}

const whoseOf = (row: Partial<Figure>) => row.tier ?? row.priority ?? row.account ?? row.module ?? row.person ?? "";

/** How long the clocks of a figure took, of one period: the buckets of all of them together. */
function took(kpis: Kpi[], f: Figure): { upToMs: number | null; count: number }[] {
  const clocks: string[] = [policy.value?.document?.figures?.[f.figure]?.clock ?? []].flat();
  const sum = new Map<number | null, number>();
  const counted = new Set<string>(); // a clock has one row a threshold, which all say the same
  for (const row of kpis) {
    if (row.period !== f.period || whoseOf(row) !== whoseOf(f) || !clocks.includes(row.clock) || counted.has(row.clock)) continue;
    counted.add(row.clock);
    for (const bucket of row.elapsed.buckets) sum.set(bucket.upToMs, (sum.get(bucket.upToMs) ?? 0) + bucket.count);
  }
  return [...sum].map(([upToMs, count]) => ({ upToMs, count })).sort((a, b) => (a.upToMs ?? Number.POSITIVE_INFINITY) - (b.upToMs ?? Number.POSITIVE_INFINITY));
}

/** The duration within which the share lies, as exactly as buckets tell: straight between their bounds. */
export function within(buckets: { upToMs: number | null; count: number }[], share: number): string {
  let wanted = buckets.reduce((n, b) => n + b.count, 0) * share;
  let from = 0;
  for (const { upToMs, count } of buckets) {
    if (upToMs === null) return count > 0 ? `> ${duration(from)}` : "–";
    if (count >= wanted && count > 0) return duration(from + ((upToMs - from) * wanted) / count);
    wanted -= count;
    from = upToMs;
  }
  return "–";
}

/** The newest period of each figure, as tiles. */
export function FigureTiles({ account }: { account?: string }) {
  const { value, error, again } = useAnswer(() => newestFigures(account), account ?? "");
  if (error) return <Trouble error={error} again={again} />;
  return value ? <Tiles figures={value.figures} account={account} /> : <Busy />;
}

export const newestFigures = (account?: string) => get<{ figures: Figure[] }>(query("/v1/figures", { by: "month", account }));

export function Tiles({ figures, account }: { figures: Figure[]; account?: string }) {
  const w = words.value;
  const newest = new Map<string, Figure>();
  for (const f of figures) newest.set(f.figure, f);
  return (
    <div class="tiles">
      {[...newest.values()].map((f) => (
        <a
          key={f.figure}
          class="tile"
          href={query(`/figures/${encodeURIComponent(f.figure)}`, {
            by: "month",
            period: f.period,
            account,
            outcome: f.met === undefined ? undefined : "breached",
          })}
        >
          <span class="quiet">
            {label(f.figure)} {f.period}
          </span>
          <b class={good(f) === false ? "late" : good(f) ? "fine" : undefined}>{f.met === undefined ? (f.mean?.toFixed(2) ?? "–") : percent(f.ratio)}</b>
          <span class="quiet">
            {f.met === undefined ? `(${f.count ?? 0})` : w.ofAll(f.met, f.met + (f.breached ?? 0))}
            {f.target !== null && ` · ${w.target} ${f.met === undefined ? f.target : percent(f.target)}`}
          </span>
        </a>
      ))}
    </div>
  );
}

/** A line of bars, one a period; its numbers stand in the table beside it. */
function Spark({ rows }: { rows: Figure[] }) {
  const most = Math.max(...rows.map((f) => f.mean ?? 1), 1);
  return (
    <svg viewBox={`0 0 ${rows.length * 12} 32`} width={rows.length * 12} height={32} aria-hidden="true">
      {rows.map((f, i) => {
        const all = (f.met ?? 0) + (f.breached ?? 0);
        const part = f.mean ? f.mean / most : all ? (f.met ?? 0) / all : 0;
        return <rect key={f.period} x={i * 12} width={9} y={32 - 30 * part} height={30 * part + 2} class={`seg ${good(f) === false ? "paused" : "open"}`} />;
      })}
    </svg>
  );
}

async function download(path: string): Promise<void> {
  try {
    const response = await fetch(path, { headers: { ...headers(), accept: "text/csv" } });
    if (!response.ok) {
      const problem = (await response.json().catch(() => null)) as { detail?: string; title?: string } | null;
      throw new Error(problem?.detail ?? problem?.title ?? `HTTP ${response.status}`);
    }
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = "figures.csv";
    link.click();
    URL.revokeObjectURL(url);
  } catch (error) {
    say(`${words.value.failed}: ${error instanceof Error ? error.message : error}`, true);
  }
}

/** What numbers and the lists behind them are narrowed to, by the page's address. */
function filtersOf(search: Record<string, string | undefined>) {
  return { account: search.account, tier: search.tier, priority: search.priority, person: search.person, module: search.module };
}

const ACCOUNTS_PAGE = 1000;

/** How accounts are called: the one that is asked for, or all. */
async function accountNames(account: string | undefined, all: boolean): Promise<Map<string, string>> {
  if (account) return new Map([[account, (await get<Account>(accountPath(account))).name || account]]);
  const names = new Map<string, string>();
  for (let cursor: string | null = all ? "" : null; cursor !== null; ) {
    const page: { accounts: Account[]; cursor: string | null } = await get(query("/v1/accounts", { limit: ACCOUNTS_PAGE, cursor }));
    for (const one of page.accounts) names.set(one.account, one.name || one.account);
    cursor = page.cursor ?? null;
  }
  return names;
}

const accountPath = (account: string) => `/v1/accounts/${encodeURIComponent(account)}`;

function narrowed(filters: Record<string, string | undefined>, nameOf: (of: string, name: string) => string): string[] {
  return Object.entries(filters).flatMap(([of, name]) => (name ? [nameOf(of, name)] : []));
}

/** How people call what numbers are narrowed to, or counted by. */
function useNames(account: string | undefined, all: boolean): (of: string, name: string) => string {
  const { value } = useAnswer(() => accountNames(account, all), `${account ?? ""} ${all}`);
  return (of, name) => (of === "account" ? (value?.get(name) ?? name) : of === "person" ? called(name) : name);
}

export function Figures() {
  const w = words.value;
  const { query: search } = useLocation();
  const by = PERIODS.includes(search.by as never) ? (search.by as string) : "month";
  const per = PER.includes(search.per as never) ? (search.per as string) : "";
  const filters = filtersOf(search);
  const nameOf = useNames(search.account, per === "account");
  const path = query("/v1/figures", { by, per, ...filters });
  const { value, error, again } = useAnswer(() => get<{ figures: Figure[] }>(path), path);
  // How long things took is known by clock, not by module and person.
  const timed = per !== "module" && per !== "person" && !filters.module && !filters.person;
  const durations = useAnswer(() => (timed ? get<{ kpis: Kpi[] }>(path.replace("/v1/figures", "/v1/kpis")) : Promise.resolve({ kpis: [] })), path);
  const kpis = durations.value?.kpis ?? [];
  const groups = new Map<string, Map<string, Figure[]>>();
  for (const f of value?.figures ?? []) {
    const whose = whoseOf(f);
    const lines = groups.get(f.figure) ?? new Map<string, Figure[]>();
    lines.set(whose, [...(lines.get(whose) ?? []), f]);
    groups.set(f.figure, lines);
  }
  const names: Record<string, string> = { "": w.all, tier: w.tier, priority: w.priority, account: w.account, module: w.module, person: w.person };
  return (
    <>
      <h1>{[w.figures, ...narrowed(filters, nameOf)].join(" · ")}</h1>
      <Printed />
      {Object.values(filters).some(Boolean) && (
        <p>
          <a href={query("/figures", { by, per })}>{w.showAll}</a>
        </p>
      )}
      <nav class="tabs" aria-label={w.period}>
        {PERIODS.map((one) => (
          <a key={one} href={query("/figures", { by: one, per, ...filters })} aria-current={one === by ? "page" : undefined}>
            {w.periods[one]}
          </a>
        ))}
      </nav>
      <nav class="tabs" aria-label={w.filters}>
        {PER.map((one) => (
          <a key={one} href={query("/figures", { by, per: one, ...filters })} aria-current={one === per ? "page" : undefined}>
            {names[one]}
          </a>
        ))}
        <span class="buttons">
          <button type="button" onClick={() => void download(path)}>
            {w.csv}
          </button>
          <button type="button" onClick={() => window.print()}>
            {w.print}
          </button>
        </span>
      </nav>
      {error && <Trouble error={error} again={again} />}
      {!value && !error && <Busy />}
      {[...groups].map(([figure, lines]) => (
        <Section key={figure} title={label(figure)}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by keyboard too */}
          <div class="wide" tabIndex={0} role="region" aria-label={label(figure)}>
            {[...lines].map(([whose, rows]) => (
              <div key={whose}>
                {whose && <h3>{nameOf(per, whose)}</h3>}
                {rows.length > 1 && <Spark rows={rows} />}
                <table class="stacks">
                  <thead>
                    <tr>
                      <th>{w.period}</th>
                      <th>{w.ratio}</th>
                      <th class="number">{w.met}</th>
                      <th class="number">{w.breached}</th>
                      <th class="number">{w.excused}</th>
                      {timed && <th class="number">{w.median}</th>}
                      {timed && <th class="number">{w.ninety}</th>}
                    </tr>
                  </thead>
                  <tbody>
                    {rows
                      .slice(-13)
                      .reverse()
                      .map((f) => {
                        const list = (outcome: string) =>
                          query(`/figures/${encodeURIComponent(figure)}`, {
                            by,
                            period: f.period,
                            outcome,
                            account: f.account ?? filters.account,
                            tier: f.tier ?? filters.tier,
                            priority: f.priority ?? filters.priority,
                            person: f.person ?? filters.person,
                            module: f.module ?? filters.module,
                          });
                        return (
                          <tr key={f.period}>
                            <td data-name={w.period}>{f.period}</td>
                            <td data-name={w.ratio} class={`nowrap ${good(f) === false ? "late" : good(f) ? "fine" : ""}`}>
                              {shown(f)}
                            </td>
                            {f.met !== undefined ? (
                              <>
                                <td class="number" data-name={w.met}>
                                  <a href={list("met")}>{f.met}</a>
                                </td>
                                <td class="number" data-name={w.breached}>
                                  <a href={list("breached")}>{f.breached}</a>
                                </td>
                                <td class="number" data-name={w.excused}>
                                  <a href={list("excused")}>{f.excused ?? 0}</a>
                                </td>
                              </>
                            ) : (
                              <td colSpan={3} />
                            )}
                            {timed && (
                              <td class="number" data-name={w.median}>
                                {within(took(kpis, f), 0.5)}
                              </td>
                            )}
                            {timed && (
                              <td class="number" data-name={w.ninety}>
                                {within(took(kpis, f), 0.9)}
                              </td>
                            )}
                          </tr>
                        );
                      })}
                  </tbody>
                </table>
              </div>
            ))}
          </div>
        </Section>
      ))}
    </>
  );
}

/** First and last day of a period by its name: `2026-03`, `2026-W10`, `2026-Q1`, `2026`, `2026-03-02`. */
export function daysOf(period: string | undefined): { from?: string; to?: string } {
  if (!period) return {};
  const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const year = Number(period.slice(0, 4));
  const span = (from: number, to: number) => ({ from: iso(from), to: iso(to - 86_400_000) });
  if (/^\d{4}$/.test(period)) return span(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
  const q = /-Q(\d)$/.exec(period);
  if (q) return span(Date.UTC(year, 3 * (Number(q[1]) - 1), 1), Date.UTC(year, 3 * Number(q[1]), 1));
  const week = /-W(\d\d)$/.exec(period);
  if (week) {
    const fourth = new Date(Date.UTC(year, 0, 4));
    const monday = fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * 86_400_000 + (Number(week[1]) - 1) * 604_800_000;
    return span(monday, monday + 604_800_000);
  }
  const month = /^\d{4}-(\d\d)$/.exec(period);
  if (month) return span(Date.UTC(year, Number(month[1]) - 1, 1), Date.UTC(year, Number(month[1]), 1));
  return { from: period, to: period };
}

export function FigureList() {
  const w = words.value;
  const name = useRoute().params.name ?? "";
  const { query: search } = useLocation();
  const days = daysOf(search.period);
  const filters = filtersOf(search);
  const nameOf = useNames(search.account, false);
  const path = query(`/v1/figures/${encodeURIComponent(name)}/entities`, { by: search.by, ...days, outcome: search.outcome, ...filters, limit: 100 });
  const { rows, error, begun, cursor, more, again } = usePages<Data>(path, (p: { entities: Data[]; cursor: string | null }) => ({
    rows: p.entities,
    cursor: p.cursor ?? null,
  }));
  return (
    <>
      <h1>
        {label(name)} {[search.period, ...narrowed(filters, nameOf)].filter(Boolean).join(" · ")}
      </h1>
      <Printed />
      <p class="quiet">
        <a href={query("/figures", { by: search.by, ...filters })}>{w.figures}</a> · {w.list}
      </p>
      <nav class="tabs" aria-label={w.outcome}>
        {["", "met", "breached", "excused"].map((one) => (
          <a
            key={one}
            href={query(`/figures/${encodeURIComponent(name)}`, { by: search.by, period: search.period, ...filters, outcome: one })}
            aria-current={(search.outcome ?? "") === one ? "page" : undefined}
          >
            {one === "" ? w.all : one === "met" ? w.met : one === "breached" ? w.breached : w.excused}
          </a>
        ))}
      </nav>
      {error && <Trouble error={error} again={again} />}
      {!begun ? (
        <Busy />
      ) : rows.length === 0 ? (
        <p class="quiet">{w.empty}</p>
      ) : (
        <ul class="plain">
          {rows.map((row) => (
            <li key={`${row.account}/${row.entity}/${row.clock}/${row.cycle}/${row.threshold}/${row.at}`} class="row">
              <Priority name={row.priority} />
              <div class="grow">
                <a href={entityUrl(row.account, row.entity)}>{row.title || idOf(row.entity)}</a>
                <p class="quiet">
                  <a href={accountUrl(row.account)}>{row.accountName || row.account}</a> · {label(row.clock ?? row.type)} {row.cycle === "1" ? "" : row.cycle}{" "}
                  {row.person && ` · ${called(row.person)}`}
                </p>
              </div>
              <span class={row.outcome === "breached" ? "late" : row.outcome === "met" ? "fine" : "quiet"}>
                {row.score ?? (row.outcome === "met" ? w.met : row.outcome === "breached" ? w.breached : w.excused)}
              </span>
              <Time at={row.due ?? row.at} />
            </li>
          ))}
        </ul>
      )}
      {cursor && (
        <button type="button" onClick={more}>
          {w.moreRows}
        </button>
      )}
    </>
  );
}
