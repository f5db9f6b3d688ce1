// Questions and orders to the node, with the token of whoever uses this page.
import { signal } from "@preact/signals";
import { hear } from "./clock";
import { words } from "./i18n";
import type { Me } from "./types";

const KEY = "tocsin-token";
const PERSON = "tocsin-person";

export const token = signal(localStorage.getItem(KEY) ?? "");
/** The node refused the token (401): the page asks for another. */
export const refused = signal(false);
export const me = signal<Me>({ name: null, person: null, roles: [], open: true });
/** Whether it was asked who that is: before, nobody knows which buttons there are. */
export const met = signal(false);
/** Without tokens: who this is, as chosen in the head. */
export const chosen = signal(localStorage.getItem(PERSON) ?? "board");

export function signIn(secret: string): void {
  localStorage.setItem(KEY, secret);
  token.value = secret;
  refused.value = false;
}

/** What was read for one token is not shown to another: the page begins anew. */
export function signOut(): void {
  localStorage.removeItem(KEY);
  window.location.reload();
}

export function choose(person: string): void {
  localStorage.setItem(PERSON, person);
  chosen.value = person;
}

/** Who acts: the token's person, else the token by its name; without tokens who was chosen. */
export function actor(): string {
  return me.value.person ?? (me.value.open ? chosen.value : (me.value.name ?? "board"));
}

export function may(role: "read" | "ingest" | "act" | "admin"): boolean {
  return me.value.open || me.value.roles.includes("admin") || me.value.roles.includes(role);
}

/** To escalate and to excuse: facts (`ingest`) that act. */
export function mayDecide(): boolean {
  return may("act") && may("ingest");
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly unknownRoute = false,
  ) {
    super(detail || `HTTP ${status}`);
  }
}

export function headers(): Record<string, string> {
  return token.value ? { authorization: `Bearer ${token.value}` } : {};
}

async function call<T>(method: string, path: string, body?: unknown, type = "application/json"): Promise<T> {
  // What is ordered while the page goes away is still sent.
  const init: RequestInit = { method, headers: headers(), cache: "no-store", keepalive: method !== "GET" };
  if (body !== undefined) {
    init.body = typeof body === "string" ? body : JSON.stringify(body);
    init.headers = { ...headers(), "content-type": type };
  }
  const response = await fetch(path, init);
  const text = await response.text();
  let value: unknown = text;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    // A page or CSV: the text itself.
  }
  if (!response.ok) {
    if (response.status === 401) refused.value = true;
    const problem = value as { detail?: string; title?: string } | null;
    const detail = problem?.detail ?? problem?.title ?? response.statusText;
    // A node that is older, or set up without it: no mistake of who asks.
    const unknown = response.status === 404 && detail.startsWith("there is no such route");
    const said = unknown ? words.value.notHere : response.status === 404 ? words.value.notFound : detail;
    throw new ApiError(response.status, said, unknown);
  }
  if (value && typeof value === "object" && "now" in value) hear(String(value.now));
  return value as T;
}

export const get = <T>(path: string) => call<T>("GET", path);
export const post = <T>(path: string, body?: unknown, type?: string) => call<T>("POST", path, body ?? {}, type);
export const remove = <T>(path: string) => call<T>("DELETE", path);

/** `/v1/x?a=1&b=2` without members that are empty. */
export function query(path: string, members: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(members))
    if (value !== null && value !== undefined && value !== "" && value !== false) search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export function entityPath(account: string, entity: string): string {
  const [kind, ...id] = entity.split("/");
  return [account, kind ?? "", id.join("/")].map(encodeURIComponent).join("/");
}

/** Tells the node that something happened: a fact, with who did it. */
export async function tell(account: string, entity: string, verb: string, data: Record<string, unknown>): Promise<void> {
  const [kind, ...id] = entity.split("/");
  const event = {
    specversion: "1.0",
    id: crypto.randomUUID(),
    source: "/board",
    type: `tocsin.${kind}.${verb}`,
    time: new Date(stamp()).toISOString(),
    subject: id.join("/"),
    partitionkey: account,
    data: { by: actor(), ...data },
  };
  const answer = await post<{ rejected: { reason: string }[] }>("/v1/events", event, "application/cloudevents+json");
  const wrong = answer.rejected?.[0];
  if (wrong) throw new ApiError(400, wrong.reason);
}

let stamp: () => number = Date.now;
/** The instant that facts of this page carry: the server's. */
export function timeBy(clock: () => number): void {
  stamp = clock;
}

export async function whoAmI(): Promise<void> {
  try {
    me.value = await get<Me>("/v1/me");
  } catch {
    // 401 shows the form; anything else is told by the connection's state.
  }
  met.value = true;
}
