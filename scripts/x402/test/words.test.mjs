// Words and answers, as the vectors of docs/formats.md have them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import {
  LONGEST_ANSWER,
  deliveredRoot,
  hashOfWord,
  promptRoot,
  readHeader,
  responseHash,
  secretOf,
  unattributed,
  wordLeaf,
} from '../src/answer-hash.mjs';
import { Tree, hash } from '../src/hashing.mjs';
import { SEPARATORS, SPACELESS, folded, wordsOf } from '../src/words.mjs';
import { load } from './vectors.mjs';

await cryptoWaitReady();
const bytes = (hex) => hexToU8a(`0x${hex}`);
const hex = (data) => u8aToHex(data).slice(2);
const words = load('words.json');
const answers = load('answers.json');

test('code points separate words, or are words, as listed', () => {
  assert.deepEqual(SEPARATORS, words.separators);
  assert.deepEqual(SPACELESS, words.spaceless);
});

for (const { name, source, as_text: expected } of words.cases) {
  test(`words: ${name}`, () => {
    const found = [...wordsOf(bytes(source))].map((word) => ({
      offset: word.offset,
      length: word.bytes.length,
      folded: hex(folded(word.bytes)),
      halves: word.isSpaceless ? 1 : 2,
      glued: word.isGlued,
    }));
    const said = expected.words.map(({ starts_document: _, ...word }) => word);
    assert.deepEqual(found, said);
  });
}

// The leaves of an answer with one mark a word.
function markedLeaves(secret, delivered, marks) {
  let info = 0;
  const credits = new Map();
  return [...wordsOf(delivered)].map((word, index) => {
    const mark = marks[index];
    info += 4 * mark.bits;
    const flags = Number(mark.echoed) + 2 * mark.frequent + 4 * mark.retrieved;
    const leaf = { index, word, flags, info };
    const { owner } = mark;
    if (owner !== null && (credits.has(owner) || credits.size < 16)) {
      const worth = mark.retrieved ? mark.bits : 4 * mark.bits;
      credits.set(owner, (credits.get(owner) ?? 0) + worth);
      Object.assign(leaf, { owner: [...credits.keys()].indexOf(owner) + 1, credit: credits.get(owner) });
    }
    return wordLeaf(secret, leaf);
  });
}

for (const answer of answers.cases) {
  test(`answers: ${answer.name}`, () => {
    const requestHash = `0x${answer.request_hash}`;
    const secret = secretOf(`0x${answer.salt}`, requestHash);
    const delivered = bytes(answer.delivered);

    const leaves = markedLeaves(secret, delivered, answer.marks);
    const tree = new Tree();
    for (const leaf of leaves) tree.push(hashOfWord(leaf));

    assert.deepEqual(leaves.map(hex), answer.leaves.map(({ leaf }) => leaf));
    assert.equal(hex(tree.root), answer.text_root);
    assert.equal(hex(deliveredRoot(secret, delivered)), answer.delivered_root);
    assert.equal(hex(promptRoot(secret, bytes(answer.prompt))), answer.prompt_root);
    const header = bytes(answer.header);
    assert.equal(hex(hash('openledger/answer-header/v1', header)), answer.header_hash);
    const parts = { requestHash, delivered: deliveredRoot(secret, delivered), text: tree.root, header };
    const made = responseHash({ ...parts, length: delivered.length });
    assert.equal(made, `0x${answer.response_hash}`);
  });
}

const REQUEST = { salt: `0x${'01'.repeat(32)}`, requestHash: `0x${'02'.repeat(32)}` };
const PROMPT = `0x${'03'.repeat(32)}`;
const of = (text, changed = {}) =>
  unattributed({
    ...REQUEST,
    delivered: new TextEncoder().encode(text),
    promptRoot: PROMPT,
    evidence: 'open',
    ...changed,
  });

test("an answer's hash depends on all that was said", () => {
  const text = 'Paris, the capital.';
  const { responseHash: made, header } = of(text);
  assert.equal(of(text).responseHash, made);
  const others = [
    of(text, { salt: PROMPT }),
    of(text, { requestHash: PROMPT }),
    of('Paris, the capital!'),
    of('Paris,  the capital.'),
    of('paris, the capital.'),
    of(text, { promptRoot: `0x${'04'.repeat(32)}` }),
    of(text, { evidence: 'sealed' }),
    of(''),
  ];
  assert.equal(new Set([made, ...others.map((other) => other.responseHash)]).size, 9);
  assert.deepEqual(readHeader(header), { promptRoot: PROMPT, evidence: 'open' });
  assert.equal(readHeader(of(text, { evidence: 'sealed' }).header).evidence, 'sealed');
});

test('an answer is bounded', () => {
  const delivered = new Uint8Array(LONGEST_ANSWER + 1);
  assert.throws(() => of('', { delivered }), RangeError);
});

test('a header that names somebody, or cannot be read, is refused', () => {
  for (const { header } of answers.headers) {
    assert.throws(() => readHeader(`0x${header}`), RangeError);
  }
  const { header } = of('Paris');
  const put = (at, byte) => `0x${header.slice(2, 2 + 2 * at)}${byte}${header.slice(4 + 2 * at)}`;
  assert.equal(put(0, '00'), header);
  const wrong = {
    'rule 1': put(0, '01'),
    release: put(2, '01'),
    sums: put(38, '0c'),
    items: put(42, '04'),
    evidence: put(76, '02'),
    'left over': `${header}00`,
    'too few': header.slice(0, -2),
    'hex digits': 'no header',
  };
  for (const [reason, made] of Object.entries(wrong)) {
    assert.throws(() => readHeader(made), { name: 'RangeError', message: new RegExp(reason) });
  }
  assert.throws(() => readHeader(undefined), RangeError);
});
