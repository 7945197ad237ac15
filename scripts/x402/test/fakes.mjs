// A chain and an inference node that are as strict as the real ones, and can be made to misbehave.

import http from 'node:http';
import { Keyring } from '@polkadot/keyring';
import { unattributed } from '../src/answer-hash.mjs';
import { charge } from '../src/checks.mjs';
import {
  agreementHash,
  closePayload,
  closeRequestPayload,
  networkOf,
  requestHash,
  sameAgreement,
  statementHash,
  statementPayload,
  voucherPayload,
} from '../src/encoding.mjs';
import { SS58_PREFIX, accountId, isSignedBy, sign } from '../src/keys.mjs';
import { totalsOf } from '../src/lane-list.mjs';
import { FullList } from './snapshots.mjs';

export const GENESIS = `0x${'ab'.repeat(32)}`;
export const MODEL = 3;
export const PRICE = {
  perCall: 1_000n,
  perInputToken: 10n,
  perCachedInputToken: 4n,
  perOutputToken: 100n,
};
export const key = (uri, type = 'sr25519') =>
  new Keyring({ type, ss58Format: SS58_PREFIX }).addFromUri(uri);
export const planck = (outputTokens, price = PRICE) => charge(price, INPUT, outputTokens);

export const asText = (price) =>
  Object.fromEntries(Object.entries(price).map(([part, amount]) => [part, String(amount)]));

const PROMPT_ROOT = `0x${'77'.repeat(32)}`;
const INPUT = 5;
const PIECES = ['four', ' five', ' Zoë'];

// What answers say: their body, or the pieces of their stream; the text that is signed; and its tokens.
const ANSWERS = {
  'chat/completions': (tokens) => {
    const pieces = PIECES.slice(0, tokens);
    const text = pieces.join('');
    const choice = { message: { role: 'assistant', content: text }, finish_reason: 'stop' };
    const deltas = [{ role: 'assistant', content: '' }, ...pieces.map((content) => ({ content }))];
    const events = deltas.map((delta) => ({ choices: [{ delta }] }));
    return { text, tokens: pieces.length, body: { choices: [choice] }, events };
  },
  completions: (tokens) => {
    const pieces = PIECES.slice(0, tokens);
    const text = pieces.join('');
    const events = pieces.map((piece) => ({ choices: [{ text: piece, index: 0 }] }));
    return { text, tokens: pieces.length, body: { choices: [{ text, index: 0 }] }, events };
  },
  embeddings: () => ({
    text: 'AAAAPwAAgL8=\nAAAAQA==\n',
    tokens: 0,
    body: { object: 'list', data: [{ embedding: [0.5, -1] }, { embedding: [2] }] },
  }),
};

export class FakeChain {
  genesisHash = GENESIS;
  network = networkOf(GENESIS);
  height = 1_000;
  // Blocks after the newest final one.
  unfinal = 0;
  sessions = [];
  model = { id: MODEL, version: 1, priceVersion: 2, price: PRICE };
  registered = {
    operator: accountId(key('//Ferdie').address),
    receiptKey: accountId(key('//Ferdie//receipts').address),
    models: [MODEL, MODEL + 1],
  };

  async best() {
    return this.height;
  }

  async finalized() {
    return this.height - this.unfinal;
  }

  async node(operator) {
    return accountId(operator) === this.registered.operator ? this.registered : null;
  }

  async models(id) {
    return this.registered.models.includes(id) ? [{ ...this.model, id }] : [];
  }

  async session(id) {
    return this.sessions[id] ?? null;
  }

  async openSession({ node, deposit, signer, expiresAt }, caller) {
    const opener = accountId(caller.address);
    const rest = { settled: 0n, openedAt: this.height, isClosing: false, lanes: [] };
    return this.sessions.push({ caller: opener, node, signer, deposit, expiresAt, ...rest }) - 1;
  }

  // Notes what was settled of a lane.
  settle(session, { number, agreement, sequence, settled }) {
    const { lanes } = this.sessions[session];
    lanes.push({ lane: number, sequence, settled, agreement: agreementHash(agreement) });
    this.sessions[session].settled += settled;
  }

  async closeByAgreement(agreement, signature) {
    const { session } = agreement;
    if (!isSignedBy(this.registered.receiptKey, closePayload(agreement), signature)) {
      throw new Error('BadSignature');
    }
    if (this.sessions[session].settled !== BigInt(agreement.settled)) throw new Error('AgreementOutdated');
    this.sessions[session] = null;
  }
}

// A lane as a node has it.
class FakeLane {
  sequence = 0;
  agreement = null;
  list = new FullList();
  busy = false;
  // The last voucher that was taken, its signature, how many calls it acknowledges, and its own call's receipt.
  last = null;
  // What the node says that it cost, beyond what it has signed for.
  claimed = 0n;
  // Whether the node has lost its list.
  isLost = false;

  get charged() {
    return this.list.totals.charge + this.claimed;
  }
}

export class FakeNode {
  // Vouchers that were taken, by `session/lane/sequence`.
  calls = new Map();
  lanes = new Map();
  // What it answers, in place of the usual.
  answer = undefined;
  // How many tokens an answer may have where the request does not say.
  usualTokens = 4_096;
  // What it charges instead of the list price.
  ownPrice = null;
  // The requests that came.
  requests = [];
  // Changes what it does. `drop` cuts the connection: 'before' the voucher is taken, or 'after' the call. `denies` is
  // what it answers to a call that it has charged, `forgets` what it says of each when it is asked for its statement.
  misbehave = {};
  // Whether it keeps what it answered last.
  keeps = false;
  #kept;
  // How many tokens of a prompt it has cached.
  cachedTokens = 0;
  // The block at which somebody else is paid, and after which no voucher of before may be valid.
  changedAt = 0;
  // How often it is asked for the end of a session before it has settled all.
  unsettled = 0;

  constructor(chain) {
    this.chain = chain;
    this.receiptKey = key('//Ferdie//receipts');
    this.server = http.createServer((request, response) => {
      this.#handle(request, response).catch((error) => response.destroy(error));
    });
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  lane(session, lane) {
    const id = `${session}/${lane}`;
    if (!this.lanes.has(id)) this.lanes.set(id, new FakeLane());
    return this.lanes.get(id);
  }

  async #handle(request, response) {
    const [, , kind, ...path] = request.url.split('/');
    const task = [kind, ...path].join('/');
    if (kind === 'statements') return this.#statement(response, path);
    if (kind === 'sessions') return this.#lane(response, path);
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (kind === 'close') return this.#close(response, Number(path[0]), JSON.parse(body));
    const header = request.headers['payment-signature'];
    this.requests.push({ isPaid: header !== undefined });
    const offer = this.#offer(JSON.parse(body), task);
    if (!header) return this.#refuse(response, 402, 'payment_required', offer);
    if (this.misbehave.drop === 'before') {
      this.dropped = { body, header };
      return response.destroy();
    }
    await this.misbehave.before?.();
    const payment = JSON.parse(Buffer.from(header, 'base64'));
    if (this.#kept?.header === header) {
      response.setHeader('payment-response', this.#kept.receipt);
      return json(response, 200, this.#kept.body);
    }
    const refusal = this.#check(payment, offer, body);
    if (refusal) return this.#refuse(response, ...refusal, offer);
    const answer = this.answer ?? ANSWERS[task](offer.extra.maxOutputTokens);
    return this.#serve(response, payment, answer, JSON.parse(body).stream, header);
  }

  #offer({ max_tokens: asked = this.usualTokens, model }, task) {
    const maxOutputTokens = task === 'embeddings' ? 0 : asked;
    const { genesisHash, network, height } = this.chain;
    const terms = {
      genesisHash,
      model: model === 'other' ? MODEL + 1 : MODEL,
      modelName: model,
      version: this.chain.model.version,
      priceVersion: this.chain.model.priceVersion,
      price: asText(PRICE),
      ownPrice: this.ownPrice && asText(this.ownPrice),
      inputTokens: INPUT,
      maxOutputTokens,
      receiptKey: this.receiptKey.address,
      block: height,
      validUntil: height + 200,
    };
    return {
      scheme: 'batch-settlement',
      network,
      amount: String(this.#charge(maxOutputTokens)),
      asset: 'OPEN',
      payTo: key('//Ferdie').address,
      maxTimeoutSeconds: 60,
      extra: { ...terms, ...this.misbehave.terms },
      ...this.misbehave.offer,
    };
  }

  #charge(outputTokens, cachedTokens = 0) {
    return charge(this.ownPrice ?? PRICE, INPUT, outputTokens, cachedTokens);
  }

  #check({ payload }, offer, body) {
    const { voucher, signature, salt } = payload;
    const session = this.chain.sessions[voucher.session];
    if (this.misbehave.refuse) return [402, this.misbehave.refuse];
    if (this.misbehave.refuseOnce) {
      const code = this.misbehave.refuseOnce;
      this.misbehave = {};
      return [402, code];
    }
    if (!session) return [402, 'session_unknown'];
    if (voucher.requestHash !== requestHash(salt, body)) return [402, 'request_mismatch'];
    if (!isSignedBy(session.signer, voucherPayload(voucher), signature)) {
      return [402, 'invalid_signature'];
    }
    const { agreement } = voucher;
    const { model, version, priceVersion, ownPrice } = offer.extra;
    const offered = { ...agreement, model, version, priceVersion, ownPrice };
    if (!sameAgreement(agreement, offered)) return [402, 'version_changed'];
    const { asOf } = agreement;
    if (asOf < session.openedAt || asOf > this.chain.height) return [402, 'as_of_unusable'];
    if (this.changedAt > asOf && voucher.validUntil > this.changedAt) return [402, 'terms_changed'];
    const allowance = BigInt(voucher.authorised) - BigInt(voucher.acknowledged);
    if (allowance < BigInt(offer.amount)) return [402, 'insufficient_authorisation'];
    const lane = this.lane(voucher.session, voucher.lane);
    if (this.#isTaken(voucher)) return [409, 'voucher_already_used'];
    if (lane.isLost) return [409, 'lane_lost'];
    if (lane.busy) return [409, 'lane_busy'];
    if (voucher.sequence !== lane.sequence + 1) return [409, 'voucher_out_of_order'];
    if (!sameAgreement(lane.agreement ?? agreement, agreement)) return [409, 'lane_of_other_terms'];
    if (BigInt(voucher.acknowledged) !== lane.charged || voucher.acknowledgedRoot !== lane.list.root) {
      return [402, 'acknowledged_mismatch'];
    }
    const taken = [...this.lanes].filter(([id]) => id.startsWith(`${voucher.session}/`));
    const charged = taken.reduce((sum, [, { charged: part }]) => sum + part, 0n);
    if (session.deposit - charged < BigInt(offer.amount)) return [402, 'session_underfunded'];
    return undefined;
  }

  #isTaken({ session, lane, sequence, requestHash: hash }) {
    const call = this.calls.get(`${session}/${lane}/${sequence}`);
    return call !== undefined && call.requestHash === hash;
  }

  async #serve(response, { payload }, { text, tokens, body, events }, isStream, sent) {
    const { voucher, signature: promise, salt } = payload;
    const id = `${voucher.session}/${voucher.lane}/${voucher.sequence}`;
    const lane = this.lane(voucher.session, voucher.lane);
    const { sequence, agreement, requestHash: hash } = voucher;
    const last = { voucher, signature: promise, count: lane.list.count, receipt: null };
    Object.assign(lane, { sequence, agreement, busy: true, last });
    this.calls.set(id, { requestHash: hash, status: 409, code: 'call_in_progress' });
    await this.misbehave.pause;
    if (this.misbehave.fail) {
      lane.busy = false;
      this.calls.set(id, { requestHash: hash, status: 404, code: 'not_charged' });
      return this.#refuse(response, 500, 'internal_error');
    }
    const { evidence } = agreement;
    const delivered = new TextEncoder().encode(text);
    const said = { salt, requestHash: hash, delivered, promptRoot: PROMPT_ROOT, evidence };
    const { header, responseHash } = unattributed(said);
    const cached = this.cachedTokens;
    const statement = {
      format: 'v2',
      genesisHash: voucher.genesisHash,
      session: voucher.session,
      lane: voucher.lane,
      agreement,
      sequence,
      tokens: { input: INPUT, cached, retrieved: 0, output: tokens },
      charge: String(this.#charge(tokens, cached)),
      requestHash: hash,
      responseHash,
      attribution: [],
      extension: null,
      ...this.misbehave.statement,
    };
    lane.list.append(sequence, statementHash(statement), totalsOf(statement));
    lane.busy = false;
    const signature = sign(this.receiptKey, statementPayload(statement));
    const receipt = { statement, signature, header, ...this.misbehave.receipt };
    lane.last.receipt = receipt;
    const answer = {
      success: true,
      transaction: '',
      network: this.chain.network,
      payer: key('//Alice').address,
      amount: statement.charge,
      extra: receipt,
    };
    this.calls.set(id, { requestHash: hash, status: 200, answer });
    const encoded = Buffer.from(JSON.stringify(answer)).toString('base64');
    if (this.keeps) this.#kept = { header: sent, receipt: encoded, body };
    if (this.misbehave.drop === 'after') return response.destroy();
    if (this.misbehave.denies) return this.#refuse(response, ...this.misbehave.denies);
    if (isStream) return this.#stream(response, events, encoded);
    if (!this.misbehave.silent) response.setHeader('payment-response', encoded);
    return json(response, 200, body);
  }

  #stream(response, [first, ...rest], header) {
    response.setHeader('content-type', 'text/event-stream');
    const chunk = (event) => `data: ${JSON.stringify(event)}\n\n`;
    const events = [
      chunk(first),
      ': a comment\n\n',
      ...rest.map(chunk),
      ...(this.misbehave.cut || this.misbehave.stall
        ? []
        : [...this.#stated(header), 'data: [DONE]\n\n']),
    ];
    // In pieces that end anywhere.
    const bytes = Buffer.from(events.join(''));
    for (let start = 0; start < bytes.length; start += 7) {
      response.write(bytes.subarray(start, start + 7));
    }
    if (!this.misbehave.stall) response.end();
  }

  // The statement in a stream: as a comment, or as an event; more than once if it `repeats`.
  #stated(header) {
    const { named, repeats = 1 } = this.misbehave;
    const event = named
      ? `event: payment-response\ndata: ${header}\n\n`
      : `: payment-response ${header}\n\n`;
    return Array(repeats).fill(event);
  }

  #statement(response, path) {
    if (this.misbehave.forgets) return this.#refuse(response, 404, this.misbehave.forgets);
    const call = this.calls.get(path.join('/')) ?? { status: 404, code: 'call_unknown' };
    if (call.answer) return json(response, 200, call.answer);
    return this.#refuse(response, call.status, call.code);
  }

  #lane(response, [session, number]) {
    if (!this.chain.sessions[session]) return this.#refuse(response, 404, 'session_unknown');
    const lane = this.lane(session, number);
    const { agreement, last } = lane;
    return json(response, 200, {
      session: Number(session),
      lane: Number(number),
      sequence: lane.sequence,
      next_sequence: lane.sequence + 1,
      charged: String(lane.charged),
      in_flight: lane.busy ? '1' : null,
      ...(lane.isLost ? {} : { agreement, last: last && this.#last(lane) }),
    });
  }

  #last(lane) {
    const { voucher, signature, count, receipt } = lane.last;
    const last = { voucher, signature, snapshot: lane.list.snapshot(count), statement: receipt };
    return { ...last, ...this.misbehave.last?.(lane) };
  }

  // Agrees to the end of a session that its caller asks for, once it is settled.
  #close(response, session, { valid_until: validUntil, signature }) {
    const { caller, settled } = this.chain.sessions[session];
    const request = { genesisHash: this.chain.genesisHash, session, validUntil };
    if (!isSignedBy(caller, closeRequestPayload(request), signature)) {
      return this.#refuse(response, 403, 'invalid_signature');
    }
    if (this.unsettled > 0) {
      this.unsettled -= 1;
      return this.#refuse(response, 503, 'not_settled');
    }
    const agreement = { genesisHash: this.chain.genesisHash, session, settled, extension: null };
    const agreed = sign(this.receiptKey, closePayload(agreement));
    return json(response, 200, { settled: String(settled), signature: agreed });
  }

  #refuse(response, status, code, offer) {
    if (offer) {
      const resource = { url: `${this.url}/v1/chat/completions` };
      const required = { x402Version: 2, error: code, resource, accepts: [offer] };
      const header = Buffer.from(JSON.stringify(required)).toString('base64');
      response.setHeader('payment-required', header);
    }
    json(response, status, { error: { message: `it is ${code}`, type: 'payment_error', code } });
  }
}

function json(response, status, value) {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}
