// The overview while it is looked at: its counts every few seconds, the pictures and the rest once in a while.

import { ask } from "./service.mjs";
import { number, ready, several, showMoments, t } from "./words.mjs";

const COUNTS_MS = 5_000;
const PICTURES_MS = 60_000;
const SAID_MS = 30_000;
const PARTS = ["course", "anchored", "money"];
const live = document.getElementById("live");
let shown = null;
let timer = 0;
let isLooking = false;
let drawnAt = performance.now();
let saidAt = 0;

async function look() {
  clearTimeout(timer);
  if (isLooking) return;
  isLooking = true;
  try {
    await show(await ask("GET", "/v1/audit/summary"));
  } catch {
    say(t("No connection at the moment; these figures may be old."));
  }
  isLooking = false;
  if (!document.hidden) timer = setTimeout(look, COUNTS_MS);
}

async function show(summary) {
  for (const place of document.querySelectorAll("[data-count]")) {
    const written = number(summary[place.dataset.count]);
    if (place.textContent.trim() === written) continue;
    place.textContent = written;
    mark(place.parentElement);
  }
  if (shown !== null && summary.size > shown.size) {
    const more = summary.size - shown.size;
    say(several("Live: {count} new entry since you came.", "Live: {count} new entries since you came.", more));
    if (performance.now() - drawnAt > PICTURES_MS) await draw();
  } else if (shown === null) {
    shown = summary;
    say(t("Live: these figures follow the log."));
  }
}

/** Words below the figures; not so often that a screen reader speaks of nothing else. */
function say(words) {
  if (live.textContent && performance.now() - saidAt < SAID_MS) return;
  saidAt = performance.now();
  live.textContent = words;
}

function mark(element) {
  element.classList.remove("fresh");
  void element.offsetWidth; // lets the animation begin anew
  element.classList.add("fresh");
}

/** The parts of the page with pictures, as the service draws them now; what is being read stays as it is. */
async function draw() {
  drawnAt = performance.now();
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!reply.ok) return;
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
  for (const id of PARTS) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (!now || old.contains(document.activeElement) || old.querySelector("details[open]")) continue;
    showMoments(now);
    old.replaceWith(document.adoptNode(now));
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
await ready;
look();
