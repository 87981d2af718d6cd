// All open appeals of the platform, the most urgent first.

import { html } from "../vendor/lit-html.js";
import { t } from "../words.mjs";
import { ask } from "./desk.mjs";
import { Desk } from "./judging.mjs";
import { paged } from "./parts.mjs";
import { resolution } from "./review.mjs";
import { reviewer, reviewerForm } from "./reviewer.mjs";

const MOST = 50;
let desk = null;
let of = null;

export function clear() {
  desk = of = null;
}

export function draw() {
  if (!reviewer()) return html`<h2>${t("Appeals")}</h2>${reviewerForm()}`;
  if (of !== reviewer()) {
    of = reviewer();
    desk = new Desk({ read: open, path: (item) => `/v1/appeals/${item.appeal}/resolve`, body: (_, draft) => resolution(draft) });
    desk.load();
  }
  return desk.draw(html`<div><p class="above">${reviewerForm()}</p><h2>${t("Appeals")}</h2>
    <p class="quiet">${t("Judge an appeal only if you have not judged the work before; the service refuses it otherwise.")}</p></div>`);
}

async function open() {
  const page = await ask("GET", paged("/v1/appeals?state=open", null, MOST));
  return page.items.map((line) => ({
    kind: "appeal",
    id: `appeal ${line.id}`,
    name: `${line.contribution.slice(0, 8)}…${line.contribution.slice(-6)}`,
    appeal: line.id,
    contribution: line.contribution,
    task: null,
    content: line.content,
    grounds: line.grounds,
    criteria: [],
    verdicts: ["accepted"],
    reviews: 0,
    deadline: line.due,
    standing: { verdict: line.verdict, score: line.score, feedback: line.feedback },
  }));
}
