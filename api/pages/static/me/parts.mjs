// Pieces that several views of the page show.

import { html, nothing } from "../vendor/lit-html.js";
import { lang, moment, t } from "../words.mjs";
import { act, explorer, isBusy, place, problemOf, state } from "./state.mjs";

const SHOWN = 14;

/** An address or a hash as people compare it. */
export function short(value) {
  return value.length <= SHOWN ? value : `${value.slice(0, 8)}…${value.slice(-6)}`;
}

/** The same, whole where there is room to look at it. */
export function code(value, isWhole = false) {
  return html`<code class=${isWhole ? "" : "short"} dir="ltr" title=${value}>${isWhole ? value : short(value)}</code>`;
}

/** A moment (ISO) in the visitor's own time and calendar. */
export function when(iso) {
  return moment(Date.parse(iso));
}

export function isOver(iso) {
  return Date.parse(iso) <= Date.now();
}

/** What was refused under a name. */
export function problem(name) {
  const found = problemOf(name);
  if (!found) return nothing;
  const english = lang === "en" ? nothing : "en";
  return html`<div class="notice bad" role="alert">
    <p><strong>${found.title}</strong></p>
    ${found.detail ? html`<p lang=${english} dir="auto">${found.detail}</p>` : nothing}
    ${found.remedy ? html`<p lang=${english} dir="auto">${found.remedy}</p>` : nothing}
  </div>`;
}

/** A button that does something, and cannot be pressed twice. */
export function button(name, label, work, kind = "") {
  const busy = isBusy(name);
  return html`<button
    type="button"
    class="button ${kind} ${busy ? "busy" : ""}"
    aria-disabled=${busy ? "true" : nothing}
    @click=${() => act(name, work)}
  >
    ${label}
  </button>`;
}

export function waiting() {
  return html`<div class="skeleton tall" role="status"><span class="only-heard">${t("Loading ...")}</span></div>`;
}

/** A transaction: linked where an explorer is known, else to copy, whole where the browser copies nothing. */
export function transaction(hash) {
  if (explorer) return html`<a href=${explorer + hash} rel="noreferrer">${code(hash)}</a>`;
  if (!navigator.clipboard) return code(hash, true);
  const name = `copy-${hash}`;
  const copy = () => act(name, () => navigator.clipboard.writeText(hash).then(() => noteCopied(hash)));
  return html`<span class="hash">${code(hash)} <button type="button" class="link" @click=${copy}>${state.copied === hash ? t("Copied") : t("Copy")}</button></span>`;
}

function noteCopied(hash) {
  state.copied = hash;
}

/** What a campaign's amounts are counted in. */
export function unitOf({ unit, pool }) {
  if (unit === "points") return { name: t("points"), decimals: 0 };
  return place && pool === place.pool ? place.unit : { name: t("token units"), decimals: 0 };
}
