// What becomes of answers that do not arrive, and of nodes that make something of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { acknowledgedOf as acknowledged } from '../src/lane.mjs';
import { planck } from './fakes.mjs';
import { ofCode, paid, story, textOf } from './stories.mjs';

story('what an answer cost is found out where it did not arrive', async ({ scheme, state, ask, node }) => {
  node.misbehave = { drop: 'after' };
  await assert.rejects(ask());
  assert.equal(state.sessions[0].lanes[0].calls.length, 1);
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
  assert.equal(acknowledged(state.sessions[0].lanes[0]), 2n * planck(3));
});

story('an answer that was lost and kept is had again, and paid once', async ({ scheme, state, ask, node }) => {
  Object.assign(node, { keeps: true, misbehave: { drop: 'after' } });
  const response = await ask();
  assert.equal(await textOf(response), 'four five Zoë');
  assert.equal((await scheme.receipt(response)).statement.sequence, 1);
  const [lane] = Object.values(state.sessions[0].lanes);
  assert.deepEqual([acknowledged(lane), lane.calls], [planck(3), []]);
  assert.equal(state.sessions[0].losses, 0);
});

story('a request that was lost is sent again', async ({ scheme, ask, node }) => {
  node.misbehave = { drop: 'before' };
  const asked = ask();
  while (paid(node) === 0) await new Promise((resolve) => setImmediate(resolve));
  node.misbehave = {};
  assert.equal((await scheme.receipt(await asked)).statement.sequence, 1);
  assert.equal(node.lane(0, 0).charged, planck(3));
});

for (const named of [false, true]) {
  const how = named ? 'as an event' : 'as a comment';
  story(`a call that is stated three times, ${how}, is paid once`, async ({ scheme, state, ask, node }) => {
    node.misbehave = { repeats: 3, named };
    const response = await ask({ stream: true });
    assert.ok((await response.text()).endsWith('data: [DONE]\n\n'));
    const { left } = await scheme.receipt(response);
    assert.equal(left, 100_000n - planck(3));
    assert.equal(acknowledged(state.sessions[0].lanes[0]), planck(3));
    const kept = fs.readFileSync(`${state.path}.statements`, 'utf8');
    assert.equal(kept.trim().split('\n').length, 1);
  });
}

story('a node whose answers are charged and never arrive is left', async ({ state, ask, node }) => {
  node.misbehave = { drop: 'after' };
  for (let time = 0; time < 3; time += 1) await assert.rejects(ask(), TypeError);
  await assert.rejects(ask(), ofCode('in a row'));
  assert.match(state.sessions[0].disputed, /3 answers in a row/);
  const before = paid(node);
  await assert.rejects(ask(), ofCode('nothing more is paid'));
  assert.equal(paid(node), before);
});

story('streams that end without what is charged are losses', async ({ ask, node }) => {
  const silent = { text: '', tokens: 30, body: {}, events: [{ choices: [] }] };
  Object.assign(node, { answer: silent, misbehave: { cut: true } });
  const asked = { stream: true, max_tokens: 30 };
  for (let time = 0; time < 3; time += 1) await (await ask(asked)).text();
  await assert.rejects(ask(asked), ofCode('in a row'));
});

story('an app that cancels streams loses no node', async ({ state, ask, node }) => {
  node.misbehave = { stall: true };
  for (let time = 0; time < 4; time += 1) await (await ask({ stream: true })).body.cancel();
  node.misbehave = {};
  assert.equal((await ask()).status, 200);
  assert.equal(state.sessions[0].losses, 0);
});

story('lanes that were never used are not closed on the word of a node', async ({ state, ask, chain, node }) => {
  for (const code of ['lane_of_other_terms', 'lane_lost', 'terms_changed', 'as_of_unusable']) {
    node.misbehave = { refuse: code };
    for (let time = 0; time < 8; time += 1) await ask();
  }
  assert.equal(Object.keys(state.sessions[0].lanes).length, 64);
  await assert.rejects(ask(), ofCode('was refused'));
  assert.equal(chain.sessions.length, 1, 'no other deposit');
});

story('an event without an end is not read for ever', async ({ scheme, ask, node }) => {
  const long = { choices: [{ delta: { content: 'x'.repeat(1 << 21) } }] };
  node.answer = { text: '', tokens: 0, body: {}, events: [long] };
  const response = await ask({ stream: true });
  await assert.rejects(response.text(), ofCode('longer than'));
  await assert.rejects(scheme.receipt(response), ofCode('longer than'));
});

story('a stream that breaks off is asked about', async ({ scheme, state, ask, node }) => {
  node.misbehave = { cut: true };
  const response = await ask({ stream: true });
  assert.ok((await response.text()).includes('Zoë'));
  await assert.rejects(scheme.receipt(response), ofCode('unresolved'));
  node.misbehave = {};
  await ask();
  assert.equal(acknowledged(state.sessions[0].lanes[0]), 2n * planck(3));
});

story('a stream that is cancelled frees its lane', async ({ scheme, ask, node }) => {
  node.misbehave = { stall: true };
  const response = await ask({ stream: true });
  await response.body.cancel();
  await assert.rejects(scheme.receipt(response), ofCode('unresolved'));
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.deepEqual([statement.lane, statement.sequence], [0, 2]);
}, { lanes: 1 });

story('a voucher that never arrived costs nothing', async ({ scheme, state, ask, node }) => {
  node.misbehave = { drop: 'before' };
  await assert.rejects(ask());
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 1, 'its sequence was free');
  const [lane] = Object.values(state.sessions[0].lanes);
  assert.deepEqual([acknowledged(lane), lane.calls], [planck(3), []]);
});
