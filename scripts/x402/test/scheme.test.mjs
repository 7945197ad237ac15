// The scheme with the real payment wrapper, against a chain and a node that are as strict as the real ones.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { statementPayload } from '../src/encoding.mjs';
import { accountId, isSignedBy } from '../src/keys.mjs';
import { OpenLedgerScheme } from '../src/scheme.mjs';
import { StateFile } from '../src/state.mjs';
import { FakeChain, FakeNode, key, planck } from './fakes.mjs';

await cryptoWaitReady();

// A caller with its own state file.
function openCaller(world, options = {}) {
  const state = new StateFile(world.file);
  const { chain } = world;
  const settings = { deposit: 100_000n, patience: 1_000, pause: 5, ...options };
  const scheme = new OpenLedgerScheme({ chain, state, caller: key('//Alice'), ...settings });
  const client = x402Client.fromConfig({
    schemes: [{ network: scheme.network, client: scheme }],
    spendControls: scheme.spendControls(options.maxCharge ?? 5_000n),
  });
  const paidFetch = scheme.wrap((fetch) => wrapFetchWithPayment(fetch, client));
  const ask = (body = {}) =>
    paidFetch(`${world.node.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: ['Zoë?'], max_tokens: 3, ...body }),
    });
  return { scheme, state, ask, close: () => state.close() };
}

// Tells a story in a world with a chain, a node, and a place for state files.
function story(name, tell, options) {
  test(name, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openledger-x402-'));
    const chain = new FakeChain();
    const node = new FakeNode(chain);
    await node.start();
    const world = { chain, node, file: path.join(folder, 'deep', 'state.json') };
    const caller = openCaller(world, options);
    try {
      await tell({ ...caller, ...world, world });
    } finally {
      caller.close();
      await node.stop();
      fs.rmSync(folder, { recursive: true });
    }
  });
}

const textOf = async (response) => (await response.json()).choices[0].message.content;
const paid = (node) => node.requests.filter(({ isPaid }) => isPaid).length;
const ofCode = (code) => (error) => error.code === code || error.message.includes(code);

story('a call is paid, answered and acknowledged', async ({ scheme, state, ask, chain, node, file }) => {
  const response = await ask();
  assert.equal(response.status, 200);
  const { statement, signature, left } = await scheme.receipt(response);
  assert.equal(await textOf(response), 'four five Zoë');
  assert.equal(statement.charge, String(planck(3)));
  assert.equal(left, 100_000n - planck(3));
  const receiptKey = accountId(node.receiptKey.address);
  assert.ok(isSignedBy(receiptKey, statementPayload(statement), signature));
  assert.deepEqual(node.requests, [{ isPaid: false }, { isPaid: true }]);
  assert.equal(chain.sessions.length, 1);

  const [lane] = Object.values(state.sessions[0].lanes);
  assert.equal(lane.model, 3);
  assert.deepEqual([lane.sequence, lane.acknowledged, lane.calls], [1, statement.charge, []]);
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')).sessions, state.sessions);
  const kept = fs.readFileSync(`${file}.statements`, 'utf8');
  assert.deepEqual(JSON.parse(kept), { statement, signature });
});

story('a second run goes on where the first one stopped', async ({ ask, close, chain, node, world }) => {
  await ask();
  close();
  const second = openCaller(world);
  const response = await second.ask();
  const { statement } = await second.scheme.receipt(response);
  assert.deepEqual([statement.session, statement.lane, statement.sequence], [0, 0, 2]);
  assert.equal(paid(node), 2, 'no voucher was refused');
  assert.equal(chain.sessions.length, 1);
  assert.equal(node.lane(0, 0).charged, 2n * planck(3));
  second.close();
});

for (const named of [false, true]) {
  const how = named ? 'as an event' : 'as a comment';
  story(`a stream is passed on, and acknowledged at its end, ${how}`, async ({ scheme, state, ask, node }) => {
    node.misbehave = { named };
    const response = await ask({ stream: true });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    const text = await response.text();
    assert.ok(text.includes(': a comment\n\n') && text.endsWith('data: [DONE]\n\n'), text);
    for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith(':'))) {
      assert.ok(line.startsWith('data: '), "OpenAI's clients would choke on it");
    }
    const { statement } = await scheme.receipt(response);
    assert.equal(statement.outputTokens, 3);
    assert.equal(state.sessions[0].lanes[0].acknowledged, statement.charge);
  });
}

story('an offer that has changed meanwhile gives way to another one', async ({ scheme, ask, node }) => {
  for (const code of ['price_changed', 'version_changed', 'voucher_valid_too_long']) {
    node.misbehave = { refuseOnce: code };
    const response = await ask();
    assert.equal(response.status, 200, code);
    await scheme.receipt(response);
  }
  node.misbehave = { refuse: 'price_changed' };
  assert.equal((await ask()).status, 402);
});

story('calls at once use lanes of one session', async ({ scheme, ask, chain }) => {
  const responses = await Promise.all(Array.from({ length: 6 }, () => ask()));
  const receipts = await Promise.all(responses.map((response) => scheme.receipt(response)));
  const calls = receipts.map(({ statement }) => `${statement.lane}/${statement.sequence}`);
  assert.equal(new Set(calls).size, 6);
  assert.ok(receipts.every(({ statement }) => statement.lane < 2), String(calls));
  assert.equal(chain.sessions.length, 1);
}, { lanes: 2 });

story('a lane is for one model', async ({ scheme, ask }) => {
  await ask();
  const { statement } = await scheme.receipt(await ask({ model: 'other' }));
  assert.deepEqual([statement.model, statement.lane], [4, 1]);
});

story('what an answer cost is found out where it did not arrive', async ({ scheme, state, ask, node }) => {
  node.misbehave = { drop: 'after' };
  await assert.rejects(ask());
  assert.equal(state.sessions[0].lanes[0].calls.length, 1);
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
  assert.equal(state.sessions[0].lanes[0].acknowledged, String(2n * planck(3)));
});

story('a stream that breaks off is asked about', async ({ scheme, state, ask, node }) => {
  node.misbehave = { cut: true };
  const response = await ask({ stream: true });
  assert.ok((await response.text()).includes('Zoë'));
  await assert.rejects(scheme.receipt(response), ofCode('unresolved'));
  node.misbehave = {};
  await ask();
  assert.equal(state.sessions[0].lanes[0].acknowledged, String(2n * planck(3)));
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
  assert.deepEqual([lane.acknowledged, lane.calls], [String(planck(3)), []]);
});

story('a voucher that arrives late counts once', async ({ scheme, state, ask, node }) => {
  node.misbehave = { drop: 'before' };
  await assert.rejects(ask());
  const { body, header } = node.dropped;
  // It overtakes the next one, which has the same sequence.
  const late = async () => {
    node.misbehave = {};
    const headers = { 'payment-signature': header };
    const answer = await fetch(`${node.url}/v1/chat/completions`, { method: 'POST', body, headers });
    assert.equal(answer.status, 200);
  };
  node.misbehave = { before: late };
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
  const [lane] = Object.values(state.sessions[0].lanes);
  assert.deepEqual([lane.acknowledged, lane.calls], [String(2n * planck(3)), []]);
});

story('a call that fails costs nothing, and uses its sequence', async ({ scheme, ask, node }) => {
  node.misbehave = { fail: true };
  assert.equal((await ask()).status, 500);
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
});

story('a node that has lost its store is paid from where it is', async ({ scheme, state, ask, node }) => {
  await ask();
  node.lanes.clear();
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 1);
  assert.equal(state.sessions[0].lanes[0].acknowledged, String(planck(3)));
});

story('a node that names more than it signed for is not paid', async ({ ask, node, chain }) => {
  await ask();
  node.lane(0, 0).charged += 1n;
  await assert.rejects(ask(), ofCode('its statements here come to'));
  await assert.rejects(ask(), ofCode('nothing more is paid'));
  assert.equal(chain.sessions.length, 1);
  assert.equal(paid(node), 2);
});

const OVERCHARGES = {
  'is not the price': { charge: '999' },
  'another answer': { responseHash: `0x${'00'.repeat(32)}` },
  'another request': { requestHash: `0x${'00'.repeat(32)}` },
  'another call': { sequence: 2 },
  'another version': { version: 2 },
  'were agreed on': { outputTokens: 4, charge: String(planck(4)) },
};
for (const [reason, statement] of Object.entries(OVERCHARGES)) {
  story(`a statement is refused: ${reason}`, async ({ state, ask, node }) => {
    node.misbehave = { statement };
    await assert.rejects(ask(), ofCode(reason));
    const [lane] = Object.values(state.sessions[0].lanes);
    assert.equal(lane.acknowledged, '0');
    assert.ok(lane.calls[0].rejected, 'the evidence is kept');
    node.misbehave = {};
    await assert.rejects(ask(), ofCode('nothing more is paid'));
  });
}

story('a statement of another key is refused', async ({ scheme, ask, node }) => {
  const good = node.receiptKey;
  await ask();
  node.receiptKey = key('//Eve');
  await assert.rejects(ask(), ofCode('receipt key'));
  node.receiptKey = good;
  node.misbehave = { terms: { receiptKey: good.address } };
  assert.equal((await ask()).status, 200, 'nothing had been paid for it');
  assert.ok(scheme);
});

const BAD_OFFERS = {
  'price is not the one on chain': { terms: { price: { perCall: '1', perInputToken: '1', perOutputToken: '1' } } },
  'version is not the one on chain': { terms: { version: 9 } },
  'it asks for': { offer: { amount: '4999' } },
  'tokens in': { terms: { inputTokens: 5_000 } },
  'instead of 3': { terms: { maxOutputTokens: 4 } },
  'no registered inference node': { offer: { payTo: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty' } },
  'genesis hash': { terms: { genesisHash: `0x${'cd'.repeat(32)}` } },
  'no model': { terms: { model: 77 } },
};
for (const [reason, misbehave] of Object.entries(BAD_OFFERS)) {
  story(`an offer is refused: ${reason}`, async ({ ask, chain, node }) => {
    node.misbehave = misbehave;
    await assert.rejects(ask(), ofCode(reason));
    assert.equal(chain.sessions.length, 0);
    assert.equal(paid(node), 0);
  });
}

story('a call that may cost too much is not made', async ({ ask, chain }) => {
  await assert.rejects(ask({ max_tokens: 500 }), ofCode('maxAmountPerPayment'));
  assert.equal(chain.sessions.length, 0);
});

story('an empty session gives way to another one', async ({ scheme, ask, chain }) => {
  const sessions = [];
  for (let call = 0; call < 4; call += 1) {
    const { statement } = await scheme.receipt(await ask());
    sessions.push(statement.session);
  }
  assert.deepEqual(sessions, [0, 0, 1, 1]);
  assert.equal(chain.sessions.length, 2);
}, { deposit: 3_000n });

story('a session that was topped up and extended goes on', async ({ scheme, state, ask, chain }) => {
  for (let call = 0; call < 2; call += 1) await ask();
  chain.sessions[0].deposit += 50_000n;
  chain.sessions[0].expiresAt += 10_000;
  const { statement, left } = await scheme.receipt(await ask());
  assert.equal(statement.session, 0);
  assert.equal(left, 53_000n - 3n * planck(3));
  assert.equal(state.sessions[0].expiresAt, chain.sessions[0].expiresAt);
}, { deposit: 3_000n });

story('a session that is being closed gives way to another one', async ({ scheme, ask, chain }) => {
  await ask();
  chain.sessions[0].isClosing = true;
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.session, 1);
});

story("a node's word opens no session", async ({ ask, chain, node }) => {
  await ask();
  node.misbehave = { refuse: 'session_underfunded' };
  assert.equal((await ask()).status, 402);
  assert.equal(chain.sessions.length, 1);
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

story('it is only for the fetch that was wrapped', async ({ scheme }) => {
  await assert.rejects(scheme.createPaymentPayload(2, {}), ofCode('call'));
});

test('the state file', async (context) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openledger-x402-'));
  const file = path.join(folder, 'state.json');
  context.after(() => fs.rmSync(folder, { recursive: true }));

  const state = new StateFile(file);
  assert.throws(() => new StateFile(file), ofCode('state'), 'it is in use');
  state.sessions.push({ session: 1 });
  state.save();
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  state.close();
  const again = new StateFile(file);
  assert.deepEqual(again.sessions, [{ session: 1 }]);
  again.close();

  // No process has this number.
  fs.writeFileSync(`${file}.lock`, '4194305\n');
  new StateFile(file).close();
  for (const rubbish of ['', '{}', 'no', '{"layout":9,"sessions":[]}']) {
    fs.writeFileSync(file, rubbish);
    assert.throws(() => new StateFile(file), ofCode('state'));
    assert.equal(fs.readFileSync(file, 'utf8'), rubbish, 'it is not overwritten');
    assert.ok(!fs.existsSync(`${file}.lock`));
  }
});
