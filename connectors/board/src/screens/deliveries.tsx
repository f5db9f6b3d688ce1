// What was sent to whom over what channel, and what the node could not take.

import { useLocation } from "preact-iso";
import { may, post, query } from "../api";
import { words } from "../i18n";
import { Busy, Time, Trouble } from "../parts/base";
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
  const { rows, error, begun, cursor, more, again, afresh } = usePages<Data>(
    query("/v1/rejected", { reason: search.reason, limit: 100 }),
    (p: { rejected: Data[]; cursor: string | null }) => ({ rows: p.rejected, cursor: p.cursor ?? null }),
  );
  /** Once more, as it was: it may be refused again. */
  const replay = async (position: string) => {
    const answer = await post<{ rejected: number; reason?: string }>(`/v1/rejected/${encodeURIComponent(position)}/replay`);
    if (answer.rejected) throw new Error(w.rejectedAgain(answer.reason ?? ""));
  };
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
      {error && <Trouble error={error} again={again} />}
      {!begun ? (
        <Busy />
      ) : rows.length === 0 ? (
        !error && <p class="quiet">{w.empty}</p>
      ) : (
        <ul class="plain">
          {rows.map((row) => (
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
                <button type="button" onClick={() => void doing(() => replay(String(row.position)), w.replayed).then((good) => good && afresh())}>
                  {w.replay}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {cursor && (
        <button type="button" onClick={more}>
          {w.moreRows}
        </button>
      )}
    </>
  );
}
