import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keyring } from '@polkadot/keyring';
import { u8aToHex, u8aWrapBytes } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import {
  networkOf,
  requestHash,
  responseHash,
  statementPayload,
  voucherPayload,
} from '../src/encoding.mjs';
import { decodeHeader, parseJson } from '../src/json.mjs';
import { SS58_PREFIX, accountId, isSignedBy, sign } from '../src/keys.mjs';
import { vector } from './vector.mjs';

await cryptoWaitReady();
const KINDS = ['sr25519', 'ed25519', 'ecdsa'];
const keyring = (type) => new Keyring({ type, ss58Format: SS58_PREFIX });
const alice = (type) => keyring(type).addFromUri('//Alice');

test('vouchers and statements are encoded as in the specification', () => {
  assert.equal(u8aToHex(voucherPayload(vector.voucher)), vector.voucherPayload);
  assert.equal(voucherPayload(vector.voucher).length, 151);
  assert.equal(u8aToHex(statementPayload(vector.statement)), vector.statementPayload);
  const bare = { ...vector.statement, attribution: [] };
  assert.equal(statementPayload(bare).length, 173 + 1);
});

test('requests and answers are hashed as in the specification', () => {
  const body = new TextEncoder().encode(vector.body);
  assert.equal(requestHash(vector.salt, body), vector.requestHash);
  assert.equal(requestHash(vector.salt, body), vector.voucher.requestHash);
  assert.equal(responseHash(vector.salt, vector.text), vector.responseHash);
  assert.equal(networkOf(vector.voucher.genesisHash), 'polkadot:a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');
});

test('the signatures of the specification are those of its keys', () => {
  const signed = [
    [vector.voucherSignatures, voucherPayload(vector.voucher)],
    [vector.statementSignatures, statementPayload(vector.statement)],
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

test('every field is signed', () => {
  const differing = (value) => {
    if (typeof value === 'number') return value + 1;
    return value.startsWith('0x') ? value.replace(/.$/, (last) => (last === '0' ? '1' : '0')) : `${value}0`;
  };
  for (const [message, encode] of [
    [vector.voucher, voucherPayload],
    [{ ...vector.statement, attribution: [] }, statementPayload],
  ]) {
    const before = u8aToHex(encode(message));
    for (const field of Object.keys(message).filter((name) => name !== 'attribution')) {
      const changed = { ...message, [field]: differing(message[field]) };
      assert.notEqual(u8aToHex(encode(changed)), before, field);
    }
  }
});

test('what does not fit its type is not encoded', () => {
  const wrong = {
    lane: [-1, 65_536, 1.5, '', '0x1', null],
    session: [2 ** 53, (2n ** 64n).toString(), NaN],
    acknowledged: [(2n ** 128n).toString(), '-1', '1e3'],
    requestHash: ['0x00', `0x${'g'.repeat(64)}`, undefined],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => voucherPayload({ ...vector.voucher, [field]: value }), RangeError, field);
    }
  }
  const largest = { acknowledged: (2n ** 128n - 1n).toString(), session: 2n ** 64n - 1n };
  assert.equal(voucherPayload({ ...vector.voucher, ...largest }).length, 151);
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
