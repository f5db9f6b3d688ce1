// The board: what everybody who is on call, at a desk or in charge sees of their promises.
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { actor, choose, me, met, refused, signIn, signOut, timeBy, token, whoAmI } from "./api";
import { estimate, now, speed } from "./clock";
import { contractZone } from "./format";
import { switchLanguage, words } from "./i18n";
import { connection, onFresh, silence } from "./live";
import { Busy } from "./parts/base";
import { say, sendAll, Toasts } from "./parts/toast";
import { allowPush } from "./push";
import { sound, switchSound } from "./ring";
import { AccountScreen, Accounts } from "./screens/accounts";
import { Clocks } from "./screens/clocks";
import { Deliveries, Rejected } from "./screens/deliveries";
import { Director } from "./screens/director";
import { EntityScreen } from "./screens/entity";
import { Escalation } from "./screens/escalation";
import { FigureList, Figures } from "./screens/figures";
import { Claim, Pair } from "./screens/pair";
import { Policy } from "./screens/policy";
import { Queue } from "./screens/queue";
import { Roster } from "./screens/roster";
import { called, learnPeople, learnPolicy } from "./words";

type Theme = "" | "light" | "dark";
const theme = signal<Theme>((localStorage.getItem("tocsin-theme") as Theme) ?? "");
effect(() => {
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("tocsin-theme", theme.value);
});

const SCREENS = [
  ["/q", "queue"],
  ["/clocks", "clocks"],
  ["/accounts", "accounts"],
  ["/director", "director"],
  ["/figures", "figures"],
  ["/roster", "roster"],
  ["/deliveries", "deliveries"],
  ["/rejected", "rejected"],
  ["/policy", "policy"],
] as const;

function State() {
  const w = words.value;
  const c = connection.value;
  return (
    <span class={`state ${c === "live" ? "fine" : c === "silent" ? "late" : "soon"}`} role="status" aria-live="polite">
      {c === "live" ? w.live : c === "silent" ? w.silent(silence.value) : w.connecting}
    </span>
  );
}

function ServerTime() {
  const w = words.value;
  const text = new Intl.DateTimeFormat(w.locale, {
    timeZone: contractZone.value,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(now.value);
  return (
    <span class="quiet" title={w.zoneIs(contractZone.value)}>
      {text} {contractZone.value.split("/").pop()?.replace("_", " ")}
    </span>
  );
}

const menu = () => document.querySelector<HTMLDetailsElement>("details.menu");

function closeMenu(): void {
  menu()?.removeAttribute("open");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu()?.open) return;
  closeMenu();
  menu()?.querySelector("summary")?.focus();
});
document.addEventListener("click", (event) => {
  if (menu()?.open && event.target instanceof Element && !event.target.closest("details.menu")) closeMenu();
});

function Menu() {
  const w = words.value;
  const [said, say] = useState("");
  return (
    <details class="menu">
      <summary aria-label={w.more}>☰</summary>
      <div>
        {SCREENS.map(([path, name]) => (
          <a key={path} href={path} class="narrow-only">
            {w[name]}
          </a>
        ))}
        {me.value.open ? (
          <label>
            {w.you}
            <input value={actor()} aria-label={w.chooseYou} onChange={(e) => choose(e.currentTarget.value.trim() || "board")} />
          </label>
        ) : (
          <p>
            {w.you} {called(me.value.person ?? me.value.name ?? "")}
          </p>
        )}
        <button type="button" aria-pressed={sound.value} onClick={switchSound}>
          {sound.value ? w.soundOn : w.soundOff}
        </button>
        <button type="button" onClick={() => void allowPush().then((good) => say(good ? w.notificationsDone : w.notificationsNo))}>
          {w.notifications}
        </button>
        {said && <p role="status">{said}</p>}
        <button type="button" onClick={() => (theme.value = theme.value === "" ? "dark" : theme.value === "dark" ? "light" : "")}>
          {w.theme}
        </button>
        <button type="button" lang={w.locale === "zh-CN" ? "en" : "zh-CN"} onClick={switchLanguage}>
          {w.language}
        </button>
        {!me.value.open && <a href="/pair">{w.pair}</a>}
        {token.value && (
          <button
            type="button"
            onClick={() => {
              sendAll();
              signOut();
            }}
          >
            {w.signOut}
          </button>
        )}
        <p class="quiet">{w.keys}</p>
      </div>
    </details>
  );
}

function SignIn() {
  const w = words.value;
  const [secret, set] = useState("");
  const [wrong, setWrong] = useState(false);
  return (
    <main id="content">
      <h1>{w.signIn}</h1>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          // A token is plain ASCII; the browser would not even send another.
          if (!/^[\x21-\x7e]+$/.test(secret.trim())) return setWrong(true);
          signIn(secret.trim());
          window.location.reload(); // what was read for another token is not shown
        }}
      >
        <p role="status">{token.value || wrong ? w.tokenWrong : w.tokenAsk}</p>
        <input type="password" autocomplete="current-password" aria-label={w.tokenAsk} value={secret} onInput={(e) => set(e.currentTarget.value)} />
        <p class="buttons">
          <button type="submit" class="main">
            {w.signIn}
          </button>
        </p>
      </form>
    </main>
  );
}

function Shell() {
  const w = words.value;
  const { path, route } = useLocation();
  const silent = connection.value === "silent";
  useEffect(() => {
    let g = 0; // `g` was pressed: the next key names a screen
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement || event.metaKey || event.ctrlKey) return;
      if (event.key === "g") g = Date.now();
      else if (Date.now() - g < 1500) {
        const to = { q: "/q", c: "/clocks", a: "/accounts", d: "/director", f: "/figures", r: "/roster", p: "/policy" }[event.key];
        g = 0;
        if (to) route(to);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => closeMenu(), [path]);
  return (
    <div class={silent ? "frozen" : undefined}>
      <a class="skip" href="#content">
        {w.skip}
      </a>
      <header class="top">
        <a class="brand" href="/q">
          Tocsin
        </a>
        <nav class="menu wide-only grow" aria-label={w.menu}>
          {SCREENS.map(([to, name]) => (
            <a key={to} href={to} aria-current={path === to || (to === "/q" && path === "/") ? "page" : undefined}>
              {w[name]}
            </a>
          ))}
        </nav>
        <span class="grow narrow-only" />
        <State />
        {!silent && <ServerTime />}
        <Menu />
      </header>
      {silent && (
        <div class="banner" role="alert">
          {w.silent(silence.value)}
        </div>
      )}
      {speed.value > 1 && <div class="banner soft">{w.demo(speed.value)}</div>}
      {refused.value && path !== "/pair/claim" ? (
        <SignIn />
      ) : !met.value ? (
        <main id="content">
          <Busy />
        </main>
      ) : (
        <main id="content">
          <Router>
            <Route path="/" component={Queue} />
            <Route path="/q" component={Queue} />
            <Route path="/clocks" component={Clocks} />
            <Route path="/e/:account/:kind/:id" component={EntityScreen} />
            <Route path="/g/:account/:kind/:id" component={Escalation} />
            <Route path="/accounts" component={Accounts} />
            <Route path="/accounts/:account" component={AccountScreen} />
            <Route path="/director" component={Director} />
            <Route path="/figures" component={Figures} />
            <Route path="/figures/:name" component={FigureList} />
            <Route path="/roster" component={Roster} />
            <Route path="/deliveries" component={Deliveries} />
            <Route path="/rejected" component={Rejected} />
            <Route path="/policy" component={Policy} />
            <Route path="/pair" component={Pair} />
            <Route path="/pair/claim" component={Claim} />
            <Route default component={() => <p class="quiet">{w.notFound}</p>} />
          </Router>
        </main>
      )}
      <Toasts />
    </div>
  );
}

async function start(): Promise<void> {
  await whoAmI();
  await learnPolicy();
  await learnPeople();
}

// A finger cannot hover: a touched instant says itself whole, in both zones.
document.addEventListener("click", (event) => {
  const time = event.target instanceof Element ? event.target.closest("time[title]") : null;
  if (time && !time.closest("a, button, summary")) say(time.getAttribute("title") ?? "");
});

timeBy(estimate);
void whoAmI();
onFresh(() => void start());
const root = document.getElementById("board");
if (root)
  render(
    <LocationProvider>
      <Shell />
    </LocationProvider>,
    root,
  );
