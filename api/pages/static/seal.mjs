// The page /seal: reads the form, seals, offers the opening as a file. What is typed here leaves this page nowhere.

import { fileContent, publicId, seal } from "./commitment.mjs";
import { mark, ready, t } from "./words.mjs";

const MAX_FILE_BYTES = 512 * 1024 * 1024;
const MAX_WORK_BYTES = 256 * 1024;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PUBLIC_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
mark("A text holds half a character (a lone surrogate).");
mark("A number is too large to be exact: write it as text, in quotes.");
const field = (name) => document.getElementById(name);

async function content() {
  const [file] = field("file").files;
  if (file) {
    if (file.size > MAX_FILE_BYTES) throw new RangeError(t("The file is too large for this page: use 'crowdledger seal'."));
    return fileContent(file);
  }
  const typed = field("work").value;
  if (!typed.trim()) throw new RangeError(t("Write your work, or choose a file."));
  if (new TextEncoder().encode(typed).length > MAX_WORK_BYTES) {
    throw new RangeError(t("Work has at most 256 KiB; put it into a file."));
  }
  if (!field("json").checked) return typed;
  try {
    return JSON.parse(typed);
  } catch {
    throw new RangeError(t("This is not JSON. Leave the box empty to seal it as plain text."));
  }
}

function place() {
  const found = { log: field("log").value.trim() };
  for (const [name, form] of [["campaign", ID], ["task", ID], ["contributor", PUBLIC_ID]]) {
    const value = field(name).value.trim();
    const isWrong = value !== "" && !form.test(value);
    field(name).setAttribute("aria-invalid", isWrong);
    if (isWrong) {
      field(name).focus();
      throw new RangeError(t("This is not an id: {value}. Copy it as it is.", { value }));
    }
    if (value) found[name] = value;
  }
  if (!found.campaign) throw new RangeError(t("Name the campaign."));
  found.contributor ??= publicId();
  return found;
}

async function onSeal(event) {
  event.preventDefault();
  field("problem").textContent = "";
  field("sealed").hidden = true;
  try {
    if (!globalThis.crypto?.subtle) throw new RangeError(t("This browser seals on pages with https only."));
    const where = place();
    const { commitment, opening } = await seal(where, await content());
    field("commitment").textContent = commitment;
    field("contributor_id").textContent = where.contributor;
    const link = field("opening");
    if (link.href) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([opening], { type: "application/json" }));
    link.download = `opening-${commitment.slice(0, 8)}.json`;
    field("sealed").hidden = false;
    field("sealed").focus();
  } catch (error) {
    field("problem").textContent = t(error.message);
  }
}

await ready;
field("seal").addEventListener("submit", onSeal);
