// What was sent to whom over what channel, and what became of it.
import { words } from "../i18n";
import type { Data } from "../types";
import { called, decoded, label } from "../words";
import { groupUrl, idOf, Time } from "./base";

function entityOf(row: Data): { account: string; entity: string } {
  if (row.entity) return { account: String(row.account), entity: String(row.entity) };
  const [account = "", kind = "", id = ""] = String(row.escalation ?? "")
    .split("/")
    .map(decoded);
  return { account, entity: `${kind}/${id}` };
}

/** `alone`: the page is about one alarm, which needs no naming. */
export function DeliveryTable({ rows, alone }: { rows: Data[]; alone?: boolean }) {
  const w = words.value;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by keyboard too
    <div class="wide" tabIndex={0} role="region" aria-label={w.deliveries}>
      <table class="stacks">
        <thead>
          <tr>
            <th>{w.when}</th>
            <th>{w.who}</th>
            <th>{w.channel}</th>
            <th>{w.what}</th>
            <th>{w.outcome}</th>
            <th class="number">{w.attempts}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const { account, entity } = entityOf(row);
            return (
              <tr key={`${row.escalation}/${row.step}/${row.person}/${row.channel}/${row.outcome}/${row.at}`}>
                <td data-name={w.when}>
                  <Time at={row.at ?? row.time} />
                </td>
                <td data-name={w.who}>{called(String(row.person ?? ""))}</td>
                <td data-name={w.channel}>{row.channel === "none" ? "–" : label(String(row.channel ?? ""))}</td>
                <td data-name={w.what}>
                  {!alone && <a href={groupUrl(account, entity, String(row.escalation ?? ""))}>{row.title || idOf(entity)}</a>} {w.step(row.step)}
                </td>
                <td data-name={w.outcome} class={row.outcome === "failed" ? "late" : "fine"}>
                  {w.outcomes[row.outcome] ?? row.outcome} {row.error && <span class="quiet">{w.names[row.error] ?? row.error}</span>}
                </td>
                <td class="number" data-name={w.attempts}>
                  {row.attempts}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
