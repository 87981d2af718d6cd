// Questions to the service, in JSON; what it refuses comes as a Problem (RFC 9457).

import { base } from "./format.mjs";
import { ready, t } from "./words.mjs";

/** A refusal: `title`, `detail`, `remedy` are words for people, `type` the path of its page, `status` HTTP's; whatever
    else the service says of it is in `more`. */
export class Problem extends Error {
  constructor({ title, detail = "", remedy = "", status = 0, type = "", ...more }) {
    super(detail || title);
    Object.assign(this, { name: "Problem", title, detail, remedy, status, type, more });
  }
}

/** The JSON that answers `method` `path` ("/v1/..."), null without a body. Throws Problem. */
export async function ask(method, path, { body, token, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let reply;
  try {
    reply = await fetch(base + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    await ready;
    throw new Problem({
      title: t("The service does not answer."),
      remedy: t("See whether you are connected, then try again."),
    });
  }
  const text = await reply.text();
  const found = parse(text);
  if (!reply.ok || found === undefined) {
    await ready;
    throw new Problem({ title: t("That did not work."), status: reply.status, ...found });
  }
  return found;
}

function parse(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
