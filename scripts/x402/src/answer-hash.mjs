// The hash of an answer that names no contributions: docs/formats.md, section 6.
//
// The node makes it, and the caller makes it again before the call is acknowledged. What only the node knows is
// the root over the prompt as the model's template rendered it, which stands in the header.

import { u8aConcat, u8aToHex } from '@polkadot/util';
import { Tree, hash } from './hashing.mjs';
import { Reader, hash32, hexBytes, octets, u16, u32, u8 } from './scale.mjs';
import { folded, wordsOf } from './words.mjs';

// An answer has so many bytes at most.
export const LONGEST_ANSWER = 1 << 24;
const PIECE = 1_024;
// A longer word stands in its leaf as a hash.
const LONGEST_WORD = 512;
// What each word is worth where there is no rule, in quarter bits.
const WORTH = 16;
const GLUED = 8;
const NO_RULE = 0n;
const NOTHING = new Uint8Array(32);
// The longest header: of sixteen entries and of 64 ranges.
const LONGEST_HEADER = 2 + 32 + 4 + 4 + 1 + 16 * 16 + 32 + 2 + 64 * 20 + 1;

export const EVIDENCE = Object.freeze({ open: 0, sealed: 1 });

// What the salts of an answer are made of: r.
export const secretOf = (salt, requestHash) =>
  hash('openledger/response-salt/v1', hash32(salt, 'salt'), hash32(requestHash, 'requestHash'));

const saltAt = (tag, secret, index) => hash(tag, secret, u32(index, 'index')).subarray(0, 16);

// A word as it stands in a leaf.
export function leafWord(bytes) {
  const word = folded(bytes);
  if (word.length <= LONGEST_WORD) return u8aConcat(u8(0), octets(word));
  return u8aConcat(u8(1), u32(word.length, 'length'), hash('openledger/long-word/v1', word));
}

// The leaf of a word of an answer.
export const wordLeaf = (secret, { index, word, flags = 0, owner = 0, info, credit = 0 }) =>
  u8aConcat(
    u32(index, 'index'),
    saltAt('openledger/word-salt/v1', secret, index),
    u32(word.offset, 'offset'),
    leafWord(word.bytes),
    u8(flags + (word.isGlued ? GLUED : 0), 'flags'),
    u8(owner, 'owner'),
    u32(info, 'info'),
    u32(credit, 'credit'),
  );

// The hash of a word's leaf.
export const hashOfWord = (leaf) => hash('openledger/word/v1', leaf);

// The root over an answer's words where each is worth the same, and nobody's; and how many there are.
function textRoot(secret, delivered) {
  const tree = new Tree();
  for (const word of wordsOf(delivered)) {
    const index = tree.count;
    tree.push(hashOfWord(wordLeaf(secret, { index, word, info: WORTH * (index + 1) })));
  }
  return { root: tree.root, words: tree.count };
}

// The root over the delivered bytes.
export function deliveredRoot(secret, delivered) {
  const tree = new Tree();
  for (let at = 0; at < delivered.length; at += PIECE) {
    const index = tree.count;
    const salt = saltAt('openledger/piece-salt/v1', secret, index);
    const piece = delivered.subarray(at, at + PIECE);
    tree.push(hash('openledger/delivered/v1', u32(index, 'index'), salt, piece));
  }
  return tree.root;
}

// The root over the words of a prompt as it was rendered.
export function promptRoot(secret, prompt) {
  const tree = new Tree();
  for (const { bytes } of wordsOf(prompt)) {
    const index = tree.count;
    const salt = saltAt('openledger/prompt-salt/v1', secret, index);
    tree.push(hash('openledger/prompt-word/v1', u32(index, 'index'), salt, leafWord(bytes)));
  }
  return hash('openledger/prompt/v1', u32(tree.count, 'words'), tree.root);
}

// The hash of an answer out of its parts.
export const responseHash = ({ requestHash, delivered, text, length, header }) =>
  u8aToHex(
    hash(
      'openledger/response/v2',
      hash32(requestHash, 'requestHash'),
      delivered,
      text,
      u32(length, 'length'),
      hash('openledger/answer-header/v1', header),
    ),
  );

// The header and the hash of an answer of which `delivered` are the bytes, as hex. The prompt's root is hex, too.
export function unattributed({ salt, requestHash, delivered, promptRoot: prompt, evidence }) {
  if (delivered.length > LONGEST_ANSWER) {
    throw new RangeError(`an answer has ${LONGEST_ANSWER} bytes at most`);
  }
  const secret = secretOf(salt, requestHash);
  const { root: text, words } = textRoot(secret, delivered);
  const header = u8aConcat(
    u16(NO_RULE, 'rule'),
    NOTHING,
    u32(words, 'words'),
    u32(WORTH * words, 'info'),
    // Nobody owns a word.
    u8(0),
    hash32(prompt, 'promptRoot'),
    // Nothing was retrieved.
    u8(0),
    u8(EVIDENCE[evidence], 'evidence'),
  );
  const parts = { requestHash, delivered: deliveredRoot(secret, delivered), text, header };
  return {
    header: u8aToHex(header),
    responseHash: responseHash({ ...parts, length: delivered.length }),
  };
}

// The prompt's root and the evidence of a header that names no rule and no contribution. Throws a RangeError if
// it is another one.
export function readHeader(header) {
  const reader = new Reader(hexBytes(header, LONGEST_HEADER, 'header'));
  const rule = reader.uint(2);
  if (rule !== NO_RULE) throw new RangeError(`attribution rule ${rule} is not known here`);
  if (reader.hash() !== u8aToHex(NOTHING)) throw new RangeError('its header names a release');
  const words = reader.uint(4);
  if (reader.uint(4) !== words * BigInt(WORTH)) throw new RangeError("its header's sums are wrong");
  const nothing = () => {
    throw new RangeError('its header names contributions');
  };
  reader.list(0, nothing);
  const prompt = reader.hash();
  reader.list(0, nothing);
  const evidence = reader.uint(1);
  reader.end();
  const [name] = Object.entries(EVIDENCE).find(([, number]) => BigInt(number) === evidence) ?? [];
  if (name === undefined) throw new RangeError('its header knows another kind of evidence');
  return { promptRoot: prompt, evidence: name };
}
