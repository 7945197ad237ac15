// A lane's list as a node has it, which keeps all calls: it can show any of its states.

import { u8aConcat, u8aToHex } from '@polkadot/util';
import { Tree } from '../src/hashing.mjs';
import { LaneList, hashOfLeaf, laneLeaf } from '../src/lane-list.mjs';
import { listed, optional } from '../src/scale.mjs';

function treeOf(leaves) {
  const tree = new Tree();
  for (const leaf of leaves) tree.push(hashOfLeaf(leaf));
  return tree;
}

// The hashes beside the last leaf in the last perfect tree, from the leaf up: all of them stand left of it.
function besideLast(leaves) {
  const hashes = [];
  const { length } = leaves;
  for (let size = 1; length > 0 && length % (2 * size) === 0; size *= 2) {
    hashes.push(treeOf(leaves.slice(length - 2 * size, length - size)).root);
  }
  return hashes;
}

export class FullList {
  #leaves = [];
  #list = new LaneList();

  append(sequence, statement, call) {
    this.#list.append(sequence, statement, call);
    this.#leaves.push({ sequence: this.#list.sequence, statement, totals: this.#list.totals });
  }

  get count() {
    return this.#list.count;
  }

  get root() {
    return this.#list.root;
  }

  get totals() {
    return this.#list.totals;
  }

  get leaves() {
    return this.#leaves;
  }

  // The snapshot of its first `count` calls, as hex.
  snapshot(count = this.count) {
    const leaves = this.#leaves.slice(0, count);
    const last = optional(leaves.length > 0 ? laneLeaf(leaves.at(-1)) : null);
    return u8aToHex(u8aConcat(last, listed(treeOf(leaves).peaks), listed(besideLast(leaves))));
  }
}
