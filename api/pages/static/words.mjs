// What the pages' scripts say, in the visitor's language. English texts are the keys; await `ready` before drawing.

import { base, lang, number } from "./format.mjs";

export { amount, base, date, day, lang, moment, number, showMoments } from "./format.mjs";

const ISOLATE = "\u2068";
const END_ISOLATE = "\u2069";
const isMirrored = document.documentElement.dir === "rtl";
const plurals = new Intl.PluralRules(lang);
let texts = {};

/** Resolves when the language's texts are there; without them the page speaks English. */
export const ready = load().then((found) => {
  texts = found;
});

async function load() {
  const embedded = document.getElementById("words");
  try {
    if (embedded) return JSON.parse(embedded.textContent);
    if (lang === "en") return {};
    const reply = await fetch(`${base}/words/${lang}.json?v=${document.documentElement.dataset.version}`);
    return reply.ok ? await reply.json() : {};
  } catch {
    return {};
  }
}

/** `message` in the visitor's language; {name} stands for a value, numbers are written with its digits. */
export function t(message, values) {
  return pieces(texts[message] ?? message, values).join("");
}

/** `one` or `other` as the language asks for at `count`, which is also the value {count}. */
export function several(one, other, count, values) {
  const english = { one, other };
  const found = texts[one] ?? english;
  const form = found[plurals.select(count)] ?? found.other ?? other;
  return pieces(form, { count, ...values }).join("");
}

/** `t` as a list for a template: values that are templates or elements stay what they are. */
export function rich(message, values) {
  return pieces(texts[message] ?? message, values);
}

/** Mark a text for translators where it is kept; `t` says it later. */
export function mark(message) {
  return message;
}

function pieces(message, values) {
  if (!values) return [message];
  return message.split(/(\{\w+\})/).map((piece) => (/^\{\w+\}$/.test(piece) ? shown(values[piece.slice(1, -1)]) : piece));
}

function shown(value) {
  if (typeof value === "number" || typeof value === "bigint") return number(value);
  return isMirrored && typeof value === "string" ? ISOLATE + value + END_ISOLATE : value;
}

/** A length of time in its largest unit. */
export function duration(seconds) {
  if (seconds >= 86400) return several("{count} day", "{count} days", Math.floor(seconds / 86400));
  if (seconds >= 3600) return several("{count} hour", "{count} hours", Math.floor(seconds / 3600));
  if (seconds >= 60) return several("{count} minute", "{count} minutes", Math.floor(seconds / 60));
  return several("{count} second", "{count} seconds", Math.floor(seconds));
}
