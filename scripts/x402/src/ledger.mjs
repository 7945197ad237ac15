// What a caller has promised, and what it has acknowledged: the lanes of its sessions, and the calls on them.
//
// All vouchers of a lane name the same agreement: the version of a model, its price, the block by which everybody
// behind it is paid, and whether answers may be shown. With each, the caller agrees with the list of all calls of
// the lane before it, so a call is put into that list only when its statement was checked, and never leaves it.
// A lane whose list the node does not have as well is used no more.

import { setTimeout as sleep } from 'node:timers/promises';
import { u8aToHex } from '@polkadot/util';
import { randomAsU8a } from '@polkadot/util-crypto';
import { EVIDENCE } from './answer-hash.mjs';
import { LAG, checkStatement, formatOpen, ownPriceOf } from './checks.mjs';
import { VOUCHER_FORMAT, requestHash } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId } from './keys.mjs';
import {
  acknowledge,
  acknowledgedOf,
  isDenied,
  isFor,
  isOversettled,
  isUnstated,
  isUnused,
  listOf,
  newLane,
  settledOf,
  useUp,
} from './lane.mjs';
import { checkOwn, readLane } from './recovery.mjs';
import { remedyFor } from './remedies.mjs';
import { Sessions } from './sessions.mjs';
import { count, distrust, isLoss } from './trust.mjs';

const MAX_LANES = 1_024;
// So many lanes may be closed whose last voucher was never charged, or so many times those that may be in use: that
// may be only the node's word, it can redeem each of these vouchers for a day, and another session would be another
// deposit.
const MOST_DENIED = 64;
const DENIED_AT_ONCE = 4;
// After so many lanes in a row that nobody has used, no more are looked for in a session that is taken over.
const UNUSED = 16;
// A voucher is never valid for longer than this, in blocks: an hour.
const LONGEST_VALIDITY = 1_200;
// A node keeps what became of a call for a day at least, in blocks.
const KEPT = 28_800;

const DEFAULTS = {
  // What goes into a new session, in planck.
  deposit: 10n ** 18n,
  // How long a new session lasts, in blocks: a day.
  sessionBlocks: 28_800,
  // What all sessions in the state file may cost together, in planck; null for no limit.
  maxSpend: null,
  // How many calls may be under way in one session.
  lanes: 8,
  // Whether words of an answer may be shown on chain, so that those who own them can be paid: 'open', or 'sealed'.
  evidence: 'open',
  // How long to wait for a node to see a new session, or to end an earlier call, in milliseconds.
  patience: 45_000,
  // How long to wait before asking again.
  pause: 1_000,
};

const laneKey = (session, number) => `${session.session}/${number}`;

export class Ledger {
  #chain;
  #state;
  #options;
  #sessions;
  // Lanes with a call under way, and those who wait for one.
  #busy = new Set();
  #waiting = [];
  // Lanes that were compared with the node since the program started.
  #compared = new Set();
  // Sessions of which a call was taken over since then.
  #adopted = new Set();

  constructor({ chain, state, caller, signer = caller, ...options }) {
    this.#chain = chain;
    this.#state = state;
    this.#options = { ...DEFAULTS, ...options };
    const { lanes, evidence } = this.#options;
    if (!(Number.isInteger(lanes) && lanes >= 1 && lanes <= MAX_LANES)) {
      throw new RangeError(`a session has 1 to ${MAX_LANES} lanes, not ${lanes}`);
    }
    if (!Object.hasOwn(EVIDENCE, evidence)) throw new RangeError(`evidence is open or sealed, not ${evidence}`);
    const account = accountId(signer.address);
    this.#sessions = new Sessions({ chain, state, caller, signer: account, ...this.#options });
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
    return this.#sessions.left(session);
  }

  // Has a session closed with its node's agreement. Returns what was settled of it, in planck.
  close(number, api) {
    return this.#sessions.close(number, api);
  }

  // Goes on with a session that the state file has lost, as far as its node shows what the caller has signed.
  // Lanes that it does not show now are found out about before their first voucher.
  async recover(number, api) {
    const session = await this.#sessions.takeOver(number);
    const onChain = await this.#chain.session(number);
    const settled = Math.max(-1, ...(onChain?.lanes ?? []).map(({ lane }) => lane));
    for (let lane = 0, unused = 0; lane < MAX_LANES && (unused < UNUSED || lane <= settled); lane += 1) {
      if (this.#busy.has(laneKey(session, lane))) continue;
      this.#busy.add(laneKey(session, lane));
      session.lanes[lane] ??= newLane(null);
      try {
        await this.#compare(session, lane, api);
      } finally {
        const isNew = isUnused(session.lanes[lane]);
        if (isNew) delete session.lanes[lane];
        unused = isNew ? unused + 1 : 0;
        this.releaseLane(session, lane);
      }
    }
    this.#state.save();
    return session;
  }

  // A lane for a call of `amount` at what was offered, in a session with `node` that can pay for it, and which
  // the node has as it is here. Waits until one is free. The session is opened if there is none, or none that has
  // a lane left. `refused` are the requests of the vouchers that the node has refused for this very call.
  async place(node, amount, offered, { api, refused }) {
    const { model, version, priceVersion } = offered;
    const { evidence } = this.#options;
    const terms = { model, version, priceVersion, evidence, ownPrice: ownPriceOf(offered) };
    for (;;) {
      const session = await this.#sessions.choose(node, amount, api);
      await this.#tidy(session, api);
      const asOf = await this.#asOf(session, offered.block);
      const number = await this.#takeLane(session, { ...terms, asOf });
      if (number === undefined) {
        this.#sessions.retire(session);
        continue;
      }
      let fits = false;
      try {
        if (this.#isUncertain(session, number)) await this.#compare(session, number, api, refused);
        fits = isFor(session.lanes[number], terms);
      } finally {
        if (!fits) this.releaseLane(session, number);
      }
      if (fits) return { session, number };
    }
  }

  // A lane of this agreement, but for the block; or a new one. Undefined if all are used for something else.
  async #takeLane(session, agreement) {
    for (;;) {
      const lanes = Object.values(session.lanes);
      const most = Math.max(MOST_DENIED, DENIED_AT_ONCE * this.#options.lanes);
      if (lanes.filter(isDenied).length >= most) {
        const what = `session ${session.session} has too many lanes whose last call was refused`;
        throw new OpenLedgerError('session', `${what}, as its node says`);
      }
      const fit = this.#fittingLanes(session, agreement);
      if (fit.length === 0) return undefined;
      const isBusy = (number) => this.#busy.has(laneKey(session, number));
      const busy = Object.keys(session.lanes).filter(isBusy).length;
      const free = fit.filter((number) => !isBusy(number));
      if (busy < this.#options.lanes && free.length > 0) {
        const number = free.find((used) => session.lanes[used]) ?? free[0];
        this.#busy.add(laneKey(session, number));
        session.lanes[number] ??= newLane(agreement);
        return number;
      }
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  // The block by which the calls of a new lane are paid: that of the offer, unless the session is younger, or that
  // block is not final here yet: another one may come in its place, and other people be paid by that. The block of
  // the session itself cannot change without the session.
  async #asOf({ openedAt }, block) {
    return Math.max(openedAt, Math.min(block, await this.#chain.finalized()));
  }

  // The lanes that are for these terms, and those that were never used.
  #fittingLanes(session, terms) {
    const numbers = Array.from({ length: MAX_LANES }, (_, number) => number);
    return numbers.filter((number) => {
      const lane = session.lanes[number];
      return lane === undefined || isFor(lane, terms);
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
    const acknowledged = acknowledgedOf(lane);
    const voucher = {
      format: VOUCHER_FORMAT,
      genesisHash: this.#chain.genesisHash,
      session: session.session,
      lane: number,
      agreement: lane.agreement,
      sequence: lane.sequence + 1,
      acknowledged: String(acknowledged),
      acknowledgedRoot: listOf(lane).root,
      authorised: String(acknowledged + BigInt(requirements.amount)),
      requestHash: requestHash(salt, body),
      validUntil: Math.min(terms.validUntil, best + LONGEST_VALIDITY),
      extension: null,
    };
    const call = {
      sequence: voucher.sequence,
      agreement: lane.agreement,
      price: lane.agreement.ownPrice ?? terms.price,
      inputTokens: terms.inputTokens,
      maxOutputTokens: terms.maxOutputTokens,
      receiptKey: accountId(terms.receiptKey),
      allowance: requirements.amount,
      requestHash: voucher.requestHash,
      salt,
      validUntil: voucher.validUntil,
    };
    // It may have come to that while a lane was waited for.
    this.#sessions.check(session);
    this.#sessions.limit(BigInt(requirements.amount));
    lane.calls.push(call);
    lane.signed = Math.max(lane.signed, call.sequence);
    this.#state.save();
    return { voucher, call };
  }

  // Checks a statement, and adds the call to the list that is acknowledged: once, however often the node states
  // it.
  acknowledge(session, number, call, receipt, text) {
    const lane = session.lanes[number];
    if (!lane.calls.includes(call)) return;
    try {
      checkStatement(receipt, this.#place(session, number), call, text);
    } catch (error) {
      call.rejected = receipt;
      this.#dispute(session, error);
    }
    // First: a statement that is kept twice does no harm.
    this.#state.keepStatement(receipt);
    acknowledge(lane, receipt.statement);
    const arrived = text !== undefined;
    this.#count(session, { arrived, lost: !arrived && isLoss(call, receipt.statement) });
  }

  #count(session, call) {
    count(session, call);
    // An answer that has arrived is the app's.
    const why = call.lost && distrust(session);
    if (why) this.#dispute(session, new OpenLedgerError('disputed', why));
    this.#state.save();
  }

  // Notes that of a call's answer only `bytes` of text arrived, through no fault of the caller's: if it is charged
  // all the same, that is a loss.
  lost(call, bytes) {
    call.lost = bytes;
    this.#state.save();
  }

  // What to do after a voucher was refused; whether it is worth another one for the same offer.
  async afterRefusal({ code }, { session, number, call }) {
    const remedy = remedyFor(code);
    switch (remedy) {
      // The lane has a call without an outcome: it is compared with the node before the next voucher.
      case 'compare':
        return true;
      // The next voucher takes another one; by another offer, if the terms are others.
      case 'otherLane':
      case 'newTerms':
        this.#closeLane(session, number, `the node refused its voucher: ${code}`);
        return remedy === 'otherLane';
      // It is of no use with this node. The next one is for whoever calls again to open.
      case 'useless':
        this.#leave(session);
        return false;
      // Another session would cost another deposit, so that is not for the node alone to say.
      case 'retire': {
        const amount = BigInt(call.allowance);
        if (await this.#sessions.canPay(session, amount, amount)) return false;
        return this.#leave(session);
      }
      // 'offer' is for the scheme to follow: no voucher for the old offer will be taken.
      default:
        return false;
    }
  }

  // Goes on with another session, but not with a node that is in dispute. Returns whether it does.
  #leave(session) {
    if (session.disputed) return false;
    this.#sessions.retire(session);
    return true;
  }

  #place(session, number) {
    return { genesisHash: session.genesisHash, session: session.session, lane: number };
  }

  // Whether a lane has to be compared with its node before the next voucher.
  #isUncertain(session, number) {
    return session.lanes[number].calls.length > 0 || !this.#compared.has(laneKey(session, number));
  }

  // Finds out about calls of lanes that are used no more: what they may cost is set aside till then. And about
  // those that the chain has settled: what their node does not state is in dispute, whatever it has said of them.
  async #tidy(session, api) {
    const best = await this.#chain.best();
    const onChain = await this.#chain.session(session.session);
    const isOver = (call) => call.validUntil + LAG < best;
    for (const [key, lane] of Object.entries(session.lanes)) {
      const number = Number(key);
      const settled = settledOf(onChain, number);
      const isAsked = lane.closed !== null && lane.calls.some(isOver);
      if (this.#busy.has(laneKey(session, number))) continue;
      if (!isAsked && !isOversettled(lane, settled)) continue;
      this.#busy.add(laneKey(session, number));
      try {
        const unknown = await this.#settleCalls(session, number, api);
        this.#state.save();
        if (!unknown) this.#checkSettled(session, number, settled);
      } finally {
        this.releaseLane(session, number);
      }
    }
  }

  // Pays a node nothing more that has settled what it has not stated, though its calls are remembered here.
  #checkSettled(session, number, settled) {
    const lane = session.lanes[number];
    if (!isOversettled(lane, settled)) return;
    const what = `the chain has settled ${formatOpen(settled.settled)} on lane ${number}`;
    const why = `${what}, and the node's statements come to ${formatOpen(acknowledgedOf(lane))}`;
    this.#dispute(session, new OpenLedgerError('disputed', why));
  }

  // Makes a lane agree with its node: finds out what became of its calls, then which voucher is next. A lane that
  // cannot go on is closed.
  async #compare(session, number, api, refused = []) {
    const deadline = Date.now() + this.#options.patience;
    for (;;) {
      const unknown =
        (await this.#settleCalls(session, number, api, refused)) ??
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

  // Finds out what became of the lane's calls. Returns why that is not known yet, if it is not. A node that
  // refuses a voucher and charges it in the same breath is not believed, and gets no other one for the same call.
  async #settleCalls(session, number, api, refused = []) {
    const lane = session.lanes[number];
    const sequences = new Set(lane.calls.map((call) => call.sequence));
    for (const sequence of [...sequences].sort((left, right) => left - right)) {
      const { found, refusal } = await api.statement(session.session, number, sequence);
      const ofSequence = lane.calls.filter((call) => call.sequence === sequence);
      if (found && ofSequence.length > 0) {
        const receipt = found.extra;
        const hash = receipt.statement?.requestHash;
        const call = ofSequence.find((one) => one.requestHash === hash) ?? ofSequence[0];
        if (refused.includes(call.requestHash)) {
          const what = `the node states call ${sequence} of lane ${number}, which it has just refused`;
          throw new OpenLedgerError('unresolved', what);
        }
        this.acknowledge(session, number, call, receipt);
      } else if (['not_charged', 'record_removed'].includes(refusal?.code)) {
        // What was settled of it, if anything was, the chain says. That is in dispute, unless it was so long ago
        // that nobody has to know it any more.
        const best = await this.#chain.best();
        const isOld = ofSequence.some((call) => call.validUntil + KEPT < best);
        lane.removed ||= refusal.code === 'record_removed' && isOld;
        useUp(lane, sequence);
      } else if (refusal?.code === 'call_unknown') {
        // It was not taken. It still may be, by whoever gets hold of the request, while it is valid.
        const best = await this.#chain.best();
        const isOpen = (call) => call.sequence !== sequence || call.validUntil + LAG >= best;
        lane.calls = lane.calls.filter(isOpen);
      } else if (refusal) {
        return refusal.message;
      }
    }
    return undefined;
  }

  // Goes on from where the node has the lane, if that is what was signed for; else closes it. Returns why that is
  // not known yet, if it is not.
  async #adopt(session, number, api) {
    const lane = session.lanes[number];
    const { found, refusal } = await api.lane(session.session, number);
    if (refusal?.code === 'lane_lost') return this.#closeLane(session, number, refusal.message);
    if (refusal) return refusal.message;
    if (!Number.isSafeInteger(found.sequence)) return `it is at call ${found.sequence}`;
    if (found.in_flight !== null) return `call ${found.sequence} is still being served`;
    if (lane.calls.some((call) => call.sequence <= found.sequence)) {
      // One of them was taken meanwhile; or the node has lost it, and the chain has not.
      return `the node has no statement of call ${lane.calls[0].sequence}`;
    }
    const shown = this.#read(session, number, found);
    if (shown instanceof OpenLedgerError) return this.#closeLane(session, number, shown.message);
    const { lane: theirs } = shown;
    if (lane.calls.some((call) => call.sequence <= theirs.sequence)) {
      return `the node shows call ${theirs.sequence}, and has no statement of it`;
    }
    const wrong = await this.#takeOver(session, number, shown);
    if (wrong) return this.#closeLane(session, number, wrong.message);
    const settled = settledOf(await this.#chain.session(session.session), number);
    this.#checkSettled(session, number, settled);
    if (isUnstated(lane, settled)) {
      const why = 'the chain has settled calls of it whose statements are not here';
      return this.#closeLane(session, number, why);
    }
    const [charged, known] = [BigInt(found.charged), acknowledgedOf(lane)];
    if (found.last && charged > known) {
      const what = `the node says that lane ${number} cost ${formatOpen(charged)}`;
      const why = `${what}, and its statements here come to ${formatOpen(known)}`;
      this.#dispute(session, new OpenLedgerError('disputed', why));
    }
    if (charged !== known || listOf(theirs).root !== listOf(lane).root) {
      return this.#closeLane(session, number, 'the node has not the list of calls that it has signed for');
    }
    lane.agreement = theirs.agreement ?? lane.agreement;
    // One sequence is as good as another, but for those that were charged.
    lane.sequence = Math.max(found.sequence, Number(listOf(lane).sequence));
    return undefined;
  }

  // The lane as the node shows it, and the call that its caller has not agreed with yet. An error if it does not
  // hold.
  #read(session, number, found) {
    try {
      return readLane(found, this.#place(session, number), [session.signer, session.caller]);
    } catch (error) {
      if (error instanceof OpenLedgerError) return error;
      throw error;
    }
  }

  // Takes over what the caller has signed of a lane, if that is forgotten here. What is remembered stands: a node that
  // shows more of that has charged what it had said it had not. Returns an error if the call that was not agreed
  // with does not hold.
  async #takeOver(session, number, { lane: theirs, own }) {
    const lane = session.lanes[number];
    const [ours, list] = [listOf(lane), listOf(theirs)];
    const isForgotten = theirs.sequence > lane.signed;
    const isAhead = list.count > ours.count && list.totals.charge >= ours.totals.charge;
    if (isAhead && !isForgotten) {
      const what = `the node shows a charge on lane ${number} up to call ${theirs.sequence}`;
      this.#dispute(session, new OpenLedgerError('disputed', `${what}, of which it had said that there was none`));
    }
    if (isAhead && own) {
      try {
        await checkOwn(own, this.#place(session, number), session.node, this.#chain);
      } catch (error) {
        if (error instanceof OpenLedgerError) return error;
        throw error;
      }
      this.#state.keepStatement(own.receipt);
    }
    lane.signed = Math.max(lane.signed, theirs.sequence);
    if (!isAhead) return undefined;
    lane.list = theirs.list;
    lane.agreement = theirs.agreement;
    // Nobody knows if its answer arrived. There is one for each lane whenever a state is lost, so that they count
    // as one.
    if (own && !this.#adopted.has(session)) {
      this.#adopted.add(session);
      this.#count(session, { lost: true });
    }
    return undefined;
  }

  // Signs nothing more on a lane. What was charged on it counts on.
  #closeLane(session, number, why) {
    session.lanes[number].closed = why;
    this.#state.save();
  }

  #dispute(session, error) {
    session.disputed = error.message;
    this.#state.save();
    throw error;
  }
}
