// Who is on call now and in the next days, who takes over a shift, who would be called for an account.
import { useState } from "preact/hooks";
import { get, may, post, query, remove, token } from "../api";
import { now } from "../clock";
import { contractZone, day, inContractZone, inField, instant } from "../format";
import { words } from "../i18n";
import { Busy, Dialog, DialogButtons, Section, Time, Trouble, useAnswer } from "../parts/base";
import { doing } from "../parts/toast";
import { called, everybody, label } from "../words";

interface OnCall {
  at: string;
  oncall: { role: string; persons: { id: string; name: string }[]; until: string | null }[];
  lastResort?: string[];
}

interface RosterAnswer {
  zone: string;
  people: { id: string; name: string; channels: string[] }[];
  roles: { role: string; onCall: string[]; fallback: string[] }[];
  overrides: { id: string; role: string; person: string; from: string | null; until: string | null; by?: string }[];
  away: { person: string; from: string | null; until: string | null }[];
  lastResort: string[];
}

interface Stretch {
  from: number;
  to: number;
  persons: string[];
}

const WEEK_MS = 7 * 86_400_000;
const STEPS_MAX = 60; // changes of the roster within the week that are drawn

/** Each role's stretches of the next seven days: asked for from one change to the next. */
async function week(): Promise<{ first: OnCall; lines: Map<string, Stretch[]>; from: number; to: number }> {
  const first = await get<OnCall>("/v1/oncall");
  const from = Date.parse(first.at);
  const to = from + WEEK_MS;
  const lines = new Map<string, Stretch[]>();
  let answer = first;
  let at = from;
  for (let step = 0; step < STEPS_MAX && at < to; step++) {
    const changes = answer.oncall.map((row) => (row.until ? Date.parse(row.until) : to)).filter((t) => t > at);
    const until = Math.min(to, ...changes);
    for (const row of answer.oncall) {
      const line = lines.get(row.role) ?? [];
      const persons = row.persons.map((one) => one.name || one.id);
      const last = line[line.length - 1];
      if (last && last.persons.join() === persons.join()) last.to = until;
      else line.push({ from: at, to: until, persons });
      lines.set(row.role, line);
    }
    at = until;
    if (at < to) answer = await get<OnCall>(query("/v1/oncall", { at: new Date(at).toISOString() }));
  }
  return { first, lines, from, to };
}

function Lines({ lines, from, to }: { lines: Map<string, Stretch[]>; from: number; to: number }) {
  const w = words.value;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide picture scrolls by keyboard too
    <div class="wide" tabIndex={0} role="region" aria-label={w.week}>
      <table class="roster">
        <tbody>
          {[...lines].map(([role, line]) => (
            <tr key={role}>
              <th scope="row">{label(role)}</th>
              <td>
                <div class="shifts">
                  {line.map((s) => {
                    const till = `${day(s.from)} ${instant(new Date(s.from).toISOString(), s.from)} – ${instant(new Date(s.to).toISOString(), s.from)}`;
                    return (
                      <span
                        key={s.from}
                        class={s.persons.length ? "shift" : "shift gap"}
                        style={{ flexGrow: String(Math.max(0.05, (s.to - s.from) / (to - from))) }}
                        title={`${s.persons.join(w.comma) || w.gap} ${till}`}
                      >
                        {s.persons.join(w.comma) || w.gap}
                        {line.length > 1 && <small> {day(s.from)}</small>}
                      </span>
                    );
                  })}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether the roster says who plays it; else each account's team does. */
const says = (roster: RosterAnswer | null, role: string) => !!roster?.roles.some((one) => one.role === role);

/** Of a role that nobody plays: a gap of the roster, or no role of it. */
function Missing({ roster, role }: { roster: RosterAnswer | null; role: string }) {
  return says(roster, role) ? <strong class="late">{words.value.gap}</strong> : <span class="quiet">{words.value.byTeams}</span>;
}

const drawn = (lines: Map<string, Stretch[]>, roster: RosterAnswer | null) =>
  new Map([...lines].filter(([role, line]) => says(roster, role) || line.some((one) => one.persons.length > 0)));

function TakeOver({ roster, roles, done }: { roster: RosterAnswer; roles: string[]; done: () => void }) {
  const w = words.value;
  const [open, set] = useState(false);
  const [role, setRole] = useState(roles[0] ?? "");
  const [person, setPerson] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const send = () =>
    void doing(() => post("/v1/roster/overrides", { role, person, from: inContractZone(from), until: inContractZone(until) }), w.done).then(
      (good) => good && done(),
    );
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setFrom(inField(now.peek()));
          set(true);
        }}
      >
        {w.override}…
      </button>
      <Dialog open={open} close={() => set(false)} title={w.override}>
        <form method="dialog" onSubmit={send}>
          <label>
            {w.role}
            <select value={role} onChange={(e) => setRole(e.currentTarget.value)}>
              {roles.map((one) => (
                <option key={one} value={one}>
                  {label(one)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {w.person}
            <select required value={person} onChange={(e) => setPerson(e.currentTarget.value)}>
              <option value="" />
              {roster.people.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name || one.id}
                </option>
              ))}
            </select>
          </label>
          <label>
            {w.from}
            <input type="datetime-local" required value={from} onInput={(e) => setFrom(e.currentTarget.value)} />
          </label>
          <label>
            {w.until}
            <input type="datetime-local" required value={until} onInput={(e) => setUntil(e.currentTarget.value)} />
          </label>
          <p class="quiet">{w.zoneIs(contractZone.value)}</p>
          <DialogButtons send={w.save} close={() => set(false)} />
        </form>
      </Dialog>
    </>
  );
}

function WhoWould({ roles }: { roles: string[] }) {
  const w = words.value;
  const [account, setAccount] = useState("");
  const [role, setRole] = useState("");
  const [at, setAt] = useState("");
  const [asked, ask] = useState("");
  const { value, error } = useAnswer(() => (asked ? get<OnCall>(asked) : Promise.resolve(null)), asked);
  return (
    <Section title={w.whoWouldBeCalled}>
      <form
        class="row"
        onSubmit={(e) => {
          e.preventDefault();
          ask(query("/v1/oncall", { account: account.trim(), role, at: at ? inContractZone(at) : "" }));
        }}
      >
        <label>
          {w.account}
          <input value={account} onInput={(e) => setAccount(e.currentTarget.value)} />
        </label>
        <label>
          {w.role}
          <select value={role} onChange={(e) => setRole(e.currentTarget.value)}>
            <option value="">{w.all}</option>
            {roles.map((one) => (
              <option key={one} value={one}>
                {label(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {w.at}
          <input type="datetime-local" value={at} onInput={(e) => setAt(e.currentTarget.value)} />
        </label>
        <button type="submit">{w.whoWouldBeCalled}</button>
      </form>
      {error && <Trouble error={error} />}
      {value && (
        <ul class="plain" role="status">
          {value.oncall.map((row) => (
            <li key={row.role}>
              {label(row.role)}: {row.persons.length ? everybody(row.persons.map((one) => one.name || one.id)) : <strong class="late">{w.gap}</strong>}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

export function Roster() {
  const w = words.value;
  const roster = useAnswer(() => get<RosterAnswer>("/v1/roster"), 0);
  const [turn, again] = useState(0);
  const plan = useAnswer(week, turn);
  if (roster.error) return <Trouble title={w.roster} error={roster.error} again={roster.again} />;
  if (!roster.value) return <Busy title={w.roster} />;
  const { people, overrides, away, lastResort } = roster.value;
  // Without a roster each account's team is called: nobody is missing.
  const configured = people.length > 0 || roster.value.roles.length > 0;
  const changed = () => {
    roster.again();
    again((n) => n + 1);
  };
  const roles = plan.value ? [...plan.value.lines.keys()] : roster.value.roles.map((one) => one.role);
  return (
    <>
      <h1>{w.roster}</h1>
      {!configured && <p class="quiet">{w.noRoster}</p>}
      {configured && (
        <Section title={w.onCallNow}>
          {plan.error && <Trouble error={plan.error} again={plan.again} />}
          {!plan.value ? (
            !plan.error && <Busy />
          ) : (
            <>
              <ul class="plain">
                {plan.value.first.oncall.map((row) => (
                  <li key={row.role} class="row">
                    <span class="grow">{label(row.role)}</span>
                    {row.persons.length ? (
                      <strong>{everybody(row.persons.map((one) => one.name || one.id))}</strong>
                    ) : (
                      <Missing roster={roster.value} role={row.role} />
                    )}
                    {row.until && (
                      <span class="quiet">
                        {w.until} <Time at={row.until} />
                      </span>
                    )}
                  </li>
                ))}
              </ul>
              <h2>{w.week}</h2>
              <Lines {...plan.value} lines={drawn(plan.value.lines, roster.value)} />
            </>
          )}
          <p class="buttons">
            {may("act") && people.length > 0 && <TakeOver roster={roster.value} roles={roles} done={changed} />}
            <a class="button" href={query("/v1/oncall.ics", { access_token: token.value })} download="oncall.ics">
              {w.calendarLink}
            </a>
          </p>
        </Section>
      )}
      {overrides.length > 0 && (
        <Section title={w.overrides}>
          <ul class="plain">
            {overrides.map((one) => (
              <li key={one.id} class="row">
                <span class="grow">
                  {label(one.role)}: <strong>{called(one.person)}</strong> <Time at={one.from} /> – <Time at={one.until} />
                  {one.by && (
                    <span class="quiet">
                      {" "}
                      {w.by} {called(one.by)}
                    </span>
                  )}
                </span>
                {may("act") && one.id && (!one.until || Date.parse(one.until) > now.peek()) && (
                  <button
                    type="button"
                    onClick={() => void doing(() => remove(`/v1/roster/overrides/${encodeURIComponent(one.id)}`), w.done).then((good) => good && changed())}
                  >
                    {w.removeIt}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </Section>
      )}
      {away.length > 0 && (
        <Section title={w.away}>
          <ul class="plain">
            {away.map((one) => (
              <li key={`${one.person}/${one.from}`} class="row">
                {called(one.person)} {one.from && <Time at={one.from} />} – {one.until && <Time at={one.until} />}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <WhoWould roles={roles} />
      {people.length > 0 && (
        <Section title={w.people}>
          <ul class="plain">
            {people.map((one) => (
              <li key={one.id} class="row">
                <span class="grow">
                  {one.name || one.id} <span class="quiet">{one.id}</span>
                </span>
                <span class={one.channels.length ? "quiet" : "late"}>{one.channels.map(label).join(w.comma) || w.noChannel}</span>
                <a
                  class="button"
                  href={query("/v1/oncall.ics", { person: one.id, access_token: token.value })}
                  download={`${one.id}.ics`}
                  aria-label={`${w.calendarLink} ${one.name || one.id}`}
                >
                  iCal
                </a>
                {may("act") && one.channels.length > 0 && (
                  <button type="button" onClick={() => void doing(() => post(`/v1/people/${encodeURIComponent(one.id)}/test`), w.testSent)}>
                    {w.testChannel}
                  </button>
                )}
              </li>
            ))}
          </ul>
          {lastResort?.length > 0 && (
            <p class="quiet">
              {w.lastResort}: {everybody(lastResort)}
            </p>
          )}
        </Section>
      )}
    </>
  );
}
