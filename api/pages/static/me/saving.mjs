// Files that only whoever is signed in gets: fetched with the session and offered to keep.

import { Problem } from "../service.mjs";
import { base } from "../words.mjs";
import { ofNow, token } from "./session.mjs";

const A_MINUTE = 60_000;

/** Save what `path` answers as a file. Throws Problem. */
export async function save(path, name) {
  const url = URL.createObjectURL(await ofNow(download(path)));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), A_MINUTE);
}

async function download(path) {
  const reply = await fetch(base + path, {
    headers: { Authorization: `Bearer ${token()}` },
    credentials: "omit",
    cache: "no-store",
  });
  if (!reply.ok) throw new Problem({ status: reply.status, ...(await reply.json()) });
  return reply.blob();
}
