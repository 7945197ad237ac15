// Lists of lanes, as the vectors of docs/formats.md have them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { LaneList, hashOfLeaf, laneLeaf, totalsOf } from '../src/lane-list.mjs';
import { FullList } from './snapshots.mjs';
import { load } from './vectors.mjs';

await cryptoWaitReady();
const lanes = load('lanes.json');
const hex = (bytes) => u8aToHex(bytes).slice(2);

// A call of the vectors, as it is added to a list.
const callOf = ({ call }) => ({
  calls: BigInt(call.calls),
  charge: BigInt(call.charge),
  inputTokens: BigInt(call.input_tokens),
  cachedTokens: BigInt(call.cached_tokens),
  retrievedTokens: BigInt(call.retrieved_tokens),
  outputTokens: BigInt(call.output_tokens),
  callsWithEntries: BigInt(call.calls_with_entries),
});

function fill(calls) {
  const list = new FullList();
  for (const call of calls) list.append(call.sequence, `0x${call.statement}`, callOf(call));
  return list;
}

for (const { calls, peaks, root, snapshot } of lanes.cases) {
  test(`a list of ${calls.length} calls`, () => {
    const full = fill(calls);
    const leaves = full.leaves.map((leaf) => [hex(laneLeaf(leaf)), hex(hashOfLeaf(leaf))]);
    assert.deepEqual(leaves, calls.map((call) => [call.leaf, call.hash]));
    assert.equal(full.root, `0x${root}`);
    assert.equal(full.snapshot(), `0x${snapshot}`);

    const restored = LaneList.restore(`0x${snapshot}`, `0x${root}`);
    assert.equal(restored.count, calls.length);
    assert.equal(restored.root, `0x${root}`);
    assert.deepEqual(restored.totals, full.totals);
    const stored = JSON.parse(JSON.stringify(restored));
    assert.deepEqual(stored.peaks, peaks.map((peak) => `0x${peak}`));
    const again = LaneList.from(stored);
    assert.deepEqual(again.toJSON(), stored);

    // It goes on from there as the other one does.
    const next = { sequence: 1_000, statement: 'ab'.repeat(32), call: lanes.cases[1].calls[0].call };
    again.append(next.sequence, `0x${next.statement}`, callOf(next));
    assert.equal(again.root, fill([...calls, next]).root);
  });
}

test('each snapshot is of one list', () => {
  const { calls, root, snapshot } = lanes.cases.at(-1);
  const other = fill(calls.slice(0, -1));
  for (const [shown, of] of [
    [`0x${snapshot}`, other.root],
    [other.snapshot(), `0x${root}`],
    [`0x${snapshot}00`, `0x${root}`],
    [`0x${snapshot.slice(0, -2)}`, `0x${root}`],
    [`0x${snapshot}`.replace('0x01', '0x02'), `0x${root}`],
    ['0x', `0x${root}`],
    // An empty list with a hash beside it.
    [`0x000004${'00'.repeat(32)}`, `0x${lanes.cases[0].root}`],
    [null, `0x${root}`],
  ]) {
    assert.throws(() => LaneList.restore(shown, of), RangeError);
  }
  // Any byte of it counts.
  for (let at = 0; at < snapshot.length / 2; at += 1) {
    const byte = (Number.parseInt(snapshot.slice(2 * at, 2 * at + 2), 16) ^ 1).toString(16).padStart(2, '0');
    const changed = `0x${snapshot.slice(0, 2 * at)}${byte}${snapshot.slice(2 * at + 2)}`;
    assert.throws(() => LaneList.restore(changed, `0x${root}`), RangeError, `byte ${at}`);
  }
});

const CALL = totalsOf({
  tokens: { input: 5, cached: 2, retrieved: 1, output: 7 },
  charge: '1234',
  attribution: [],
});
const STATEMENT = `0x${'cd'.repeat(32)}`;

test('sequences rise, and what is refused changes nothing', () => {
  const list = new LaneList();
  for (const wrong of [0, -1, 1.5, 2n ** 64n]) {
    assert.throws(() => list.append(wrong, STATEMENT, CALL), RangeError);
  }
  list.append(3, STATEMENT, CALL);
  const before = JSON.stringify(list);
  for (const wrong of [3, 2, 0]) assert.throws(() => list.append(wrong, STATEMENT, CALL), RangeError);
  assert.throws(() => list.append(4, '0x00', CALL), RangeError);
  const most = { ...CALL, charge: 2n ** 128n - 1n };
  assert.throws(() => list.append(4, STATEMENT, most), RangeError);
  assert.equal(JSON.stringify(list), before);
  assert.equal(list.totals.charge, 1_234n);
  assert.equal(list.sequence, 3n);
});

test('a list that contradicts itself is not read', () => {
  const list = new LaneList();
  for (let sequence = 1; sequence <= 3; sequence += 1) list.append(sequence, STATEMENT, CALL);
  const { last, peaks } = list.toJSON();
  const changed = (totals) => ({ last: { ...last, totals: { ...last.totals, ...totals } }, peaks });
  for (const wrong of [
    { last, peaks: peaks.slice(1) },
    { last: null, peaks },
    { last: { ...last, sequence: '2' }, peaks },
    changed({ calls: '4' }),
    changed({ callsWithEntries: '4' }),
    changed({ charge: '-1' }),
  ]) {
    assert.throws(() => LaneList.from(wrong), RangeError);
  }
});
