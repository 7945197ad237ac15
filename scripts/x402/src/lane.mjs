// A lane of a session, as the state file keeps it.
//
//   agreement  what all its calls are made under
//   closed     why no more vouchers are signed on it; null as long as they are
//   sequence   the last sequence that is known to be used
//   signed     the last sequence that a voucher was signed for, as far as is known: what became of these calls is
//              remembered, so nothing is believed of those that are neither in the list nor open
//   removed    whether its node has said of a call, long after it, that it keeps nothing of it any more
//   list       the list of its charged calls, which the next voucher acknowledges
//   calls      every call that was paid for and has no outcome yet
//
// There may be several calls of one sequence: when a voucher is refused, its sequence is free for another one,
// and whichever the node takes first is the one that counts.

import { agreementHash, sameAgreement, statementHash } from './encoding.mjs';
import { LaneList, totalsOf } from './lane-list.mjs';

export const newLane = (agreement) => ({
  agreement,
  closed: null,
  sequence: 0,
  signed: 0,
  removed: false,
  list: new LaneList().toJSON(),
  calls: [],
});

export const listOf = (lane) => LaneList.from(lane.list);

// What its calls cost by the node's statements, in planck.
export const acknowledgedOf = (lane) => BigInt(lane.list.last?.totals.charge ?? 0);

export const byAmount = (left, right) => (left > right ? left : right);

// What was charged or may still be, in planck, where the chain has settled so much of it.
export function spentOn(lane, settled = 0n) {
  const open = lane.calls.map((call) => BigInt(call.allowance)).reduce(byAmount, 0n);
  return byAmount(acknowledgedOf(lane) + open, settled);
}

// Whether calls on these terms may be made on it, whatever block they are paid by.
export const isFor = ({ closed, agreement }, terms) =>
  closed === null &&
  agreement !== null &&
  sameAgreement({ ...terms, asOf: agreement.asOf }, agreement);

// Whether it is closed and its last voucher was never charged: that may be only the node's word.
export const isDenied = ({ closed, list, signed }) =>
  closed !== null && (list.last === null || signed > Number(list.last.sequence));

// Whether nobody has ever signed a voucher on it, as far as is known.
export const isUnused = (lane) =>
  lane.closed === null && lane.agreement === null && lane.signed === 0 && lane.sequence === 0;

// What the chain has settled of it.
export const settledOf = (session, number) =>
  session?.lanes.find(({ lane }) => lane === number) ?? { sequence: 0n, settled: 0n, agreement: null };

// Whether more of it is settled than the node has stated here, or under another agreement.
export function isUnstated(lane, { sequence, settled, agreement }) {
  const { sequence: last, totals } = listOf(lane);
  if (sequence > last || settled > totals.charge) return true;
  return agreement !== null && agreement !== agreementHash(lane.agreement);
}

// Whether the chain has settled more of it than the node has stated, for calls that are all remembered here.
export const isOversettled = (lane, { sequence, settled }) =>
  sequence <= BigInt(lane.signed) && !lane.removed && settled > acknowledgedOf(lane);

// Notes that a sequence is used: nothing becomes of the calls up to it any more.
export function useUp(lane, sequence) {
  lane.sequence = Math.max(lane.sequence, sequence);
  lane.calls = lane.calls.filter((call) => call.sequence > sequence);
}

// Adds a call to what is acknowledged, by its statement, which was checked.
export function acknowledge(lane, statement) {
  const list = listOf(lane);
  list.append(statement.sequence, statementHash(statement), totalsOf(statement));
  lane.list = list.toJSON();
  useUp(lane, statement.sequence);
}
