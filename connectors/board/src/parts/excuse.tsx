// That a breach had a good reason: who said so, when and why. The node marks the breach; the fact has the words.
import { wholeInstant } from "../format";
import { words } from "../i18n";
import type { ClockRow, Threshold, TimelineEntry } from "../types";
import { called } from "../words";
import { Time } from "./base";

/** The fact that excused it: the last one of its clock that counts from that instant. */
function factOf(row: ClockRow, threshold: Threshold, facts: TimelineEntry[]): TimelineEntry | undefined {
  const since = Date.parse(threshold.excusedAt ?? "");
  const names = (name: unknown, mine: unknown) => name === undefined || name === null || String(name) === String(mine);
  return facts
    .filter(
      ({ event }) =>
        event.type.endsWith(".excused") &&
        event.data?.clock === row.clock &&
        names(event.data.cycle, row.cycle) &&
        names(event.data.threshold, threshold.name) &&
        Date.parse(event.time) <= since,
    )
    .at(-1);
}

function said(row: ClockRow, threshold: Threshold, facts: TimelineEntry[]): { by: string; reason: string } {
  const event = factOf(row, threshold, facts)?.event;
  return { by: event?.data?.by ?? event?.tocsinby ?? "", reason: event?.data?.reason ?? "" };
}

/** One line of text: for a picture, and for evidence. */
export function excuseText(row: ClockRow, threshold: Threshold, facts: TimelineEntry[]): string {
  if (!threshold.excusedAt) return "";
  const { by, reason } = said(row, threshold, facts);
  return words.value.excusedBy(by && called(by), wholeInstant(threshold.excusedAt), reason);
}

/** Where there is no room for who and why. */
export function Excused() {
  return <span class="soon">⊗ {words.value.excused}</span>;
}

export function Excuse({ row, threshold, facts }: { row: ClockRow; threshold: Threshold; facts: TimelineEntry[] }) {
  if (!threshold.excusedAt) return null;
  const { by, reason } = said(row, threshold, facts);
  return (
    <span class="excuse">
      <strong class="soon">⊗ {words.value.excused}</strong> <Time at={threshold.excusedAt} /> {by && called(by)}
      {reason && `: ${reason}`}
    </span>
  );
}
