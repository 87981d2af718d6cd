// A desk to judge at: one thing after another, with its content beside the decision, by mouse, touch or keyboard.
// Shortcuts work while the focus is within the desk, and can be turned off (WCAG 2.1.4).

import { html, nothing } from "../vendor/lit-html.js";
import { mark, number, rich, several, t } from "../words.mjs";
import { content } from "./content.mjs";
import { ownId, redraw } from "./desk.mjs";
import * as outbox from "./outbox.mjs";
import { trouble, when } from "./parts.mjs";
import { score } from "./typed.mjs";

const VERDICTS = [
  { verdict: "accepted", key: "a", words: mark("Accept"), tone: "good" },
  { verdict: "rejected", key: "r", words: mark("Reject"), tone: "bad" },
  { verdict: "needs_work", key: "w", words: mark("Ask for more work"), tone: "open" },
];
const STANDS = { verdict: "stands", key: "r", words: mark("Let the decision stand"), tone: "open" };
const KEYS = [
  { key: "j", does: mark("the next one") },
  { key: "k", does: mark("the one before") },
  { key: "a", does: mark("accept") },
  { key: "r", does: mark("reject; of an appeal: let the decision stand") },
  { key: "w", does: mark("ask for more work") },
  { key: "f", does: mark("write feedback; Escape leaves it") },
  { key: "Enter", does: mark("decide, and go to the next one") },
  { key: "Ctrl Enter", does: mark("the same while writing") },
  { key: "u", does: mark("take back what is not sent yet") },
  { key: "?", does: mark("show or hide this list") },
];
const WHY = "crowdledger-shortcuts";

/** A desk. `read()` gives the items; `path(item)` and `body(item, draft)` make of a decision what is sent. */
export class Desk {
  constructor({ read, path, body }) {
    Object.assign(this, { read, path, body });
    this.clear();
  }

  clear() {
    Object.assign(this, { items: null, at: 0, drafts: new Map(), problem: null, helps: false, gone: new Set(), turn: {} });
  }

  /** Read what waits, keeping what was written and what is on its way. */
  async load() {
    const turn = this.turn;
    this.problem = null;
    this.reads = true;
    redraw();
    try {
      const found = await this.read();
      if (turn !== this.turn) return;
      const here = this.item?.id;
      this.items = found.filter((item) => !this.gone.has(item.id));
      this.at = Math.max(0, this.items.findIndex((item) => item.id === here));
      if ([document.body, document.getElementById("part")].includes(document.activeElement)) focus("judged");
    } catch (error) {
      if (turn === this.turn) this.problem = error;
    } finally {
      if (turn === this.turn) this.reads = false;
      redraw();
    }
  }

  get item() {
    return this.items?.[this.at] ?? null;
  }

  get draft() {
    const { id } = this.item;
    if (!this.drafts.has(id)) this.drafts.set(id, { verdict: null, score: "", scores: this.item.criteria.map(() => ""), words: "", own: ownId() });
    return this.drafts.get(id);
  }

  /** The desk with `title` above it. */
  draw(title) {
    return html`<div class="desk" @keydown=${(event) => this.pressed(event)}>
      <div class="title">${title}<button type="button" class="button second again" ?disabled=${this.reads} @click=${() => this.load()}>${t("Look again")}</button><button type="button" class="button second keys" aria-expanded=${this.helps} @click=${() => this.help()}>${t("Shortcuts")} <kbd aria-hidden="true">?</kbd></button></div>
      ${this.helps ? this.keys() : nothing} ${this.problem && !this.items ? trouble(this.problem) : nothing}
      ${this.items === null ? (this.problem ? nothing : html`<p class="quiet" role="status">${t("Loading ...")}</p>`) : this.item ? this.one() : this.none()}
    </div>`;
  }

  none() {
    return html`<div class="empty" tabindex="-1" id="judged">
      <p>${this.reads ? t("Loading ...") : t("Nothing waits for you here.")}</p></div>`;
  }

  one() {
    const { item } = this;
    return html`<article class="judged">
      <header>
        <h3 id="judged" tabindex="-1">${kindOf(item)} <span class="quiet">${t("{place} of {count}", { place: this.at + 1, count: this.items.length })}</span></h3>
        <div class="buttons steps-between">
          <button type="button" class="button second" ?disabled=${this.at === 0} @click=${() => this.go(-1)}>${t("Previous")} <kbd aria-hidden="true">k</kbd></button>
          <button type="button" class="button second" ?disabled=${this.at === this.items.length - 1} @click=${() => this.go(1)}>${t("Next")} <kbd aria-hidden="true">j</kbd></button>
        </div>
      </header>
      <p class="quiet">${rich("Decide by {when}; after that the declared default takes effect.", { when: when(item.deadline) })}${item.reviews ? html` ${several("{count} review was given.", "{count} reviews were given.", item.reviews)}` : nothing}</p>
      <div class="two beside">
        <div class="seen">
          ${item.task === null || item.task === undefined ? nothing : html`<section class="card"><h4>${t("The task")}</h4>${content(item.task)}</section>`}
          <section class="card"><h4>${t("What was sent")}</h4>${content(item.content)}</section>
          ${item.kind === "appeal" ? appealed(item) : nothing}
        </div>
        ${this.form(item)}
      </div></article>`;
  }

  form(item) {
    const { draft } = this;
    const change = (name, place) => (event) => {
      if (place === undefined) draft[name] = event.target.value;
      else draft[name][place] = event.target.value;
      redraw();
    };
    return html`<form class="form card decide" novalidate @submit=${(event) => { event.preventDefault(); this.decide(); }}>
      <h4>${t("Your decision")}</h4>
      <div class="verdicts" role="group" aria-label=${t("Verdict")}>${choices(item).map(
        (each) => html`<button type="button" class="button second ${each.tone}" aria-pressed=${draft.verdict === each.verdict} @click=${() => this.choose(each.verdict)}>${t(each.words)} <kbd aria-hidden="true">${each.key}</kbd></button>`,
      )}</div>
      ${item.criteria.length
        ? html`<fieldset class="criteria"><legend>${t("Scores, from 0 to 1")}</legend>${item.criteria.map(
            (name, place) => html`<div class="field"><label for="score-${place}"><bdi>${name}</bdi></label><input id="score-${place}" inputmode="decimal" autocomplete="off" .value=${draft.scores[place]} @input=${change("scores", place)}></div>`,
          )}</fieldset>`
        : draft.verdict === "stands"
          ? nothing
          : html`<div class="field"><label for="score">${t("Score, from 0 to 1")}</label><input id="score" inputmode="decimal" autocomplete="off" placeholder=${draft.verdict === "accepted" ? number(1) : number(0)} .value=${draft.score} @input=${change("score")} aria-describedby="score-hint"><p class="hint" id="score-hint">${t("Left empty: 1 if you accept, 0 if not.")}</p></div>`}
      <div class="field"><label for="words">${item.kind === "appeal" ? t("Your reason, for the contributor") : t("Feedback, for the contributor")}</label>
        <textarea id="words" dir="auto" maxlength="8000" .value=${draft.words} @input=${change("words")} aria-describedby="words-hint"></textarea>
        <p class="hint" id="words-hint">${item.kind === "appeal" || item.kind === "second_look" ? t("Needed in any case.") : t("Needed unless you accept.")}</p></div>
      <p class="error" role="alert">${draft.error ?? ""}</p>
      <div class="buttons"><button class="button">${t("Decide")} <kbd aria-hidden="true">Enter</kbd></button></div>
    </form>`;
  }

  keys() {
    return html`<section class="card shortcuts" aria-label=${t("Shortcuts")}>
      <dl>${KEYS.map(({ key, does }) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(does)}</dd></div>`)}</dl>
      <label class="check"><input type="checkbox" .checked=${on()} @change=${(event) => turn(event.target.checked)}> ${t("Shortcuts are on")}</label>
    </section>`;
  }

  choose(verdict) {
    this.draft.verdict = verdict;
    this.draft.error = null;
    redraw();
  }

  go(step) {
    if (!this.items?.length) return;
    this.at = Math.min(Math.max(this.at + step, 0), this.items.length - 1);
    redraw();
    focus("judged");
  }

  help() {
    this.helps = !this.helps;
    redraw();
  }

  pressed(event) {
    if (event.defaultPrevented || event.altKey || event.metaKey || event.isComposing) return;
    const { target, key } = event;
    if (key === "Enter" && event.ctrlKey) return this.stop(event, () => this.decide());
    if (event.ctrlKey) return;
    const writes = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
    if (key === "Escape" && writes) return this.stop(event, () => focusNow("judged"));
    if (writes || !on()) return;
    const actions = {
      j: () => this.go(1),
      k: () => this.go(-1),
      a: () => this.take("a"),
      r: () => this.take("r"),
      w: () => this.take("w"),
      f: () => focusNow("words"),
      u: () => outbox.undo(),
      "?": () => this.help(),
    };
    if (key === "Enter" && !target.closest("button, a, summary, input")) actions.Enter = () => this.decide();
    if (actions[key]) this.stop(event, actions[key]);
  }

  stop(event, then) {
    event.preventDefault();
    then();
  }

  take(key) {
    if (!this.item) return;
    const found = choices(this.item).find((each) => each.key === key);
    if (found) this.choose(found.verdict);
  }

  /** Check the decision and hand it to the outbox, then go on. */
  decide() {
    const { item } = this;
    if (!item) return;
    const { draft } = this;
    const wrong = faults(item, draft);
    draft.error = wrong?.words ?? null;
    redraw();
    if (wrong) return focus(wrong.at);
    const place = this.at;
    this.gone.add(item.id);
    this.items = this.items.filter((each) => each !== item);
    this.at = Math.min(place, Math.max(this.items.length - 1, 0));
    const { turn } = this;
    outbox.post({
      words: `${t([...VERDICTS, STANDS].find((each) => each.verdict === draft.verdict).words)}: ${item.name}`,
      path: this.path(item, draft),
      body: this.body(item, draft),
      back: (problem) => turn === this.turn && this.back(item, place, problem),
      sent: () => turn === this.turn && this.items.length === 0 && outbox.waiting() <= 1 && this.load(),
    });
    focus("judged");
  }

  back(item, place, problem) {
    this.gone.delete(item.id);
    this.items = [...this.items.slice(0, place), item, ...this.items.slice(place)];
    this.drafts.get(item.id).error = problem ? problem.detail || problem.title : null;
    this.at = this.items.indexOf(item);
    redraw();
    focus("judged");
  }
}

function choices(item) {
  return item.kind === "appeal" ? [VERDICTS[0], STANDS] : VERDICTS.filter(({ verdict }) => item.verdicts.includes(verdict));
}

function faults(item, draft) {
  if (!draft.verdict) return { at: "judged", words: t("Choose a verdict first.") };
  if (item.criteria.length) {
    const place = draft.scores.findIndex((each) => score(each) === null);
    if (place >= 0) return { at: `score-${place}`, words: t("Give every criterion a score from 0 to 1, such as 0.8.") };
  } else if (draft.score.trim() && score(draft.score) === null) {
    return { at: "score", words: t("A score is a number from 0 to 1, such as 0.8.") };
  }
  const always = item.kind !== "review";
  if (!draft.words.trim() && (always || draft.verdict !== "accepted")) {
    return { at: "words", words: t("Say why: the contributor reads it.") };
  }
  return null;
}

function kindOf(item) {
  if (item.kind === "appeal") return t("An appeal");
  return item.kind === "second_look" ? t("A second look") : t("A contribution");
}

function appealed(item) {
  return html`<section class="card"><h4>${t("What the contributor says against the decision")}</h4>${content(item.grounds)}</section>
    ${item.standing
      ? html`<section class="card"><h4>${t("The decision that stands")}</h4><p>${t(WORDS[item.standing.verdict])}, ${t("score {score}", { score: item.standing.score })}</p>${item.standing.feedback === null ? nothing : content(item.standing.feedback)}</section>`
      : nothing}`;
}

const WORDS = { accepted: mark("Accepted"), rejected: mark("Not accepted"), needs_work: mark("Needs more work") };

function on() {
  return localStorage.getItem(WHY) !== "off";
}

function turn(value) {
  if (value) localStorage.removeItem(WHY);
  else localStorage.setItem(WHY, "off");
  redraw();
}

/** Put the focus where the next key is expected, once it is drawn. */
export function focus(id) {
  requestAnimationFrame(() => focusNow(id));
}

/** The same where nothing has to be drawn before: the next key may follow at once. */
function focusNow(id) {
  document.getElementById(id)?.focus();
}
