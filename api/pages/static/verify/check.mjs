// Checking a receipt step by step. Names, order and verdicts of the steps are those of ledger/audit/receipts.py, which
// `crowdledger verify` runs; a test holds the two equal on thousands of good and broken receipts.

import { verifyAnchor } from "./anchor.mjs";
import { Refused, Unable, later, refuse } from "./bytes.mjs";
import { has, keyAt, retiredAt, single } from "./keychain.mjs";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.mjs";
import { openCheckpoint } from "./notes.mjs";
import { checkFile, open, parseOpening } from "./openings.mjs";
import { parseReceipt } from "./receipts.mjs";
import { commitmentsOf, parseStatement } from "./statements.mjs";

/** All steps in their order; those that come after a failed one are not reached. */
export const STEPS = ["format", "key", "signature", "inclusion", "statement", "opening", "file", "anchor", "chain"];

/**
 * Checks a receipt and what belongs to it, up to the first check that fails.
 *
 * `data`: the receipt's bytes; or `receipt`: one made of a tlog-proof, whose key may be null. `facts`: `{shapes,
 * contract}`, which come with the page. `opening`: its bytes. `file`: a Blob. `trusted`: a verifier key. `keys`: a chain
 * of them. `node`: whom to ask about the anchor. `onStep` is told what is known after each step.
 *
 * The answer has `steps`, each `{name, verdict, text, values, drawing}`; verdicts are `ok`, `failed`, `skipped` (not
 * asked for), `unproven` (somebody's word) and `unable` (this browser or the node could not: no verdict on the receipt);
 * `verdict`, `pass` or `fail`; `state`, null, `recorded`, `anchored` or `permanent`; and what is known by then.
 */
export async function checkReceipt(asked) {
  const found = { steps: [], state: null, verdict: "pass" };
  const run = {
    ...asked,
    found,
    say: (name, verdict, text, values = {}, drawing = null) => {
      found.steps.push({ name, verdict, text, values, drawing });
      if (verdict === "failed") found.verdict = "fail";
      asked.onStep?.(found);
    },
  };
  const checks = [format, key, signature, inclusion, statement, opening, file, anchor, chain];
  for (const check of checks) {
    if (!(await attempt(run, check))) break;
  }
  return found;
}

/** Runs a check; where it fails the step is told, under its own name if it has one. Whether to go on. */
async function attempt(run, check) {
  const drawing = {};
  try {
    await check(run, drawing);
  } catch (error) {
    if (error instanceof Refused) run.say(error.check ?? check.name, "failed", error.text, error.values, drawing);
    else if (error instanceof Unable) run.say(check.name, "unable", error.text, error.values);
    else throw error;
    // A signature that this browser cannot check is told, and what does not need it is checked all the same.
    return error instanceof Unable && check === signature;
  }
  return true;
}

async function format({ data, receipt, found, say }) {
  found.receipt = receipt ?? (await parseReceipt(data));
  const { key, proof, checkpoint } = found.receipt;
  Object.assign(found, { index: proof.index, origin: checkpoint.origin, size: checkpoint.size, key: key?.vkey });
  say("format", "ok", later("The file has exactly the form that it must have, byte for byte."));
}

function key({ found, trusted, keys, node, say }) {
  const { key: named, anchor: anchored, checkpoint } = found.receipt;
  if (named === null) {
    say("key", "skipped", later("A bare proof names no key. Give the log's key to check who signed."));
    return;
  }
  if (keys) checkChain(keys, trusted, named, checkpoint);
  else if (trusted && named.vkey !== trusted.vkey) {
    refuse("The receipt names the key {named}; the one that you trust is {trusted}.", { named: named.vkey, trusted: trusted.vkey });
  }
  if (trusted && named.vkey === trusted.vkey) say("key", "ok", later("The log's key is the one that you trust."));
  else if (trusted) say("key", "ok", later("The log's key is joined by rotations to the one that you trust."));
  else if (node && anchored) say("key", "unproven", later("The key is the receipt's own word; the chain is asked below."));
  else say("key", "unproven", later("The key is the receipt's own word. Name a key that you trust, or ask a node, to be sure."));
}

function checkChain(keys, trusted, named, { size }) {
  if (trusted && !has(keys, trusted.vkey)) {
    refuse("The log's keys do not lead to the one that you trust: {trusted}.", { trusted: trusted.vkey });
  }
  const { vkey } = keyAt(keys, size);
  if (named.vkey !== vkey) {
    refuse("With {size} entries the log's key was {vkey}; the receipt names {named}.", { size, vkey, named: named.vkey });
  }
}

async function signature({ found, say }) {
  const { key: named, proof } = found.receipt;
  if (named === null) {
    say("signature", "skipped", later("Without the log's key the signature is not checked."));
    return;
  }
  const { origin, size } = await openCheckpoint(proof.checkpoint, named);
  found.signed = true;
  say("signature", "ok", later("The key signed the head of the log {origin} with {size} entries."), { origin, size });
}

async function inclusion({ found, say }, drawing) {
  const { proof, statement: data, checkpoint } = found.receipt;
  const leaf = await leafHash(data);
  Object.assign(drawing, { leaf, path: [], index: proof.index, size: checkpoint.size, root: checkpoint.root });
  await verifyInclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root, drawing.path);
  say("inclusion", "ok", later("The statement is entry {index} of that log."), { index: proof.index }, drawing);
}

function statement({ found, facts, say }) {
  found.statement = parseStatement(found.receipt.statement, facts.shapes);
  const { kind, at } = found.statement;
  say("statement", "ok", later("It says {kind}, written {at}."), { kind, at });
  found.state = "recorded";
}

async function opening({ opening: data, found, say }) {
  if (!data) return;
  found.opened = await open(parseOpening(data), commitmentsOf(found.statement));
  say("opening", "ok", later("The opening shows the content behind the statement's {name}."), found.opened);
}

async function file({ file: work, found, say }) {
  if (!work) return;
  if (!found.opened) refuse("A file needs the opening that names it.");
  const bytes = await checkFile(work, found.opened.content);
  say("file", "ok", later("The file is the one that the opening names, of {bytes} bytes."), { bytes });
}

async function anchor({ found, keys, node, say }, drawing) {
  const { anchor: anchored, checkpoint } = found.receipt;
  if (!anchored || !node) warnOfRetired(keys, checkpoint, say);
  if (!anchored) {
    say("anchor", "skipped", later("The receipt is not anchored yet. Fetch it again after the log's next anchor."));
    return;
  }
  Object.assign(drawing, { old: checkpoint.size, size: anchored.size, walk: [] });
  await verifyConsistency(checkpoint.size, anchored.size, checkpoint.root, anchored.root, anchored.consistency, drawing.walk);
  const values = { size: anchored.size, old: checkpoint.size };
  say("anchor", "ok", later("The anchored head of {size} entries continues the signed one of {old}."), values, drawing);
}

/** A key that was retired, stolen perhaps, can still sign heads of before; what is anchored it cannot change. */
function warnOfRetired(keys, { size }, say) {
  const entry = keys ? retiredAt(keys, size) : undefined;
  if (entry === undefined) return;
  const words = later("Entry {entry} retired this key. If it was stolen, only an anchor that a node confirms tells what is forged.");
  say("retired-key", "unproven", words, { entry });
}

async function chain({ found, keys, node, facts, onProgress, say }) {
  const { anchor: anchored, key: named } = found.receipt;
  if (!anchored) return;
  const { contract, block } = anchored;
  const chain_id = String(anchored.chain_id);
  if (!node) {
    say("chain", "skipped", later("Whether chain {chain_id} holds this head is not checked: name a node to ask."), { chain_id });
    return;
  }
  const { opener, time, permanent } = await verifyAnchor(node, anchored, keys ?? single(named), facts.contract, onProgress);
  found.state = permanent ? "permanent" : "anchored";
  found.anchoredAt = 1000 * time;
  found.opener = opener;
  const text = permanent
    ? later("The contract {contract} on chain {chain_id} took this head in block {block}, which is final.")
    : later("The contract {contract} on chain {chain_id} took this head in block {block}, which is not final yet.");
  say("chain", "ok", text, { contract, chain_id, block });
  say("key-on-chain", "ok", later("The account {opener} announced the log's key there; whoever you know by it vouches for the log."), { opener });
}
