// Objecting to a decision: the form, and what became of an appeal.

import { html, nothing } from "../vendor/lit-html.js";
import { rich, t } from "../words.mjs";
import { written } from "./documents.mjs";
import { isOver, problem, when } from "./parts.mjs";
import { mine } from "./session.mjs";
import { act, draw, isBusy, state } from "./state.mjs";

const MAX_CHARACTERS = 10_000;
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** What became of the last appeal on a contribution. */
export function appealed({ appeal }) {
  if (!appeal) return nothing;
  if (appeal.resolved_at) {
    return html`<div class="notice">
      <p>${rich("Somebody else looked at it on {date}; what they decided stands.", { date: when(appeal.resolved_at) })}</p>
      ${appeal.reason === null ? nothing : written(appeal.reason)}
    </div>`;
  }
  const told = isOver(appeal.due)
    ? t("Nobody resolved your appeal in time, so the rule holds that the campaign declared for this.")
    : rich("You appealed on {date}. Somebody who has not judged it before looks at it, until {due} at the latest.", {
        date: when(appeal.at),
        due: when(appeal.due),
      });
  return html`<p class="notice open">${told}</p>`;
}

/** The form to appeal against the decision that stands; `done` is called once the appeal is recorded. */
export function appealForm(work, done) {
  const name = `appeal-${work.id}`;
  const send = (event) => {
    event.preventDefault();
    const { grounds, opening } = event.target.elements;
    act(name, async () => {
      const body = { contribution: work.id, decision: work.decision.id, grounds: grounds.value.trim() };
      const [chosen] = opening?.files ?? [];
      if (chosen) body.opening = await readOpening(chosen);
      await mine("POST", "/v1/appeals", body);
      state.appealing = null;
      await done();
      state.done = t("Your appeal is recorded. Somebody else will look at it.");
      document.getElementById(`work-${work.id}`)?.focus();
    });
  };
  return html`<form class="form" @submit=${send}>
    <div class="field">
      <label for="grounds-${work.id}">${t("Why is the decision wrong?")}</label>
      <textarea id="grounds-${work.id}" name="grounds" rows="5" maxlength=${MAX_CHARACTERS} dir="auto" required aria-describedby="hint-${work.id}"></textarea>
      <p class="hint" id="hint-${work.id}">
        ${t("Somebody who has not judged it before reads this, and not the public. You can appeal once. Your pay for it waits until then.")}
      </p>
    </div>
    ${work.content === null
      ? html`<div class="field">
          <label for="opening-${work.id}">${t("Your copy of the work (its opening's file)")}</label>
          <input type="file" id="opening-${work.id}" name="opening" accept=".json,application/json">
          <p class="hint">${t("It was erased here. With your copy the judge can see it.")}</p>
        </div>`
      : nothing}
    ${problem(name)}
    <div class="buttons">
      <button class="button ${isBusy(name) ? "busy" : ""}">${t("Send the appeal")}</button>
      <button type="button" class="button second" @click=${close}>${t("Cancel")}</button>
    </div>
  </form>`;
}

function close() {
  state.appealing = null;
  draw();
}

/** The opening that a file holds. Throws where it is another file. */
export async function readOpening(file) {
  try {
    if (file.size > MAX_FILE_BYTES) throw new RangeError();
    const { v, salt, preimage } = JSON.parse(await file.text());
    if (v !== 1 || typeof salt !== "string" || typeof preimage !== "string") throw new RangeError();
    return { v, salt, preimage };
  } catch {
    throw Object.assign(new Error(), { title: t("This file is not an opening: choose the one that you saved with your work.") });
  }
}
