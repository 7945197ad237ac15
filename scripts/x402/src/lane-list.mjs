// The list of a lane's charged calls, which caller and node keep alike and each voucher acknowledges:
// docs/formats.md, section 7.
//
// One leaf a call, with the totals of all calls up to it. What is kept is the newest leaf and the peaks of the
// tree over all, whatever the number of calls.

import { hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { Tree, bitsSet, hash, rootOfLast } from './hashing.mjs';
import { Reader, hash32, hexBytes, u32, u64, uint, whole } from './scale.mjs';

// Sums over calls, each with its size in bytes.
const TOTALS = [
  ['calls', 4],
  ['charge', 16],
  ['inputTokens', 8],
  ['cachedTokens', 8],
  ['retrievedTokens', 8],
  ['outputTokens', 8],
  ['callsWithEntries', 4],
];
const MAX_PEAKS = 32;
const MAX_BESIDE = 31;
// A snapshot is never longer: a leaf, peaks, and the hashes beside the leaf.
const LONGEST_SNAPSHOT = 1 + 96 + 2 + 32 * MAX_PEAKS + 2 + 32 * MAX_BESIDE;

const eachTotal = (of) => Object.fromEntries(TOTALS.map(([name, size]) => [name, of(name, size)]));

const NO_TOTALS = Object.freeze(eachTotal(() => 0n));

// What a call adds to the totals of its lane, out of its statement.
export const totalsOf = ({ tokens, charge, attribution }) => ({
  calls: 1n,
  charge: whole(charge, 128, 'charge'),
  inputTokens: whole(tokens.input, 32, 'input'),
  cachedTokens: whole(tokens.cached, 32, 'cached'),
  retrievedTokens: whole(tokens.retrieved, 32, 'retrieved'),
  outputTokens: whole(tokens.output, 32, 'output'),
  callsWithEntries: attribution.length > 0 ? 1n : 0n,
});

// The bytes of a leaf: sequence, the hash of the statement as hex, totals.
export const laneLeaf = ({ sequence, statement, totals }) =>
  u8aConcat(
    u64(sequence, 'sequence'),
    hash32(statement, 'statement'),
    ...TOTALS.map(([name, size]) => uint(size, totals[name], name)),
  );

export const hashOfLeaf = (leaf) => hash('openledger/lane/v1', laneLeaf(leaf));

const acknowledgedRoot = (count, peaks) =>
  u8aToHex(hash('openledger/lane-root/v1', u32(count, 'count'), ...peaks));

// Throws unless some list has such a call.
function checkLeaf({ sequence, totals }) {
  const { calls, callsWithEntries } = totals;
  if (calls < 1n || sequence < calls || callsWithEntries > calls) {
    throw new RangeError("a lane's newest call cannot be");
  }
}

export class LaneList {
  #tree;
  #last;

  constructor(last = null, peaks = []) {
    this.#last = last;
    this.#tree = new Tree(Number(last?.totals.calls ?? 0n), peaks);
  }

  // The list that toJSON() has made.
  static from({ last, peaks }) {
    const leaf = last && {
      sequence: whole(last.sequence, 64, 'sequence'),
      statement: last.statement,
      totals: eachTotal((name, size) => whole(last.totals[name], 8 * size, name)),
    };
    if (leaf) checkLeaf(leaf);
    return new LaneList(leaf, peaks.map((peak) => hash32(peak, 'peak')));
  }

  // The list that a snapshot (as hex) is of, if it is the one that was acknowledged with `root`. Throws a
  // RangeError if it is not.
  static restore(snapshot, root) {
    const reader = new Reader(hexBytes(snapshot, LONGEST_SNAPSHOT, 'snapshot'));
    const last = reader.optional(() => ({
      sequence: reader.uint(8),
      statement: reader.hash(),
      totals: eachTotal((_, size) => reader.uint(size)),
    }));
    const hashes = (most) => reader.list(most, () => hexToU8a(reader.hash()));
    const [peaks, beside] = [hashes(MAX_PEAKS), hashes(MAX_BESIDE)];
    reader.end();
    const count = Number(last?.totals.calls ?? 0n);
    if (peaks.length !== bitsSet(count) || acknowledgedRoot(count, peaks) !== root.toLowerCase()) {
      throw new RangeError('it is not the list that was acknowledged');
    }
    // The newest call is the last one of the last perfect tree, which has a hash for each of its levels beside it.
    let height = 0;
    if (last) {
      checkLeaf(last);
      while (count % 2 ** (height + 1) === 0) height += 1;
      const led = u8aToHex(rootOfLast(hashOfLeaf(last), beside));
      if (led !== u8aToHex(peaks.at(-1))) throw new RangeError('its newest call is another one');
    }
    if (beside.length !== height) throw new RangeError('there are other hashes than those of a proof');
    return new LaneList(last, peaks);
  }

  // Adds a charged call, by the hash of its statement (as hex) and what it adds to the totals. Nothing is added
  // if that throws.
  append(sequence, statement, call) {
    const number = whole(sequence, 64, 'sequence');
    if (number <= this.sequence) throw new RangeError("a call's sequence does not rise");
    const before = this.totals;
    const totals = eachTotal((name, size) => whole(before[name] + call[name], 8 * size, name));
    const leaf = { sequence: number, statement, totals };
    this.#tree.push(hashOfLeaf(leaf));
    this.#last = leaf;
  }

  // The number of calls.
  get count() {
    return this.#tree.count;
  }

  // The sequence of the newest call; 0 if there is none.
  get sequence() {
    return this.#last?.sequence ?? 0n;
  }

  // The totals of all calls.
  get totals() {
    return this.#last?.totals ?? NO_TOTALS;
  }

  // What the next voucher acknowledges, as hex.
  get root() {
    return acknowledgedRoot(this.count, this.#tree.peaks);
  }

  // Numbers are strings of digits.
  toJSON() {
    const last = this.#last && {
      sequence: String(this.#last.sequence),
      statement: this.#last.statement,
      totals: eachTotal((name) => String(this.#last.totals[name])),
    };
    return { last, peaks: this.#tree.peaks.map((peak) => u8aToHex(peak)) };
  }
}
