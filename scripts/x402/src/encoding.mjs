// What is signed, byte by byte. See "What is signed" in docs/x402-openledger.md.

import { compactToU8a, hexToU8a, stringToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto';

// A little-endian integer of `size` bytes. Takes a bigint, a safe integer, or a decimal string.
function uint(size, value, name) {
  const whole =
    typeof value === 'bigint' ||
    Number.isSafeInteger(value) ||
    (typeof value === 'string' && /^\d+$/.test(value));
  let rest = whole ? BigInt(value) : -1n;
  if (rest < 0n || rest >> BigInt(8 * size) > 0n) {
    throw new RangeError(`${name} is no unsigned integer of ${8 * size} bits: ${value}`);
  }
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

const u16 = (value, name) => uint(2, value, name);
const u32 = (value, name) => uint(4, value, name);
const u64 = (value, name) => uint(8, value, name);
const u128 = (value, name) => uint(16, value, name);

// 32 bytes from `0x` and 64 hex digits.
export function hash32(value, name) {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/i.test(value)) {
    throw new RangeError(`${name} is not 0x and 64 hex digits: ${value}`);
  }
  return hexToU8a(value);
}

// The bytes that a caller signs to pay for a call.
export function voucherPayload(voucher) {
  return u8aConcat(
    stringToU8a('openledger/voucher/v2'),
    hash32(voucher.genesisHash, 'genesisHash'),
    u64(voucher.session, 'session'),
    u16(voucher.lane, 'lane'),
    u32(voucher.model, 'model'),
    u32(voucher.version, 'version'),
    u32(voucher.priceVersion, 'priceVersion'),
    u64(voucher.sequence, 'sequence'),
    u128(voucher.acknowledged, 'acknowledged'),
    u128(voucher.authorised, 'authorised'),
    hash32(voucher.requestHash, 'requestHash'),
    u32(voucher.validUntil, 'validUntil'),
  );
}

// The bytes that a node signs to say what a call was and cost.
export function statementPayload(statement) {
  const { attribution } = statement;
  return u8aConcat(
    stringToU8a('openledger/statement/v1'),
    hash32(statement.genesisHash, 'genesisHash'),
    u64(statement.session, 'session'),
    u16(statement.lane, 'lane'),
    u64(statement.sequence, 'sequence'),
    u32(statement.model, 'model'),
    u32(statement.version, 'version'),
    u32(statement.priceVersion, 'priceVersion'),
    u32(statement.inputTokens, 'inputTokens'),
    u32(statement.outputTokens, 'outputTokens'),
    u128(statement.charge, 'charge'),
    hash32(statement.requestHash, 'requestHash'),
    hash32(statement.responseHash, 'responseHash'),
    compactToU8a(attribution.length),
    ...attribution.flatMap(({ contribution, weight }) => [
      u64(contribution, 'contribution'),
      u64(weight, 'weight'),
    ]),
  );
}

const saltedHash = (tag, salt, bytes) =>
  u8aToHex(blake2AsU8a(u8aConcat(stringToU8a(tag), hash32(salt, 'salt'), bytes), 256));

// The salted hash of a request's body, byte for byte as it is sent.
export const requestHash = (salt, body) => saltedHash('openledger/request/v1', salt, body);

// The salted hash of an answer's text.
export const responseHash = (salt, text) =>
  saltedHash('openledger/response/v1', salt, new TextEncoder().encode(text));

// A chain's CAIP-2 name.
export const networkOf = (genesisHash) => `polkadot:${genesisHash.slice(2, 34).toLowerCase()}`;
