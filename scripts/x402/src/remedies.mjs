// What to do about each voucher that a node does not take.

import { REFUSAL_CODES } from './refusal-codes.mjs';

const REMEDIES = remedies({
  // The lane has a call whose outcome is not known, or another list than the node's: both are compared before the
  // next voucher.
  compare: ['voucher_out_of_order', 'acknowledged_mismatch', 'lane_busy'],
  // The lane is used no more; another one takes the call.
  otherLane: ['lane_of_other_terms', 'lane_lost'],
  // The same, by the next offer.
  newTerms: ['terms_changed', 'as_of_unusable'],
  // The next offer, or a voucher made for it, has what was wrong.
  offer: [
    'voucher_expired',
    'voucher_valid_too_long',
    'version_changed',
    'price_changed',
    'insufficient_authorisation',
  ],
  useless: ['session_of_other_caller'],
  retire: [
    'session_unknown',
    'session_of_other_node',
    'session_expired',
    'session_closing',
    'session_underfunded',
  ],
  // It cannot be mended here.
  nothing: [
    // It was taken, so another one would be charged beside it.
    'voucher_already_used',
    'malformed_payment',
    'unsupported_scheme',
    'wrong_chain',
    'no_such_lane',
    'request_mismatch',
    'chain_unavailable',
    'invalid_signature',
    'model_mismatch',
    'exposure_reached',
    'spending_limit_reached',
    'store_unavailable',
  ],
});

// The remedy of each code about vouchers, out of a table of codes by remedy. A code without one, or one that no
// node says, is a mistake in the table.
export function remedies(table) {
  const named = Object.entries(table).flatMap(([remedy, codes]) => codes.map((code) => [code, remedy]));
  const found = new Map(named);
  for (const [code, { about }] of Object.entries(REFUSAL_CODES)) {
    const isOfVoucher = about === 'voucher';
    if (isOfVoucher && !found.has(code)) throw new RangeError(`no remedy for ${code}`);
    if (!isOfVoucher && found.has(code)) {
      throw new RangeError(`a remedy for ${code}, which is not about vouchers`);
    }
  }
  for (const [code, remedy] of named) {
    if (!Object.hasOwn(REFUSAL_CODES, code)) throw new RangeError(`no node says ${code}`);
    if (found.get(code) !== remedy) throw new RangeError(`two remedies for ${code}`);
  }
  return found;
}

// The remedy for a code, if it is one about vouchers.
export const remedyFor = (code) => REMEDIES.get(code);

// Whether another offer may be taken after a refusal with this code.
export const isOutdated = (code) => ['offer', 'newTerms'].includes(remedyFor(code));
