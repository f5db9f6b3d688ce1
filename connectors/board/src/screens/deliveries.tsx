// What was sent to whom over what channel, and what the node could not take.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { get, may, post, query } from "../api";
import { words } from "../i18n";
import { Busy, idOf, Time, Trouble, useAnswer } from "../parts/base";
import { doing } from "../parts/toast";
import type { Data } from "../types";
import { called, label } from "../words";
import { usePages } from "./clocks";
import { groupUrl } from "./escalation";

function entityOf(escalation: string): { account: string; entity: string } {
  const [account = "", kind = "", id = ""] = escalation.split("/").map(decodeURIComponent);
  return { account, entity: `${kind}/${id}` };
}

export function Deliveries() {
  const w = words.value;
  const { query: search, route } = useLocation();
  const filters = { person: search.person, channel: search.channel, outcome: search.outcome };
  const { rows, error, begun, cursor, more, again } = usePages<Data>(
    query("/v1/deliveries", { ...filters, limit: 100 }),
    (p: { deliveries: Data[]; cursor: string | null }) => ({ rows: p.deliveries, cursor: p.cursor ?? null }),
  );
  const go = (to: Record<string, string>) => route(query("/deliveries", { ...filters, ...to }));
  return (
    <>
      <h1>{w.deliveries}</h1>
      <nav class="tabs" aria-label={w.filters}>
        {["", "delivered", "failed"].map((one) => (
          <a key={one} href={query("/deliveries", { ...filters, outcome: one })} aria-current={(search.outcome ?? "") === one ? "page" : undefined}>
            {one ? w.outcomes[one] : w.all}
          </a>
        ))}
        <input type="search" placeholder={w.person} aria-label={w.person} value={search.person ?? ""} onChange={(e) => go({ person: e.currentTarget.value })} />
      </nav>
      {error && <Trouble error={error} again={again} />}
      {!begun ? (
        <Busy />
      ) : rows.length === 0 ? (
        <p class="quiet">{w.empty}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by keyboard too
        <div class="wide" tabIndex={0} role="region" aria-label={w.deliveries}>
          <table>
            <thead>
              <tr>
                <th>{w.when}</th>
                <th>{w.who}</th>
                <th>{w.channel}</th>
                <th>{w.what}</th>
                <th>{w.outcome}</th>
                <th>{w.attempts}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const { account, entity } = row.entity ? { account: String(row.account), entity: String(row.entity) } : entityOf(String(row.escalation ?? ""));
                return (
                  <tr key={`${row.escalation}/${row.step}/${row.person}/${row.channel}/${row.outcome}/${row.at}`}>
                    <td>
                      <Time at={row.at ?? row.time} />
                    </td>
                    <td>{called(String(row.person ?? ""))}</td>
                    <td>{label(String(row.channel ?? ""))}</td>
                    <td>
                      <a href={groupUrl(account, entity, String(row.escalation ?? ""))}>{row.title || idOf(entity)}</a> {w.step(row.step)}
                    </td>
                    <td class={row.outcome === "failed" ? "late" : "fine"}>
                      {w.outcomes[row.outcome] ?? row.outcome} {row.error && <span class="quiet">{w.names[row.error] ?? row.error}</span>}
                    </td>
                    <td class="number">{row.attempts}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {cursor && (
        <button type="button" onClick={more}>
          {w.moreRows}
        </button>
      )}
    </>
  );
}

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
  } catch {
    return base64;
  }
}

export function Rejected() {
  const w = words.value;
  const { query: search, route } = useLocation();
  const [turn, again] = useState(0);
  const { value, error } = useAnswer(
    () => get<{ rejected: Data[]; cursor?: string | null }>(query("/v1/rejected", { reason: search.reason, limit: 100 })),
    `${search.reason} ${turn}`,
  );
  return (
    <>
      <h1>{w.rejected}</h1>
      <nav class="tabs" aria-label={w.filters}>
        <input
          type="search"
          placeholder={w.reason}
          aria-label={w.reason}
          value={search.reason ?? ""}
          onChange={(e) => route(query("/rejected", { reason: e.currentTarget.value }))}
        />
      </nav>
      {error && <Trouble error={error} again={() => again(turn + 1)} />}
      {!value ? (
        !error && <Busy />
      ) : value.rejected.length === 0 ? (
        <p class="quiet">{w.empty}</p>
      ) : (
        <ul class="plain">
          {value.rejected.map((row) => (
            <li key={row.position} class="card">
              <p>
                <strong class="late">{row.reason}</strong>{" "}
                <span class="quiet">
                  {row.position} · {row.source} {row.time && <Time at={row.time} />}
                </span>
              </p>
              <details>
                <summary>{w.original}</summary>
                <pre>{decoded(String(row.original ?? ""))}</pre>
              </details>
              {may("admin") && (
                <button
                  type="button"
                  onClick={() =>
                    void doing(() => post(`/v1/rejected/${encodeURIComponent(row.position)}/replay`), w.replayed).then((good) => good && again(turn + 1))
                  }
                >
                  {w.replay}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
