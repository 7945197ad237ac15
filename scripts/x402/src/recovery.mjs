// A lane as its node has it, for whoever has lost the state file, or has an older one.
//
// The node shows the last voucher that it has taken, and the list that this acknowledges. The caller's own
// signature on it proves that the caller had agreed with every call of the list. Only the voucher's own call came
// after it, and is for the caller to check.

import { checkStatement } from './checks.mjs';
import { voucherPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { isSignedBy } from './keys.mjs';
import { LaneList } from './lane-list.mjs';
import { acknowledge, newLane } from './lane.mjs';

// The lane out of what its node says of it; and of the last voucher's own call, if that was charged and stands in
// the list, the receipt and what is known of the call, neither of which is checked here. `place` says which lane
// it has to be, `signers` who may have signed. Throws if that does not hold.
export function readLane(found, place, signers) {
  if (!found.last) return { lane: newLane(null), own: null };
  const wrong = (what) => {
    const why = `what the node says of lane ${place.lane} does not hold: ${what}`;
    throw new OpenLedgerError('statement', why);
  };
  const read = (reading) => {
    try {
      return reading();
    } catch (error) {
      return wrong(error.message);
    }
  };

  const { voucher, signature, snapshot, statement: receipt } = found.last;
  const payload = read(() => voucherPayload(voucher));
  if (!signers.some((signer) => isSignedBy(signer, payload, signature))) {
    wrong('its last voucher was signed by somebody else');
  }
  if (Object.entries(place).some(([field, value]) => voucher[field] !== value)) {
    wrong('its last voucher is for another lane');
  }
  const { agreement, sequence, requestHash } = voucher;
  if (!Number.isSafeInteger(sequence)) wrong(`it is at call ${sequence}`);
  const list = read(() => LaneList.restore(snapshot, voucher.acknowledgedRoot));
  if (list.totals.charge !== BigInt(voucher.acknowledged) || list.sequence >= BigInt(sequence)) {
    wrong('its list is not what its last voucher acknowledges');
  }
  const lane = { ...newLane(agreement), sequence, signed: sequence, list: list.toJSON() };
  if (!receipt) return { lane, own: null };
  const call = {
    sequence,
    agreement,
    allowance: BigInt(voucher.authorised) - BigInt(voucher.acknowledged),
    requestHash,
  };
  read(() => acknowledge(lane, receipt.statement));
  return { lane, own: { receipt, call } };
}

// Checks that call against what the chain says of its node and its price. Throws if it does not hold.
export async function checkOwn({ receipt, call }, place, operator, chain) {
  const { agreement } = call;
  const [node, models] = await Promise.all([chain.node(operator), chain.models(agreement.model)]);
  const price = agreement.ownPrice ?? priceOf(models, agreement);
  checkStatement(receipt, place, { ...call, price, receiptKey: node?.receiptKey });
}

// The list price that an agreement names, as far as it is in force.
const priceOf = (models, { version, priceVersion }) =>
  models.find((model) => model.version === version && model.priceVersion === priceVersion)?.price;
