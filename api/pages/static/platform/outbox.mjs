// What was decided and is about to be sent: each thing waits some seconds in which it can be taken back.

import { html, nothing } from "../vendor/lit-html.js";
import { several, t } from "../words.mjs";
import { ask, redraw } from "./desk.mjs";

const WAIT_MS = 6000;
const SEEN_MS = 4000;
const KEPT = 5;
let letters = [];

/** Send `body` to `path` in a moment. `back` is called when it is taken back or refused, `sent` with the reply. */
export function post({ words, path, body, back, sent }) {
  const letter = { words, path, body, back, sent, state: "waiting" };
  letter.timer = setTimeout(() => send(letter), WAIT_MS);
  letters = [letter, ...letters].filter((each, place) => each.state === "waiting" || each.state === "sending" || place < KEPT);
  redraw();
}

/** Take back what was decided last, if it has not been sent; whether there was something. */
export function undo() {
  const letter = letters.find((each) => each.state === "waiting");
  if (!letter) return false;
  clearTimeout(letter.timer);
  drop(letter);
  letter.back(null);
  return true;
}

/** How many have not arrived yet. */
export function waiting() {
  return letters.filter((each) => each.state === "waiting" || each.state === "sending").length;
}

/** Forget everything, sent or not. */
export function clear() {
  for (const letter of letters) clearTimeout(letter.timer);
  letters = [];
}

async function send(letter) {
  letter.state = "sending";
  redraw();
  try {
    letter.sent(await ask("POST", letter.path, letter.body));
    letter.state = "sent";
    setTimeout(() => drop(letter), SEEN_MS);
  } catch (problem) {
    letter.state = "refused";
    letter.problem = problem;
    letter.back(problem);
    setTimeout(() => drop(letter), WAIT_MS);
  }
  redraw();
}

function drop(letter) {
  letters = letters.filter((each) => each !== letter);
  redraw();
}

/** The last things that were sent or wait, with the way back. */
export function draw() {
  const shown = letters.slice(0, KEPT);
  const first = letters.find((each) => each.state === "waiting");
  return html`<aside class=${letters.length ? "outbox" : "outbox hidden"} aria-label=${t("To be sent")}>
    <p class="only-heard" role="status">${shown[0] ? heard(shown[0]) : nothing}</p>
    <ul class="plain">${shown.map((letter) => html`<li class=${letter.state}>
      <span>${letter.words}</span>
      ${letter === first ? html`<button type="button" class="button second" @click=${undo}>${t("Undo")} <kbd aria-hidden="true">u</kbd></button>` : html`<span class="quiet">${told(letter)}</span>`}
    </li>`)}</ul>
    ${waiting() > 1 ? html`<p class="quiet">${several("{count} is not sent yet.", "{count} are not sent yet.", waiting())}</p>` : nothing}
  </aside>`;
}

function heard(letter) {
  if (letter.state === "waiting") return t("{what} is sent in a few seconds. Press u to take it back.", { what: letter.words });
  return `${letter.words}: ${told(letter)}`;
}

function told(letter) {
  if (letter.state === "refused") return letter.problem.detail || letter.problem.title;
  if (letter.state === "sent") return t("recorded");
  return letter.state === "sending" ? t("is being sent") : t("waits");
}

// Whoever closes the page too early is asked first.
addEventListener("beforeunload", (event) => {
  if (waiting()) event.preventDefault();
});
