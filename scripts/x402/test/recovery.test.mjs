// Going on with lanes whose state is lost, or an older one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { statementPayload, voucherPayload } from '../src/encoding.mjs';
import { sign } from '../src/keys.mjs';
import { LaneList } from '../src/lane-list.mjs';
import { acknowledgedOf } from '../src/lane.mjs';
import { key, planck } from './fakes.mjs';
import { CHAT, ofCode, openCaller, paid, story } from './stories.mjs';

// Forgets everything, and starts again.
function forget({ world, close }) {
  close();
  fs.rmSync(world.file);
  fs.rmSync(`${world.file}.statements`);
  return openCaller(world);
}

story('a lost state file is had back from the node', async ({ ask, node, chain, close, world }) => {
  for (let time = 0; time < 5; time += 1) await ask();
  await ask({ model: 'other' });
  const second = forget({ world, close });
  await second.scheme.recover(0, `${node.url}${CHAT}`);

  const { lanes, openedAt, deposit } = second.state.sessions[0];
  assert.deepEqual([openedAt, deposit, Object.keys(lanes)], [1_000, '100000', ['0', '1']]);
  assert.equal(lanes[1].agreement.model, 4);
  for (const [number, calls] of [[0, 5], [1, 1]]) {
    const list = LaneList.from(lanes[number].list);
    assert.deepEqual([list.count, list.root], [calls, node.lane(0, number).list.root]);
    assert.equal(acknowledgedOf(lanes[number]), BigInt(calls) * planck(3));
  }
  const kept = fs.readFileSync(`${world.file}.statements`, 'utf8').trim().split('\n');
  assert.equal(kept.length, 2, 'what was not acknowledged yet');

  const { statement } = await second.scheme.receipt(await second.ask());
  assert.deepEqual([statement.session, statement.lane, statement.sequence], [0, 0, 6]);
  assert.equal(paid(node), 7, 'no voucher was refused');
  assert.equal(chain.sessions.length, 1);
  second.close();
});

story('an older state file goes on where the node is', async ({ ask, node, close, state, world }) => {
  await ask();
  const older = fs.readFileSync(world.file);
  for (let time = 0; time < 2; time += 1) await ask();
  assert.equal(state.sessions[0].lanes[0].sequence, 3);
  close();
  fs.writeFileSync(world.file, older);
  const second = openCaller(world);
  assert.equal(second.state.sessions[0].lanes[0].sequence, 1);
  const { statement } = await second.scheme.receipt(await second.ask());
  assert.deepEqual([statement.lane, statement.sequence], [0, 4]);
  assert.equal(acknowledgedOf(second.state.sessions[0].lanes[0]), 4n * planck(3));
  assert.equal(paid(node), 4);
  second.close();
});

story('lanes that were not asked for are found when they are used', async ({ ask, close, state, world }) => {
  await ask();
  await ask();
  state.sessions[0].lanes = {};
  state.save();
  close();
  const second = openCaller(world);
  const { statement } = await second.scheme.receipt(await second.ask({ model: 'other' }));
  assert.equal(statement.lane, 1, 'the first one is for something else');
  assert.equal((await second.scheme.receipt(await second.ask())).statement.sequence, 3);
  second.close();
});

story('a call that was not charged is no part of what comes back', async ({ ask, node, close, world }) => {
  await ask();
  node.misbehave = { fail: true };
  await ask();
  node.misbehave = {};
  const second = forget({ world, close });
  await second.scheme.recover(0, `${node.url}${CHAT}`);
  const [lane] = Object.values(second.state.sessions[0].lanes);
  assert.deepEqual([lane.sequence, acknowledgedOf(lane)], [2, planck(3)]);
  assert.equal((await second.scheme.receipt(await second.ask())).statement.sequence, 3);
  second.close();
});

story('a call that is being served is waited for', async ({ ask, node, world }) => {
  await ask();
  let go;
  node.misbehave = { pause: new Promise((resolve) => (go = resolve)) };
  const asked = ask();
  while (!node.lane(0, 0).busy) await new Promise((resolve) => setImmediate(resolve));
  const second = openCaller({ ...world, file: `${world.file}.other` });

  const recovering = second.scheme.recover(0, `${node.url}${CHAT}`);
  setTimeout(go, 50);
  await Promise.all([recovering, asked]);

  const [lane] = Object.values(second.state.sessions[0].lanes);
  assert.deepEqual([lane.sequence, acknowledgedOf(lane)], [2, 2n * planck(3)]);
  second.close();
});

story('sessions of somebody else are not taken over', async ({ ask, node, chain, close, world }) => {
  await ask();
  const second = forget({ world, close });
  chain.sessions[0].signer = chain.sessions[0].node;
  for (const number of [0, 1]) {
    await assert.rejects(second.scheme.recover(number, `${node.url}${CHAT}`), ofCode('of this account'));
  }
  assert.deepEqual(second.state.sessions, []);
  second.close();
});

// Each changes what the node shows of its lane, and says why that does not hold.
const FALSE = {
  'signed by somebody else': ({ voucher }) => ({
    signature: sign(key('//Eve'), voucherPayload(voucher)),
  }),
  'a lower sum, which was not signed': ({ voucher }) => ({ voucher: { ...voucher, acknowledged: '1' } }),
  'a sum that is not the one of the list': ({ voucher }) => promised(voucher, { acknowledged: '1' }),
  'a list beyond the voucher': ({ voucher }) => promised(voucher, { sequence: 2 }),
  'what is more than a number': ({ voucher }) => promised(voucher, { sequence: '9007199254740993' }),
  'for another lane': (last, { other }) => other,
  'the list of another voucher': (last, { list }) => ({ snapshot: list.snapshot(1) }),
  'no voucher at all': () => ({ voucher: {} }),
  'a statement of more than was allowed': ({ receipt }, { node }) => ({
    statement: stated(node, receipt, { charge: '99999' }),
  }),
  'a statement of another request': ({ receipt }, { node }) => ({
    statement: stated(node, receipt, { requestHash: `0x${'00'.repeat(32)}` }),
  }),
  'a statement of another price': ({ receipt }, { node }) => ({
    statement: stated(node, receipt, { charge: '1' }),
  }),
  'a statement of another key': ({ receipt }) => ({
    statement: stated({ receiptKey: key('//Eve') }, receipt, {}),
  }),
  'half of a statement': () => ({ statement: {} }),
};

// Something else that the caller has signed.
function promised(voucher, changed) {
  const other = { ...voucher, ...changed };
  return { voucher: other, signature: sign(key('//Alice'), voucherPayload(other)) };
}

function stated({ receiptKey }, receipt, changed) {
  const statement = { ...receipt.statement, ...changed };
  return { ...receipt, statement, signature: sign(receiptKey, statementPayload(statement)) };
}

for (const [what, change] of Object.entries(FALSE)) {
  story(`what does not hold is not gone on with: ${what}`, async ({ ask, node, close, chain, world }) => {
    for (let time = 0; time < 3; time += 1) await ask();
    await ask({ model: 'other' });
    const { last, list } = node.lane(0, 0);
    const { voucher, signature } = node.lane(0, 1).last;
    const other = { voucher, signature, snapshot: node.lane(0, 1).list.snapshot(0), statement: null };
    const second = forget({ world, close });
    const shown = change(last, { list, node, other });
    node.misbehave = { last: (lane) => (lane === node.lane(0, 0) ? shown : {}) };
    await second.scheme.recover(0, `${node.url}${CHAT}`);
    node.misbehave = {};

    const [lane] = Object.values(second.state.sessions[0].lanes);
    assert.ok(lane.closed, 'it is used no more');
    assert.equal(acknowledgedOf(lane), 0n);
    const { statement } = await second.scheme.receipt(await second.ask());
    assert.deepEqual([statement.session, statement.sequence], [0, 1]);
    assert.ok(statement.lane > 0);
    assert.equal(chain.sessions.length, 1);
    second.close();
  });
}
