// Small pieces that several parts of the console are drawn from.

import { html, nothing } from "../vendor/lit-html.js";
import { amount, moment, number, t } from "../words.mjs";
import { POINTS, redraw, token } from "./desk.mjs";

/** What went wrong, in words; nothing where `problem` is null. */
export function trouble(problem) {
  if (!problem) return nothing;
  return html`<div class="notice bad" role="alert">
    <p><strong>${problem.title || problem.message}</strong></p>
    ${problem.detail ? html`<p>${problem.detail}</p>` : nothing}
    ${problem.remedy ? html`<p>${problem.remedy}</p>` : nothing}
  </div>`;
}

/** A moment as the service writes it (ISO 8601). */
export function when(written) {
  return written ? moment(Date.parse(written)) : nothing;
}

/** Base units in words: of a unit that figures name, else of the pool's token or points. */
export function units(baseUnits, unit) {
  const { unit: name, decimals } = unit ?? { unit: token.symbol, decimals: token.decimals };
  return html`<bdi>${amount(baseUnits, { name: name === POINTS ? t("points") : name, decimals })}</bdi>`;
}

/** A list that is read page by page: `items`, `problem`, whether it `reads`, and `more()`. */
export class Pages {
  constructor(read) {
    this.read = read;
    this.clear();
  }

  clear() {
    Object.assign(this, { items: [], next: null, reads: false, problem: null, begun: false, turn: {} });
  }

  /** Read the first page, unless it was. */
  begin() {
    if (!this.begun) this.more();
  }

  /** Read everything anew. */
  again() {
    this.clear();
    return this.more();
  }

  async more() {
    if (this.reads) return;
    const turn = this.turn;
    Object.assign(this, { begun: true, reads: true, problem: null });
    redraw();
    try {
      const page = await this.read(this.next);
      if (turn !== this.turn) return;
      this.items = [...this.items, ...page.items];
      this.next = page.next;
    } catch (error) {
      if (turn === this.turn) this.problem = error;
    } finally {
      if (turn === this.turn) this.reads = false;
      redraw();
    }
  }

  /** What stands below the list: that it is read, that it went wrong, or the way on. */
  foot() {
    if (this.problem) return trouble(this.problem);
    if (this.reads) return html`<p class="quiet" role="status">${t("Loading ...")}</p>`;
    if (!this.next) return nothing;
    return html`<p><button type="button" class="button second" @click=${() => this.more()}>${t("Show more")}</button></p>`;
  }
}

/** The path of a list with the cursor of its page. */
export function paged(path, cursor, limit) {
  const query = new URLSearchParams({ limit });
  if (cursor) query.set("cursor", cursor);
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** An id as people compare it. */
export function short(id) {
  return html`<code dir="ltr" title=${id}>${id.length <= 14 ? id : `${id.slice(0, 8)}…${id.slice(-6)}`}</code>`;
}

/** A table that scrolls by itself where it is wider than the page; `name` says what it is. */
export function table(name, head, rows) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${name}>
    <table class="list"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A name and a number for a list of figures. */
export function figure(name, value) {
  return html`<div><dt>${name}</dt><dd>${typeof value === "number" ? number(value) : value}</dd></div>`;
}

let asked = null;

/** Ask "do you really want this?"; resolves to whether the visitor does. */
export function sure({ title, words, yes, danger = false }) {
  return new Promise((resolve) => {
    asked = { title, words, yes, danger, resolve, before: document.activeElement };
    redraw();
  });
}

/** The dialog of `sure`, for the console to draw. */
export function question() {
  if (!asked) return nothing;
  const answer = (value) => {
    const { resolve, before } = asked;
    asked = null;
    redraw();
    requestAnimationFrame(() => before?.isConnected && before.focus());
    resolve(value);
  };
  return html`<dialog class="dialog" aria-labelledby="question" @cancel=${() => answer(false)}>
    <h2 id="question">${asked.title}</h2>
    <p>${asked.words}</p>
    <div class="buttons">
      <button type="button" class=${asked.danger ? "button danger" : "button"} @click=${() => answer(true)}>${asked.yes}</button>
      <button type="button" class="button second" ?autofocus=${asked.danger} @click=${() => answer(false)}>${t("Cancel")}</button>
    </div>
  </dialog>`;
}
