// Reward trees as OpenZeppelin's own library makes them. On stdin: {"entries": [[account, amount], ...], "batches":
// [[account, ...], ...]}; on stdout: the root, the leaves' order, a proof for each account, a multiproof for each batch.
import { readFileSync } from "node:fs";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const { entries, batches } = JSON.parse(readFileSync(0, "utf8"));
const tree = StandardMerkleTree.of(entries, ["address", "uint256"]);
const indexes = new Map(entries.map(([account], index) => [account, index]));

process.stdout.write(
  JSON.stringify({
    root: tree.root,
    proofs: Object.fromEntries(entries.map(([account], index) => [account, tree.getProof(index)])),
    multiproofs: batches.map((batch) => tree.getMultiProof(batch.map((account) => indexes.get(account)))),
  }),
);
