// The page's title says the screen, by its heading. While alarms that nobody has seen are waiting, it tells of them (ring.ts).
import { effect } from "@preact/signals";
import { unseen } from "./ring";

const board = document.getElementById("board");

function name(): void {
  const heading = document.querySelector("main h1");
  if (!heading || unseen.peek().length > 0) return;
  const parts = [...heading.childNodes].map((one) => one.textContent?.trim()).filter(Boolean);
  const title = `Tocsin · ${parts.join(" ")}`;
  if (document.title !== title) document.title = title;
}

if (board) new MutationObserver(name).observe(board, { childList: true, characterData: true, subtree: true });

effect(() => {
  unseen.value;
  queueMicrotask(name); // after the title was set for what is unseen
});
