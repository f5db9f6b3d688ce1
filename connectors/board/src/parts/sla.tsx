// The promises of an entity over time: what counted, what did not, where the dues lie.
import { now } from "../clock";
import { clockTime, day, wholeInstant } from "../format";
import { words } from "../i18n";
import type { ClockRow, Threshold, TimelineEntry } from "../types";
import { label } from "../words";
import { excuseText } from "./excuse";

export interface Segment {
  from: string;
  to: string;
  what: "open" | "closed" | "paused" | "holiday" | "makeup";
  ms: number;
  name?: string | null;
}

// At a desk names stand before the bars; on a phone above them, in a picture that needs no scrolling.
const DESK = { width: 1000, left: 190, row: 34, bar: 4, ticks: 8 };
const PHONE = { width: 400, left: 8, row: 48, bar: 22, ticks: 4 };
const PHONE_PX = 640;

function ticks(from: number, to: number, most: number): number[] {
  const steps = [900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000, 2_592_000_000];
  const step = steps.find((s) => (to - from) / s <= most) ?? 7_776_000_000;
  const list: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) list.push(t);
  return list;
}

/** `segments`: of each clock and cycle, where its proof was read; without it the whole span counts as one. */
export function SlaTimeline({ clocks, segments, facts }: { clocks: ClockRow[]; segments: Map<string, Segment[]>; facts: TimelineEntry[] }) {
  const w = words.value;
  if (clocks.length === 0) return <p class="quiet">{w.empty}</p>;
  const at = now.value;
  const ends = clocks.flatMap((c) => [
    c.stopped ? Date.parse(c.stopped) : c.state === "cancelled" ? Date.parse(c.start) : at,
    ...c.thresholds.map((t) => (t.due ? Date.parse(t.due) : 0)),
  ]);
  const from = Math.min(...clocks.map((c) => Date.parse(c.start)));
  const to = Math.max(from + 60_000, ...ends);
  const form = window.innerWidth < PHONE_PX ? PHONE : DESK;
  const x = (ms: number) => form.left + ((Math.min(Math.max(ms, from), to) - from) / (to - from)) * (form.width - form.left - 20);
  const marks = ticks(from, to, form.ticks);
  // Of several marks of one day the first says the day.
  const named = (t: number, i: number) => {
    const today = day(t);
    const before = marks[i - 1];
    const midnight = clockTime(t) === "00:00";
    return (i === 0 && to - from > 86_400_000) || (before !== undefined && day(before) !== today)
      ? midnight
        ? today
        : `${today} ${clockTime(t)}`
      : clockTime(t);
  };
  const height = clocks.length * form.row + 40;
  const became = (c: ClockRow, t: Threshold) => [`${label(t.name)} ${w.verdicts[t.verdict]}`, excuseText(c, t, facts)].filter(Boolean).join(", ");
  const text = clocks.map((c) => `${label(c.clock)}: ${c.thresholds.map((t) => became(c, t)).join(", ")}`).join("; ");
  const excused = clocks.some((c) => c.thresholds.some((t) => t.excusedAt));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide picture scrolls by keyboard too
    <div class="sla" tabIndex={0} role="region" aria-label={w.timeline}>
      <svg viewBox={`0 0 ${form.width} ${height}`} role="img" aria-label={`${w.timeline}: ${text}`}>
        {marks.map((t, i) => (
          <g key={t}>
            <line x1={x(t)} x2={x(t)} y1={18} y2={height - 8} class="grid" />
            <text x={x(t)} y={12} class="tick" text-anchor="middle">
              {named(t, i)}
            </text>
          </g>
        ))}
        {clocks.map((clock, i) => {
          const y = 24 + i * form.row;
          const bar = y + form.bar;
          const end = clock.stopped ? Date.parse(clock.stopped) : clock.state === "cancelled" ? Date.parse(clock.start) : at;
          const parts = segments.get(`${clock.clock}/${clock.cycle}`) ?? [{ from: clock.start, to: new Date(end).toISOString(), what: "open" as const, ms: 0 }];
          return (
            <g key={`${clock.clock}/${clock.cycle}`}>
              <text x={4} y={y + 16} class="name">
                {label(clock.clock)} {clock.cycle === 1 ? "" : `#${clock.cycle}`}
              </text>
              {parts.map((part) => {
                const a = x(Date.parse(part.from));
                const b = x(Math.min(Date.parse(part.to), end));
                return (
                  b > a && (
                    <rect key={part.from} x={a} width={b - a} y={bar} height={14} rx={2} class={`seg ${part.what}`}>
                      <title>{`${w.segments[part.what] ?? part.what} ${part.name ?? ""}`}</title>
                    </rect>
                  )
                );
              })}
              {clock.thresholds.map((t) => {
                if (!t.due) return null;
                const dx = x(Date.parse(t.due));
                return (
                  <g key={t.name} class={`mark ${t.verdict} ${t.excusedAt ? "excused" : ""}`}>
                    {t.excusedAt && <circle cx={dx} cy={bar + 7} r={11} />}
                    {t.verdict === "breached" ? (
                      <path d={`M${dx - 6} ${bar + 1}l12 12M${dx + 6} ${bar + 1}l-12 12`} />
                    ) : (
                      <path d={`M${dx} ${bar - 1}l8 8l-8 8l-8 -8z`} />
                    )}
                    <title>{`${became(clock, t)} · ${w.due} ${wholeInstant(t.due)}`}</title>
                  </g>
                );
              })}
            </g>
          );
        })}
        {at >= from && at <= to && <line x1={x(at)} x2={x(at)} y1={18} y2={height - 8} class="nowline" />}
      </svg>
      <p class="legend quiet">
        <span class="key open" /> {w.counted} <span class="key closed" /> {w.closedHours} <span class="key paused" /> {w.waitingHours} ◇ {w.legendDue} · ◆{" "}
        {w.legendMet} · ✖ {w.legendMissed}
        {excused && ` · ⊗ ${w.excused}`}
      </p>
    </div>
  );
}
