// What people do from the page; each is a fact with who did it.
import { actor, entityPath, post, tell } from "./api";
import { words } from "./i18n";
import { doing, say, undoable } from "./parts/toast";

interface Taken {
  acknowledged: string[];
  already: { escalation: string; by: string; at: string }[];
  unknown: string[];
}

/** Takes every open group of an entity, or one. At once: seconds count, and taking twice does nothing. */
export async function acknowledge(account: string, entity: string, escalation?: string): Promise<boolean> {
  const w = words.value;
  let said = w.acknowledged;
  return doing(async () => {
    const answer = await post<Taken>(`/v1/entities/${entityPath(account, entity)}/acknowledge`, { by: actor(), ...(escalation ? { escalation } : {}) });
    const other = answer.already?.find((a) => a.by !== actor());
    if (!answer.acknowledged?.length && other) said = w.alreadyBy(other.by);
  }, said).then((good) => {
    if (good && said !== w.acknowledged) say(said);
    return good;
  });
}

export function respondedByPhone(account: string, entity: string): void {
  undoable(words.value.respondedByPhone, () => tell(account, entity, "responded", { channel: "phone" }));
}

export function escalateNow(account: string, entity: string, escalation?: string): void {
  undoable(words.value.escalateNow, () => tell(account, entity, "escalated", escalation ? { escalation } : {}));
}

export function excuse(account: string, entity: string, clock: string, cycle: number | string, reason: string): void {
  undoable(words.value.excuse, () => tell(account, entity, "excused", { clock, cycle, reason }));
}

export function handOver(account: string, entity: string, person: string): void {
  undoable(`${words.value.assignee}: ${person}`, () => tell(account, entity, "assigned", { person }));
}
