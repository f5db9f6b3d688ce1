// What the policy calls things, and what people are called. The page knows no kind, clock or role by itself: it asks
// the policy for labels, and shows a name that has none without its dots and underscores.
import { signal } from "@preact/signals";
import { get } from "./api";
import { contractZone } from "./format";
import { language, words } from "./i18n";
import type { CloudEvent } from "./types";

type Label = { zh?: string; en?: string };
// biome-ignore lint/suspicious/noExplicitAny: the policy as the node answers it
export const policy = signal<any>(null);
let labels: Record<string, Label> = {};
/** Of a policy that is not in force, for names that the one in force does not have. */
let others: Record<string, Label> = {};
/** Of the roster: how each person is called, by id. */
const people = signal(new Map<string, string>());

export async function learnPolicy(): Promise<void> {
  try {
    policy.value = await get("/v1/policy");
    labels = policy.value?.labels ?? {};
    if (policy.value?.zone) contractZone.value = policy.value.zone;
  } catch {
    // Without labels the names themselves are shown.
  }
}

export function learnLabels(of: Record<string, Label>): void {
  others = of;
}

export async function learnPeople(): Promise<void> {
  try {
    const roster = await get<{ zone?: string; people?: { id: string; name: string }[] }>("/v1/roster");
    // A policy that counts by no zone: the people's.
    if (roster.zone && roster.people?.length && policy.value && !policy.value.zone) contractZone.value = roster.zone;
    people.value = new Map((roster.people ?? []).map((one) => [one.id, one.name || one.id]));
  } catch {
    // Without a roster people are called what the facts call them.
  }
}

/** How a person is called. */
export function called(id: string): string {
  return people.value.get(id) ?? id;
}

export function everybody(ids: string[]): string {
  return [...new Set(ids)].map(called).join(words.value.comma);
}

export function knownPeople(): [string, string][] {
  return [...people.value];
}

/** Whether two names are one person's: an id, or what the roster calls them. */
export function samePerson(a: string | null | undefined, b: string): boolean {
  return a === b || (!!a && (people.value.get(a) === b || people.value.get(b) === a));
}

/** Whether a fact of this verb would stop one of these promises, by the policy; without one it may. */
export function stops(clocks: Iterable<{ clock: string; state: string }>, verb: string): boolean {
  const rules = policy.value?.document?.clocks;
  for (const one of clocks) {
    if (one.state !== "running" && one.state !== "paused") continue;
    const stop = rules?.[one.clock]?.stop;
    if (!rules || (Array.isArray(stop) ? stop : [stop]).some((trigger) => String(trigger).split(" ")[0] === verb)) return true;
  }
  return false;
}

function plain(name: string): string {
  const last = name.includes(".") ? name.slice(name.indexOf(".") + 1) : name;
  const text = last.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A part of an id as it was before it was put into the id. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A name of the policy in the reader's language. */
export function label(name: string | null | undefined): string {
  if (!name) return "";
  policy.value; // read: a component that shows a label is drawn again when labels come
  const last = name.slice(name.indexOf(".") + 1);
  const known = labels[name] ?? labels[`labels.${name}`];
  return (
    known?.[language.value] ??
    words.value.names[name] ??
    words.value.names[last] ??
    labels[last]?.[language.value] ??
    others[name]?.[language.value] ??
    known?.en ??
    known?.zh ??
    plain(name)
  );
}

/** What an event says happened: a fact by its name, ours by what it is about and what became of it. */
export function eventName(event: CloudEvent): string {
  const w = words.value;
  const [, kind = "", verb = ""] = event.type.split(".");
  if (event.source !== "/tocsin/engine") return label(`${kind}.${verb}`);
  const became = w.states[verb] ?? w.verdicts[verb] ?? label(`${kind}.${verb}`);
  const data = event.data ?? {};
  if (data.escalation && kind === "escalation")
    return `${about({ clock: data.clock ?? null, threshold: data.threshold, reason: data.reason ?? "", escalation: data.escalation, entity: data.entity })} · ${became}`;
  return data.clock ? `${label(data.clock)} · ${became}` : became;
}

/** What a group is about, in words: the promise and its threshold, or why somebody was called. */
export function about(group: { clock: string | null; threshold?: string | null; reason: string; escalation: string; entity?: string }): string {
  const w = words.value;
  const why = w.reasons[group.reason] ?? "";
  if (group.clock) {
    const threshold = group.threshold && group.threshold !== "target" ? ` (${label(group.threshold)})` : "";
    const state = group.escalation.includes("/warned") ? w.reasons.warned : why || w.reasons.breach;
    return `${label(group.clock)}${threshold}: ${state}`;
  }
  const stage = /\/routed\/stage:([^/~]+)/.exec(group.escalation);
  if (stage) {
    const kind = group.entity?.split("/")[0] ?? "";
    const known = labels[`${kind}/${stage[1]}`]?.[language.value];
    return known ?? w.stage(stage[1] ?? "");
  }
  const fault = /\/fault\/([^/]+)\//.exec(group.escalation);
  if (fault) return `${w.reasons.fault}: ${decoded(fault[1] ?? "")}`;
  return why || (w.reasons.routed ?? "");
}
