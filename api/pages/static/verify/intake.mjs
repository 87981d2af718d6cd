// What a dropped file is, by how it begins. Whatever is nothing else is the receipt, if there is none yet, or the work.

import { refuse } from "./bytes.mjs";

/** Roles of files, in the order in which they are shown. */
export const ROLES = ["receipt", "proof", "certificate", "opening", "keys", "file"];
/** Three ways to say what is checked: one of them at a time. */
export const MAINS = ["receipt", "proof", "certificate"];
const HEAD_BYTES = 64;
const BEGINNINGS = [
  ["receipt", /^\{"(?:anchor|key)":/],
  ["proof", /^c2sp\.org\/tlog-proof@/],
  ["certificate", /^\{"campaign":\{/],
  ["opening", /^\{"preimage":/],
  ["keys", /^\{"v":1,"keys":\[|^\{"keys":\[/],
];

/** The role that a file's beginning gives it; undefined where it has none of its own. */
async function roleOf(file) {
  const head = new TextDecoder("latin1").decode(await file.slice(0, HEAD_BYTES).arrayBuffer());
  return BEGINNINGS.find(([, form]) => form.test(head.trimStart()))?.[0];
}

/** The files by their roles, those of `had` besides. A later file of a role takes the place of an earlier one. */
export async function sorted(files, had = {}) {
  const found = { ...had };
  const others = [];
  for (const file of files) {
    const role = await roleOf(file);
    if (role === undefined) others.push(file);
    else take(found, role, file);
  }
  for (const file of others) {
    const isFirst = !MAINS.some((main) => found[main]);
    take(found, isFirst ? "receipt" : "file", file);
  }
  return found;
}

function take(found, role, file) {
  if (MAINS.includes(role)) for (const main of MAINS) delete found[main];
  found[role] = file;
}

/** A file's bytes, at most `limit`. */
export async function bytesOf(file, limit) {
  if (file.size > limit) refuse("The file {name} is too large: at most {limit} bytes are read.", { name: file.name, limit });
  return new Uint8Array(await file.arrayBuffer());
}
