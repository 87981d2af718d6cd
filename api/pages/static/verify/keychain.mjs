// The keys of a log whose key was rotated: each one endorsed by the key before and proved by the new one
// (ledger/tree/key_chain.py, ledger/audit/log_keys.py).

import { hasExactly, isObject, later, refuse, unhex, utf8 } from "./bytes.mjs";
import { decodeUtf8 } from "./lines.mjs";
import { leafHash, verifyInclusion } from "./merkle.mjs";
import { openCheckpoint, parseCheckpoint, parseKey, parseNote, verifySignature } from "./notes.mjs";
import { makeReceipt, parseJson, parseProof } from "./receipts.mjs";
import { parseStatement } from "./statements.mjs";

export const MAX_KEYS_BYTES = 16 * 2 ** 20;
const MAX_ROTATIONS = 1000;
const FIRST_LINE = "crowdledger log key rotation v1";
/** JSON.parse makes 1 of 1.0; entries are counted in whole numbers. */
const BROKEN_NUMBER = /"from_index"\s*:\s*-?[0-9]+[.eE]/;

/** The chain of a log whose key was never rotated. */
export const single = (key) => [{ from: 0n, key }];

/** The key that signs a checkpoint of `size` entries (a BigInt). */
export function keyAt(chain, size) {
  return (chain.findLast((each) => each.from < size) ?? chain[0]).key;
}

/** Whether a verifier key, as a text, is one of the chain. */
export const has = (chain, vkey) => chain.some((each) => each.key.vkey === vkey);

/** The entry that retired the key of a checkpoint of `size` entries; undefined while it is in force. */
export const retiredAt = (chain, size) => chain.find((each) => each.from >= size && each.from > 0n)?.from;

/** Reads a published keys.json, all its signatures and proofs verified. That the first key is right is not known. */
export async function parseKeys(data, shapes) {
  const [first, ...rotations] = readMembers(data);
  if (!hasExactly(first, ["from_index", "key"]) || first.from_index !== 0n) {
    refuse("The first key of a log has exactly the members key and from_index, which is 0.");
  }
  const chain = single(await parseKey(aText(first.key)));
  const proofs = [];
  for (const members of rotations) {
    if (!hasExactly(members, ["from_index", "key", "proof"])) {
      refuse("A rotated key has exactly the members key, from_index and proof.");
    }
    const proof = parseProof(aText(members.proof));
    const said = parseStatement(proof.extra ?? new Uint8Array(), shapes);
    if (said.kind !== "log.key_rotated" || said.key !== members.key || proof.index !== members.from_index) {
      refuse("The proof of a rotated key is of another statement.");
    }
    await follow(chain, said, proof.index);
    proofs.push(proof);
  }
  for (const proof of proofs) await checkProof(proof, chain);
  return chain;
}

async function follow(chain, said, entry) {
  const previous = chain.at(-1);
  if (said.previous !== previous.key.vkey) refuse("The rotation in entry {entry} is not from the key before it.", { entry });
  const key = await parseKey(said.key);
  if (key.name !== previous.key.name || has(chain, key.vkey)) {
    refuse("The keys of a log bear one name, and none of them comes back.");
  }
  const text = utf8(`${FIRST_LINE}\n${key.name}\n${previous.key.vkey}\n${key.vkey}\n`);
  for (const [signer, value] of [[key, said.signature], [previous.key, said.endorsed]]) {
    if (!(await verifySignature(signer.publicKey, unhex(value), text))) {
      refuse("A signature of the rotation in entry {entry} does not verify.", { entry });
    }
  }
  if (entry <= previous.from) refuse("The keys of a log are not in the order of their entries.");
  chain.push({ from: entry, key });
}

/** The rotation stands in the log, under a checkpoint of the key that was in force at its size. */
async function checkProof(proof, chain) {
  const { size } = parseCheckpoint(parseNote(proof.checkpoint).text);
  const receipt = makeReceipt(keyAt(chain, size), proof);
  const checkpoint = await openCheckpoint(proof.checkpoint, receipt.key);
  await verifyInclusion(await leafHash(receipt.statement), proof.index, checkpoint.size, proof.hashes, checkpoint.root);
}

function readMembers(data) {
  if (data.length > MAX_KEYS_BYTES) refuse("The log's keys have more than 16777216 bytes.");
  const text = decodeUtf8(data, later("file of keys"));
  const document = parseJson(text);
  if (!hasExactly(document, ["keys", "v"]) || document.v !== 1) {
    refuse("The log's keys are a JSON object of v, which is 1, and keys.");
  }
  const { keys } = document;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_ROTATIONS + 1) refuse("A log has 1 to 1001 keys.");
  if (BROKEN_NUMBER.test(text) || !keys.every((each) => isObject(each) && Number.isSafeInteger(each.from_index))) {
    refuse("Each key of a log is a JSON object, and its from_index a whole number.");
  }
  return keys.map((each) => ({ ...each, from_index: BigInt(each.from_index) }));
}

function aText(value) {
  return typeof value === "string" ? value : refuse("Keys and proofs of a log are texts.");
}
