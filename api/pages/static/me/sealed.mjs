// Opening a sealed entry in its window, with the file that was saved when it was sealed.

import { html, nothing } from "../vendor/lit-html.js";
import { t } from "../words.mjs";
import { readOpening } from "./appeals.mjs";
import { problem } from "./parts.mjs";
import { mine } from "./session.mjs";
import { act, isBusy, state } from "./state.mjs";

export function revealForm(work, done) {
  if (work.state !== "sealed") return nothing;
  const name = `reveal-${work.id}`;
  const send = (event) => {
    event.preventDefault();
    const [chosen] = event.target.elements.opening.files;
    act(name, async () => {
      await mine("POST", `/v1/contributions/${work.id}/reveal`, { opening: await readOpening(chosen) });
      await done();
      state.done = t("Your entry is open now.");
    });
  };
  return html`<details>
    <summary>${t("Open it")}</summary>
    <form class="form" @submit=${send}>
      <div class="field">
        <label for="reveal-${work.id}">${t("The opening's file that you saved when you sealed it")}</label>
        <input type="file" id="reveal-${work.id}" name="opening" accept=".json,application/json" required>
        <p class="hint">${t("It can be opened after the deadline only, in the window that the campaign's page tells. What is not opened wins nothing.")}</p>
      </div>
      ${problem(name)}
      <div class="buttons"><button class="button ${isBusy(name) ? "busy" : ""}">${t("Open it for the judges")}</button></div>
    </form>
  </details>`;
}
