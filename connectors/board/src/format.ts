// Instants and durations as people read them. The zone is the contract's (the policy's working calendar), and
// each time shows on hover and to screen readers what it is in the viewer's own.
import { computed, signal } from "@preact/signals";
import { words } from "./i18n";

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** As the node says it; the viewer's until then. */
export const contractZone = signal(viewerZone);

const formats = computed(() => {
  const locale = words.value.locale;
  const zone = contractZone.value;
  const make = (options: Intl.DateTimeFormatOptions, timeZone = zone) => new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
  return {
    clock: make({ hour: "2-digit", minute: "2-digit" }),
    seconds: make({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: make({ weekday: "short", month: "numeric", day: "numeric" }),
    whole: make({ year: "numeric", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    viewer: make({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }, viewerZone),
    date: make({ year: "numeric", month: "2-digit", day: "2-digit" }),
  };
});

/** `10:30`, with the day in front when it is another one than `now`'s. */
export function instant(text: string | null | undefined, now: number): string {
  const at = text ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return "–";
  const f = formats.value;
  const time = f.clock.format(at);
  return f.date.format(at) === f.date.format(now) ? time : `${f.day.format(at)} ${time}`;
}

export function seconds(text: string): string {
  return formats.value.seconds.format(Date.parse(text));
}

export function day(ms: number): string {
  return formats.value.day.format(ms);
}

export function clockTime(ms: number): string {
  return formats.value.clock.format(ms);
}

/** Both zones, for hover and touch. */
export function wholeInstant(text: string): string {
  const at = Date.parse(text);
  const w = words.value;
  const contract = `${formats.value.whole.format(at)} ${contractZone.value}`;
  return viewerZone === contractZone.value ? contract : `${contract} · ${w.yourZone}: ${formats.value.viewer.format(at)} ${viewerZone}`;
}

/** `2 d 3 h`, `1:05` (hours and minutes), `4:09 min`: the two units that matter. */
export function duration(ms: number): string {
  const u = words.value.units;
  const s = Math.floor(Math.abs(ms) / 1000);
  const m = Math.floor(s / 60);
  const h = Math.floor(m / 60);
  const d = Math.floor(h / 24);
  if (d > 0) return h % 24 ? `${d} ${u.d} ${h % 24} ${u.h}` : `${d} ${u.d}`;
  if (h > 0) return m % 60 ? `${h} ${u.h} ${m % 60} ${u.m}` : `${h} ${u.h}`;
  if (m >= 10) return `${m} ${u.m}`;
  if (m > 0) return s % 60 ? `${m} ${u.m} ${s % 60} ${u.s}` : `${m} ${u.m}`;
  return `${s} ${u.s}`;
}

/** How long is left to an instant, or how long it is over. */
export function remaining(due: string | null | undefined, now: number): { text: string; over: boolean; soon: boolean } {
  const w = words.value;
  const at = due ? Date.parse(due) : Number.NaN;
  if (Number.isNaN(at)) return { text: w.noDue, over: false, soon: false };
  const left = at - now;
  if (Math.abs(left) < 1000) return { text: w.nowDue, over: left < 0, soon: true };
  return left < 0 ? { text: w.over(duration(left)), over: true, soon: false } : { text: w.left(duration(left)), over: false, soon: left < 900_000 };
}

export function percent(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined || Number.isNaN(ratio)
    ? "–"
    : new Intl.NumberFormat(words.value.locale, { style: "percent", maximumFractionDigits: 1 }).format(ratio);
}

export function count(n: number): string {
  return new Intl.NumberFormat(words.value.locale).format(n);
}

/** An instant as a field for date and time has it, in the contract's zone. */
export function inField(at: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: contractZone.value, dateStyle: "short", timeStyle: "short" }).format(at).replace(" ", "T");
}

/** What a field for date and time says, in the contract's zone, as an instant. */
export function inContractZone(text: string): string | null {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: contractZone.value,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const offset = (at: number) => {
    const p = Object.fromEntries(parts.formatToParts(at).map((one) => [one.type, one.value]));
    return Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}Z`) - at;
  };
  // Twice: the offset at the instant that is found, not at the one that was guessed.
  const guess = wanted - offset(wanted);
  return new Date(wanted - offset(guess)).toISOString();
}
