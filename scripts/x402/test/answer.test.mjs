import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskAt } from '../src/answer.mjs';

const at = (path) => taskAt(`https://node.example${path}`);
const chat = at('/v1/chat/completions');
const text = at('/v1/completions');
const vectors = at('/v1/embeddings');

test('what is asked for is known by its path', () => {
  assert.equal(at('/deep/v1/chat/completions?x=1'), chat);
  assert.equal(at('/deep/v1/completions'), text);
  assert.equal(new Set([chat, text, vectors]).size, 3);
  for (const path of ['/', '/v1/models', '/v1/chat/completions/', '/v1/chat', '/completions']) {
    assert.equal(at(path), undefined, path);
  }
});

test('a chat is its content and its tool calls', () => {
  const said = (message) => chat.whole({ choices: [{ message }] });
  const call = (name, parameters) => ({ function: { name, arguments: parameters } });
  assert.equal(said({ role: 'assistant', content: 'Zoë.', refusal: null }), 'Zoë.');
  const calls = [call('sum', '{"x":1}'), call('now', '{}')];
  assert.equal(said({ tool_calls: calls, content: null }), 'sum{"x":1}now{}');
  assert.equal(said({ tool_calls: calls.slice(1), content: 'Hm. ' }), 'Hm. now{}');
  assert.equal(said({ content: [{ text: 'no' }], tool_calls: [{}, call(1, {})] }), '');
  for (const nothing of [{}, { choices: [] }, [], null]) {
    assert.equal(chat.whole(nothing), '');
    assert.equal(chat.piece(nothing), '');
    assert.equal(text.whole(nothing), '');
    assert.equal(text.piece(nothing), '');
    assert.equal(vectors.whole(nothing), '');
  }
});

test('pieces are what they add', () => {
  const tools = [{ index: 0, id: 'a', function: { name: 'sum' } }];
  assert.equal(chat.piece({ choices: [{ delta: { content: 'Hm. ', tool_calls: tools } }] }), 'Hm. sum');
  assert.equal(chat.piece({ choices: [{ text: 'no' }] }), '');
  assert.equal(text.piece({ choices: [{ text: 'on' }] }), 'on');
  assert.equal(text.whole({ choices: [{ text: 'upon', index: 0 }] }), 'upon');
});

test('vectors are the same in both forms', () => {
  const said = (...embeddings) => vectors.whole({ data: embeddings.map((embedding) => ({ embedding })) });
  assert.equal(said([0.5, -1.0], [2]), 'AAAAPwAAgL8=\nAAAAQA==\n');
  assert.equal(said('AAAAPwAAgL8=', 'AAAAQA=='), 'AAAAPwAAgL8=\nAAAAQA==\n');
  assert.equal(said([], ''), '\n\n');
  for (const none of [[0.5, null], null, 7, undefined, {}, ['1']]) assert.equal(said(none), undefined);
  // The shortest form of a 32-bit float, as nodes write it, is that float again.
  const floats = new Float32Array([0.1, -0, 1e-45, 3.4028235e38, 16777217, 1 / 3, -1.1754944e-38]);
  const written = [0.1, -0, 1e-45, 3.4028235e38, 16777216, 0.33333334, -1.1754944e-38];
  const read = JSON.parse('[0.1,-0.0,1e-45,3.4028235e38,16777216.0,0.33333334,-1.1754944e-38]');
  assert.deepEqual(read, written);
  assert.equal(said(read), `${Buffer.from(floats.buffer).toString('base64')}\n`);
});

test('how much is asked for', () => {
  assert.equal(chat.asked({ max_tokens: 7 }), 7);
  assert.equal(chat.asked({ max_tokens: 7, max_completion_tokens: 6 }), 6);
  assert.equal(chat.asked({ max_tokens: 7, max_completion_tokens: null }), 7);
  assert.equal(text.asked({ max_tokens: 7, max_completion_tokens: 6 }), 7);
  assert.equal(vectors.asked({ max_tokens: 7 }), 0);
  assert.equal(chat.asked(JSON.parse('{"max_tokens":100.0}')), 100);
  for (const unasked of [{}, null, { max_tokens: '7' }, { max_tokens: 1.5 }, { max_tokens: null }]) {
    assert.equal(chat.asked(unasked), undefined);
    assert.equal(text.asked(unasked), undefined);
  }
});
