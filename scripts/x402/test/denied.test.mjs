// Nodes that say of a call that it was refused, failed, or is not charged, and want to be paid for it all the same.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { acknowledgedOf } from '../src/lane.mjs';
import { planck } from './fakes.mjs';
import { CHAT, ofCode, openCaller, paid, story } from './stories.mjs';

const firstLane = (state) => state.sessions[0].lanes[0];

// Nothing more is paid to the node, and on its first lane no more was acknowledged than this.
async function isOver({ ask, node, state, chain, calls }) {
  const before = paid(node);
  await assert.rejects(ask(), ofCode('nothing more is paid'));
  assert.deepEqual([paid(node), chain.sessions.length], [before, 1]);
  assert.equal(acknowledgedOf(firstLane(state)), BigInt(calls) * planck(3));
}

for (const code of ['voucher_out_of_order', 'acknowledged_mismatch', 'lane_busy']) {
  story(`a voucher that is refused and charged is a loss: ${code}`, async ({ state, ask, node, chain }) => {
    node.misbehave = { denies: [409, code] };
    for (let loss = 0; loss < 3; loss += 1) {
      await assert.rejects(ask(), ofCode('which it has just refused'));
      assert.equal(paid(node), loss + 1, 'no other voucher for the same call');
      assert.equal(state.sessions[0].losses, loss);
    }
    await assert.rejects(ask(), ofCode('in a row'));
    await isOver({ state, ask, node, chain, calls: 3 });
  });
}

story('a voucher that is used when it first comes is not followed by another', async ({ state, ask, node }) => {
  node.misbehave = { denies: [409, 'voucher_already_used'] };
  assert.equal((await ask()).status, 409);
  assert.equal(paid(node), 1);
  node.misbehave = {};
  await ask();
  const { charged, lost } = state.sessions[0];
  assert.deepEqual([charged, lost], [2, 1]);
});

for (const [what, denies] of Object.entries({
  'a failure': [500, 'internal_error'],
  'a failure of a proxy': [502, undefined],
  'a refusal of the request': [429, 'overloaded'],
})) {
  story(`${what} that is charged is a loss`, async ({ state, ask, node, chain }) => {
    node.misbehave = { denies };
    for (let loss = 0; loss < 3; loss += 1) assert.equal((await ask()).status, denies[0]);
    await assert.rejects(ask(), ofCode('in a row'));
    await isOver({ state, ask, node, chain, calls: 3 });
  });
}

for (const [what, { error, ...misbehave }] of Object.entries({
  'without a statement': { silent: true, error: 'without a statement' },
  'that cannot be read': { denies: [200, 'ok'], error: 'without a statement' },
})) {
  story(`an answer ${what} is a loss`, async ({ state, ask, node, chain }) => {
    node.misbehave = misbehave;
    for (let loss = 0; loss < 3; loss += 1) await assert.rejects(ask(), ofCode(error));
    await assert.rejects(ask(), ofCode('in a row'));
    await isOver({ state, ask, node, chain, calls: 3 });
  });
}

story('losses between answers that arrive are too many at some time', async ({ state, ask, node, chain }) => {
  for (let call = 0; call <= 20; call += 1) {
    node.misbehave = call % 5 === 0 ? { denies: [500, 'internal_error'] } : {};
    await ask();
  }
  await assert.rejects(ask(), ofCode('5 of 21 answers'));
  await isOver({ state, ask, node, chain, calls: 21 });
});

story('losses are not forgotten with their session', async ({ state, ask, node, chain }) => {
  node.misbehave = { denies: [500, 'internal_error'] };
  for (let call = 0; call < 3; call += 1) await ask();
  assert.equal(state.sessions[0].losses, 2);
  chain.sessions[0].isClosing = true;
  await ask();
  assert.deepEqual([chain.sessions.length, state.sessions[1].losses], [2, 2]);
  await assert.rejects(ask(), ofCode('in a row'));
  await assert.rejects(ask(), ofCode('nothing more is paid'));
});

// Has a node charge a call after one that was served, and say of it that it was not.
async function deny({ ask, node, chain, forgets }) {
  await ask();
  node.misbehave = { denies: [500, 'internal_error'], forgets };
  await ask();
  if (forgets === 'call_unknown') chain.height += 301;
}

for (const forgets of ['not_charged', 'call_unknown', 'record_removed']) {
  story(`a call that was denied does not come back as taken over: ${forgets}`, async ({ state, ask, node, chain }) => {
    await deny({ ask, node, chain, forgets });
    node.misbehave = { forgets };
    await assert.rejects(ask(), ofCode('had said that there was none'));
    await isOver({ state, ask, node, chain, calls: 1 });
  });

  story(`nor where its node lowers its claim: ${forgets}`, async ({ state, ask, node, chain }) => {
    await deny({ ask, node, chain, forgets });
    node.lane(0, 0).claimed = -planck(3);
    node.misbehave = { forgets };
    await assert.rejects(ask(), ofCode('had said that there was none'));
    await isOver({ state, ask, node, chain, calls: 1 });
  });

  story(`a call that was denied and settled is in dispute: ${forgets}`, async ({ state, ask, node, chain }) => {
    await deny({ ask, node, chain, forgets });
    const { agreement } = firstLane(state);
    chain.settle(0, { number: 0, agreement, sequence: 2n, settled: planck(3) + 1n });
    node.misbehave = { forgets };
    await assert.rejects(ask(), ofCode('has settled'));
    await isOver({ state, ask, node, chain, calls: 1 });
  });
}

story('a call that was denied is not shown while it is open', async ({ state, ask, node, chain }) => {
  await deny({ ask, node, chain, forgets: 'call_unknown' });
  chain.height -= 301;
  node.lane(0, 0).sequence = 1;
  await assert.rejects(ask(), ofCode('has no statement of it'));
  assert.equal(acknowledgedOf(firstLane(state)), planck(3));
});

story('what was settled long ago need not be stated any more', async ({ state, ask, node, chain }) => {
  await deny({ ask, node, chain, forgets: 'not_charged' });
  const { agreement } = firstLane(state);
  chain.settle(0, { number: 0, agreement, sequence: 2n, settled: 2n * planck(3) });
  chain.height += 29_001;
  node.misbehave = { forgets: 'record_removed' };
  node.lane(0, 0).last.receipt = null;
  await ask();
  assert.match(firstLane(state).closed, /has settled calls/);
  assert.equal(state.sessions[0].disputed, undefined);
}, { sessionBlocks: 100_000 });

for (const code of ['terms_changed', 'lane_lost', 'lane_of_other_terms', 'as_of_unusable']) {
  story(`a voucher that is refused, and settled, is in dispute: ${code}`, async ({ state, ask, node, chain }) => {
    await ask();
    node.misbehave = { refuseOnce: code };
    assert.equal((await ask()).status, 200, 'by another lane');
    const { agreement, calls } = firstLane(state);
    const [{ allowance }] = calls;
    const settled = planck(3) + BigInt(allowance);
    chain.settle(0, { number: 0, agreement, sequence: 2n, settled });
    await assert.rejects(ask(), ofCode('has settled'));
    await isOver({ state, ask, node, chain, calls: 1 });
  });
}

story('what is settled and stated when it is asked for is no dispute', async ({ state, ask, node, chain }) => {
  node.misbehave = { drop: 'after' };
  await assert.rejects(ask(), TypeError);
  node.misbehave = {};
  const { agreement } = firstLane(state);
  chain.settle(0, { number: 0, agreement, sequence: 1n, settled: planck(3) });
  assert.equal((await ask()).status, 200);
  assert.equal(acknowledgedOf(firstLane(state)), 2n * planck(3));
  assert.equal(state.sessions[0].disputed, undefined);
});

story('one call that was never taken says nothing of another', async ({ state, ask, node, chain }) => {
  node.misbehave = { drop: 'after' };
  await assert.rejects(ask(), TypeError);
  const { calls } = firstLane(state);
  calls.push({ ...calls[0], sequence: 0 });
  chain.height += 301;
  node.misbehave = {};
  assert.equal((await ask()).status, 200);
  assert.equal(acknowledgedOf(firstLane(state)), 2n * planck(3));
});

story('lanes that have served are not given up without end', async ({ state, ask, chain, node }) => {
  await assert.rejects(
    async () => {
      for (let call = 0; call < 70; call += 1) {
        node.misbehave = {};
        await ask();
        node.misbehave = { refuseOnce: 'terms_changed' };
        await ask();
      }
    },
    ofCode('whose last call was refused'),
  );
  assert.equal(Object.values(state.sessions[0].lanes).filter(({ closed }) => closed !== null).length, 64);
  assert.equal(chain.sessions.length, 1);
}, { deposit: 10n ** 9n });

story('a call that is taken over is one loss for all lanes', async ({ ask, node, close, world }) => {
  for (const model of ['m', 'other']) await ask({ model });
  node.ownPrice = { perCall: 1n, perInputToken: 1n, perCachedInputToken: 1n, perOutputToken: 1n };
  for (const model of ['m', 'other']) await ask({ model });
  close();
  for (const file of [world.file, `${world.file}.statements`]) fs.rmSync(file);
  const second = openCaller(world);
  await second.scheme.recover(0, `${node.url}${CHAT}`);
  const { lanes, charged, lost, losses } = second.state.sessions[0];
  assert.deepEqual([Object.keys(lanes).length, charged, lost, losses], [4, 1, 1, 1]);
  assert.equal((await second.ask()).status, 200);
  assert.equal(second.state.sessions[0].losses, 0);
  second.close();
});

for (const code of ['session_closing', 'session_of_other_caller']) {
  story(`a refusal opens no other session with a node in dispute: ${code}`, async ({ state, ask, node, chain }) => {
    await ask();
    let go;
    const other = new Promise((resolve) => (go = resolve));
    node.misbehave = { before: () => other };
    const refused = ask();
    while (paid(node) < 2) await new Promise((resolve) => setImmediate(resolve));
    state.sessions[0].disputed = 'it is';
    chain.sessions[0].isClosing = true;
    node.misbehave = { refuse: code };
    go();
    assert.equal((await refused).status, 402);
    await isOver({ state, ask, node, chain, calls: 1 });
  });
}

story('a call that waits for a lane is not paid after a dispute', async ({ state, ask, node, chain }) => {
  let go;
  node.misbehave = { pause: new Promise((resolve) => (go = resolve)) };
  const first = ask();
  while (!node.lane(0, 0).busy) await new Promise((resolve) => setImmediate(resolve));
  const { session } = chain;
  let looks = 0;
  chain.session = (number) => {
    looks += 1;
    return session.call(chain, number);
  };
  const second = assert.rejects(ask(), ofCode('nothing more is paid'));
  // It has chosen a session by then, and looked at its lanes.
  while (looks < 2) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  state.sessions[0].disputed = 'it is';
  go();
  assert.equal((await first).status, 200);
  await second;
  await isOver({ state, ask, node, chain, calls: 1 });
}, { lanes: 1 });

story('a dispute that comes while a session is chosen opens no other one', async ({ state, ask, node, chain }) => {
  await ask();
  const { session } = chain;
  chain.session = async (number) => {
    state.sessions[0].disputed = 'it is';
    return { ...(await session.call(chain, number)), isClosing: true };
  };
  await assert.rejects(ask(), ofCode('nothing more is paid'));
  await isOver({ state, ask, node, chain, calls: 1 });
});

story('what was taken over stands from then on', async ({ ask, node, close, world }) => {
  await ask();
  node.misbehave = { denies: [500, 'internal_error'] };
  await ask();
  close();
  for (const file of [world.file, `${world.file}.statements`]) fs.rmSync(file, { force: true });
  const second = openCaller(world);
  const recover = () => second.scheme.recover(0, `${node.url}${CHAT}`);
  node.lane(0, 0).claimed = -planck(3);
  node.misbehave = { last: () => ({ statement: null }) };
  await recover();
  node.misbehave = {};
  await assert.rejects(recover(), ofCode('had said that there was none'));
  assert.equal(acknowledgedOf(firstLane(second.state)), planck(3));
  second.close();
});

story('no session is opened for a call that may cost too much', async ({ ask, chain }) => {
  await assert.rejects(ask(), ofCode('are allowed'));
  assert.equal(chain.sessions.length, 0);
}, { maxSpend: planck(3) - 1n });

story('all calls together cost no more than is allowed', async ({ state, ask, chain, node, close, world }) => {
  for (let call = 0; call < 2; call += 1) await ask();
  await assert.rejects(ask(), ofCode('are allowed'));
  assert.equal(paid(node), 2);
  chain.sessions[0].isClosing = true;
  close();
  const second = openCaller(world, { maxSpend: 3n * planck(3) });
  await second.ask();
  await assert.rejects(second.ask(), ofCode('are allowed'));
  assert.deepEqual([chain.sessions.length, paid(node)], [2, 3]);
  assert.ok(state.sessions[0]);
  second.close();
}, { maxSpend: 3n * planck(3) - 1n });

story('calls at once cost no more than is allowed together', async ({ ask, node }) => {
  const asked = await Promise.allSettled(Array.from({ length: 6 }, () => ask()));
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 2);
  assert.equal(paid(node), 2);
}, { maxSpend: 2n * planck(3) });
