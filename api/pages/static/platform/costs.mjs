// What campaigns have cost on the chain, by kind of transaction.

import { html } from "../vendor/lit-html.js";
import { mark, number, t } from "../words.mjs";
import { ask, redraw } from "./desk.mjs";
import { table, trouble } from "./parts.mjs";

const INTENTS = {
  anchor: mark("anchoring the log"),
  propose: mark("proposing settlements"),
  activate: mark("activating settlements"),
  claim: mark("paying contributors"),
  follow: mark("following the chain"),
};
const GWEI = 1_000_000_000n;
const found = new Map();

export function clear() {
  found.clear();
}

/** The costs of a campaign. */
export function costs(id) {
  if (!found.has(id)) load(id);
  const { lines, problem } = found.get(id);
  if (problem) return trouble(problem);
  if (!lines) return html`<p class="quiet" role="status">${t("Loading ...")}</p>`;
  if (lines.chain_id === null) return html`<p class="quiet">${t("This log has no chain, so nothing was spent there.")}</p>`;
  if (!lines.intents.length) return html`<p class="quiet">${t("Nothing yet.")}</p>`;
  const rows = lines.intents.map(
    (each) => html`<tr><th scope="row">${t(INTENTS[each.intent] ?? each.intent)}</th><td class="number">${number(each.transactions)}</td><td class="number">${number(each.gas)}</td><td class="number">${coins(each.wei)}</td></tr>`,
  );
  return html`${table(
    t("What it cost on the chain"),
    html`<th scope="col">${t("For")}</th><th scope="col" class="number">${t("Transactions")}</th><th scope="col" class="number">${t("Gas")}</th><th scope="col" class="number">${t("Paid")}</th>`,
    html`${rows}<tr><th scope="row">${t("Together")}</th><td></td><td class="number">${number(lines.gas)}</td><td class="number">${coins(lines.wei)}</td></tr>`,
  )}
  <p class="quiet">${t("By the receipts of permanent transactions. Where one serves several campaigns, this is the campaign's share.")}</p>`;
}

/** What was paid, in whole gwei; all of it stands behind it. */
function coins(wei) {
  return html`<bdi title="${wei} wei">${number(BigInt(wei) / GWEI)} gwei</bdi>`;
}

async function load(id) {
  const mine = {};
  found.set(id, mine);
  try {
    mine.lines = await ask("GET", `/v1/campaigns/${id}/costs`);
  } catch (error) {
    mine.problem = error;
  }
  redraw();
}
