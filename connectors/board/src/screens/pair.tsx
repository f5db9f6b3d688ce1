// A phone is paired by a code that a page shows which is signed in: scanned once, it gives the phone a token of its own.

import { useEffect, useState } from "preact/hooks";
import qrcode from "qrcode-generator";
import { me, post, signIn } from "../api";
import { words } from "../i18n";
import { Busy, Trouble, useAnswer } from "../parts/base";

export function Pair() {
  const w = words.value;
  const { value, error, again } = useAnswer(() => post<{ code: string; expires: string }>("/v1/pair"), 0);
  if (error && me.value.open)
    return (
      <>
        <h1>{w.pair}</h1>
        <p class="quiet">{w.pairOpen}</p>
      </>
    );
  if (error) return <Trouble title={w.pair} error={error} again={again} />;
  if (!value) return <Busy title={w.pair} />;
  // The code stands behind `#`: it reaches no server log and no referrer.
  const url = `${location.origin}/pair/claim#${value.code}`;
  const code = qrcode(0, "M");
  code.addData(url);
  code.make();
  const size = code.getModuleCount();
  let path = "";
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`;
  return (
    <>
      <h1>{w.pair}</h1>
      <p>{w.pairHint}</p>
      <svg class="qr" viewBox={`-2 -2 ${size + 4} ${size + 4}`} role="img" aria-label={url}>
        <path d={path} fill="#000" />
      </svg>
      <p class="quiet">{url}</p>
    </>
  );
}

export function Claim() {
  const w = words.value;
  const [state, set] = useState<"busy" | "done" | "failed">("busy");
  useEffect(() => {
    const code = location.hash.slice(1);
    history.replaceState(null, "", "/pair/claim");
    post<{ token: string }>("/v1/pair/claim", { code }).then(
      ({ token }) => {
        signIn(token);
        set("done");
      },
      () => set("failed"),
    );
  }, []);
  return (
    <>
      <h1>{w.pair}</h1>
      {state === "busy" ? (
        <Busy />
      ) : (
        <p class={state === "done" ? "fine" : "late"} role="status">
          {state === "done" ? w.pairDone : w.pairFailed}
        </p>
      )}
      {state === "done" && (
        <p>
          <a
            class="button"
            href="/q"
            onClick={(e) => {
              e.preventDefault();
              window.location.assign("/q"); // anew: what was read for another token is not shown
            }}
          >
            {w.queue}
          </a>
        </p>
      )}
    </>
  );
}
