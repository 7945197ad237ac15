import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remedies } from '../src/remedies.mjs';
import { REFUSAL_CODES } from '../src/refusal-codes.mjs';

const ofVouchers = Object.keys(REFUSAL_CODES).filter((code) => REFUSAL_CODES[code].about === 'voucher');

test('each code about vouchers has one remedy, and no other code has any', () => {
  const [first, ...others] = ofVouchers;

  assert.equal(remedies({ nothing: others, offer: [first] }).get(first), 'offer');

  const wrong = [
    [{ nothing: others }, `no remedy for ${first}`],
    [{ nothing: ofVouchers, offer: [first] }, `two remedies for ${first}`],
    [{ nothing: [...ofVouchers, 'overloaded'] }, 'a remedy for overloaded, which is not about vouchers'],
    [{ nothing: [...ofVouchers, 'gone'] }, 'no node says gone'],
  ];
  for (const [table, message] of wrong) {
    assert.throws(() => remedies(table), { name: 'RangeError', message });
  }
});
