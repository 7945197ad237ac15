// Hashes with their domain tags, and the trees over them: docs/formats.md, sections 1 and 4.

import { stringToU8a, u8aConcat } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto';

// The hash of a tag and of parts, one after the other.
export const hash = (tag, ...parts) => blake2AsU8a(u8aConcat(stringToU8a(tag), ...parts), 256);

const node = (left, right) => hash('openledger/node/v1', left, right);

// The root of the tree whose perfect trees have these roots, from the largest to the smallest.
const rootOfPeaks = (peaks) =>
  peaks.length === 0
    ? hash('openledger/empty-tree/v1')
    : peaks.reduceRight((right, left) => node(left, right));

// How many bits are set in a number of 32 bits.
export const bitsSet = (number) => [...number.toString(2)].filter((bit) => bit === '1').length;

// A tree that grows, of which only the roots of its perfect trees are kept, from the largest to the smallest.
export class Tree {
  count;
  peaks;

  // Goes on from what `count` and `peaks` were. Throws a RangeError if no tree has both.
  constructor(count = 0, peaks = []) {
    if (peaks.length !== bitsSet(count)) throw new RangeError(`${count} leaves have other peaks`);
    this.count = count;
    this.peaks = [...peaks];
  }

  push(leaf) {
    if (this.count === 2 ** 32 - 1) throw new RangeError('a tree cannot have more leaves');
    let top = leaf;
    // Each perfect tree of the size that has grown merges with the one before it.
    for (let rest = this.count; rest % 2 === 1; rest = (rest - 1) / 2) top = node(this.peaks.pop(), top);
    this.peaks.push(top);
    this.count += 1;
  }

  get root() {
    return rootOfPeaks(this.peaks);
  }
}

// The root that a leaf leads to, which is the last one of a perfect tree: all hashes stand left of the way.
export const rootOfLast = (leaf, hashes) => hashes.reduce((right, left) => node(left, right), leaf);
