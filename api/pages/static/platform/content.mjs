// What somebody sent, shown safely: text as text, JSON as a list, pictures and recordings from memory. Nothing of it is
// ever markup of this page, and no file is opened under a type that could run.

import { html, nothing } from "../vendor/lit-html.js";
import { number, t } from "../words.mjs";
import { file, redraw } from "./desk.mjs";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
const LARGE = 20_000_000;
const LONG_TEXT = 200_000;
const DEEP = 6;
const MANY = 100;
const files = new Map();

/** What a task or a contribution holds; null is what is not here. */
export function content(value, depth = 0) {
  if (value === null || value === undefined) return html`<span class="quiet">${t("nothing")}</span>`;
  if (typeof value === "string") return html`<p class="text words" dir="auto">${value}</p>`;
  if (typeof value !== "object") return html`<span dir="ltr">${String(value)}</span>`;
  if (isFile(value)) return shownFile(value);
  if (depth >= DEEP) return html`<pre dir="auto">${JSON.stringify(value, null, 2)}</pre>`;
  const members = Object.entries(value);
  if (members.length === 0) return html`<span class="quiet">${t("nothing")}</span>`;
  const shown = members.slice(0, MANY);
  return html`<dl class="members">
      ${shown.map(
        ([name, each]) => html`<div><dt dir="auto">${Array.isArray(value) ? number(Number(name) + 1) : name}</dt><dd>${content(each, depth + 1)}</dd></div>`,
      )}
    </dl>
    ${members.length > MANY ? html`<p class="quiet">${t("and {count} more", { count: members.length - MANY })}</p>` : nothing}`;
}

/** Forget all files that were read. */
export function forgetFiles() {
  for (const found of files.values()) if (found.url) URL.revokeObjectURL(found.url);
  files.clear();
}

function isFile(value) {
  return (
    Object.keys(value).length === 3 &&
    /^[0-9a-f]{64}$/.test(value.sha256) &&
    Number.isSafeInteger(value.bytes) &&
    typeof value.type === "string"
  );
}

function kindOf(type) {
  const plain = type.split(";")[0].trim().toLowerCase();
  if (PICTURES.includes(plain)) return "picture";
  if (plain.startsWith("audio/")) return "audio";
  if (plain.startsWith("video/")) return "video";
  return plain === "text/plain" ? "text" : "other";
}

function shownFile(value) {
  const kind = kindOf(value.type);
  const size = html`<p class="quiet"><bdi>${value.type}</bdi>, ${t("{bytes} bytes", { bytes: value.bytes })}</p>`;
  const found = files.get(value.sha256);
  if (!found && kind !== "other" && value.bytes <= LARGE) read(value, kind);
  if (!found) {
    const button = html`<button type="button" class="button second" @click=${() => read(value, kind)}>${t("Load the file")}</button>`;
    return html`${kind === "other" || value.bytes > LARGE ? button : html`<p class="quiet" role="status">${t("Loading ...")}</p>`}${size}`;
  }
  if (found.problem) {
    return html`<p class="notice bad">${t("The file could not be loaded.")} ${found.problem.detail ?? ""}</p>${size}`;
  }
  if (found.text !== undefined) return html`<p class="text words" dir="auto">${found.text}</p>${size}`;
  if (!found.url) return html`<p class="quiet" role="status">${t("Loading ...")}</p>${size}`;
  if (kind === "picture") return html`<img class="sent" src=${found.url} alt=${t("The picture that was sent")}>${size}`;
  if (kind === "audio") return html`<audio controls src=${found.url}></audio>${size}`;
  if (kind === "video") return html`<video controls src=${found.url}></video>${size}`;
  return html`<p><a class="button second" href=${found.url} download=${value.sha256.slice(0, 12)}>${t("Save the file")}</a></p>${size}`;
}

async function read(value, kind) {
  const found = {};
  files.set(value.sha256, found);
  redraw();
  try {
    const blob = await file(value.sha256);
    if (files.get(value.sha256) !== found) return;
    if (kind === "text" && blob.size <= LONG_TEXT) {
      found.text = await blob.text();
    } else {
      // A file of any other kind gets a type that a browser only saves.
      const type = ["picture", "audio", "video"].includes(kind) ? value.type : "application/octet-stream";
      found.url = URL.createObjectURL(blob.slice(0, blob.size, type));
    }
  } catch (problem) {
    found.problem = problem;
  }
  redraw();
}
