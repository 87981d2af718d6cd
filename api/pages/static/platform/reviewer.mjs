// Who judges: the member who is signed in; with a key, the platform's own id of the person at this desk, kept in this tab.

import { base } from "../format.mjs";
import { html } from "../vendor/lit-html.js";
import { rich, t } from "../words.mjs";
import { redraw, who } from "./desk.mjs";

const KEPT = `crowdledger-reviewer${base}`;
let changes = false;

/** The id, empty while nobody has said it. */
export function reviewer() {
  if (who?.member) return who.id;
  return sessionStorage.getItem(KEPT) ?? "";
}

/** Who judges, or the question. */
export function reviewerForm() {
  if (who?.member) return html`<span>${rich("You judge in your own name: {who}", { who: html`<bdi><strong>${who.member.name}</strong></bdi>` })}</span>`;
  if (reviewer() && !changes) {
    return html`<span>${rich("You judge as {who}", { who: html`<bdi><strong>${reviewer()}</strong></bdi>` })}
      <button type="button" class="link" @click=${change}>${t("change")}</button></span>`;
  }
  return html`<form class="form card" @submit=${take}>
    <div class="field"><label for="reviewer">${t("Who are you?")}</label>
      <input id="reviewer" name="reviewer" required maxlength="200" autocomplete="off" spellcheck="false" dir="auto" .value=${reviewer()} aria-describedby="reviewer-hint">
      <p class="hint" id="reviewer-hint">${t("Your platform's own id of you as a reviewer. The public log shows a random id instead.")}</p></div>
    <div class="buttons"><button class="button">${t("Go on")}</button></div></form>`;
}

function change() {
  changes = true;
  redraw();
  requestAnimationFrame(() => document.getElementById("reviewer")?.focus());
}

function take(event) {
  event.preventDefault();
  sessionStorage.setItem(KEPT, new FormData(event.target).get("reviewer").trim());
  changes = false;
  redraw();
}
