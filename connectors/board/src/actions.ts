// What people do from the page; each is a fact with who did it.
import { actor, entityPath, post, tell } from "./api";
import { words } from "./i18n";
import { idOf } from "./parts/base";
import { doing, undoable } from "./parts/toast";
import { called } from "./words";

interface Taken {
  acknowledged: string[];
  already: { escalation: string; by: string; at: string }[];
  unknown: string[];
}

/** Takes every open group of an entity, or one. At once: seconds count, and taking twice does nothing. What is said
 * names the entity: whoever touched another card than they meant sees it. */
export async function acknowledge(account: string, entity: string, title?: string | null, escalation?: string): Promise<boolean> {
  const w = words.value;
  let said = w.acknowledged;
  const order = async () => {
    const answer = await post<Taken>(`/v1/entities/${entityPath(account, entity)}/acknowledge`, { by: actor(), ...(escalation ? { escalation } : {}) });
    const other = answer.already?.find((a) => a.by !== actor());
    if (!answer.acknowledged?.length && other) said = w.alreadyBy(called(other.by));
  };
  return doing(order, () => said, title?.trim() || idOf(entity));
}

export function respondedByPhone(account: string, entity: string): void {
  undoable(words.value.respondedByPhone, `${account} ${entity}`, () => tell(account, entity, "responded", { channel: "phone" }));
}

export function escalateNow(account: string, entity: string, escalation?: string): void {
  undoable(words.value.escalateNow, `${account} ${entity} ${escalation}`, () => tell(account, entity, "escalated", escalation ? { escalation } : {}));
}

export function excuse(account: string, entity: string, clock: string, cycle: number | string, reason: string): void {
  undoable(words.value.excuse, `${account} ${entity} ${clock} ${cycle}`, () => tell(account, entity, "excused", { clock, cycle, reason }));
}

export function handOver(account: string, entity: string, person: string): void {
  undoable(`${words.value.assignee}: ${person}`, `${account} ${entity}`, () => tell(account, entity, "assigned", { person }));
}
