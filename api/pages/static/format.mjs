// Numbers, amounts and moments in the visitor's language; moments of the page in the visitor's own time zone.

const root = document.documentElement;

/** The code of the page's language, such as "fa". */
export const lang = root.lang || "en";
/** The path below which the log stands, empty where it has a host for itself. */
export const base = root.dataset.base ?? "";

// British English: days before months, twenty-four hours; its groups are set apart as the server does it.
const locale = lang === "en" ? "en-GB" : lang;
const integers = new Intl.NumberFormat(locale);
const digits = new Intl.NumberFormat(locale, { useGrouping: false });
const point = new Intl.NumberFormat(locale).formatToParts(1.5).find((part) => part.type === "decimal").value;
const moments = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
const days = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
// Else a number with a Latin name would be taken for Latin text, and the name be put first.
const beginning = root.dir === "rtl" ? "\u200f" : "";
const THIN_SPACE = "\u202f";

/** A whole number (number, BigInt or decimal digits) in groups of three digits. */
export function number(value) {
  const written = integers.format(typeof value === "string" ? BigInt(value) : value);
  return lang === "en" ? written.replaceAll(",", THIN_SPACE) : written;
}

/** Base units (digits or BigInt) of a unit with `decimals` and `symbol` or `name`: exact, without needless zeros. */
export function amount(baseUnits, { symbol, name = symbol, decimals = 0 }) {
  const units = BigInt(baseUnits);
  const scale = 10n ** BigInt(decimals);
  const whole = number(units / scale);
  const rest = (units % scale).toString().padStart(decimals, "0").replace(/0+$/, "");
  const fraction = decimals && rest ? point + [...rest].map((digit) => digits.format(digit)).join("") : "";
  return `${beginning}${whole}${fraction}\u00a0${name}`;
}

/** A moment (Unix ms) to the minute, in the visitor's time zone and calendar. */
export function date(ms) {
  return moments.format(ms);
}

/** A day (Unix ms). */
export function day(ms) {
  return days.format(ms);
}

/** An element that shows a moment (Unix ms). */
export function moment(ms) {
  const element = document.createElement("time");
  element.dateTime = new Date(ms).toISOString();
  element.dataset.ms = ms;
  show(element);
  return element;
}

/** Show every moment below `node` in the visitor's time zone. */
export function showMoments(node = document) {
  node.querySelectorAll("time[data-ms]").forEach(show);
}

function show(element) {
  const ms = Number(element.dataset.ms);
  element.textContent = date(ms);
  element.title = new Date(ms).toISOString();
}

showMoments();
