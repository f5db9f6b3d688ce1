// Why a due lies where it lies: the open intervals that add up to what was allowed, the pauses between, and what
// moved it. Can be copied as evidence.
import { useState } from "preact/hooks";
import { entityPath, get, query } from "../api";
import { duration } from "../format";
import { words } from "../i18n";
import type { ClockRow, TimelineEntry } from "../types";
import { label } from "../words";
import { Busy, Facts, Time, Trouble, useAnswer } from "./base";
import { excuseText } from "./excuse";
import type { Segment } from "./sla";

export interface Explained {
  calendar: string;
  policyVersion: number;
  tzdata: string;
  thresholds: {
    name: string;
    allowance: string | number | null;
    segments: Segment[];
    retargets: { at: string; cause: string; fact: string | null; from: string | null; to: string | null }[];
    due: string | null;
  }[];
}

export const explain = (account: string, entity: string, row: ClockRow) =>
  get<Explained>(query(`/v1/entities/${entityPath(account, entity)}/explain`, { clock: row.clock, cycle: row.cycle }));

function evidence(name: string, row: ClockRow, proof: Explained, facts: TimelineEntry[]): string {
  const w = words.value;
  const lines = [
    `${name} · ${label(row.clock)} · ${row.start}`,
    `${w.calendar}: ${proof.calendar}, ${w.policyVersion} ${proof.policyVersion}, ${w.tzdata} ${proof.tzdata}`,
  ];
  for (const t of proof.thresholds) {
    lines.push(`${t.name}: ${t.allowance ?? "–"} → ${t.due ?? "–"}`);
    for (const s of t.segments) lines.push(`  ${s.from} – ${s.to}  ${s.what}${s.name ? ` (${s.name})` : ""}  ${duration(s.ms)}`);
    const threshold = row.thresholds.find((one) => one.name === t.name);
    if (threshold) lines.push(`  ${[w.verdicts[threshold.verdict], excuseText(row, threshold, facts)].filter(Boolean).join("  ")}`);
    for (const r of t.retargets) lines.push(`  ${r.at}  ${r.cause}  ${r.from ?? "–"} → ${r.to ?? "–"}  ${r.fact ?? ""}`);
  }
  return lines.join("\n");
}

export function Proof({ account, entity, row, facts }: { account: string; entity: string; row: ClockRow; facts: TimelineEntry[] }) {
  const w = words.value;
  const [copied, setCopied] = useState(false);
  const { value, error, again } = useAnswer(() => explain(account, entity, row), `${account} ${entity} ${row.clock} ${row.cycle}`);
  if (error) return <Trouble error={error} again={again} />;
  if (!value) return <Busy />;
  const copy = async () => {
    await navigator.clipboard.writeText(evidence(`${account}/${entity}`, row, value, facts));
    setCopied(true);
  };
  return (
    <div class="proof">
      <Facts
        rows={[
          [w.calendar, label(value.calendar)],
          [w.policyVersion, value.policyVersion],
          [w.tzdata, value.tzdata],
        ]}
      />
      {value.thresholds.map((t) => {
        const allowance = typeof t.allowance === "number" ? duration(t.allowance) : t.allowance;
        return (
          <div key={t.name}>
            <p class="what">
              {label(t.name)} · {w.allowance} {allowance ?? "–"} → <Time at={t.due} full />
            </p>
            <table>
              <tbody>
                {t.segments.map((s) => (
                  <tr key={s.from} class={s.what === "open" || s.what === "makeup" ? undefined : "quiet"}>
                    <td>
                      <Time at={s.from} /> – <Time at={s.to} />
                    </td>
                    <td>
                      {w.segments[s.what] ?? s.what} {s.name}
                    </td>
                    <td class="number">{duration(s.ms)}</td>
                  </tr>
                ))}
                {t.retargets.map((r) => (
                  <tr key={r.at + r.cause}>
                    <td>
                      <Time at={r.at} />
                    </td>
                    <td>{label(r.cause)}</td>
                    <td class="number">
                      <Time at={r.from} /> → <Time at={r.to} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        );
      })}
      <button type="button" onClick={() => void copy()}>
        {copied ? w.copied : w.proofCopy}
      </button>
    </div>
  );
}
