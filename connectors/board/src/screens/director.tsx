// For whoever is in charge: what burns now, whether promises are kept, who carries the load.
import { get, query } from "../api";
import { count, duration } from "../format";
import { words } from "../i18n";
import { accountUrl, Busy, Section, Trouble, useAnswer } from "../parts/base";
import { aliveGroups, cards, changes, everCalled, nobodyKnows, openGroups, priorities } from "../store";
import type { Data } from "../types";
import { label, called as nameOf } from "../words";
import { FigureTiles } from "./figures";

const LOAD_SHOWN = 12;

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

export function Director() {
  const w = words.value;
  const turn = Math.floor(changes.value / 20); // the counts of clocks are asked for again now and then
  const board = useAnswer(() => get<{ counts: Record<string, number> }>(query("/v1/board", { limit: 1 })), turn);
  const faults = useAnswer(() => get<{ faults: Data[] }>(query("/v1/faults", { limit: 20 })), 0);
  if (board.error) return <Trouble title={w.director} error={board.error} again={board.again} />;
  if (!board.value) return <Busy title={w.director} />;
  const counts = board.value.counts;
  const first = priorities()[0] ?? "P1";
  const all = [...cards.values()];
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
  const most = (map: Map<string, number>) => [...map].sort((a, b) => b[1] - a[1]).slice(0, LOAD_SHOWN);
  return (
    <>
      <h1 class="screen-title">{w.director}</h1>
      <Section title={w.rightNow}>
        <div class="tiles">
          <Tile href="/q?tab=nobody" name={w.nobody} value={all.filter(nobodyKnows).length} tone="late" />
          <Tile
            href={`/q?tab=all&priority=${encodeURIComponent(first)}`}
            name={`${first} ${w.notTaken}`}
            value={all.filter((c) => c.priority === first && openGroups(c).length > 0).length}
            tone="late"
          />
          <Tile href="/q?tab=all" name={w.notTaken} value={all.filter((c) => openGroups(c).length > 0).length} tone="soon" />
          <Tile href="/q?tab=taken" name={w.taken} value={all.filter((c) => openGroups(c).length === 0).length} />
          <Tile href="/clocks?state=overdue" name={w.overdue} value={counts.overdue ?? 0} tone="late" />
          <Tile href="/clocks?state=at_risk" name={w.atRisk} value={counts.at_risk ?? 0} tone="soon" />
          <Tile href="/clocks?state=running" name={w.runningNow} value={counts.running ?? 0} />
        </div>
        {taken.length > 0 && <p class="quiet">{w.takenAfter(duration(taken[Math.floor(taken.length / 2)] ?? 0), taken.length)}</p>}
      </Section>
      <Section title={w.figures}>
        <FigureTiles />
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
        {(faults.value?.faults ?? []).length === 0 ? (
          <p class="quiet">{w.empty}</p>
        ) : (
          <ul class="plain">
            {faults.value?.faults.map((f) => (
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
