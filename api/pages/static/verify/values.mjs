// Values inside sentences: keys, hashes and addresses as code, times in the visitor's zone, names of parts in words.

import { html } from "../vendor/lit-html.js";
import { moment, t } from "../words.mjs";

const CODE = /^0x[0-9a-f]+$|^[0-9a-f]{64}$|\+[0-9a-f]{8}\+/;

/** Values as `rich` puts them into a sentence. */
export function shownValues(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(name, value)]));
}

function shown(name, value) {
  if (name === "what" || name === "name") return t(value);
  if (name === "at") return moment(Date.parse(value));
  if (typeof value !== "string") return value;
  return name === "kind" || CODE.test(value) ? html`<code>${value}</code>` : html`<bdi>${value}</bdi>`;
}
