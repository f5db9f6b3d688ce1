// Who was called and about what, one card an entity: read once, then kept by the stream's events. No list is
// asked for again because of an event.
import { batch, computed, signal } from "@preact/signals";
import { ApiError, actor, get, query } from "./api";
import { now } from "./clock";
import { onEvent, onFresh } from "./live";
import { ring } from "./ring";
import type { Called, ClockRow, CloudEvent, Data, EntityView, Group } from "./types";
import { policy, samePerson } from "./words";

export interface Card {
  key: string;
  account: string;
  entity: string;
  title: string;
  accountName: string;
  priority: string | null;
  tier: string | null;
  link: string | null;
  assignee: string | null;
  groups: Map<string, Group>;
  clocks: Map<string, ClockRow>;
  clocksKnown: boolean; // read from the entity, not only heard of
  fresh: boolean; // came by the stream: it pulses
}

const PAGE = 500;
const DRAW_MIN_MS = 100;
const DRAW_MAX_MS = 500;
const FRESH_MS = 6000; // so long a new card pulses
const GROUPS_MAX = 20_000; // of the lists that are read at the start

export const cards = new Map<string, Card>();
/** Grows with each change: what shows cards reads it. */
export const changes = signal(0);
export const loading = signal(true);
export const failed = signal("");

const keyOf = (account: string, entity: string) => `${account}\n${entity}`;
const alive = (group: Group) => group.state === "open" || group.state === "acknowledged";

function card(account: string, entity: string): Card {
  const key = keyOf(account, entity);
  let found = cards.get(key);
  if (!found) {
    found = {
      key,
      account,
      entity,
      title: "",
      accountName: "",
      priority: null,
      tier: null,
      link: null,
      assignee: null,
      groups: new Map(),
      clocks: new Map(),
      clocksKnown: false,
      fresh: false,
    };
    cards.set(key, found);
  }
  return found;
}

function describe(found: Card, about: Partial<Group> & Data): void {
  if (about.title) found.title = about.title;
  if (about.accountName) found.accountName = about.accountName;
  if (about.priority) found.priority = about.priority;
  if (about.tier) found.tier = about.tier;
  if (about.link) found.link = about.link;
}

function put(group: Group): Card {
  const found = card(group.account, group.entity);
  found.groups.set(group.escalation, group);
  describe(found, group);
  return found;
}

let changed = false;
let sortMs = 0; // how long it took last to put the cards in order
function touch(): void {
  if (changed) return;
  changed = true;
  // Many events of one moment are one drawing; the longer it takes, the more of them.
  setTimeout(
    () => {
      changed = false;
      changes.value++;
    },
    Math.min(DRAW_MAX_MS, Math.max(DRAW_MIN_MS, 5 * sortMs)),
  );
}

function drop(found: Card): void {
  for (const group of found.groups.values()) if (alive(group)) return;
  cards.delete(found.key);
}

function raised(event: CloudEvent, data: Data): void {
  const account = event.partitionkey;
  const known = cards.get(keyOf(account, data.entity))?.groups.get(data.escalation);
  const called: Called[] = (data.persons as string[]).map((person, i) => ({
    person,
    role: data.roles[Math.min(i, data.roles.length - 1)] ?? "",
    step: data.step,
    at: event.time,
    delivery: null,
  }));
  const found = put({
    account,
    entity: data.entity,
    escalation: data.escalation,
    clock: data.clock ?? null,
    threshold: data.threshold ?? null,
    cycle: data.cycle ?? null,
    due: data.due ?? known?.due ?? null,
    state: "open",
    step: data.step,
    roles: data.roles,
    persons: data.persons,
    urgency: data.urgency,
    reason: data.reason ?? "",
    begun: known?.begun ?? event.time,
    raised: event.time,
    by: null,
    acknowledgedBy: null,
    title: data.title,
    accountName: data.accountName,
    priority: data.priority,
    tier: data.tier,
    link: data.link,
    called: [...(known?.called ?? []), ...called],
    next: data.next ? { step: data.next.step, at: data.next.at ?? null, roles: data.next.roles ?? [], persons: data.next.persons ?? [] } : null,
  });
  // Who comes next is not in the event: the card asks when it is on the screen.
  if (data.next && !data.next.persons) found.clocksKnown = false;
  found.fresh = true;
  setTimeout(() => {
    found.fresh = false;
  }, FRESH_MS);
  if (data.urgency === "high" && (called.length === 0 || called.some((c) => samePerson(c.person, actor())) || actor() === "board"))
    ring(found, data.escalation);
}

function moved(event: CloudEvent, data: Data, state: Group["state"]): void {
  const account = event.partitionkey;
  const found = cards.get(keyOf(account, data.entity));
  const group = found?.groups.get(data.escalation);
  if (!found || !group) return;
  group.state = state;
  group.acknowledgedBy = state === "acknowledged" ? (data.by ?? null) : null;
  if (state !== "open") group.next = null;
  drop(found);
}

function notified(event: CloudEvent, data: Data, outcome: "delivered" | "failed"): void {
  const entity = data.entity ?? "";
  const group = cards.get(keyOf(event.partitionkey, entity))?.groups.get(data.escalation);
  const one = group?.called?.find((c) => c.person === data.person && c.step === data.step);
  if (one && one.delivery?.outcome !== "delivered") one.delivery = { channel: data.channel, outcome, at: event.time };
}

function clockMoved(event: CloudEvent, data: Data, verb: string): void {
  const found = cards.get(keyOf(event.partitionkey, data.entity));
  if (!found?.clocksKnown) return;
  const key = `${data.clock}/${data.cycle}`;
  const row: ClockRow = found.clocks.get(key) ?? {
    account: found.account,
    entity: found.entity,
    clock: data.clock,
    cycle: data.cycle,
    state: "running",
    start: data.start ?? event.time,
    thresholds: [],
    stopped: null,
    elapsedMs: null,
  };
  const dues = (data.thresholds ?? []) as { name: string; due: string | null; verdict?: "met" | "breached" }[];
  for (const told of dues) {
    const threshold = row.thresholds.find((t) => t.name === told.name);
    if (threshold) {
      threshold.due = told.due;
      if (told.verdict) threshold.verdict = told.verdict;
    } else row.thresholds.push({ name: told.name, due: told.due, verdict: told.verdict ?? "pending" });
  }
  const one = row.thresholds.find((t) => t.name === data.threshold);
  if (verb === "started" || verb === "resumed" || verb === "retargeted") row.state = row.state === "paused" && verb === "retargeted" ? "paused" : "running";
  else if (verb === "paused") row.state = "paused";
  else if (verb === "stopped" || verb === "cancelled") row.state = verb;
  if (verb === "breached" && one) one.verdict = "breached";
  if (verb === "withdrawn" && one) one.verdict = "pending";
  found.clocks.set(key, row);
}

function take(event: CloudEvent): void {
  const data = event.data;
  if (!data) return;
  const [, kind = "", verb = ""] = /^tocsin\.([a-z_]+)\.([a-z_]+)$/.exec(event.type) ?? [];
  if (event.source === "/tocsin/engine") {
    if (kind === "escalation") {
      if (verb === "raised") raised(event, data);
      else if (verb === "reopened") moved(event, data, "open");
      else moved(event, data, verb as Group["state"]);
    } else if (kind === "notification") notified(event, data, verb as "delivered" | "failed");
    else if (kind === "clock") clockMoved(event, data, verb);
    else return;
  } else {
    const found = cards.get(keyOf(event.partitionkey, `${kind}/${event.subject}`));
    if (!found) return;
    describe(found, { ...(data.priority ? { priority: data.priority } : {}), ...(data.title ? { title: data.title } : {}) });
    if (verb === "assigned" && typeof data.person === "string") found.assignee = data.person;
    if (verb === "unassigned") found.assignee = null;
  }
  touch();
}

interface Inbox {
  escalations: Group[];
  cursor: string | null;
}

async function inbox(state: "open" | "acknowledged", limit: number, cursor: string): Promise<Inbox> {
  try {
    return await get<Inbox>(query("/v1/inbox", { state, limit, cursor }));
  } catch (error) {
    // A node of an older version knows no states: it tells what is open, in one page.
    if (!(error instanceof ApiError) || error.status !== 400) throw error;
    return state === "open" ? { ...(await get<Inbox>(query("/v1/inbox", { limit: PAGE }))), cursor: null } : { escalations: [], cursor: null };
  }
}

async function pages(state: "open" | "acknowledged"): Promise<void> {
  let cursor = "";
  let read = 0;
  do {
    const answer = await inbox(state, cursor ? PAGE : 100, cursor);
    batch(() => {
      for (const group of answer.escalations) put(group);
      loading.value = false;
      changes.value++;
    });
    read += answer.escalations.length;
    cursor = answer.cursor ?? "";
  } while (cursor && read < GROUPS_MAX);
}

export async function load(): Promise<void> {
  try {
    cards.clear();
    await pages("open");
    await pages("acknowledged");
    failed.value = "";
  } catch (error) {
    failed.value = error instanceof Error ? error.message : String(error);
  }
  loading.value = false;
  changes.value++;
}

/** What the entity itself says, read when its card is first shown. */
export function learnEntity(found: Card, entity: EntityView): void {
  for (const row of entity.clocks) if (row.state === "running" || row.state === "paused") found.clocks.set(`${row.clock}/${row.cycle}`, row);
  describe(found, { title: entity.title, accountName: entity.accountName, priority: entity.priority, tier: entity.tier, link: entity.link });
  for (const group of entity.escalations) if (alive(group)) found.groups.set(group.escalation, { ...group, account: found.account, entity: found.entity });
  found.clocksKnown = true;
  found.assignee = entity.assignee ?? found.assignee;
  touch();
}

export function openGroups(found: Card): Group[] {
  return [...found.groups.values()].filter((g) => g.state === "open");
}

export function aliveGroups(found: Card): Group[] {
  return [...found.groups.values()].filter(alive);
}

export function everCalled(group: Group): string[] {
  return group.called ? group.called.map((c) => c.person) : group.persons;
}

export function nobodyCalled(found: Card): boolean {
  return openGroups(found).some((g) => everCalled(g).length === 0);
}

export function rank(found: Card): number {
  const order: string[] = (policy.value?.document?.priorities ?? ["P1", "P2", "P3", "P4"]).map((p: string | { name: string }) =>
    typeof p === "string" ? p : p.name,
  );
  if (found.priority) {
    const at = order.indexOf(found.priority);
    return at < 0 ? order.length : at;
  }
  // What has no priority and is urgent (a complaint) stands with the most urgent.
  return aliveGroups(found).some((g) => g.urgency === "high") ? 0 : order.length;
}

/** The next due that is still pending, else the one that was missed last. */
export function nextDue(found: Card): string | null {
  let best: string | null = null;
  const consider = (due: string | null | undefined) => {
    if (due && Date.parse(due) > now.peek() && (!best || due < best)) best = due;
  };
  for (const row of found.clocks.values()) if (row.state === "running") for (const t of row.thresholds) if (t.verdict === "pending") consider(t.due);
  if (!best) for (const group of aliveGroups(found)) consider(group.due);
  return best;
}

export const sorted = computed<Card[]>(() => {
  changes.value;
  const far = "9999";
  const begun = performance.now();
  const order = [...cards.values()]
    .map((c) => ({ c, nobody: nobodyCalled(c) ? 0 : 1, rank: rank(c), taken: openGroups(c).length ? 0 : 1, due: nextDue(c) ?? far }))
    .sort((a, b) => a.nobody - b.nobody || a.rank - b.rank || a.taken - b.taken || (a.due < b.due ? -1 : a.due > b.due ? 1 : 0) || (a.c.key < b.c.key ? -1 : 1))
    .map((x) => x.c);
  sortMs = performance.now() - begun;
  return order;
});

export function isMine(found: Card): boolean {
  const person = actor();
  return (
    samePerson(found.assignee, person) ||
    aliveGroups(found).some((g) => everCalled(g).some((one) => samePerson(one, person)) || samePerson(g.acknowledgedBy, person))
  );
}

onEvent(take);
onFresh(() => void load());
