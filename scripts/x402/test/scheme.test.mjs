// The scheme with the real payment wrapper.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { charge } from '../src/checks.mjs';
import { statementPayload } from '../src/encoding.mjs';
import { accountId, isSignedBy } from '../src/keys.mjs';
import { LaneList } from '../src/lane-list.mjs';
import { acknowledgedOf as acknowledged } from '../src/lane.mjs';
import { StateFile } from '../src/state.mjs';
import { PRICE, asText, key, planck } from './fakes.mjs';
import { CHAT, ofCode, openCaller, paid, story, textOf } from './stories.mjs';

story('a call is paid, answered and acknowledged', async ({ scheme, state, ask, chain, node, file }) => {
  const response = await ask();
  assert.equal(response.status, 200);
  const { statement, signature, header, left } = await scheme.receipt(response);
  assert.equal(await textOf(response), 'four five Zoë');
  assert.equal(statement.charge, String(planck(3)));
  assert.equal(left, 100_000n - planck(3));
  const receiptKey = accountId(node.receiptKey.address);
  assert.ok(isSignedBy(receiptKey, statementPayload(statement), signature));
  assert.deepEqual(node.requests, [{ isPaid: false }, { isPaid: true }]);
  assert.equal(chain.sessions.length, 1);

  const [lane] = Object.values(state.sessions[0].lanes);
  const terms = { model: 3, version: 1, priceVersion: 2, evidence: 'open', ownPrice: null };
  assert.deepEqual(lane.agreement, { ...terms, asOf: 1_000 });
  assert.deepEqual([lane.sequence, acknowledged(lane), lane.calls], [1, planck(3), []]);
  assert.equal(LaneList.from(lane.list).root, node.lane(0, 0).list.root);
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')).sessions, state.sessions);
  const kept = fs.readFileSync(`${file}.statements`, 'utf8');
  assert.deepEqual(JSON.parse(kept), { statement, signature, header });
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
    assert.equal(statement.tokens.output, 3);
    assert.equal(acknowledged(state.sessions[0].lanes[0]), BigInt(statement.charge));
  });
}

const TOOLS = [
  { id: 'a', type: 'function', function: { name: 'sum', arguments: '{"x":1}' } },
  { id: 'b', type: 'function', function: { name: 'now', arguments: '{}' } },
];
const piece = (index, id, name, text) => ({
  choices: [{ delta: { tool_calls: [{ index, id, function: { name, arguments: text } }] } }],
});
// Each with the text that its statement is about.
const SAYINGS = {
  'a chat that calls tools': {
    at: CHAT,
    answer: {
      text: 'sum{"x":1}now{}',
      tokens: 9,
      body: { choices: [{ message: { content: null, tool_calls: TOOLS } }] },
      events: [
        { choices: [{ delta: { role: 'assistant', content: null } }] },
        piece(0, 'a', 'sum', ''),
        piece(0, undefined, undefined, '{"x"'),
        piece(0, undefined, undefined, ':1}'),
        piece(1, 'b', 'now', '{}'),
        { choices: [] },
      ],
    },
  },
  'a chat with a text and a tool': {
    at: CHAT,
    answer: {
      text: 'Hm. sum{"x":1}',
      tokens: 7,
      body: { choices: [{ message: { tool_calls: TOOLS.slice(0, 1), content: 'Hm. ' } }] },
      events: [{ choices: [{ delta: { content: 'Hm. ' } }] }, piece(0, 'a', 'sum', '{"x":1}')],
    },
  },
  'a continued text': { at: '/v1/completions' },
};
for (const [what, { at, answer }] of Object.entries(SAYINGS)) {
  for (const stream of [false, true]) {
    const how = stream ? 'as a stream' : 'at once';
    story(`${what}, ${how}, is acknowledged`, async ({ scheme, state, ask, node }) => {
      node.answer = answer;
      const response = await ask({ stream, max_tokens: 9 }, at);
      const text = await response.text();
      const { statement } = await scheme.receipt(response);
      assert.equal(statement.tokens.output, answer?.tokens ?? 3);
      assert.equal(acknowledged(state.sessions[0].lanes[0]), BigInt(statement.charge));
      if (stream) assert.ok(text.endsWith('data: [DONE]\n\n'), text);
      else assert.ok(Array.isArray(JSON.parse(text).choices));
    });
    story(`${what}, ${how}, is not another`, async ({ scheme, state, ask, node }) => {
      node.answer = answer;
      node.misbehave = { statement: { responseHash: `0x${'00'.repeat(32)}` } };
      const asked = async () => {
        const response = await ask({ stream, max_tokens: 9 }, at);
        await Promise.all([response.text(), scheme.receipt(response)]);
      };
      await assert.rejects(asked(), ofCode('another answer'));
      assert.equal(acknowledged(state.sessions[0].lanes[0]), 0n);
    });
  }
}

const BASE64 = [{ embedding: 'AAAAPwAAgL8=' }, { embedding: 'AAAAQA==' }];
const OTHER = [{ embedding: [0.5, -1] }, { embedding: [2.5] }];
story('vectors are acknowledged in both forms', async ({ scheme, state, ask, node }) => {
  const vectors = async () => scheme.receipt(await ask({ input: ['a', 'b'] }, '/v1/embeddings'));
  const { statement } = await vectors();
  assert.deepEqual([statement.tokens.output, statement.charge], [0, String(planck(0))]);
  const text = 'AAAAPwAAgL8=\nAAAAQA==\n';
  node.answer = { text, tokens: 0, body: { data: BASE64 } };
  await vectors();
  assert.equal(acknowledged(state.sessions[0].lanes[0]), 2n * planck(0));
  node.answer = { text, tokens: 0, body: { data: OTHER } };
  await assert.rejects(vectors(), ofCode('another answer'));
});

story('nothing is paid for answers of which nothing is known', async ({ ask, chain, node }) => {
  await assert.rejects(ask({}, '/v1/images/generations'), ofCode('what answers there say'));
  assert.deepEqual([chain.sessions.length, paid(node)], [0, 0]);
});

story('an offer that has changed meanwhile gives way to another one', async ({ scheme, ask, node }) => {
  const codes = [
    'price_changed',
    'version_changed',
    'voucher_expired',
    'voucher_valid_too_long',
    'insufficient_authorisation',
  ];
  for (const code of codes) {
    node.misbehave = { refuseOnce: code };
    const response = await ask();
    assert.equal(response.status, 200, code);
    await scheme.receipt(response);
  }
  node.misbehave = { refuse: 'price_changed' };
  assert.equal((await ask()).status, 402);
});

story('a voucher that arrives late counts once', async ({ scheme, state, ask, node }) => {
  node.misbehave = { drop: 'before' };
  await assert.rejects(ask());
  const { body, header } = node.dropped;
  // It overtakes the next one, which has the same sequence.
  const late = async () => {
    node.misbehave = {};
    const headers = { 'payment-signature': header };
    const answer = await fetch(`${node.url}${CHAT}`, { method: 'POST', body, headers });
    assert.equal(answer.status, 200);
  };
  node.misbehave = { before: late };
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
  const [lane] = Object.values(state.sessions[0].lanes);
  assert.deepEqual([acknowledged(lane), lane.calls], [2n * planck(3), []]);
});

story('a call that fails costs nothing, and uses its sequence', async ({ scheme, ask, node }) => {
  node.misbehave = { fail: true };
  assert.equal((await ask()).status, 500);
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.equal(statement.sequence, 2);
});

const AGREEMENT = {
  model: 3,
  version: 1,
  priceVersion: 2,
  asOf: 1_000,
  evidence: 'open',
  ownPrice: null,
};
const TOKENS = { input: 5, cached: 0, retrieved: 0, output: 3 };
const OVERCHARGES = {
  'is not the price': { charge: '999' },
  'another answer': { responseHash: `0x${'00'.repeat(32)}` },
  'another request': { requestHash: `0x${'00'.repeat(32)}` },
  'another call': { sequence: 2 },
  'another agreement': { agreement: { ...AGREEMENT, version: 2 } },
  'more tokens are cached': { tokens: { ...TOKENS, cached: 6 } },
  '4 output tokens where 3 were agreed on': { tokens: { ...TOKENS, output: 4 }, charge: String(planck(4)) },
  '6 input tokens where 5 were agreed on': { tokens: { ...TOKENS, input: 6 } },
  'does not know': { extension: `0x${'00'.repeat(32)}` },
  'it names contributions': { attribution: [{ contribution: 1, basisPoints: 1 }] },
};
for (const [reason, statement] of Object.entries(OVERCHARGES)) {
  story(`a statement is refused: ${reason}`, async ({ state, ask, node }) => {
    node.misbehave = { statement };
    await assert.rejects(ask(), ofCode(reason));
    const [lane] = Object.values(state.sessions[0].lanes);
    assert.equal(acknowledged(lane), 0n);
    assert.ok(lane.calls[0].rejected, 'the evidence is kept');
    node.misbehave = {};
    await assert.rejects(ask(), ofCode('nothing more is paid'));
  });
}

// The header of an answer of three words, in the form in which the node shows it.
const header = ({ words = '03000000', info = '30000000', entries = '00', evidence = '00' }) =>
  `0x${'00'.repeat(34)}${words}${info}${entries}${'77'.repeat(32)}00${evidence}`;
const HEADERS = {
  'another answer': header({ words: '04000000', info: '40000000' }),
  'sums are wrong': header({ info: '34000000' }),
  'another kind of evidence': header({ evidence: '01' }),
  'a list has 1 items': header({ entries: '04' }),
  'attribution rule 1': header({}).replace('0x00', '0x01'),
  'it cannot be read': undefined,
};
for (const [reason, shown] of Object.entries(HEADERS)) {
  story(`a header is refused: ${reason}`, async ({ scheme, state, ask, node }) => {
    assert.equal((await scheme.receipt(await ask())).header, header({}));
    node.misbehave = { receipt: { header: shown } };
    await assert.rejects(ask(), (error) => new RegExp(reason).test(error.message));
    assert.equal(acknowledged(state.sessions[0].lanes[0]), planck(3));
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

const PRICE_TEXT = asText(PRICE);
const BAD_OFFERS = {
  'price is not the one on chain': { terms: { price: { ...PRICE_TEXT, perInputToken: '11' } } },
  'the price is not the one': { terms: { price: { ...PRICE_TEXT, perCachedInputToken: '5' } } },
  'the price is not': { terms: { price: { ...PRICE_TEXT, perCachedInputToken: undefined } } },
  'version is not the one on chain': { terms: { version: 9 } },
  'it asks for': { offer: { amount: '4999' } },
  'tokens in': { terms: { inputTokens: 5_000 } },
  'instead of 3': { terms: { maxOutputTokens: 4 } },
  'no registered inference node': { offer: { payTo: 'opmQCxeXU2boKBEQjy92vWGi76EEoFEztvFBC6CKjG5yv59tM' } },
  'genesis hash': { terms: { genesisHash: `0x${'cd'.repeat(32)}` } },
  'no model': { terms: { model: 77 } },
  'made at block 899': { terms: { block: 899 } },
  'own price is above': { terms: { ownPrice: { ...PRICE_TEXT, perCall: '1001' } } },
  'or no price': { terms: { ownPrice: { perCall: '1' } } },
  'list price, or': { terms: { ownPrice: { ...PRICE_TEXT, perInputToken: '3' } } },
};
for (const [reason, misbehave] of Object.entries(BAD_OFFERS)) {
  story(`an offer is refused: ${reason}`, async ({ ask, chain, node }) => {
    node.misbehave = misbehave;
    await assert.rejects(ask(), ofCode(reason));
    assert.equal(chain.sessions.length, 0);
    assert.equal(paid(node), 0);
  });
}

test('a cached token is never dearer than another one', () => {
  const costs = [0, 1, 4, 5].map((cached) => charge(PRICE, 5, 2, cached));
  assert.deepEqual(costs, [1_250n, 1_244n, 1_226n, 1_220n]);
});

story('a call that may cost too much is not made', async ({ ask, chain }) => {
  await assert.rejects(ask({ max_tokens: 500 }), ofCode('maxAmountPerPayment'));
  assert.equal(chain.sessions.length, 0);
});

story('the scheme has a limit of its own', async ({ scheme, ask, chain, node }) => {
  await assert.rejects(ask({ max_tokens: 500 }), ofCode('are allowed'));
  assert.deepEqual([chain.sessions.length, paid(node)], [0, 0]);
  const [{ maxAmountPerPayment }] = scheme.spendControls().allowedAssets;
  assert.equal(maxAmountPerPayment, '5000');
}, { allowed: 10n ** 20n });

story('what is not asked for is bounded', async ({ scheme, ask, chain, node }) => {
  const unasked = { max_tokens: undefined };
  node.usualTokens = 4_097;
  await assert.rejects(ask(unasked), ofCode('4096 are allowed then'));
  await assert.rejects(ask(unasked, '/v1/completions'), ofCode('4096 are allowed then'));
  // This says nothing of a continued text.
  const other = { ...unasked, max_completion_tokens: 5_000 };
  await assert.rejects(ask(other, '/v1/completions'), ofCode('4096 are allowed then'));
  assert.deepEqual([chain.sessions.length, paid(node)], [0, 0]);
  node.usualTokens = 4_096;
  await scheme.receipt(await ask(unasked));
  await scheme.receipt(await ask({ max_tokens: 5_000 }));
  node.misbehave = { terms: { maxOutputTokens: 1 }, offer: { amount: String(planck(1)) } };
  await assert.rejects(ask({}, '/v1/embeddings'), ofCode('instead of 0'));
}, { maxCharge: 10n ** 6n, deposit: 10n ** 7n });

story('how much is not asked for can be set', async ({ scheme, ask, node }) => {
  node.usualTokens = 10;
  await scheme.receipt(await ask({ max_tokens: undefined }));
  node.usualTokens = 11;
  await assert.rejects(ask({ max_tokens: undefined }), ofCode('10 are allowed then'));
}, { maxOutputTokens: 10 });

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

story('a session that is of no use with its node is used no more', async ({ scheme, ask, chain, node }) => {
  await ask();
  node.misbehave = { refuse: 'session_of_other_caller' };
  assert.equal((await ask()).status, 402);
  assert.equal(chain.sessions.length, 1);
  node.misbehave = {};
  const { statement } = await scheme.receipt(await ask());
  assert.deepEqual([statement.session, chain.sessions.length], [1, 2]);
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
  for (const rubbish of ['', '{}', 'no', '{"layout":4,"sessions":[]}']) {
    fs.writeFileSync(file, rubbish);
    assert.throws(() => new StateFile(file), ofCode('state'));
    assert.equal(fs.readFileSync(file, 'utf8'), rubbish, 'it is not overwritten');
    assert.ok(!fs.existsSync(`${file}.lock`));
  }
});
