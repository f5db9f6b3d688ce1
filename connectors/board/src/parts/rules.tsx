// What a policy says, in its own language (`15m`, `messaged from=staff in=2`), as people say it.
import { post } from "../api";
import { percent } from "../format";
import { words } from "../i18n";
import type { Data } from "../types";
import { everybody, label, learnLabels, policy } from "../words";

/** `15m`, `3wd`, `2/3`, `given reviewBy`, as people say it. */
export function span(text: unknown): string {
  const w = words.value;
  const name = { s: w.units.s, m: w.units.m, h: w.units.h, d: w.units.d } as Record<string, string | undefined>;
  return String(text ?? "–")
    .replace(/^given.*$/, w.given)
    .replace(/(\d+)\s*(wd|[smhd])\b/g, (_, n: string, unit: string) => (unit === "wd" ? w.workingDays(Number(n)) : `${n} ${name[unit] ?? unit}`))
    .replace(/ before$/, ` ${w.before2}`);
}

export function stageOf(kind: string, stage: string): string {
  return policy.value?.labels?.[`${kind}/${stage}`] ? label(`${kind}/${stage}`) : words.value.stage(stage);
}

/** `first contacted in=2`, `stage 1`, `drafted with-due`, as people say it. */
function fact(text: string, kind: string): string {
  const w = words.value;
  const [begin = "", ...rest] = text.split(" ");
  if (begin === "first") return w.firstOf(fact(rest.join(" "), kind));
  if (begin === "stage") return w.entersStage(stageOf(kind, rest.join(" ")));
  const more = rest.map((one) => {
    const [name = "", value] = one.split("=");
    if (value === undefined) return w.conditions[name] ?? label(name);
    return name === "in" ? w.inStage(stageOf(kind, value)) : label(`${kind}.${value}`);
  });
  return more.length ? `${label(`${kind}.${begin}`)} (${more.join(w.comma)})` : label(`${kind}.${begin}`);
}

export function facts(list: unknown, kind: string): string {
  return (Array.isArray(list) ? list : [list])
    .filter((one) => one !== undefined && one !== null)
    .map((one) => fact(String(one), kind))
    .join(words.value.comma);
}

/** `tier`, or a calendar's name. */
export function hoursOf(hours: unknown): string {
  return hours === "tier" ? words.value.byTier : label(String(hours));
}

export function steps(list: Data[]): string {
  const w = words.value;
  const one = (step: Data) => {
    const after = step.after ? `${w.after(span(step.after))}${step.hours ? ` (${hoursOf(step.hours)})` : ""} ` : "";
    return `${after}${everybody((step.tell ?? []).map(label)) || w.gap}${step.times ? ` ×${step.times}` : ""}`;
  };
  return list.length ? list.map(one).join(" → ") : w.gap;
}

// ---- what changes from one policy to another, as the node tells it beside its English sentences

export interface Change extends Data {
  text: string;
  change: string;
}

type Say = (value: unknown, change: Change) => string;

const nothing = "–";
const kindOf = (change: Change) => String(change.kind ?? change.clock ?? "").split(".")[0] ?? "";
const facts_: Say = (value, change) => facts(value, kindOf(change)) || nothing;
const yes: Say = (value) => (value ? words.value.yes : words.value.no);
const list: Say = (value) => (value as string[]).map((one) => one.split(" ").map(label).join(" ")).join(words.value.comma) || nothing;
const hours: Say = (value) => (value === null ? nothing : hoursOf(value));
const share: Say = (value) => (value === null ? nothing : Number(value) <= 1 ? percent(Number(value)) : String(value));

function cases(value: unknown): string {
  const w = words.value;
  return (value as Data[])
    .map((one) => {
      const of = one.tier ?? one.priority ?? (one.urgency && w.urgencies.high);
      return `${of ? `${label(String(of))}${one.also ? ` ${w.also}` : ""}: ` : ""}${steps(one.steps)}`;
    })
    .join(" | ");
}

/** How long an acknowledgement holds: `30m`, or by priority. */
export function held(value: unknown): string {
  if (typeof value === "string") return span(value);
  const entries = Object.entries(value as Record<string, string>);
  return entries.length ? entries.map(([priority, time]) => `${priority && `${label(priority)}: `}${span(time)}`).join(words.value.comma) : words.value.forGood;
}

const values: Record<string, Say> = {
  allows: (value) => (value === null ? nothing : span(value)),
  grace: span,
  hours,
  tier_hours: hours,
  tier_days: hours,
  starts: facts_,
  stops: facts_,
  match: facts_,
  cancelled_by: facts_,
  unless: facts_,
  again: facts_,
  runs_on: facts_,
  set_by: facts_,
  warns: (value) => (value as string[]).map(span).join(words.value.comma) || nothing,
  pauses: yes,
  low: yes,
  urgent: yes,
  waits: (value) => list(value, {} as Change),
  count: String,
  fault_weeks: String,
  target: share,
  figure_target: share,
  figure_counts: list,
  breach: cases,
  warning: cases,
  routing: cases,
  fault: cases,
  breach_enters: (value, change) => (value === null ? nothing : stageOf(kindOf(change), String(value))),
  ack_timeout: held,
};

const SORTS = ["clock", "stage", "fact", "priority", "tier", "role", "threshold", "calendar", "kind", "figure"];

/** What it is about: the promise and its threshold, or what else has a name. */
function subject(change: Change): string {
  const w = words.value;
  const every = change.every ? ` (${w.each(w.everyCalendar[change.every] ?? change.every)})` : "";
  const of: unknown[] = change.clock
    ? [
        label(change.clock) + every,
        change.threshold && change.threshold !== "target" && label(change.threshold),
        change.priority,
        change.tier && label(change.tier),
      ]
    : [
        change.kind && label(change.kind),
        change.stage && stageOf(change.kind, change.stage),
        ...["priority", "tier", "calendar", "figure"].map((sort) => label(change[sort])),
      ];
  return of.filter(Boolean).join(" · ");
}

/** One change in the reader's language; null: the page has no words for it. */
export function changeText(change: Change): string | null {
  const w = words.value;
  if (change.change === "new" || change.change === "gone") {
    const sort = SORTS.find((one) => change[one] !== undefined) ?? "";
    const name = sort === "stage" ? stageOf(change.kind, change.stage) : label(change[sort]);
    const every = change.every ? ` (${w.each(w.everyCalendar[change.every] ?? change.every)})` : "";
    const kind = sort === "stage" || sort === "fact" ? ` (${label(change.kind ?? change.fact.split(".")[0])})` : "";
    return `${w.sorts[sort] ?? sort} ${name}${every}${kind}: ${w.changed[change.change]}${change.reaches ? w.comma + w.reachesNew : ""}`;
  }
  if (change.change === "text" || change.change === "calendar") return [subject(change), w.changed[change.change]].filter(Boolean).join(": ");
  if (change.change === "days") {
    const days = (change.to.days as Data[]).map((one) => `${one.day} ${w.changed[one.how] ?? one.how}`);
    return `${subject(change)}: ${days.join(w.comma)}${change.to.more ? ` +${change.to.more}` : ""}`;
  }
  const say = values[change.change];
  const aspect = w.aspects[change.change];
  if (!say || !aspect) return null;
  const what = [subject(change), aspect].filter(Boolean).join(" · ");
  return `${what}: ${say(change.from, change)} → ${say(change.to, change)}`;
}

/** What an older node says in sentences alone, and what the page has no words for, is in English. */
export function Changes({ list }: { list: Change[] }) {
  return (
    <ul role="status">
      {list.map((one) => {
        const text = changeText(one);
        return text === null ? (
          <li key={one.text} lang="en">
            {one.text}
          </li>
        ) : (
          <li key={one.text}>{text}</li>
        );
      })}
    </ul>
  );
}

interface Difference {
  changes: string[];
  details?: Change[];
  labels?: Record<string, { zh?: string; en?: string }>;
}

/** From the policy in force to that text. */
export async function differences(text: string): Promise<Change[]> {
  const answer = await post<Difference>("/v1/policy/diff", text, "application/yaml");
  learnLabels(answer.labels ?? {});
  return answer.details ?? answer.changes.map((text) => ({ text, change: "" }));
}

/** A mistake of a policy: the words around names are the reader's, as far as the page has them. */
export function Mistake({ line, reason }: { line: number; reason: string }) {
  const w = words.value;
  const said = w.mistake(reason);
  return (
    <li class="late">
      {line > 0 && `${w.line(line)}: `}
      {said === null ? <span lang="en">{reason}</span> : said}
    </li>
  );
}
