// The promises as people read them: how long, when, who is called; versions; and what a change would have done.

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { get, post, query } from "../api";
import { estimate, now } from "../clock";
import { instant } from "../format";
import { words } from "../i18n";
import { Busy, entityUrl, Facts, idOf, Section, Time, Trouble, useAnswer } from "../parts/base";
import { type Change, Changes, differences, facts, held, hoursOf, Mistake, span, stageOf, steps } from "../parts/rules";
import type { Data } from "../types";
import { about, label } from "../words";

interface Version {
  version: number;
  name: string;
  since: string;
  by: string | null;
}

interface PolicyAnswer extends Version {
  text?: string;
  document?: Data;
  lines?: Record<string, number>;
}

function Allowed({ clock }: { clock: Data }) {
  const w = words.value;
  const allow = clock.allow as Data | undefined;
  if (!allow) {
    const every = (one: string) => w.everyCalendar[one] ?? one;
    const tiers = typeof clock.count === "object" && clock.count ? Object.keys(clock.count) : [];
    if (!clock.every) return <span>–</span>;
    if (tiers.length === 0) return <span>{w.perPeriod(String(clock.count ?? 1), every(String(clock.every)))}</span>;
    return (
      <span>
        {tiers
          .map((tier) => `${tier}: ${w.perPeriod(String(clock.count[tier]), every(String(typeof clock.every === "object" ? clock.every[tier] : clock.every)))}`)
          .join(" · ")}
      </span>
    );
  }
  const thresholds = (one: Data) =>
    Object.entries(one)
      .map(([name, v]) => (Object.keys(one).length > 1 || name !== "target" ? `${label(name)} ${span(v)}` : span(v)))
      .join(" / ");
  const nested = Object.values(allow).some((v) => typeof v === "object");
  return (
    <span>
      {nested
        ? Object.entries(allow)
            .map(([priority, one]) => `${priority} ${thresholds(one as Data)}`)
            .join(" · ")
        : thresholds(allow)}
    </span>
  );
}

function stepsOf(breach: Data | undefined): [string, Data[]][] {
  if (!breach) return [];
  if (Array.isArray(breach.steps)) return [["", breach.steps]];
  const found: [string, Data[]][] = [];
  for (const [name, one] of Object.entries(breach)) {
    if (Array.isArray(one)) {
      if (name !== "tell") found.push([name, one]);
    } else if (one && typeof one === "object")
      for (const [inner, steps] of stepsOf(one)) found.push([[name.startsWith("by_") ? "" : label(name), inner].filter(Boolean).join(" "), steps]);
  }
  return found;
}

function ClockRule({ name, clock, line, kind }: { name: string; clock: Data; line: number | undefined; kind: Data | undefined }) {
  const w = words.value;
  const breach = stepsOf((clock.breach as Data) ?? (kind?.breach as Data));
  const enters = (clock.breach as Data | undefined)?.enters;
  const hours =
    typeof clock.hours === "object" && clock.hours
      ? Object.entries(clock.hours)
          .map(([p, h]) => `${p} ${hoursOf(h)}`)
          .join(" · ")
      : clock.hours
        ? hoursOf(clock.hours)
        : null;
  const of = name.split(".")[0] ?? "";
  const rows = (clock.breach ?? {}) as Data;
  const holds = rows.ack_timeout ?? rows.limit?.ack_timeout ?? rows.target?.ack_timeout;
  return (
    <article class={window.location.hash === `#${name}` ? "card selected" : "card"} id={name}>
      <h3>
        {label(of)} · {label(name)} {line !== undefined && <small class="quiet">{w.line(line)}</small>}
      </h3>
      <Facts
        rows={[
          [w.allowed, <Allowed clock={clock} />],
          [w.hours, hours],
          [w.starts, clock.start ? facts(clock.start, of) : null],
          [w.stops, facts(clock.stop ?? clock.match, of)],
          [w.waits, clock.pauses ? w.pauses : null],
          [w.warns, clock.warn ? span(clock.warn) : null],
          [w.breachCalls, enters === undefined ? null : w.entersStage(stageOf(of, String(enters)))],
          [w.ackHolds, holds ? held(holds) : null],
          ...breach.map(([what, list]) => [`${w.breachCalls}${what ? ` (${what})` : ""}`, steps(list)] as [string, string]),
        ]}
      />
    </article>
  );
}

/** What comes or goes: a call with its step, or a breach; what it is about stands in its id. */
function decided(change: Data): string {
  const w = words.value;
  const step = change.what === "call" ? /:(\d+)$/.exec(change.id)?.[1] : undefined;
  const escalation = step ? String(change.id).slice(0, -step.length - 1) : String(change.id);
  const [first = "", cycle, last = ""] = escalation.split("/").slice(3);
  const clock = first.includes(".") && cycle ? first : null;
  const threshold = last.replace(/^breached:/, "").replace(/[:~]\d+$/, "");
  const why = about({ clock, threshold, reason: "", escalation, entity: change.entity });
  return step ? `${w.callStep(Number(step))} · ${why}` : why;
}

function Trial({ answer }: { answer: Data }) {
  const w = words.value;
  if (answer.state) return <p role="status">{answer.state === "running" ? w.trying(String(answer.facts ?? 0)) : w.empty}</p>;
  const row = (name: string, key: string) => (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{answer.inForce?.[key]}</td>
      <td class="number">{answer.tried?.[key]}</td>
    </tr>
  );
  const changes = (answer.changes ?? []) as Data[];
  return (
    <div role="status">
      <p>
        {w.tried(String(answer.facts))}: {answer.changed ? w.changesCount(Number(answer.changed)) : w.noChanges}
      </p>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col" class="number">
              {w.before}
            </th>
            <th scope="col" class="number">
              {w.afterwards}
            </th>
          </tr>
        </thead>
        <tbody>
          {row(w.breachesCount, "breaches")}
          {row(w.callsCount, "calls")}
          {row(w.warningsCount, "warnings")}
        </tbody>
      </table>
      {changes.length > 0 && (
        <ul class="plain">
          {changes.slice(0, 200).map((c) => (
            <li key={c.id + c.change} class="row">
              <span class={c.change === "comes" ? "late" : "fine"}>{c.change === "comes" ? w.comes : w.goes}</span> {decided(c)}{" "}
              <a href={entityUrl(c.account, c.entity)}>{idOf(c.entity)}</a> <Time at={c.time} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const POLL_MS = 2000;
const DAY_MS = 86_400_000;

function WhatIf({ text }: { text: string }) {
  const w = words.value;
  const [draft, setDraft] = useState(text);
  const [errors, setErrors] = useState<Data[] | null>(null);
  const [changes, setChanges] = useState<Change[]>([]);
  const [trial, setTrial] = useState<Data | null>(null);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const [days, setDays] = useState("");
  // What was answered is of the draft and the days that were asked about: with another one it goes.
  const asked = useRef(0);
  const forget = () => {
    asked.current++;
    setErrors(null);
    setChanges([]);
    setTrial(null);
    setTrouble("");
  };
  const edit = (to: string) => {
    setDraft(to);
    forget();
  };
  useEffect(() => edit(text), [text]);
  const running = trial?.state === "running";
  useEffect(() => {
    if (!running) return;
    const mine = asked.current;
    const timer = setInterval(
      () =>
        void get<Data>("/v1/policy/try").then(
          (answer) => mine === asked.current && setTrial(answer),
          () => {},
        ),
      POLL_MS,
    );
    return () => clearInterval(timer);
  }, [running]);
  /** `show` is what the answer is shown by, if it is still of this draft. */
  const ask = async <T,>(order: () => Promise<T>, show: (answer: T) => void) => {
    const mine = asked.current;
    setBusy(true);
    setTrouble("");
    try {
      const answer = await order();
      if (mine === asked.current) show(answer);
    } catch (error) {
      if (mine === asked.current) setTrouble(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  const check = () =>
    ask(
      async () => {
        const { ok, errors } = await post<{ ok: boolean; errors: Data[] }>("/v1/policy/check", draft, "application/yaml");
        return { errors, changes: ok ? await differences(draft) : [] };
      },
      (answer) => {
        setErrors(answer.errors);
        setChanges(answer.changes);
      },
    );
  const tryIt = () => {
    const since = days && new Date(estimate() - Number(days) * DAY_MS).toISOString();
    return ask(() => post<Data>(query("/v1/policy/try", { since }), draft, "application/yaml"), setTrial);
  };
  return (
    <Section title={w.tryPolicy}>
      <p class="quiet">{w.tryHint}</p>
      <textarea aria-label={w.tryPolicy} spellcheck={false} value={draft} onInput={(e) => edit(e.currentTarget.value)} />
      <p class="buttons">
        <select
          aria-label={w.ofTheLast}
          value={days}
          onChange={(e) => {
            setDays(e.currentTarget.value);
            setTrial(null);
            asked.current++;
          }}
        >
          {["", "7", "30", "90"].map((one) => (
            <option key={one} value={one}>
              {one ? w.lastDays(Number(one)) : w.wholePast}
            </option>
          ))}
        </select>
        <button type="button" disabled={busy} onClick={() => void check()}>
          {w.checkPolicy}
        </button>
        <button type="button" class="main" disabled={busy || running} onClick={() => void tryIt()}>
          {busy ? w.loading : w.tryRun}
        </button>
      </p>
      {trouble && <Trouble error={trouble} />}
      {errors &&
        (errors.length === 0 ? (
          <p class="fine" role="status">
            {w.policyGood}
          </p>
        ) : (
          <ul role="status">
            {errors.map((e) => (
              <Mistake key={`${e.line}${e.reason}`} line={Number(e.line)} reason={String(e.reason)} />
            ))}
          </ul>
        ))}
      {changes.length > 0 && <Changes list={changes} />}
      {trial && <Trial answer={trial} />}
    </Section>
  );
}

export function Policy() {
  const w = words.value;
  const { query: search } = useLocation();
  const [comparing, compare] = useState(false);
  const [changes, setChanges] = useState<Change[] | null>(null);
  const { value, error, again } = useAnswer(() => get<PolicyAnswer>(query("/v1/policy", { version: search.version })), search.version ?? "");
  const versions = useAnswer(() => get<{ inForce: number; versions: Version[] }>("/v1/policy/versions"), 0);
  // A link from an alarm leads to its rule.
  const rule = decodeURIComponent(window.location.hash.slice(1));
  useEffect(() => {
    if (value && rule) document.getElementById(rule)?.scrollIntoView();
  }, [value?.version, rule]);
  if (error) return <Trouble title={w.policy} error={error} again={again} />;
  if (!value) return <Busy title={w.policy} />;
  const clocks = Object.entries((value.document?.clocks ?? {}) as Record<string, Data>);
  const kinds = (value.document?.kinds ?? {}) as Record<string, Data>;
  const list = [...(versions.value?.versions ?? [])].reverse();
  const compareWith = async (version: number) => {
    // What would be otherwise if that version came back.
    compare(true);
    const old = await get<PolicyAnswer>(query("/v1/policy", { version }));
    setChanges(await differences(old.text ?? ""));
    compare(false);
  };
  return (
    <>
      <h1>
        {label(value.name)} <span class="quiet">{w.version(value.version)}</span>
      </h1>
      <p class="quiet">
        {value.since && !value.since.startsWith("1970") && !value.since.startsWith("-") ? w.inForceSince(instant(value.since, now.peek())) : null}{" "}
        {value.by && `${w.by} ${value.by}`}
      </p>
      {list.length > 1 && (
        <Section title={w.versions}>
          <ul class="plain">
            {list.map((one) => (
              <li key={one.version} class="row">
                <a href={query("/policy", { version: one.version })} aria-current={one.version === value.version ? "page" : undefined}>
                  {w.version(one.version)}
                </a>
                <span class="grow quiet">
                  <Time at={one.since} /> {one.by && `${w.by} ${one.by}`}
                </span>
                {one.version !== versions.value?.inForce && (
                  <button type="button" disabled={comparing} onClick={() => void compareWith(one.version).catch(() => compare(false))}>
                    {w.compare}
                  </button>
                )}
              </li>
            ))}
          </ul>
          {changes && (changes.length === 0 ? <p class="quiet">{w.noChanges}</p> : <Changes list={changes} />)}
        </Section>
      )}
      <Section title={w.promises}>
        <div class="rules">
          {clocks.map(([name, clock]) => (
            <ClockRule key={name} name={name} clock={clock} line={value.lines?.[`clocks.${name}`]} kind={kinds[name.split(".")[0] ?? ""]} />
          ))}
        </div>
      </Section>
      <WhatIf text={value.text ?? ""} />
    </>
  );
}
