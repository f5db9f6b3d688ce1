// What the policy calls things. The page knows no kind, clock or role by itself: it asks the policy for labels, and
// shows a name that has none without its dots and underscores.
import { signal } from "@preact/signals";
import { get } from "./api";
import { contractZone } from "./format";
import { language, words } from "./i18n";

type Label = { zh?: string; en?: string };
// biome-ignore lint/suspicious/noExplicitAny: the policy as the node answers it
export const policy = signal<any>(null);
let labels: Record<string, Label> = {};

export async function learnPolicy(): Promise<void> {
  try {
    policy.value = await get("/v1/policy");
    labels = policy.value?.labels ?? {};
    if (policy.value?.zone) contractZone.value = policy.value.zone;
  } catch {
    // Without labels the names themselves are shown.
  }
}

function plain(name: string): string {
  const last = name.includes(".") ? name.slice(name.indexOf(".") + 1) : name;
  const text = last.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A name of the policy in the reader's language. */
export function label(name: string | null | undefined): string {
  if (!name) return "";
  policy.value; // read: a component that shows a label is drawn again when labels come
  const known = labels[name];
  return known?.[language.value] ?? known?.en ?? known?.zh ?? plain(name);
}

/** What a group is about, in words: the promise and its threshold, or why somebody was called. */
export function about(group: { clock: string | null; threshold?: string | null; reason: string; escalation: string }): string {
  const w = words.value;
  const why = w.reasons[group.reason] ?? "";
  if (group.clock) {
    const threshold = group.threshold && group.threshold !== "target" ? ` (${w.thresholds[group.threshold] ?? group.threshold})` : "";
    const state = group.escalation.includes("/warned") ? w.reasons.warned : (why || w.reasons.breach);
    return `${label(group.clock)}${threshold}: ${state}`;
  }
  const stage = /\/routed\/stage:([^/~]+)/.exec(group.escalation);
  if (stage) return w.stage(stage[1] ?? "");
  const fault = /\/fault\/([^/]+)\//.exec(group.escalation);
  if (fault) return `${w.reasons.fault}: ${decodeURIComponent(fault[1] ?? "")}`;
  return why || (w.reasons.routed ?? "");
}
