// What is signed, byte by byte: docs/formats.md, section 9, and "What is signed" in docs/x402-openledger.md.

import { stringToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { EVIDENCE } from './answer-hash.mjs';
import { hash } from './hashing.mjs';
import { compact, hash32, listed, optional, u128, u16, u32, u64, u8 } from './scale.mjs';

export const VOUCHER_FORMAT = 'v3';
export const STATEMENT_FORMAT = 'v2';
// The version of a statement, in front of what is hashed of it.
const STATEMENT_VERSION = 2;
// A call names so many contributions at most.
const MAX_SHARES = 16;

export const PRICES = ['perCall', 'perInputToken', 'perCachedInputToken', 'perOutputToken'];
export const TOKENS = ['input', 'cached', 'retrieved', 'output'];

// A hash that later versions add, or none.
const extension = (message) =>
  optional(message.extension === null ? null : hash32(message.extension, 'extension'));

function ofFormat(message, format) {
  if (message.format !== format) throw new RangeError(`its format is ${message.format}, not ${format}`);
}

// Four prices, each in planck.
const price = (prices) => u8aConcat(...PRICES.map((part) => u128(prices[part], part)));

// What all calls of a lane are made under.
export function agreementBytes(agreement) {
  if (!Object.hasOwn(EVIDENCE, agreement.evidence)) {
    throw new RangeError(`there is no evidence of the kind ${agreement.evidence}`);
  }
  return u8aConcat(
    u32(agreement.model, 'model'),
    u32(agreement.version, 'version'),
    u32(agreement.priceVersion, 'priceVersion'),
    u32(agreement.asOf, 'asOf'),
    u8(EVIDENCE[agreement.evidence], 'evidence'),
    optional(agreement.ownPrice === null ? null : price(agreement.ownPrice)),
  );
}

export const agreementHash = (agreement) =>
  u8aToHex(hash('openledger/agreement/v1', agreementBytes(agreement)));

// Whether two agreements are the same.
export const sameAgreement = (one, other) =>
  u8aToHex(agreementBytes(one)) === u8aToHex(agreementBytes(other));

// The bytes that a caller signs to pay for a call.
export function voucherPayload(voucher) {
  ofFormat(voucher, VOUCHER_FORMAT);
  return u8aConcat(
    stringToU8a('openledger/voucher/v3'),
    hash32(voucher.genesisHash, 'genesisHash'),
    u64(voucher.session, 'session'),
    u16(voucher.lane, 'lane'),
    agreementBytes(voucher.agreement),
    u64(voucher.sequence, 'sequence'),
    u128(voucher.acknowledged, 'acknowledged'),
    hash32(voucher.acknowledgedRoot, 'acknowledgedRoot'),
    u128(voucher.authorised, 'authorised'),
    hash32(voucher.requestHash, 'requestHash'),
    u32(voucher.validUntil, 'validUntil'),
    extension(voucher),
  );
}

function statementBytes(statement) {
  ofFormat(statement, STATEMENT_FORMAT);
  const { attribution, tokens } = statement;
  if (attribution.length > MAX_SHARES) throw new RangeError(`it names ${attribution.length} contributions`);
  const share = ({ contribution, basisPoints }) =>
    u8aConcat(compact(contribution, 64, 'contribution'), compact(basisPoints, 16, 'basisPoints'));
  return u8aConcat(
    hash32(statement.genesisHash, 'genesisHash'),
    u64(statement.session, 'session'),
    u16(statement.lane, 'lane'),
    agreementBytes(statement.agreement),
    u64(statement.sequence, 'sequence'),
    ...TOKENS.map((kind) => u32(tokens[kind], kind)),
    u128(statement.charge, 'charge'),
    hash32(statement.requestHash, 'requestHash'),
    hash32(statement.responseHash, 'responseHash'),
    listed(attribution.map(share)),
    extension(statement),
  );
}

// The bytes that a node signs to say what a call was and cost.
export const statementPayload = (statement) =>
  u8aConcat(stringToU8a('openledger/statement/v2'), statementBytes(statement));

// The hash of a statement that stands in the lane's list.
export function statementHash(statement) {
  const version = u8(STATEMENT_VERSION, 'version');
  return u8aToHex(hash('openledger/statement-hash/v1', version, statementBytes(statement)));
}

// The bytes that a caller signs to ask its node for the end of a session.
export const closeRequestPayload = ({ genesisHash, session, validUntil }) =>
  u8aConcat(
    stringToU8a('openledger/close-request/v1'),
    hash32(genesisHash, 'genesisHash'),
    u64(session, 'session'),
    u32(validUntil, 'validUntil'),
  );

// The bytes that a node signs to agree to the end of a session.
export const closePayload = (agreement) =>
  u8aConcat(
    stringToU8a('openledger/close/v2'),
    hash32(agreement.genesisHash, 'genesisHash'),
    u64(agreement.session, 'session'),
    u128(agreement.settled, 'settled'),
    extension(agreement),
  );

// The salted hash of a request's body, byte for byte as it is sent.
export const requestHash = (salt, body) =>
  u8aToHex(hash('openledger/request/v1', hash32(salt, 'salt'), body));

// A chain's CAIP-2 name.
export const networkOf = (genesisHash) => `polkadot:${genesisHash.slice(2, 34).toLowerCase()}`;
