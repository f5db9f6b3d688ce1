// Who was called and about what, one card an entity: read once, then kept by the stream's events. No list is
// asked for again because of an event.
import { batch, effect, type Signal, signal } from "@preact/signals";
import { ApiError, actor, get, query } from "./api";
import { onEvent, onFresh } from "./live";
import { Order, type Place } from "./order";
import { ring } from "./ring";
import type { Called, ClockRow, CloudEvent, Data, EntityView, Group } from "./types";
import { knownPeople, policy, samePerson } from "./words";

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
  nextDue: string | null; // as the node said it, until the clocks are known
  fresh: boolean; // came by the stream: it pulses
  place: Place | null; // in the order; null: not in it
  version: Signal<number>; // grows when what the card shows has changed
}

const PAGE = 500;
const DRAW_SOON_MS = 30; // after an event; what comes until then is drawn with it
const DRAW_EVERY_MS = 250; // and so often at most; on a busy device less, by how long drawing takes
const DRAW_EVERY_MS_MAX = 600;
const HEARD_MAX = 500; // entities without a card whose clocks were heard of lately
const FRESH_MS = 6000; // so long a new card pulses
const GROUPS_MAX = 20_000; // of the lists that are read at the start

export const cards = new Map<string, Card>();
export const order = new Order();
/** Grows with each change of the order or of a tab's count: what shows the list reads it. */
export const changes = signal(0);
export const loading = signal(true);
export const failed = signal("");

const FAR = "9999"; // no due is known
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
      nextDue: null,
      fresh: false,
      place: null,
      version: signal(0),
    };
    cards.set(key, found);
    for (const row of heard.get(key) ?? []) found.clocks.set(`${row.clock}/${row.cycle}`, row);
    heard.delete(key);
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

/** While the lists are read anew: what was heard of since. The rest has ended meanwhile. */
let heardOf: Set<string> | null = null;

function put(group: Group): Card {
  const found = card(group.account, group.entity);
  heardOf?.add(`${found.key}\n${group.escalation}`);
  found.groups.set(group.escalation, group);
  describe(found, group);
  if (group.nextDue !== undefined) found.nextDue = group.nextDue;
  if (group.assignee !== undefined) found.assignee = group.assignee;
  return found;
}

/** The clocks of entities that have no card yet: an entity's clocks start before somebody is called. */
const heard = new Map<string, ClockRow[]>();

const dirty = new Set<Card>();
let moved = false; // the order is another one than what was drawn
let waiting = false;
let drawnAt = Number.NEGATIVE_INFINITY;
let drawEvery = DRAW_EVERY_MS;

/** Many events of one moment are one drawing. */
function draw(): void {
  waiting = false;
  drawnAt = performance.now();
  batch(() => {
    for (const one of dirty) one.version.value++;
    if (moved) changes.value++;
  });
  dirty.clear();
  moved = false;
  requestAnimationFrame(() => {
    drawEvery = Math.min(DRAW_EVERY_MS_MAX, Math.max(DRAW_EVERY_MS, 5 * (performance.now() - drawnAt)));
  });
}

function soon(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(draw, Math.max(DRAW_SOON_MS, drawnAt + drawEvery - performance.now()));
}

/** Whatever happened to the card: it stands where it belongs, and is drawn. */
function touch(found: Card): void {
  if (cards.get(found.key) !== found) return; // the lists were read anew since
  const alarms = [...found.groups.values()].some(alive);
  if (!alarms) cards.delete(found.key);
  if (order.file(found, alarms ? placeOf(found) : null)) moved = true;
  dirty.add(found);
  soon();
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
    touch(found);
  }, FRESH_MS);
  if (data.urgency === "high" && (called.length === 0 || called.some((c) => samePerson(c.person, actor())) || actor() === "board"))
    ring(found, data.escalation);
  touch(found);
}

function changedState(event: CloudEvent, data: Data, state: Group["state"]): void {
  const account = event.partitionkey;
  const found = cards.get(keyOf(account, data.entity));
  const group = found?.groups.get(data.escalation);
  if (!found || !group) return;
  group.state = state;
  group.acknowledgedBy = state === "acknowledged" ? (data.by ?? null) : null;
  group.acknowledgedAt = state === "acknowledged" ? event.time : null;
  if (state !== "open") group.next = null;
  touch(found);
}

function notified(event: CloudEvent, data: Data, outcome: "delivered" | "failed"): void {
  const found = cards.get(keyOf(event.partitionkey, data.entity ?? ""));
  const group = found?.groups.get(data.escalation);
  if (!found || !group) return;
  const delivery = { channel: data.channel, outcome, at: event.time };
  const one = group.called?.find((c) => c.person === data.person && c.step === data.step);
  if (one?.delivery?.outcome === "delivered") return;
  if (one) one.delivery = delivery;
  // Told because nobody who was called could be.
  else group.called = [...(group.called ?? []), { person: data.person, role: null, step: data.step, at: event.time, delivery }];
  touch(found);
}

/** What an event says of a clock, put into its row. */
export function applyToClock(row: ClockRow, data: Data, verb: string): void {
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
}

function clockMoved(event: CloudEvent, data: Data, verb: string): void {
  const account = event.partitionkey;
  const key = keyOf(account, data.entity);
  const found = cards.get(key);
  if (!found && verb !== "started") return;
  const name = `${data.clock}/${data.cycle}`;
  const row: ClockRow = found?.clocks.get(name) ?? {
    account,
    entity: data.entity,
    clock: data.clock,
    cycle: data.cycle,
    state: "running",
    start: data.start ?? event.time,
    thresholds: [],
    stopped: null,
    elapsedMs: null,
  };
  applyToClock(row, data, verb);
  if (found) {
    // Of a clock that was not read only what is to come is known: a due may come earlier by it. The card is read when
    // it is shown.
    if (found.clocksKnown || row.thresholds.length > 0) found.clocks.set(name, row);
    touch(found);
    return;
  }
  heard.set(key, [...(heard.get(key) ?? []), row]);
  if (heard.size > HEARD_MAX) heard.delete(heard.keys().next().value as string);
}

function take(event: CloudEvent): void {
  const data = event.data;
  if (!data) return;
  const [, kind = "", verb = ""] = /^tocsin\.([a-z_]+)\.([a-z_]+)$/.exec(event.type) ?? [];
  if (event.source === "/tocsin/engine") {
    if (kind === "escalation") {
      if (verb === "raised") raised(event, data);
      else changedState(event, data, verb === "reopened" ? "open" : (verb as Group["state"]));
    } else if (kind === "notification") notified(event, data, verb as "delivered" | "failed");
    else if (kind === "clock") clockMoved(event, data, verb);
  } else {
    const found = cards.get(keyOf(event.partitionkey, `${kind}/${event.subject}`));
    if (!found) return;
    describe(found, { ...(data.priority ? { priority: data.priority } : {}), ...(data.title ? { title: data.title } : {}) });
    if (verb === "assigned" && typeof data.person === "string") found.assignee = data.person;
    if (verb === "unassigned") found.assignee = null;
    if (verb === "excused") found.clocksKnown = false; // which breach it means, the node says
    touch(found);
  }
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
    for (const group of answer.escalations) touch(put(group));
    loading.value = false;
    read += answer.escalations.length;
    cursor = answer.cursor ?? "";
  } while (cursor && read < GROUPS_MAX);
}

export async function load(): Promise<void> {
  // Read into what is there: no moment in which the page says that all is quiet.
  const heard = new Set<string>();
  heardOf = heard;
  try {
    for (const one of cards.values()) one.clocksKnown = false;
    await pages("open");
    await pages("acknowledged");
    failed.value = "";
    if (heardOf === heard)
      for (const one of [...cards.values()]) {
        for (const name of [...one.groups.keys()]) if (!heard.has(`${one.key}\n${name}`)) one.groups.delete(name);
        touch(one);
      }
  } catch (error) {
    failed.value = error instanceof Error ? error.message : String(error);
  }
  if (heardOf === heard) heardOf = null;
  loading.value = false;
  moved = true;
  soon();
}

/** What the entity itself says, read when its card is first shown. */
export function learnEntity(found: Card, entity: EntityView): void {
  found.clocks.clear();
  for (const row of entity.clocks) if (row.state === "running" || row.state === "paused") found.clocks.set(`${row.clock}/${row.cycle}`, row);
  describe(found, { title: entity.title, accountName: entity.accountName, priority: entity.priority, tier: entity.tier, link: entity.link });
  for (const group of entity.escalations) if (alive(group)) found.groups.set(group.escalation, { ...group, account: found.account, entity: found.entity });
  found.clocksKnown = true;
  found.assignee = entity.assignee;
  touch(found);
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

/** Everybody who was called has an outcome, and none of them is a delivery. */
export function reachedNobody(group: Group): boolean {
  const all = group.called ?? [];
  return all.length > 0 && all.every((one) => one.delivery?.outcome === "failed");
}

/** There is an open alarm for which nobody was called, or nobody could be told. */
export function nobodyKnows(found: Card): boolean {
  return openGroups(found).some((g) => everCalled(g).length === 0 || reachedNobody(g));
}

/** The policy's, the most urgent first. */
export function priorities(): string[] {
  return (policy.value?.document?.priorities ?? ["P1", "P2", "P3", "P4"]).map((p: string | { name: string }) => (typeof p === "string" ? p : p.name));
}

function rank(found: Card): number {
  const order = priorities();
  if (found.priority) {
    const at = order.indexOf(found.priority);
    return at < 0 ? order.length : at;
  }
  // A kind that has no priority and is always urgent (a complaint) stands with the most urgent.
  const kind = policy.value?.document?.kinds?.[found.entity.split("/")[0] ?? ""];
  const urgent = kind ? kind.urgency === "high" : aliveGroups(found).some((g) => g.urgency === "high");
  return urgent ? 0 : order.length;
}

/** The next due that is still pending, as far as it is known. */
function nextDue(found: Card): string {
  let best = found.clocksKnown ? FAR : (found.nextDue ?? FAR);
  for (const row of found.clocks.values())
    if (row.state === "running") for (const t of row.thresholds) if (t.verdict === "pending" && t.due && t.due < best) best = t.due;
  return best;
}

function placeOf(found: Card): Place {
  return {
    nobody: nobodyKnows(found) || aliveGroups(found).some((g) => everCalled(g).length === 0) ? 0 : 1,
    alone: nobodyKnows(found),
    rank: rank(found),
    taken: openGroups(found).length ? 0 : 1,
    due: nextDue(found),
    mine: isMine(found),
  };
}

function isMine(found: Card): boolean {
  const person = actor();
  return (
    samePerson(found.assignee, person) ||
    aliveGroups(found).some((g) => everCalled(g).some((one) => samePerson(one, person)) || samePerson(g.acknowledgedBy, person))
  );
}

// Another person, another policy, other names of people: each card may stand elsewhere.
effect(() => {
  actor();
  policy.value;
  knownPeople();
  for (const one of [...cards.values()]) touch(one);
});
onEvent(take);
onFresh(() => void load());
