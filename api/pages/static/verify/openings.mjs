// The private opening of a commitment, and the file that it may name (ledger/statements/commitments.py).

import { canonical, commitmentOf, hex, readCanonical } from "../commitment.mjs";
import { hasExactly, isObject, later, refuse, sha256, unhex } from "./bytes.mjs";
import { decodeUtf8 } from "./lines.mjs";

export const MAX_OPENING_BYTES = 64 * 1024 * 1024;
export const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const SALT = /^[0-9a-f]{64}$/;

/** Reads an opening's file: `{salt, preimage}`. */
export function parseOpening(data) {
  const value = read(decodeUtf8(data, later("opening")));
  if (!hasExactly(value, ["preimage", "salt", "v"]) || value.v !== 1) {
    refuse("This is not an opening: it needs exactly the members v (1), salt and preimage.");
  }
  if (typeof value.preimage !== "string" || typeof value.salt !== "string" || !SALT.test(value.salt)) {
    refuse("This is not an opening: the salt is 64 lower-case hex digits, the preimage a text.");
  }
  return { salt: unhex(value.salt), preimage: value.preimage };
}

/**
 * Holds an opening against commitments by their names: `{name, content, place}` of the one that it opens, `place` being
 * what the commitment binds its content to.
 */
export async function open(opening, commitments) {
  const commitment = await commitmentOf(opening.salt, opening.preimage);
  const name = Object.keys(commitments).find((each) => commitments[each] === commitment);
  if (name === undefined) refuse("The opening does not match a commitment in the statement.");
  const { content, ...place } = contentOf(opening.preimage);
  return { name, content, place, commitment };
}

function contentOf(preimage) {
  const value = read(preimage);
  if (!isObject(value) || value.v !== 1 || !Object.hasOwn(value, "content")) {
    refuse("The opening's preimage is not one of a commitment.");
  }
  return value;
}

function read(text) {
  try {
    return readCanonical(text);
  } catch {
    return refuse("The opening is not canonical JSON (RFC 8785).");
  }
}

/** Whether a file (a Blob) is the one that an opening's content names; its number of bytes. */
export async function checkFile(file, content) {
  if (!hasExactly(content, ["bytes", "sha256", "type"])) {
    refuse("The opening shows no file: its content is the work itself.");
  }
  const found = hex(await sha256(new Uint8Array(await file.arrayBuffer())));
  if (found !== content.sha256) {
    refuse("This file has the digest {found}; the opening names {named}.", { found, named: shown(content.sha256) });
  }
  if (content.bytes !== file.size) {
    refuse("This file has {found} bytes; the opening names {named}.", { found: file.size, named: shown(content.bytes) });
  }
  return file.size;
}

function shown(value) {
  return typeof value === "string" ? value : canonical(value, { large: true });
}
