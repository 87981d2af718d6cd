// Verifying proofs in the Merkle tree of RFC 9162 section 2.1 over SHA-256 (ledger/tree/merkle.py). Sizes are BigInts.

import { joined, refuse, same, sha256 } from "./bytes.mjs";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA256(0x00 || data), the hash of an entry. */
export function leafHash(data) {
  return sha256(joined(LEAF, data));
}

/** SHA256(0x01 || left || right), the hash of an inner node. */
export function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

/**
 * Checks that a leaf's hash is leaf `index` of the tree of `size` leaves under `root` (section 2.1.3.2).
 *
 * `path` takes what was done, for a drawing: `{sibling, side, level, computed}`, `side` being the sibling's.
 */
export async function verifyInclusion(leaf, index, size, proof, root, path = []) {
  if (index >= size) refuse("There is no entry {index} in a log of {size} entries.", { index, size });
  let [node, last, level, computed] = [index, size - 1n, 0, leaf];
  for (const sibling of proof) {
    if (last === 0n) refuse("The path is too long for entry {index} of {size}.", { index, size });
    const begin = level;
    const side = node & 1n || node === last ? "left" : "right";
    if (side === "left") {
      computed = await nodeHash(sibling, computed);
      // A last node without a right sibling rises unchanged to the level where it is a right child.
      while (!(node & 1n) && node) [node, last, level] = [node >> 1n, last >> 1n, level + 1];
    } else {
      computed = await nodeHash(computed, sibling);
    }
    path.push({ sibling, side, rises: level - begin, level, computed });
    [node, last, level] = [node >> 1n, last >> 1n, level + 1];
  }
  if (last !== 0n) refuse("The path is too short for entry {index} of {size}.", { index, size });
  if (!same(computed, root)) {
    refuse("The path of entry {index} does not lead to the signed head of {size} entries.", { index, size });
  }
}

/**
 * Checks that the tree under `oldRoot` is a prefix of the one under `newRoot` (section 2.1.4.2).
 *
 * `walk` takes what was done, for a drawing: `{sibling, side, old, new}`, `side` being the sibling's and `old` null
 * where only the new tree has it.
 */
export async function verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof, walk = []) {
  const sizes = { old: oldSize, size: newSize };
  if (oldSize > newSize) refuse("The signed head has {old} entries, more than the anchored one with {size}.", sizes);
  if (oldSize === 0n && !same(oldRoot, await sha256(new Uint8Array()))) {
    refuse("The head of a log without entries is not the empty one.");
  }
  if (oldSize === 0n || oldSize === newSize) {
    if (proof.length) refuse("The proof from {old} to {size} entries must be empty.", sizes);
    if (oldSize === newSize && !same(oldRoot, newRoot)) {
      refuse("There are two different heads for the same {size} entries.", sizes);
    }
    return;
  }
  // An old tree that is one node of the new one is left out of the proof.
  const hashes = oldSize & (oldSize - 1n) ? proof : [oldRoot, ...proof];
  let [node, last] = [oldSize - 1n, newSize - 1n];
  while (node & 1n) [node, last] = [node >> 1n, last >> 1n];
  if (!hashes.length) refuse("The proof from {old} to {size} entries is too short.", sizes);
  let [old, young] = [hashes[0], hashes[0]];
  for (const sibling of hashes.slice(1)) {
    if (last === 0n) refuse("The proof from {old} to {size} entries is too long.", sizes);
    if (node & 1n || node === last) {
      [old, young] = [await nodeHash(sibling, old), await nodeHash(sibling, young)];
      walk.push({ sibling, side: "left", old, new: young });
      while (!(node & 1n) && node) [node, last] = [node >> 1n, last >> 1n];
    } else {
      young = await nodeHash(young, sibling);
      walk.push({ sibling, side: "right", old: null, new: young });
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  if (last !== 0n) refuse("The proof from {old} to {size} entries is too short.", sizes);
  if (!same(old, oldRoot)) refuse("The proof does not lead to the signed head of {old} entries.", sizes);
  if (!same(young, newRoot)) refuse("The proof does not lead to the anchored head of {size} entries.", sizes);
}
