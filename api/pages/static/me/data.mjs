// Everything that is kept of a person: to take along, and to have erased. And the public figures of their work.

import { html, nothing } from "../vendor/lit-html.js";
import { base, lang, number, rich, several, t } from "../words.mjs";
import { loadRecord } from "./loading.mjs";
import { button, code, problem, waiting } from "./parts.mjs";
import { save } from "./saving.mjs";
import { mine } from "./session.mjs";
import { act, draw, state } from "./state.mjs";

export function data() {
  if (!state.me) return waiting();
  if (state.erased) return gone(state.erased);
  if (state.me.people.length === 0) return html`<p class="empty">${t("Nothing is kept of this wallet but that it signed in.")}</p>`;
  return state.me.people.map(
    (person) => html`
      <section class="card">
        <h3><bdi>${person.platform_name}</bdi></h3>
        <p class="quiet">${t("Your public id")} ${code(person.id, true)}</p>
        ${record(person.id)} ${exported(person.id)} ${erasing(person)}
      </section>
    `,
  );
}

/** The figures that everybody can see of a public id. */
function record(id) {
  const found = state.records.get(id);
  const name = `record-${id}`;
  if (!found) {
    if (found === undefined) {
      state.records.set(id, null);
      queueMicrotask(() => act(name, () => loadRecord(id)));
    }
    return html`${waiting()} ${problem(name)}`;
  }
  return html`
    <h4>${t("What everybody can see of your work")}</h4>
    <dl class="figures">
      <div><dt>${t("Decided")}</dt><dd>${number(found.decided)}</dd></div>
      <div><dt>${t("Accepted")}</dt><dd>${number(found.accepted)}</dd></div>
      ${found.weighted_score === null ? nothing : html`<div><dt>${t("Mean score")}</dt><dd>${share(found.weighted_score)}</dd></div>`}
      ${found.reliability === null ? nothing : html`<div><dt>${t("Agrees with others")}</dt><dd>${share(found.reliability)}</dd></div>`}
    </dl>
    <p>
      ${t("The log proves each figure, and it says nothing of who you are.")}
      <a href="${base}/v1/people/${id}/reputation">${t("The figures with their entries")}</a>
    </p>
  `;
}

function share(decimal) {
  return new Intl.NumberFormat(lang === "en" ? "en-GB" : lang, { style: "percent", maximumFractionDigits: 1 }).format(Number(decimal));
}

function exported(id) {
  const name = `export-${id}`;
  const keep = () => save(`/v1/contributors/me/export?contributor=${id}`, `contributor-${id}.json`);
  return html`
    <h4>${t("Take everything along")}</h4>
    <p>${t("One file with all that is kept of you: work, decisions, feedback, appeals, wallets, and every receipt.")}</p>
    <p class="buttons">${button(name, t("Download my data"), keep, "second")}</p>
    ${problem(name)}
  `;
}

function erasing(person) {
  const name = `erase-${person.id}`;
  if (state.asked !== name) {
    return html`
      <h4>${t("Be forgotten")}</h4>
      <p>${t("What you wrote and were told can be erased for good. The log stays valid: it holds no content.")}</p>
      <p class="buttons"><button type="button" class="button second" @click=${() => ask(name)}>${t("Erase my data ...")}</button></p>
    `;
  }
  const waits = state.earnings?.items.some((each) => each.contributor === person.id && BigInt(each.pending) > 0n);
  const sure = (event) => {
    event.preventDefault();
    act(name, () => erase(person));
  };
  return html`<form class="form notice bad" @submit=${sure}>
    <h4 id=${name} tabindex="-1">${t("Erase for good?")}</h4>
    <ul>
      <li>${t("Your work, the feedback, your appeals and files are deleted here. Nobody can bring them back, you included: download your data first.")}</li>
      <li>${t("Your platform's name for you is replaced by a random one, and you are signed out.")}</li>
      <li>${t("Entries of the log stay, with your public id and the wallets you linked. They hold no content.")}</li>
      ${waits ? html`<li><strong>${t("Some of your work is not final. Whoever judges it can then no longer see it.")}</strong></li>` : nothing}
      ${person.wallet || person.pending ? nothing : html`<li><strong>${t("No wallet is linked. Link one before: afterwards nobody can show whose the pay is.")}</strong></li>`}
    </ul>
    <label class="check"><input type="checkbox" required> ${t("I understand that this cannot be undone.")}</label>
    ${problem(name)}
    <div class="buttons">
      <button class="button danger">${t("Erase my data")}</button>
      <button type="button" class="button second" @click=${() => ask(null)}>${t("Keep it")}</button>
    </div>
  </form>`;
}

function ask(name) {
  state.asked = name;
  draw();
  if (name) document.getElementById(name)?.focus();
}

async function erase({ id }) {
  state.erased = await mine("POST", `/v1/contributors/me/erase?contributor=${id}`);
  state.asked = null;
}

function gone({ contents, files, unfinished, entries }) {
  return html`<div class="notice good" role="status">
    <p><strong>${t("It is erased.")}</strong></p>
    <p>
      ${several("{count} content", "{count} contents", contents)}, ${several("{count} file", "{count} files", files)}.
      ${several("{count} entry of the log says so.", "{count} entries of the log say so.", entries.length)}
    </p>
    ${unfinished.length ? html`<p>${several("{count} contribution was not final.", "{count} contributions were not final.", unfinished.length)}</p>` : nothing}
    <p>${rich("You are signed out. {link}", { link: html`<a href="${base}/">${t("To the overview")}</a>` })}</p>
  </div>`;
}
