// Being heard: a tone, the title of the page, and a notification of the system for each new urgent alarm.
import { effect, signal } from "@preact/signals";
import { words } from "./i18n";
import type { Card } from "./store";

const KEY = "tocsin-sound";
export const sound = signal(localStorage.getItem(KEY) === "on");
/** Urgent alarms that came while nobody looked at the page. */
export const unseen = signal<string[]>([]);
let audio: AudioContext | null = null;

/** Browsers play nothing before a touch allows it: this is called by one. */
export function switchSound(): void {
  sound.value = !sound.value;
  localStorage.setItem(KEY, sound.value ? "on" : "off");
  if (sound.value) tone();
}

function tone(): void {
  audio ??= new AudioContext();
  void audio.resume();
  for (const [at, pitch] of [
    [0, 880],
    [0.25, 660],
    [0.5, 880],
  ] as const) {
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    oscillator.frequency.value = pitch;
    gain.gain.setValueAtTime(0.2, audio.currentTime + at);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.22);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(audio.currentTime + at);
    oscillator.stop(audio.currentTime + at + 0.23);
  }
}

export function ring(card: Card, escalation: string): void {
  const text = `${card.priority ? `${card.priority} ` : ""}${card.title || card.entity.split("/").slice(1).join("/")}`;
  if (document.hidden || !document.hasFocus()) unseen.value = [...unseen.value, text];
  if (sound.value) tone();
  if ("Notification" in window && Notification.permission === "granted" && document.hidden) {
    const note = new Notification(text, { body: card.accountName || card.account, tag: escalation });
    note.onclick = () => window.focus();
  }
}

effect(() => {
  const waiting = unseen.value;
  document.title = waiting.length ? `(${waiting.length}) ${waiting[waiting.length - 1]}` : `Tocsin · ${words.value.queue}`;
});

for (const event of ["focus", "visibilitychange"])
  window.addEventListener(event, () => {
    if (!document.hidden) unseen.value = [];
  });
