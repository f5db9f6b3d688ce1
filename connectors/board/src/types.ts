// What the API answers, as far as the board reads it (docs/openapi.yaml). Instants are RFC 3339 texts.

export type Verdict = "pending" | "met" | "breached";
export type Urgency = "high" | "low";
export type GroupState = "open" | "acknowledged" | "cleared" | "withdrawn";

export interface Threshold {
  name: string;
  due: string | null;
  verdict: Verdict;
  excusedAt?: string; // since when this breach has a good reason
}

export interface ClockRow {
  account: string;
  entity: string; // `ticket/T-1`
  clock: string;
  cycle: number | string;
  state: "running" | "paused" | "stopped" | "cancelled";
  start: string;
  thresholds: Threshold[];
  stopped: string | null;
  elapsedMs: number | null;
  elapsedFraction?: number | null;
  remainingMs?: number | null;
  title?: string | null;
  accountName?: string | null;
  link?: string | null;
  priority?: string | null;
  tier?: string | null;
  assignee?: string | null;
  provisional?: boolean;
  atRisk?: boolean;
}

export interface Delivery {
  channel: string;
  outcome: "delivered" | "failed";
  at: string;
}

export interface Called {
  person: string;
  role: string | null; // null: a stand-in or the last resort
  step: number;
  at: string;
  delivery: Delivery | null;
}

export interface NextStep {
  step: number;
  at: string | null; // null: while its entity waits
  roles: string[];
  persons: string[];
}

export interface Group {
  account: string;
  entity: string;
  escalation: string;
  clock: string | null;
  threshold?: string | null;
  cycle?: number | string | null;
  due?: string | null;
  state: GroupState;
  step: number;
  roles: string[];
  persons: string[];
  urgency: Urgency;
  reason: string;
  begun: string;
  raised: string;
  by: string | null;
  acknowledgedBy?: string | null;
  acknowledgedAt?: string | null;
  title?: string | null;
  accountName?: string | null;
  link?: string | null;
  priority?: string | null;
  tier?: string | null;
  called?: Called[];
  next?: NextStep | null;
  nextDue?: string | null; // of its entity's running clocks
  assignee?: string | null;
}

export interface EntityView {
  account: string;
  entity: string;
  created: boolean;
  state: string;
  tier: string | null;
  priority: string | null;
  stage: string | null;
  assignee: string | null;
  opened: string | null;
  title?: string | null;
  accountName?: string | null;
  link?: string | null;
  provisional: boolean;
  policy: number;
  factCount: number;
  clocks: ClockRow[];
  escalations: Group[];
  facts?: TimelineEntry[];
  now?: string;
}

export interface TimelineEntry {
  position: string;
  event: CloudEvent;
}

// biome-ignore lint/suspicious/noExplicitAny: data has another form for each type
export type Data = Record<string, any>;

export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject: string;
  partitionkey: string;
  time: string;
  recordedtime?: string;
  tocsinby?: string;
  data?: Data;
}

export interface Account {
  account: string;
  name: string | null;
  tier: string | null;
  keyAccount: boolean;
  team: Record<string, string[]>;
  lastContacts: Record<string, string>;
  counts?: Record<string, number>;
  satisfaction?: { mean: number; count: number } | null;
  cadence?: Cadence[];
  open?: EntityView[];
  ended?: EntityView[];
}

export interface Cadence {
  clock: string;
  cycle: string;
  due: string | null;
  verdict?: Verdict;
  state?: string;
}

export interface Person {
  id: string;
  name: string;
}

export interface Me {
  name: string | null; // of the token
  person: string | null;
  roles: string[];
  open: boolean; // the node has no tokens
}
