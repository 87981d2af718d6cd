// The auditor's pages: copies a command line, and shows the result of a running audit when it is there.

import { base } from "./format.mjs";
import { ready, t } from "./words.mjs";

const LOOK_MS = 3_000;
const SAID_MS = 2_000;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

async function copy(button) {
  const words = button.textContent;
  await ready;
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = t("Copied");
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = t("Marked: copy it now");
  }
  setTimeout(() => (button.textContent = words), SAID_MS);
}

const running = document.querySelector("[data-audit]");
if (running) setTimeout(look, LOOK_MS);

async function look() {
  if (!document.hidden) {
    const reply = await fetch(`${base}/v1/audits/${running.dataset.audit}`).catch(() => null);
    const audit = reply?.ok ? await reply.json() : null;
    if (audit?.ended) {
      location.replace(location.pathname); // also where the page is the answer to a form
      return;
    }
  }
  setTimeout(look, LOOK_MS);
}
