// The people of the platform: who they are, what they may, and how they come in.

import { html, nothing } from "../vendor/lit-html.js";
import { rich, t } from "../words.mjs";
import { ask, redraw, who } from "./desk.mjs";
import { Once } from "./once.mjs";
import { Pages, short, sure, table, trouble, when } from "./parts.mjs";
import { ROLES, roleName } from "./scopes.mjs";

const members = new Pages(() => ask("GET", "/v1/members"));
const link = new Once();
let linked = null;
let changed = null;
let problem = null;
let busy = null;

export function clear() {
  members.clear();
  link.clear();
  linked = changed = problem = busy = null;
}

export function draw() {
  members.begin();
  const some = members.items.length > 0;
  return html`<h2>${t("Members")}</h2>
    <p class="quiet">${t("People of your platform sign in here by a link or with their wallet. What they do is noted under their own id; their names are never in the log.")}</p>
    ${some || !members.begun || members.reads ? nothing : html`<div class="empty"><p>${t("There are no members yet. Add yourself as an owner first.")}</p></div>`}
    ${some
      ? table(
          t("Members"),
          html`<th scope="col">${t("Name")}</th><th scope="col">${t("Role")}</th><th scope="col">${t("Wallet")}</th><th scope="col">${t("Member since")}</th><th scope="col"><span class="only-heard">${t("What can be done")}</span></th>`,
          members.items.map(line),
        )
      : nothing}
    ${members.foot()}
    ${link.draw(linked ? t("This link lets {name} in, once, within a quarter of an hour. Give it to nobody else: whoever opens it acts as {name}. That it was made is in the log.", { name: linked }) : "")}
    ${trouble(problem)} ${changed ? change() : add()}`;
}

function line(each) {
  const own = each.member === who.id;
  const does = [
    { words: t("Sign-in link"), heard: t("Sign-in link for {name}", { name: each.name }), act: () => invite(each) },
    { words: t("Change"), heard: t("Change {name}", { name: each.name }), act: () => open(each) },
    { words: t("Remove"), heard: t("Remove {name}", { name: each.name }), act: () => remove(each) },
  ];
  return html`<tr>
    <th scope="row"><bdi>${each.name}</bdi> ${own ? html`<span class="tag open">${t("you")}</span>` : nothing}<br><code class="quiet" dir="ltr">${each.member}</code></th>
    <td>${roleName(each.role)}</td>
    <td>${each.wallet ? short(each.wallet) : "–"}</td>
    <td>${when(each.added)}</td>
    <td class="number">${does.map(({ words, heard, act }) => html`<button type="button" class="link" aria-label=${heard} ?disabled=${busy !== null} @click=${act}>${words}</button> `)}</td>
  </tr>`;
}

function add() {
  return html`<section class="card"><h3>${t("Add a member")}</h3>
    <form class="form" @submit=${create}>${fields(null)}
      <div class="buttons"><button class=${busy === "new" ? "button busy" : "button"} ?disabled=${busy !== null}>${t("Add the member")}</button></div>
    </form></section>`;
}

function change() {
  return html`<section class="card"><h3 id="change" tabindex="-1">${rich("Change {name}", { name: html`<bdi>${changed.name}</bdi>` })}</h3>
    <form class="form" @submit=${save}>${fields(changed)}
      <p class="hint">${t("Another role or another wallet ends their sessions at once.")}</p>
      <div class="buttons"><button class=${busy === changed.member ? "button busy" : "button"} ?disabled=${busy !== null}>${t("Save")}</button>
        <button type="button" class="button second" @click=${() => open(null)}>${t("Cancel")}</button></div>
    </form></section>`;
}

function fields(member) {
  const role = member?.role ?? "reviewer";
  return html`<div class="field"><label for="member-name">${t("Name")}</label>
      <input id="member-name" name="name" required maxlength="200" autocomplete="off" dir="auto" .value=${member?.name ?? ""} aria-describedby="member-name-hint">
      <p class="hint" id="member-name-hint">${t("Only owners of your platform see it.")}</p></div>
    <fieldset><legend>${t("Role")}</legend>
      ${ROLES.map((each) => html`<label class="check"><input type="radio" name="role" value=${each.role} ?checked=${each.role === role}> <span><strong>${t(each.name)}</strong>: ${t(each.does)}</span></label>`)}
    </fieldset>
    <div class="field"><label for="member-wallet">${t("Wallet")}</label>
      <input id="member-wallet" name="wallet" maxlength="42" pattern="0x[0-9a-fA-F]{40}" autocomplete="off" spellcheck="false" dir="ltr" .value=${member?.wallet ?? ""} aria-describedby="member-wallet-hint">
      <p class="hint" id="member-wallet-hint">${t("With it they sign in by themselves. Without one, make them a link each time.")}</p></div>`;
}

/** Do what may be refused, then read the list anew. */
async function act(name, doing) {
  busy = name;
  problem = null;
  link.clear();
  redraw();
  try {
    await doing();
    await members.again();
  } catch (error) {
    problem = error;
  }
  busy = null;
  redraw();
}

function typed(form) {
  const given = new FormData(form);
  return { name: given.get("name").trim(), role: given.get("role"), wallet: given.get("wallet").trim() };
}

function create(event) {
  event.preventDefault();
  const form = event.target;
  const { wallet, ...wanted } = typed(form);
  act("new", async () => {
    await ask("POST", "/v1/members", wallet ? { ...wanted, wallet } : wanted);
    form.reset();
  });
}

function open(member) {
  changed = null;
  problem = null;
  link.clear();
  redraw();
  if (!member) return;
  requestAnimationFrame(() => {
    changed = member; // a form of its own each time: nothing that was typed for somebody else stays in it
    redraw();
    requestAnimationFrame(() => document.getElementById("change")?.focus());
  });
}

function save(event) {
  event.preventDefault();
  const { member } = changed;
  const wanted = typed(event.target);
  act(member, async () => {
    await ask("PATCH", `/v1/members/${member}`, wanted);
    changed = null;
  });
}

function invite(each) {
  act(each.member, async () => {
    const { url } = await ask("POST", `/v1/members/${each.member}/sign-in-links`);
    linked = each.name;
    link.show([{ name: t("Sign-in link"), text: url }]);
  });
}

async function remove(each) {
  const really = await sure({
    title: t("Remove {name}?", { name: each.name }),
    words: t("Their sessions end at once. Keys that they made or know go on: revoke those under Keys."),
    yes: t("Remove"),
    danger: true,
  });
  if (!really) return;
  changed = null;
  act(each.member, () => ask("DELETE", `/v1/members/${each.member}`));
}
