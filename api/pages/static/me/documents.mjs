// What people wrote, to read: texts, documents, and what several judges said of the same work.

import { html, nothing } from "../vendor/lit-html.js";
import { lang, mark, rich, t } from "../words.mjs";

const MOST_MEMBERS = 12;
const VERDICTS = {
  accepted: mark("A judge would accept it, with the score {score}."),
  rejected: mark("A judge would not accept it; the score is {score}."),
};

/** A score, "0" to "1", as people write it. */
export function score(decimal) {
  return new Intl.NumberFormat(lang === "en" ? "en-GB" : lang, { maximumFractionDigits: 3 }).format(Number(decimal));
}

/** What somebody wrote: a text, a few named values, or any other document. */
export function written(value) {
  if (isPlain(value)) return html`<p class="text" dir="auto">${String(value)}</p>`;
  const members = Object.entries(value ?? {});
  if (!Array.isArray(value) && members.length > 0 && members.length <= MOST_MEMBERS && members.every(([, each]) => isPlain(each))) {
    return html`<dl class="members">${members.map(([name, each]) => html`<div><dt dir="auto">${name}</dt><dd class="text" dir="auto">${String(each)}</dd></div>`)}</dl>`;
  }
  return html`<pre dir="ltr">${JSON.stringify(value, null, 2)}</pre>`;
}

/** Feedback: what one reviewer wrote, or what each judge said. */
export function said(feedback) {
  const reviews = feedback?.reviews;
  if (!Array.isArray(reviews) || !reviews.every((each) => each?.verdict in VERDICTS)) return written(feedback);
  return html`<ul class="plain">${reviews.map((each) => html`<li>${judged(each)}</li>`)}</ul>`;
}

function judged({ verdict, score: decimal, words }) {
  return html`
    <p class="quiet">${rich(VERDICTS[verdict], { score: score(decimal) })}</p>
    ${words === undefined || words === null ? nothing : written(words)}
  `;
}

function isPlain(value) {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Who or what decided. */
export function method({ type, name }) {
  if (type === "human" && name === "judges") return t("Several judges decided.");
  if (type === "human" && name === "appeal") return t("Somebody decided on your appeal.");
  return t(METHODS[type]);
}

const METHODS = {
  human: mark("A reviewer decided."),
  consensus: mark("The agreement of several answers decided."),
  gold: mark("A comparison with a known answer decided."),
  model: mark("A model decided."),
};
