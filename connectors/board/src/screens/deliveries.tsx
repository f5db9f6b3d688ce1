// What was sent to whom over what channel, and what the node could not take.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { get, may, post, query } from "../api";
import { words } from "../i18n";
import { Busy, Time, Trouble, useAnswer } from "../parts/base";
import { DeliveryTable } from "../parts/deliveries";
import { doing } from "../parts/toast";
import type { Data } from "../types";
import { usePages } from "./clocks";

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
      {!begun ? <Busy /> : rows.length > 0 ? <DeliveryTable rows={rows} /> : !error && <p class="quiet">{w.empty}</p>}
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
