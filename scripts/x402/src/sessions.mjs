// The sessions that calls are paid from: which one, and opening, going on with and closing one.

import { setTimeout as sleep } from 'node:timers/promises';
import { formatOpen } from './checks.mjs';
import { closePayload, closeRequestPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId, isSignedBy, sign } from './keys.mjs';
import { byAmount, spentOn } from './lane.mjs';
import { newTrust, trustOf } from './trust.mjs';

// A session that ends within so many blocks is not used for another call.
const MARGIN = 20;
// A request for the end of a session is valid for so many blocks.
const CLOSING = 100;
// What a node says as long as it is worth asking again for the end of a session.
const NOT_YET = ['call_in_progress', 'not_settled', 'too_many_sessions', 'unreachable'];

// What was acknowledged or may still be charged, in planck. `onChain` are the lanes of which something is settled.
function spent(session, onChain = []) {
  const settled = new Map(onChain.map((lane) => [String(lane.lane), lane.settled]));
  const known = Object.entries(session.lanes).map(([number, lane]) => {
    const amount = spentOn(lane, settled.get(number));
    settled.delete(number);
    return amount;
  });
  return [...known, ...settled.values()].reduce((sum, amount) => sum + amount, 0n);
}

export class Sessions {
  #chain;
  #state;
  #caller;
  #signer;
  #options;
  // They are chosen and opened one after the other.
  #turn = Promise.resolve();

  // `signer` is the account whose key signs vouchers. For the options see DEFAULTS in ledger.mjs.
  constructor({ chain, state, caller, signer, ...options }) {
    this.#chain = chain;
    this.#state = state;
    this.#caller = caller;
    this.#signer = signer;
    this.#options = options;
  }

  // What is left of a session's deposit, in planck.
  left(session) {
    return BigInt(session.deposit) - spent(session);
  }

  // A session with `node` that can pay for a call of `amount`; it is opened if there is none.
  choose(node, amount, api) {
    const chosen = this.#turn.then(() => this.#choose(node, amount, api));
    this.#turn = chosen.catch(() => {});
    return chosen;
  }

  async #choose(node, amount, api) {
    const known = this.#state.sessions.findLast(
      (session) => !session.retired && session.node === node && this.#isOurs(session),
    );
    this.limit(amount);
    if (known) this.check(known);
    if (known && (await this.canPay(known, amount))) return known;
    if (known) {
      // Another session would be another deposit to the same node.
      this.check(known);
      this.retire(known);
    }
    return this.#open(node, amount, api);
  }

  // Throws if nothing more is paid from a session.
  check({ session, disputed }) {
    if (!disputed) return;
    const what = `nothing more is paid to this node from session ${session}`;
    throw new OpenLedgerError('disputed', `${what}: ${disputed}`);
  }

  // Throws if a call of `amount` might make all sessions cost more than is allowed.
  limit(amount) {
    const { maxSpend } = this.#options;
    if (maxSpend === null) return;
    const ours = this.#state.sessions.filter((session) => this.#isOurs(session));
    const cost = ours.map((session) => spent(session)).reduce((sum, part) => sum + part, 0n);
    if (cost + amount <= BigInt(maxSpend)) return;
    const [most, allowed] = [formatOpen(cost + amount), formatOpen(maxSpend)];
    throw new OpenLedgerError('session', `all calls may come to ${most}; ${allowed} are allowed`);
  }

  #isOurs({ genesisHash, caller, signer }) {
    return (
      genesisHash === this.#chain.genesisHash &&
      caller === accountId(this.#caller.address) &&
      signer === this.#signer
    );
  }

  // Whether the chain has the session as it was opened, or topped up or extended since, and `amount` is
  // left of it. `setAside` counts as spent, and is meant for this very call.
  async canPay(session, amount, setAside = 0n) {
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
    session.openedAt = onChain.openedAt;
    const taken = byAmount(spent(session, onChain.lanes) - setAside, onChain.settled);
    return onChain.deposit - taken >= amount;
  }

  // Pays for nothing more from it.
  retire(session) {
    session.retired = true;
    this.#state.save();
  }

  async #open(node, amount, api) {
    const { deposit, sessionBlocks, patience, pause } = this.#options;
    if (amount > deposit) {
      const [most, held] = [formatOpen(amount), formatOpen(deposit)];
      throw new OpenLedgerError('session', `the call may cost ${most}; a session holds ${held}`);
    }
    const best = await this.#chain.best();
    const expiresAt = best + sessionBlocks;
    const opening = { node, deposit, signer: this.#signer, expiresAt };
    const number = await this.#chain.openSession(opening, this.#caller);
    const session = this.#add(number, { node, deposit, expiresAt, openedAt: null });
    // The node may follow another chain node than this program.
    for (const deadline = Date.now() + patience; ; await sleep(pause)) {
      const { refusal } = await api.lane(number, 0);
      if (!refusal && (await this.canPay(session, amount))) return session;
      if (Date.now() > deadline) {
        const what = `the node does not see session ${number}, which was opened for it`;
        throw new OpenLedgerError('unresolved', `${what}: ${refusal?.message ?? 'nor does the chain'}`);
      }
    }
  }

  // Goes on with a session that the state file has lost. Its lanes are for whoever uses them to find out.
  async takeOver(number) {
    const known = this.#find(number);
    if (known) return known;
    const onChain = await this.#chain.session(number);
    const { genesisHash } = this.#chain;
    if (onChain === null || !this.#isOurs({ genesisHash, ...onChain })) {
      throw new OpenLedgerError('session', `session ${number} is not one of this account and signer`);
    }
    return this.#add(number, onChain);
  }

  // Has a session closed with its node's agreement, so that what is left of its deposit comes back at once.
  // Returns what was settled of it, in planck. Nothing more is paid from it, whatever comes of that.
  async close(number, api) {
    const session = this.#find(number);
    if (!session) throw new OpenLedgerError('session', `session ${number} is not known here`);
    this.retire(session);
    const { genesisHash } = session;
    const { settled, signature } = await this.#askForTheEnd(session, api);
    const node = await this.#chain.node(session.node);
    const agreement = { genesisHash, session: number, settled, extension: null };
    if (!node || !isSignedBy(node.receiptKey, closePayload(agreement), signature)) {
      const what = `the node's agreement to the end of session ${number} is not signed with its receipt key`;
      throw new OpenLedgerError('refused', what);
    }
    await this.#chain.closeByAgreement(agreement, signature, this.#caller);
    return BigInt(settled);
  }

  async #askForTheEnd({ genesisHash, session }, api) {
    const { patience, pause } = this.#options;
    for (const deadline = Date.now() + patience; ; await sleep(pause)) {
      const validUntil = (await this.#chain.best()) + CLOSING;
      const signature = sign(this.#caller, closeRequestPayload({ genesisHash, session, validUntil }));
      const { found, refusal } = await api.close(session, { valid_until: validUntil, signature });
      if (found) return found;
      if (!NOT_YET.includes(refusal.code) || Date.now() > deadline) {
        const what = `the node does not agree to the end of session ${session}`;
        throw new OpenLedgerError('refused', `${what} (${refusal.code}): ${refusal.message}`);
      }
    }
  }

  #find(number) {
    return this.#state.sessions.find((session) => session.session === number && this.#isOurs(session));
  }

  #add(number, { node, deposit, expiresAt, openedAt }) {
    // Whoever goes on after a dispute has ended its session, and forgives what was lost.
    const before = this.#state.sessions.findLast((session) => session.node === node && this.#isOurs(session));
    const session = {
      genesisHash: this.#chain.genesisHash,
      node,
      caller: accountId(this.#caller.address),
      signer: this.#signer,
      session: number,
      deposit: String(deposit),
      openedAt,
      expiresAt,
      retired: false,
      lanes: {},
      ...(before && !before.disputed ? trustOf(before) : newTrust()),
    };
    this.#state.sessions.push(session);
    this.#state.save();
    return session;
  }
}
