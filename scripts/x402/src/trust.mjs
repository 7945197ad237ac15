// How often a node's answers were charged and did not arrive, and when it is paid nothing more for that.
//
// Each session has these counts, and the next one with the same node goes on from them:
//
//   charged  calls that were charged
//   lost     those of them whose answers did not arrive
//   losses   how many of these there were since an answer last arrived

import { SILENT_TOKENS } from './checks.mjs';

const IN_A_ROW = 3;
// From so many calls on it also counts which part of them was lost: no more than one in so many may be.
const JUDGED = 20;
const ONE_IN = 20;

export const newTrust = () => ({ charged: 0, lost: 0, losses: 0 });

// The counts out of a session.
export const trustOf = ({ charged, lost, losses }) => ({ charged, lost, losses });

// Whether more was charged than there was of an answer that did not arrive, or broke off.
export const isLoss = ({ lost }, { tokens }) =>
  lost === 0 || (lost > 0 && tokens.output > lost + SILENT_TOKENS);

// Counts a call that was charged, and whether all of its answer arrived, or too little of it.
export function count(trust, { arrived = false, lost = false }) {
  trust.charged += 1;
  if (arrived) trust.losses = 0;
  if (!lost) return;
  trust.lost += 1;
  trust.losses += 1;
}

// Why a node with these counts is paid nothing more; undefined if it is.
export function distrust({ charged, lost, losses }) {
  if (losses >= IN_A_ROW) return `${losses} answers in a row were charged and did not arrive`;
  const isShare = charged >= JUDGED && lost * ONE_IN > charged;
  return isShare ? `${lost} of ${charged} answers were charged and did not arrive` : undefined;
}
