// A secret that is shown this once, to be copied.

import { html, nothing } from "../vendor/lit-html.js";
import { t } from "../words.mjs";
import { copy, redraw } from "./desk.mjs";

export class Once {
  constructor() {
    this.clear();
  }

  clear() {
    this.show(null);
  }

  /** Show these from now on: name and text of each. */
  show(secrets) {
    this.secrets = secrets;
    this.copied = null;
  }

  /** What is shown, with `words` about it. */
  draw(words) {
    return html`<div role="status">${this.secrets ? html`<div class="notice good"><p>${words}</p>${this.secrets.map((each) => this.one(each))}</div>` : nothing}</div>`;
  }

  one({ name, text }) {
    return html`<p><strong>${name}</strong></p><pre class="command">${text}</pre>
      <p><button type="button" class="button second" aria-label=${t("Copy: {name}", { name })} @click=${() => this.take(text)}>${this.copied === text ? t("Copied") : t("Copy")}</button></p>`;
  }

  async take(text) {
    if (await copy(text)) this.copied = text;
    redraw();
  }
}
