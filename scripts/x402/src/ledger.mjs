// What a caller has promised, and what it has acknowledged: sessions, their lanes, and the calls on them
// whose outcome is not known.
//
// A lane keeps the last sequence that is known to be used, what the node's statements add up to, and every
// call that was paid for and has no outcome yet. There may be several of one sequence: when a voucher is
// refused, its sequence is free for another one, and whichever the node takes first is the one that counts.
//
// All vouchers of a lane name the same version of the same model and the same price version: the terms of the
// lane. What a voucher acknowledges is settled at what it names, so with another one on the lane the node could
// settle the calls before it at terms that came after them. A lane of which they are not known is used no more.

import { setTimeout as sleep } from 'node:timers/promises';
import { u8aToHex } from '@polkadot/util';
import { randomAsU8a } from '@polkadot/util-crypto';
import { SILENT_TOKENS, checkStatement, formatOpen } from './checks.mjs';
import { requestHash } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId } from './keys.mjs';
import { REFUSAL_CODES } from './refusal-codes.mjs';

const MAX_LANES = 64;
// A session that ends within so many blocks is not used for another call.
const MARGIN = 20;
// A voucher is never valid for longer than this, in blocks: an hour.
const LONGEST_VALIDITY = 1_200;
// A node may be so many blocks behind.
const LAG = 100;
// After so many answers in a row that were charged and did not arrive, a node is paid nothing more.
const LOSSES = 3;

const DEFAULTS = {
  // What goes into a new session, in planck.
  deposit: 10n ** 18n,
  // How long a new session lasts, in blocks: a day.
  sessionBlocks: 28_800,
  // How many calls may be under way in one session.
  lanes: 8,
  // How long to wait for a node to see a new session, or to end an earlier call, in milliseconds.
  patience: 45_000,
  // How long to wait before asking again.
  pause: 1_000,
};

// What to do about each voucher that a node does not take.
const REMEDIES = remedies({
  compare: ['voucher_out_of_order', 'voucher_already_used', 'acknowledged_mismatch', 'lane_busy'],
  otherLane: ['lane_of_other_terms'],
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

// Whether another offer may be taken after a refusal with this code.
export const isOutdated = (code) => REMEDIES.get(code) === 'offer';

const laneKey = (session, number) => `${session.session}/${number}`;
const termsOf = ({ model, version, priceVersion }) => ({ model, version, priceVersion });
const sameTerms = (left, right) =>
  left !== null && ['model', 'version', 'priceVersion'].every((key) => left[key] === right[key]);
const byAmount = (left, right) => (left > right ? left : right);

// What was acknowledged or may still be charged, in planck.
function spent(session) {
  return Object.values(session.lanes).reduce((sum, lane) => {
    const open = lane.calls.map((call) => BigInt(call.allowance)).reduce(byAmount, 0n);
    return sum + BigInt(lane.acknowledged) + open;
  }, 0n);
}

// Whether more was charged than there was of an answer that broke off.
const isLoss = ({ lost }, { outputTokens }) =>
  lost === 0 || (lost > 0 && outputTokens > lost + SILENT_TOKENS);

export class Ledger {
  #chain;
  #state;
  #caller;
  #signer;
  #options;
  // Sessions are chosen and opened one after the other.
  #turn = Promise.resolve();
  // Lanes with a call under way, and those who wait for one.
  #busy = new Set();
  #waiting = [];
  // Lanes that were compared with the node since the program started.
  #compared = new Set();

  constructor({ chain, state, caller, signer = caller, ...options }) {
    this.#chain = chain;
    this.#state = state;
    this.#caller = caller;
    this.#signer = accountId(signer.address);
    this.#options = { ...DEFAULTS, ...options };
    const { lanes } = this.#options;
    if (!(Number.isInteger(lanes) && lanes >= 1 && lanes <= MAX_LANES)) {
      throw new RangeError(`a session has 1 to ${MAX_LANES} lanes, not ${lanes}`);
    }
  }

  // How long to wait for a node, in milliseconds.
  get patience() {
    return this.#options.patience;
  }

  // How long to wait before asking again, in milliseconds.
  get pause() {
    return this.#options.pause;
  }

  // What is left of a session's deposit, in planck.
  left(session) {
    return BigInt(session.deposit) - spent(session);
  }

  // A lane for a call of `amount` at what was offered, in a session with `node` that can pay for it. Waits
  // until one is free. The session is opened if there is none, or none that has a lane left.
  //
  // That a lane which was never paid from is of other terms is only the node's word, and another session is
  // another deposit: that is not for the node alone to cause.
  async place(node, amount, offered, api) {
    const terms = termsOf(offered);
    for (;;) {
      const session = await this.#session(node, amount, api);
      const number = await this.#takeLane(session, terms);
      if (number !== undefined) return { session, number };
      const lanes = Object.values(session.lanes);
      if (lanes.some((lane) => lane.terms === null && lane.acknowledged === '0')) {
        const what = `session ${session.session} has no lane left`;
        const why = 'the node says of lanes that were never used that they are for other terms';
        throw new OpenLedgerError('session', `${what}: ${why}`);
      }
      this.#retire(session);
    }
  }

  #session(node, amount, api) {
    const chosen = this.#turn.then(() => this.#choose(node, amount, api));
    this.#turn = chosen.catch(() => {});
    return chosen;
  }

  // Undefined if all lanes are used for something else.
  async #takeLane(session, terms) {
    for (;;) {
      const fit = this.#fittingLanes(session, terms);
      if (fit.length === 0) return undefined;
      const isBusy = (number) => this.#busy.has(laneKey(session, number));
      const busy = Object.keys(session.lanes).filter(isBusy).length;
      const free = fit.filter((number) => !isBusy(number));
      if (busy < this.#options.lanes && free.length > 0) {
        const number = free.find((used) => session.lanes[used]) ?? free[0];
        this.#busy.add(laneKey(session, number));
        session.lanes[number] ??= { terms, sequence: 0, acknowledged: '0', calls: [] };
        return number;
      }
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  // The lanes that are for these terms, and those that were never used.
  #fittingLanes(session, terms) {
    const numbers = Array.from({ length: MAX_LANES }, (_, number) => number);
    return numbers.filter((number) => {
      const lane = session.lanes[number];
      return lane === undefined || sameTerms(lane.terms, terms);
    });
  }

  releaseLane(session, number) {
    this.#busy.delete(laneKey(session, number));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  // The voucher for a request, written down.
  async promise(session, number, requirements, body) {
    const lane = session.lanes[number];
    const terms = requirements.extra;
    const salt = u8aToHex(randomAsU8a(32));
    const best = await this.#chain.best();
    const voucher = {
      genesisHash: this.#chain.genesisHash,
      session: session.session,
      lane: number,
      model: terms.model,
      version: terms.version,
      priceVersion: terms.priceVersion,
      sequence: lane.sequence + 1,
      acknowledged: lane.acknowledged,
      authorised: String(BigInt(lane.acknowledged) + BigInt(requirements.amount)),
      requestHash: requestHash(salt, body),
      validUntil: Math.min(terms.validUntil, best + LONGEST_VALIDITY),
    };
    const call = {
      sequence: voucher.sequence,
      model: terms.model,
      version: terms.version,
      priceVersion: terms.priceVersion,
      price: terms.price,
      inputTokens: terms.inputTokens,
      maxOutputTokens: terms.maxOutputTokens,
      receiptKey: accountId(terms.receiptKey),
      allowance: requirements.amount,
      requestHash: voucher.requestHash,
      salt,
      validUntil: voucher.validUntil,
    };
    lane.calls.push(call);
    this.#state.save();
    return { voucher, call };
  }

  // Checks a statement, and adds its charge to what is acknowledged: once for each call, however often
  // the node states it.
  acknowledge(session, number, call, receipt, text) {
    const lane = session.lanes[number];
    if (!lane.calls.includes(call)) return;
    const place = { genesisHash: session.genesisHash, session: session.session, lane: number };
    try {
      checkStatement(receipt, place, call, text);
    } catch (error) {
      call.rejected = receipt;
      this.#dispute(session, error);
    }
    // First: a statement that is kept twice does no harm.
    this.#state.keepStatement(receipt);
    lane.acknowledged = String(BigInt(lane.acknowledged) + BigInt(receipt.statement.charge));
    this.#used(lane, call.sequence);
    if (text !== undefined) session.losses = 0;
    else if (isLoss(call, receipt.statement)) session.losses = (session.losses ?? 0) + 1;
    if (session.losses >= LOSSES) {
      const what = `${session.losses} answers in a row were charged and did not arrive`;
      this.#dispute(session, new OpenLedgerError('disputed', what));
    }
    this.#state.save();
  }

  // Notes that of a call's answer only `bytes` of text arrived, through no fault of the caller's.
  lost(call, bytes) {
    call.lost = bytes;
    this.#state.save();
  }

  // Makes a lane agree with its node: finds out what became of its calls, then which voucher is next.
  async compare(session, number, api) {
    const deadline = Date.now() + this.#options.patience;
    for (;;) {
      const unknown =
        (await this.#settleCalls(session, number, api)) ??
        (await this.#adopt(session, number, api));
      if (!unknown) break;
      if (Date.now() > deadline) {
        const at = `session ${session.session}, lane ${number}`;
        throw new OpenLedgerError('unresolved', `cannot go on with ${at}: ${unknown}`);
      }
      await sleep(this.#options.pause);
    }
    this.#state.save();
    this.#compared.add(laneKey(session, number));
  }

  // Whether a lane has to be compared with its node before the next voucher.
  isUncertain(session, number) {
    return session.lanes[number].calls.length > 0 || !this.#compared.has(laneKey(session, number));
  }

  // What to do after a voucher was refused; whether it is worth another one.
  async afterRefusal({ code }, { session, number, call }) {
    switch (REMEDIES.get(code)) {
      // The lane has a call without an outcome: it is compared with the node before the next voucher.
      case 'compare':
        return true;
      // The next voucher takes another one.
      case 'otherLane':
        session.lanes[number].terms = null;
        this.#state.save();
        return true;
      // It is of no use with this node. The next one is for whoever calls again to open.
      case 'useless':
        this.#retire(session);
        return false;
      // Another session would cost another deposit, so that is not for the node alone to say.
      case 'retire': {
        const amount = BigInt(call.allowance);
        if (await this.#canPay(session, amount, amount)) return false;
        this.#retire(session);
        return true;
      }
      // 'offer' is for the scheme to follow: no voucher for the old offer will be taken.
      default:
        return false;
    }
  }

  async #choose(node, amount, api) {
    const known = this.#state.sessions.findLast(
      (session) =>
        !session.retired &&
        session.genesisHash === this.#chain.genesisHash &&
        session.node === node &&
        session.caller === accountId(this.#caller.address) &&
        session.signer === this.#signer,
    );
    if (known?.disputed) {
      const what = `nothing more is paid to this node from session ${known.session}`;
      throw new OpenLedgerError('disputed', `${what}: ${known.disputed}`);
    }
    if (known && (await this.#canPay(known, amount))) return known;
    if (known) this.#retire(known);
    return this.#open(node, amount, api);
  }

  // Whether the chain has the session as it was opened, or topped up or extended since, and `amount` is
  // left of it. `setAside` counts as spent, and is meant for this very call.
  async #canPay(session, amount, setAside = 0n) {
    const [onChain, best] = await Promise.all([
      this.#chain.session(session.session),
      this.#chain.best(),
    ]);
    const isSame =
      onChain !== null &&
      ['caller', 'node', 'signer'].every((key) => onChain[key] === session[key]) &&
      onChain.deposit >= BigInt(session.deposit) &&
      onChain.expiresAt >= session.expiresAt;
    if (!isSame || onChain.isClosing || best + MARGIN >= onChain.expiresAt) return false;
    session.deposit = String(onChain.deposit);
    session.expiresAt = onChain.expiresAt;
    const taken = byAmount(spent(session) - setAside, onChain.settled);
    return onChain.deposit - taken >= amount;
  }

  #retire(session) {
    session.retired = true;
    this.#state.save();
  }

  async #open(node, amount, api) {
    const { deposit, sessionBlocks, patience, pause } = this.#options;
    if (amount > deposit) {
      const [most, held] = [formatOpen(amount), formatOpen(deposit)];
      throw new OpenLedgerError('session', `the call may cost ${most}; a session holds ${held}`);
    }
    const expiresAt = (await this.#chain.best()) + sessionBlocks;
    const opening = { node, deposit, signer: this.#signer, expiresAt };
    const number = await this.#chain.openSession(opening, this.#caller);
    const session = {
      genesisHash: this.#chain.genesisHash,
      node,
      caller: accountId(this.#caller.address),
      signer: this.#signer,
      session: number,
      deposit: String(deposit),
      expiresAt,
      retired: false,
      lanes: {},
    };
    this.#state.sessions.push(session);
    this.#state.save();
    // The node may follow another chain node than this program.
    for (const deadline = Date.now() + patience; ; await sleep(pause)) {
      const { refusal } = await api.lane(number, 0);
      if (!refusal) return session;
      if (Date.now() > deadline) {
        const what = `the node does not see session ${number}, which was opened for it`;
        throw new OpenLedgerError('unresolved', `${what}: ${refusal.message}`);
      }
    }
  }

  // Finds out what became of the lane's calls. Returns why that is not known yet, if it is not.
  async #settleCalls(session, number, api) {
    const lane = session.lanes[number];
    for (const sequence of new Set(lane.calls.map((call) => call.sequence))) {
      const { found, refusal } = await api.statement(session.session, number, sequence);
      if (found) {
        const receipt = found.extra;
        const ofSequence = lane.calls.filter((call) => call.sequence === sequence);
        const { requestHash: hash } = receipt.statement;
        const call = ofSequence.find((one) => one.requestHash === hash) ?? ofSequence[0];
        this.acknowledge(session, number, call, receipt);
      } else if (refusal.code === 'not_charged') {
        this.#used(lane, sequence);
      } else if (refusal.code === 'call_unknown') {
        // It was not taken. It still may be, by whoever gets hold of the request, while it is valid.
        const best = await this.#chain.best();
        lane.calls = lane.calls.filter((call) => call.validUntil + LAG >= best);
      } else {
        return refusal.message;
      }
    }
    return undefined;
  }

  // Takes over from the node how far the lane is. Returns why that is not known yet, if it is not.
  async #adopt(session, number, api) {
    const lane = session.lanes[number];
    const { found, refusal } = await api.lane(session.session, number);
    if (refusal) return refusal.message;
    if (!Number.isSafeInteger(found.sequence)) return `it is at call ${found.sequence}`;
    if (found.in_flight !== null) return `call ${found.sequence} is still being served`;
    if (lane.calls.some((call) => call.sequence <= found.sequence)) {
      // One of them was taken meanwhile; or the node has lost it, and the chain has not.
      return `the node has no statement of call ${lane.calls[0].sequence}`;
    }
    const [charged, known] = [BigInt(found.charged), BigInt(lane.acknowledged)];
    if (charged > known) {
      const what = `the node says that lane ${number} cost ${formatOpen(charged)}`;
      const why = `${what}, and its statements here come to ${formatOpen(known)}`;
      this.#dispute(session, new OpenLedgerError('disputed', why));
    }
    // Less is welcome, and one sequence is as good as another: a record counts once for each.
    lane.acknowledged = String(charged);
    lane.sequence = found.sequence;
    return undefined;
  }

  #used(lane, sequence) {
    lane.sequence = Math.max(lane.sequence, sequence);
    lane.calls = lane.calls.filter((call) => call.sequence > sequence);
  }

  #dispute(session, error) {
    session.disputed = error.message;
    this.#state.save();
    throw error;
  }
}
