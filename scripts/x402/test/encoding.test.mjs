import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyring } from '@polkadot/keyring';
import { u8aToHex, u8aWrapBytes } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { promptRoot, secretOf, unattributed } from '../src/answer-hash.mjs';
import {
  agreementBytes,
  agreementHash,
  closePayload,
  closeRequestPayload,
  networkOf,
  requestHash,
  sameAgreement,
  statementHash,
  statementPayload,
  voucherPayload,
} from '../src/encoding.mjs';
import { decodeHeader, parseJson } from '../src/json.mjs';
import { SS58_PREFIX, accountId, isSignedBy, sign } from '../src/keys.mjs';
import { LaneList, totalsOf } from '../src/lane-list.mjs';
import { readLane } from '../src/recovery.mjs';
import { Reader, compact } from '../src/scale.mjs';
import { FullList } from './snapshots.mjs';
import { vector } from './vector.mjs';
import { load } from './vectors.mjs';

await cryptoWaitReady();
const KINDS = ['sr25519', 'ed25519', 'ecdsa'];
const keyring = (type) => new Keyring({ type, ss58Format: SS58_PREFIX });
const alice = (type) => keyring(type).addFromUri('//Alice');
const utf8 = (text) => new TextEncoder().encode(text);

test('vouchers and statements are encoded as in the specification', () => {
  assert.equal(u8aToHex(voucherPayload(vector.voucher)), vector.voucherPayload);
  assert.equal(voucherPayload(vector.voucher).length, 190);
  assert.equal(u8aToHex(statementPayload(vector.statement)), vector.statementPayload);
  assert.equal(statementPayload(vector.statement).length, 189);
  assert.equal(statementHash(vector.statement), vector.statementHash);
  assert.equal(u8aToHex(closePayload(vector.close)), vector.closePayload);
  assert.equal(closePayload(vector.close).length, 76);
  assert.equal(closeRequestPayload({ ...vector.close, validUntil: 1 }).length, 71);
});

// Messages as the Rust crate has written them, in the form of the headers.
const messages = load('messages.json');
const hex = (value) => value && `0x${value}`;
const named = (value) =>
  value && {
    perCall: value.per_call,
    perInputToken: value.per_input_token,
    perCachedInputToken: value.per_cached_input_token,
    perOutputToken: value.per_output_token,
  };
const agreementOf = (value) => ({
  model: value.model,
  version: value.version,
  priceVersion: value.price_version,
  asOf: value.as_of,
  evidence: value.sealed ? 'sealed' : 'open',
  ownPrice: named(value.own_price),
});
const common = (value) => ({
  genesisHash: hex(value.genesis_hash),
  session: value.session,
  lane: value.lane,
  sequence: value.sequence,
  requestHash: hex(value.request_hash),
  extension: hex(value.extension),
});

test('vouchers are encoded as the chain does', () => {
  for (const value of messages.vouchers) {
    const agreement = agreementOf(value.agreement);
    const voucher = {
      ...common(value),
      format: 'v3',
      agreement,
      acknowledged: value.acknowledged,
      acknowledgedRoot: hex(value.acknowledged_root),
      authorised: value.authorised,
      validUntil: value.valid_until,
    };
    assert.equal(u8aToHex(voucherPayload(voucher)), hex(value.payload));
    assert.equal(u8aToHex(agreementBytes(agreement)), hex(value.agreement.encoded));
    assert.equal(agreementHash(agreement), hex(value.agreement.hash));
  }
});

test('statements and agreements to close are encoded as the chain does', () => {
  for (const value of messages.statements) {
    const [input, cached, retrieved, output] = value.tokens;
    const statement = {
      ...common(value),
      format: 'v2',
      agreement: agreementOf(value.agreement),
      tokens: { input, cached, retrieved, output },
      charge: value.charge,
      responseHash: hex(value.response_hash),
      attribution: value.attribution.map(([contribution, basisPoints]) => ({ contribution, basisPoints })),
    };
    assert.equal(u8aToHex(statementPayload(statement)), hex(value.payload));
    assert.equal(statementHash(statement), hex(value.hash));
  }
  for (const { genesis_hash: genesisHash, session, settled, payload } of messages.closings) {
    const agreement = { genesisHash: hex(genesisHash), session, settled, extension: null };
    assert.equal(u8aToHex(closePayload(agreement)), hex(payload));
  }
});

test('requests and answers are hashed as in the specification', () => {
  const { salt, requestHash: hash, text, header, responseHash } = vector;
  assert.equal(requestHash(salt, utf8(vector.body)), hash);
  assert.equal(hash, vector.voucher.requestHash);
  const secret = secretOf(salt, hash);
  assert.equal(u8aToHex(promptRoot(secret, utf8(vector.prompt))), vector.promptRoot);
  const answer = { salt, requestHash: hash, delivered: utf8(text), evidence: 'open' };
  const made = unattributed({ ...answer, promptRoot: vector.promptRoot });
  assert.deepEqual(made, { header, responseHash });
  assert.equal(responseHash, vector.statement.responseHash);
  assert.equal(networkOf(vector.voucher.genesisHash), 'polkadot:a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');
});

test('a lane goes on from what the specification has of it', () => {
  const full = new FullList();
  for (const { sequence, statement, ...call } of vector.calls) {
    full.append(sequence, statement, totalsOf({ ...call, attribution: [] }));
  }
  assert.equal(full.root, vector.acknowledgedRoot);
  assert.equal(full.root, vector.voucher.acknowledgedRoot);
  assert.equal(String(full.totals.charge), vector.voucher.acknowledged);
  const { last } = vector.laneState;
  assert.equal(full.snapshot(), last.snapshot);

  const { genesisHash, session, lane: number } = vector.voucher;
  const [, signer] = vector.voucherSignatures.map(({ account }) => accountId(account));
  const place = { genesisHash, session, lane: number };
  const { lane, own } = readLane(vector.laneState, place, [signer]);
  assert.equal(LaneList.from(lane.list).root, vector.root);
  assert.equal(lane.sequence, vector.laneState.sequence);
  assert.equal(String(LaneList.from(lane.list).totals.charge), vector.laneState.charged);
  assert.equal(own.receipt, last.statement);
  assert.equal(own.receipt.header, vector.header);
});

test('the signatures of the specification are those of its keys', () => {
  const [{ account: ferdie }] = vector.statementSignatures;
  const signed = [
    [vector.voucherSignatures, voucherPayload(vector.voucher)],
    [vector.statementSignatures, statementPayload(vector.statement)],
    [[{ account: ferdie, signature: vector.closeSignature }], closePayload(vector.close)],
  ];
  for (const [signatures, payload] of signed) {
    for (const { account, signature } of signatures) {
      assert.ok(isSignedBy(accountId(account), payload, signature), signature.type);
      assert.ok(!isSignedBy(accountId(account), payload.slice(1), signature));
    }
  }
  const kinds = vector.voucherSignatures.map(({ signature }) => signature.type);
  assert.deepEqual(kinds, KINDS);
});

test('keys sign as the specification says', () => {
  const payload = voucherPayload(vector.voucher);
  for (const { account, signature } of vector.voucherSignatures) {
    const pair = alice(signature.type);
    assert.equal(pair.address, account);
    const own = sign(pair, payload);
    assert.ok(isSignedBy(accountId(account), payload, own));
    if (signature.type !== 'sr25519') assert.deepEqual(own, signature);
    const wrapped = sign(pair, u8aWrapBytes(payload));
    assert.ok(isSignedBy(accountId(account), payload, wrapped), 'as wallets sign');
    const stranger = accountId(keyring(signature.type).addFromUri('//Bob').address);
    assert.ok(!isSignedBy(stranger, payload, own));
  }
});

test('a signature of another type, or none, is refused', () => {
  const payload = voucherPayload(vector.voucher);
  const account = accountId(alice('sr25519').address);
  const { value } = sign(alice('sr25519'), payload);
  for (const type of ['ed25519', 'ecdsa', 'eth', 'constructor', undefined]) {
    assert.ok(!isSignedBy(account, payload, { type, value }), type);
  }
  assert.ok(!isSignedBy(account, payload, { type: 'sr25519', value: '0x00' }));
  assert.ok(!isSignedBy(account, payload, undefined));
});

// Another value of the same kind.
function differing(value) {
  if (value === null) return `0x${'ab'.repeat(32)}`;
  if (typeof value === 'number') return value + 1;
  return value.startsWith('0x') ? value.replace(/.$/, (last) => (last === '0' ? '1' : '0')) : `${value}0`;
}

// Each message that differs in one field, at whatever depth.
function* changes(message) {
  for (const [field, value] of Object.entries(message)) {
    if (['format', 'attribution', 'ownPrice', 'evidence'].includes(field)) continue;
    const isNested = value !== null && typeof value === 'object';
    const others = isNested ? changes(value) : [[field, differing(value)]];
    for (const [name, other] of others) yield [`${field}.${name}`, { ...message, [field]: other }];
  }
}

test('every field is signed', () => {
  for (const [message, encode, fields] of [
    [vector.voucher, voucherPayload, 14],
    [vector.statement, statementPayload, 16],
    [vector.close, closePayload, 4],
  ]) {
    const before = u8aToHex(encode(message));
    const changed = [...changes(message)];
    assert.equal(changed.length, fields);
    for (const [field, other] of changed) assert.notEqual(u8aToHex(encode(other)), before, field);
  }
  const { agreement } = vector.voucher;
  const price = named(messages.vouchers[1].agreement.own_price);
  const others = [
    { evidence: 'sealed' },
    { ownPrice: price },
    ...Object.keys(price).map((part) => ({ ownPrice: { ...price, [part]: '7' } })),
  ].map((other) => ({ ...agreement, ...other }));
  const made = [agreement, ...others].map((one) => u8aToHex(agreementBytes(one)));
  assert.equal(new Set(made).size, 7);
  assert.ok(sameAgreement(agreement, { ...agreement }) && !sameAgreement(agreement, others[0]));
  const share = { ...vector.statement, attribution: [{ contribution: 1, basisPoints: 1 }] };
  assert.notEqual(u8aToHex(statementPayload(share)), vector.statementPayload);
});

test('what does not fit its type is not encoded', () => {
  const wrong = {
    lane: [-1, 65_536, 1.5, '', '0x1', null],
    session: [2 ** 53, (2n ** 64n).toString(), NaN],
    acknowledged: [(2n ** 128n).toString(), '-1', '1e3'],
    requestHash: ['0x00', `0x${'g'.repeat(64)}`, undefined],
    format: ['v2', undefined],
    extension: ['', '0x00', undefined],
    agreement: [{ ...vector.voucher.agreement, evidence: 'constructor' }],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => voucherPayload({ ...vector.voucher, [field]: value }), RangeError, field);
    }
  }
  const largest = { acknowledged: (2n ** 128n - 1n).toString(), session: 2n ** 64n - 1n };
  assert.equal(voucherPayload({ ...vector.voucher, ...largest }).length, 190);
  const many = Array.from({ length: 17 }, (_, contribution) => ({ contribution, basisPoints: 1 }));
  assert.throws(() => statementPayload({ ...vector.statement, attribution: many }), RangeError);
});

test('compact integers are as short as they can be', () => {
  const encoded = [
    [0, '0x00'],
    [63, '0xfc'],
    [64, '0x0101'],
    [16_383, '0xfdff'],
    [16_384, '0x02000100'],
    [2 ** 30 - 1, '0xfeffffff'],
    [2 ** 30, '0x0300000040'],
    [2n ** 40n - 1n, '0x07ffffffffff'],
    [2n ** 64n - 1n, '0x13ffffffffffffffff'],
  ];
  for (const [number, expected] of encoded) assert.equal(u8aToHex(compact(number, 64, 'it')), expected);
  assert.throws(() => compact(2n ** 64n, 64, 'it'), RangeError);
  // A list of one item whose length takes more bytes than it has to, and one whose length is beyond any.
  for (const bytes of [[0x05, 0], [0x06, 0, 0, 0], [0x03, 0, 0, 0, 1]]) {
    assert.throws(() => new Reader(Uint8Array.from(bytes)).list(9, () => 0), RangeError);
  }
});

test('no digit of a number in JSON is lost', () => {
  const json = '{"a":18446744073709551615,"b":"9007199254740993 \\"1234567890123456","c":7,"d":1.2345678901234567}';
  assert.deepEqual(parseJson(json), {
    a: '18446744073709551615',
    b: '9007199254740993 "1234567890123456',
    c: 7,
    d: 1.2345678901234567,
  });
  assert.deepEqual(decodeHeader('eyJhIjoiWm_DqyJ9'), { a: 'Zoë' }, 'the URL-safe alphabet, too');
});
