// Who was called, over what channel, with what outcome, and who comes next and when.
import { now } from "../clock";
import { remaining } from "../format";
import { words } from "../i18n";
import { reachedNobody } from "../store";
import type { Called, Group } from "../types";
import { everybody, label, called as name } from "../words";
import { Time } from "./base";

function outcome(called: Called): string {
  const w = words.value;
  return called.delivery ? `${label(called.delivery.channel)} ${w.outcomes[called.delivery.outcome] ?? called.delivery.outcome}` : "";
}

/** One line: 王芳 ✔, 赵磊 → 陈杰 */
export function CalledLine({ group }: { group: Group }) {
  const w = words.value;
  const names = [...new Set((group.called ?? []).map((c) => c.person))];
  const persons = names.length ? names : group.persons;
  return (
    <span>
      {persons.length === 0 ? <strong class="late">{w.calledNobody}</strong> : `${w.called} ${everybody(persons)}`}
      {reachedNobody(group) && <strong class="late"> {w.reachedNobody}</strong>}
      {group.next && (
        <span class="quiet">
          {" → "}
          {group.next.persons.length ? everybody(group.next.persons) : group.next.roles.map(label).join(w.comma)}{" "}
          {group.next.at ? <Time at={group.next.at} /> : w.paused}
        </span>
      )}
    </span>
  );
}

export function Ladder({ group }: { group: Group }) {
  const w = words.value;
  const steps = new Map<number, Called[]>();
  for (const called of group.called ?? []) steps.set(called.step, [...(steps.get(called.step) ?? []), called]);
  return (
    <ol class="ladder">
      {[...steps].map(([step, all]) => (
        <li key={step}>
          <strong>{w.step(step)}</strong> <Time at={all[0]?.at} />
          <ul>
            {all.map((called) => (
              <li key={`${called.person}/${called.role}`}>
                {name(called.person)} <span class="quiet">{called.role ? label(called.role) : w.standsIn}</span>{" "}
                {called.delivery && <span class={called.delivery.outcome === "failed" ? "late" : "fine"}>{outcome(called)}</span>}
              </li>
            ))}
          </ul>
        </li>
      ))}
      {steps.size === 0 && <li class={group.persons.length ? undefined : "late"}>{group.persons.length ? everybody(group.persons) : w.calledNobody}</li>}
      {group.next ? (
        <li class="coming">
          <strong>{w.step(group.next.step)}</strong> {group.next.at ? <Time at={group.next.at} /> : w.paused}{" "}
          {group.next.at && <span class="quiet">({remaining(group.next.at, now.value).text})</span>}{" "}
          {group.next.persons.length ? everybody(group.next.persons) : group.next.roles.map(label).join(w.comma)}
        </li>
      ) : (
        group.state === "open" && <li class="quiet last">{w.noNext}</li>
      )}
    </ol>
  );
}
