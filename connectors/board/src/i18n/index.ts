// The language of the page: the browser's, or the one that was chosen on this device.
import { computed, effect, signal } from "@preact/signals";
import { en, type Words } from "./en";
import { zh } from "./zh";

export type Language = "zh" | "en";
const KEY = "tocsin-language";
const kept = localStorage.getItem(KEY);

export const language = signal<Language>(kept === "zh" || kept === "en" ? kept : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
export const words = computed<Words>(() => (language.value === "zh" ? zh : en));

export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  localStorage.setItem(KEY, language.value);
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
