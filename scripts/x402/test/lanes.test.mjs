// Lanes: what they are for, and when they are left.

import assert from 'node:assert/strict';
import { LaneList } from '../src/lane-list.mjs';
import { acknowledgedOf } from '../src/lane.mjs';
import { PRICE, key, planck } from './fakes.mjs';
import { ofCode, openCaller, paid, story } from './stories.mjs';

story('calls at once use lanes of one session', async ({ scheme, ask, chain }) => {
  const responses = await Promise.all(Array.from({ length: 6 }, () => ask()));
  const receipts = await Promise.all(responses.map((response) => scheme.receipt(response)));
  const calls = receipts.map(({ statement }) => `${statement.lane}/${statement.sequence}`);
  assert.equal(new Set(calls).size, 6);
  assert.ok(receipts.every(({ statement }) => statement.lane < 2), String(calls));
  assert.equal(chain.sessions.length, 1);
}, { lanes: 2 });

story('a lane is for one version of one model at one price', async ({ scheme, state, ask, chain }) => {
  const laneOf = async (body) => (await scheme.receipt(await ask(body))).statement.lane;
  assert.equal(await laneOf(), 0);
  assert.equal(await laneOf({ model: 'other' }), 1);
  chain.model.priceVersion = 3;
  assert.equal(await laneOf(), 2);
  assert.equal(await laneOf(), 2, 'the same again');
  chain.model.version = 2;
  assert.equal(await laneOf(), 3);
  Object.assign(chain.model, { version: 1, priceVersion: 2 });
  assert.equal(await laneOf(), 0);
  assert.equal(await laneOf({ model: 'other' }), 1);
  assert.equal(chain.sessions.length, 1);
  const { model, version, priceVersion } = state.sessions[0].lanes[3].agreement;
  assert.deepEqual([model, version, priceVersion], [3, 2, 3]);
}, { lanes: 1 });

story('a session without a lane for a call gives way to another one', async ({ scheme, state, ask, chain }) => {
  await ask();
  const [used] = Object.values(state.sessions[0].lanes);
  for (let lane = 0; lane < 1_024; lane += 1) {
    state.sessions[0].lanes[lane] = { ...used, agreement: { ...used.agreement, version: 0 } };
  }
  const { statement } = await scheme.receipt(await ask());
  assert.deepEqual([statement.session, statement.lane], [1, 0]);
  assert.ok(state.sessions[0].retired);
  assert.equal(chain.sessions.length, 2);
}, { deposit: 2_000_000n });

story('a lane that the node knows for something else is left', async ({ scheme, state, ask, node }) => {
  await ask();
  node.lane(0, 0).agreement = { ...node.lane(0, 0).agreement, model: 9 };
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.lane, 1);
  assert.match(state.sessions[0].lanes[0].closed, /lane_of_other_terms/);
  assert.equal((await scheme.receipt(await ask())).statement.lane, 1);
  assert.equal(paid(node), 4, 'one voucher was refused');
});

story('a lane that somebody else used is made to agree', async ({ scheme, ask, node }) => {
  await ask();
  for (const sequence of [2, 3]) {
    node.calls.set(`0/0/${sequence}`, { status: 404, code: 'not_charged' });
  }
  node.lane(0, 0).sequence = 3;
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 4);
  assert.equal(paid(node), 3, 'one voucher was refused');
});

story('a lane is paid as of the block of the offer', async ({ scheme, state, ask, chain, node }) => {
  const asOf = async () => (await scheme.receipt(await ask())).statement.agreement.asOf;
  node.misbehave = { terms: { block: 990 } };
  assert.equal(await asOf(), 1_000, 'but no earlier than its session');
  Object.assign(chain, { height: 1_100 });
  node.misbehave = {};
  assert.equal(await asOf(), 1_000, 'and once for all of its calls');
  chain.model.priceVersion = 3;
  node.misbehave = { terms: { block: 1_050 } };
  assert.equal(await asOf(), 1_050);
  chain.model.priceVersion = 4;
  node.misbehave = { terms: { block: 1_150 } };
  assert.equal(await asOf(), 1_100, 'but no later than the newest block here');
  chain.model.priceVersion = 5;
  chain.unfinal = 30;
  assert.equal(await asOf(), 1_070, 'that is final');
  assert.equal(state.sessions[0].openedAt, 1_000);
});

story('a lane is left when others are to be paid', async ({ scheme, state, ask, chain, node }) => {
  await ask();
  Object.assign(chain, { height: 1_150 });
  node.changedAt = 1_100;
  const { statement } = await scheme.receipt(await ask());
  assert.deepEqual([statement.lane, statement.agreement.asOf], [1, 1_150]);
  const [left] = Object.values(state.sessions[0].lanes);
  assert.match(left.closed, /terms_changed/);
  assert.equal(acknowledgedOf(left), planck(3));
  assert.equal(left.calls.length, 1, 'its last voucher may be taken yet');
  chain.height = 1_451;
  await ask();
  assert.deepEqual(left.calls, []);
  assert.equal(chain.sessions.length, 1);
});

for (const code of ['as_of_unusable', 'terms_changed', 'lane_lost', 'lane_of_other_terms']) {
  story(`another lane takes the call: ${code}`, async ({ scheme, state, ask, chain, node }) => {
    await ask();
    node.misbehave = { refuseOnce: code };
    assert.equal((await scheme.receipt(await ask())).statement.lane, 1);
    assert.ok(state.sessions[0].lanes[0].closed.includes(code));
    assert.equal(chain.sessions.length, 1);
  });
}

story('what a lane has cost is never taken back', async ({ scheme, state, ask, node }) => {
  await ask();
  node.lanes.clear();
  const { statement, left } = await scheme.receipt(await ask());
  assert.deepEqual([statement.lane, statement.sequence], [1, 1]);
  const [lost] = Object.values(state.sessions[0].lanes);
  assert.match(lost.closed, /the list of calls/);
  assert.equal(acknowledgedOf(lost), planck(3));
  assert.ok(left <= 100_000n - 2n * planck(3));
});

story('a lane whose list the node has lost is left before the next voucher', async ({ ask, close, node, world }) => {
  await ask();
  close();
  Object.assign(node.lane(0, 0), { isLost: true, sequence: 2 });
  const second = openCaller(world);
  const { statement } = await second.scheme.receipt(await second.ask());
  assert.deepEqual([statement.lane, statement.sequence], [1, 1]);
  assert.equal(paid(node), 2, 'no voucher was refused');
  second.close();
});

const UNSTATED = {
  'a later call': { sequence: 2n },
  'a later call at a higher cost': { sequence: 2n, settled: planck(3) + 1n },
  'another agreement': { isOther: true },
};
for (const [what, { isOther, ...changed }] of Object.entries(UNSTATED)) {
  story(`a lane is left of which the chain has settled ${what}`, async ({ state, ask, close, chain, node, world }) => {
    await ask();
    close();
    const { agreement } = state.sessions[0].lanes[0];
    const settled = { number: 0, sequence: 1n, settled: planck(3), ...changed };
    chain.settle(0, { ...settled, agreement: { ...agreement, asOf: isOther ? 999 : 1_000 } });
    const second = openCaller(world);
    const { statement } = await second.scheme.receipt(await second.ask());
    assert.equal(statement.lane, 1);
    assert.match(second.state.sessions[0].lanes[0].closed, /settled/);
    assert.equal(paid(node), 2);
    second.close();
  });
}

story('what the chain has settled counts, whoever knows of it', async ({ state, ask, chain }) => {
  await ask();
  const { agreement } = state.sessions[0].lanes[0];
  chain.settle(0, { number: 7, agreement, sequence: 1n, settled: 3_000n - planck(3) });
  await ask();
  assert.equal(chain.sessions.length, 2);
}, { deposit: 3_000n });

const OWN = { perCall: 900n, perInputToken: 10n, perCachedInputToken: 0n, perOutputToken: 99n };
story("a node's own price is paid on lanes of its own", async ({ scheme, state, ask, chain, node }) => {
  const call = async () => (await scheme.receipt(await ask())).statement;
  await call();
  node.ownPrice = OWN;
  const cheaper = await call();
  assert.deepEqual([cheaper.lane, cheaper.charge], [1, String(planck(3, OWN))]);
  assert.equal(cheaper.agreement.ownPrice.perOutputToken, '99');
  node.ownPrice = { ...OWN, perCall: 1_000n };
  assert.equal((await call()).lane, 2);
  node.ownPrice = OWN;
  assert.equal((await call()).lane, 1);
  node.ownPrice = null;
  assert.equal((await call()).lane, 0);
  assert.equal(acknowledgedOf(state.sessions[0].lanes[1]), 2n * planck(3, OWN));
  assert.equal(chain.sessions.length, 1);
});

story('sealed calls have lanes of their own, and their header says so', async ({ ask, close, scheme, world }) => {
  const { header } = await scheme.receipt(await ask());
  assert.ok(header.endsWith('00'));
  close();
  const sealed = openCaller(world, { evidence: 'sealed' });
  const receipt = await sealed.scheme.receipt(await sealed.ask());
  assert.deepEqual([receipt.statement.lane, receipt.statement.agreement.evidence], [1, 'sealed']);
  assert.ok(receipt.header.endsWith('01'));
  sealed.close();
  assert.throws(() => openCaller(world, { evidence: 'both' }), RangeError);
});

story('cached tokens cost what they are offered at', async ({ scheme, state, ask, node }) => {
  node.cachedTokens = 4;
  const { statement } = await scheme.receipt(await ask());
  const saved = 4n * (PRICE.perInputToken - PRICE.perCachedInputToken);
  assert.equal(statement.charge, String(planck(3) - saved));
  const { totals } = LaneList.from(state.sessions[0].lanes[0].list);
  assert.deepEqual([totals.inputTokens, totals.cachedTokens], [5n, 4n]);
  node.misbehave = { statement: { charge: String(planck(3)) } };
  await assert.rejects(ask(), ofCode('is not the price'));
});

story('a node that names more than it signed for is not paid', async ({ ask, close, node, chain, world }) => {
  await ask();
  close();
  node.lane(0, 0).claimed = 1n;
  const second = openCaller(world);
  await assert.rejects(second.ask(), ofCode('its statements here come to'));
  await assert.rejects(second.ask(), ofCode('nothing more is paid'));
  assert.equal(chain.sessions.length, 1);
  assert.equal(paid(node), 1);
  second.close();
});

story('a session is closed with the agreement of its node', async ({ scheme, state, ask, chain, node }) => {
  await ask();
  const { agreement } = state.sessions[0].lanes[0];
  chain.settle(0, { number: 0, agreement, sequence: 1n, settled: planck(3) });
  node.unsettled = 2;
  assert.equal(await scheme.close(0, `${node.url}/v1/chat/completions`), planck(3));
  assert.equal(chain.sessions[0], null);
  assert.equal((await scheme.receipt(await ask())).statement.session, 1);
  await assert.rejects(scheme.close(7, node.url), ofCode('is not known here'));

  node.receiptKey = key('//Eve');
  await assert.rejects(scheme.close(1, `${node.url}/v1/chat/completions`), ofCode('receipt key'));
  assert.ok(chain.sessions[1] !== null && state.sessions[1].retired);
});
