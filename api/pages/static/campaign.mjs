// A very large campaign's figures are counted while its page is read already: ask again until they are there.

import { showMoments } from "./format.mjs";

const WAITS_MS = [500, 1000, 2000, 4000, 8000];

async function read() {
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!reply.ok) return false;
  const found = new DOMParser().parseFromString(await reply.text(), "text/html");
  for (const id of ["figures", "record", "people"]) {
    const fresh = found.getElementById(id);
    if (fresh && !fresh.querySelector("[data-pending]")) {
      showMoments(fresh);
      document.getElementById(id)?.replaceWith(document.adoptNode(fresh));
    }
  }
  return !document.querySelector("[data-pending]");
}

for (const wait of WAITS_MS) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  if (await read().catch(() => false)) break;
}
