// The x402 scheme `batch-settlement` on an OpenLedger chain, for the client of @x402/core.
//
// A voucher names the hash of the request that it pays for, and @x402/core does not tell a scheme which
// request that is. So the payment wrapper is wrapped once more: `wrap` keeps the request at hand while the
// wrapper runs, and sees the answers on their way back, streamed ones included.
//
//   const scheme = new OpenLedgerScheme({ chain, state, caller, maxCharge });
//   const client = x402Client.fromConfig({
//     schemes: [{ network: scheme.network, client: scheme }],
//     spendControls: scheme.spendControls(),
//   });
//   const paidFetch = scheme.wrap((fetch) => wrapFetchWithPayment(fetch, client));

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { taskAt } from './answer.mjs';
import { ASSET, SCHEME, checkOffer } from './checks.mjs';
import { voucherPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { decodeHeader } from './json.mjs';
import { accountId, sign } from './keys.mjs';
import { Ledger } from './ledger.mjs';
import { NodeApi, readRefusal, readText } from './node.mjs';
import { isOutdated } from './remedies.mjs';
import { SseParser } from './sse.mjs';

const X402_VERSION = 2;
const PAYMENT_SIGNATURE = 'PAYMENT-SIGNATURE';
const PAYMENT_RESPONSE = 'PAYMENT-RESPONSE';
// The longest answer that is not a stream, in bytes.
const LONGEST = 64 << 20;

// What a call may come to.
const LIMITS = {
  // The most that it may cost, in planck.
  maxCharge: 10n ** 17n,
  // The most output tokens to pay for where the request does not say how many it wants.
  maxOutputTokens: 4_096,
};

// A voucher on its way, which keeps its lane until its outcome is known or cannot be.
class Attempt {
  #resolve;
  #reject;
  #release;

  // Whether its outcome is known, or cannot be.
  get isOver() {
    return this.#release === undefined;
  }

  constructor({ session, number, call, voucher, task, release }) {
    Object.assign(this, { session, number, call, voucher, task });
    this.#release = release;
    this.receipt = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to ask for it.
    this.receipt.catch(() => {});
  }

  done(receipt) {
    this.#resolve(receipt);
    this.#end();
  }

  // Of no effect once it is done.
  fail(error) {
    this.#reject(error);
    this.#end();
  }

  // Once: the next call may have the lane by now.
  #end() {
    this.#release?.();
    this.#release = undefined;
  }
}

// Whether a request that failed did so before anything of it was sent.
const neverLeft = (error) => ['ECONNREFUSED', 'ENOTFOUND'].includes(error.cause?.code);

export class OpenLedgerScheme {
  scheme = SCHEME;
  schemeHooks = { onPaymentResponse: () => this.#afterPayment() };

  #chain;
  #signer;
  #ledger;
  #limits;
  // The call that the running code belongs to.
  #calls = new AsyncLocalStorage();
  #receipts = new WeakMap();

  // `chain` is a Chain, `state` a StateFile. `caller` is the key pair whose account pays; `signer` that
  // which signs vouchers, if it is another. For the options see LIMITS above and DEFAULTS in ledger.mjs.
  constructor({ chain, state, caller, signer = caller, maxCharge, maxOutputTokens, ...options }) {
    this.#chain = chain;
    this.#signer = signer;
    this.#limits = {
      maxCharge: BigInt(maxCharge ?? LIMITS.maxCharge),
      maxOutputTokens: maxOutputTokens ?? LIMITS.maxOutputTokens,
    };
    if (!(Number.isInteger(this.#limits.maxOutputTokens) && this.#limits.maxOutputTokens >= 0)) {
      throw new RangeError(`not a number of tokens: ${maxOutputTokens}`);
    }
    this.#ledger = new Ledger({ chain, state, caller, signer, ...options });
  }

  get network() {
    return this.#chain.network;
  }

  // What lets a client pay in OPEN, at most `maxCharge` planck for one call. More than the scheme's own
  // `maxCharge` is never paid.
  spendControls(maxCharge = this.#limits.maxCharge) {
    const asset = { network: this.network, asset: ASSET, maxAmountPerPayment: String(maxCharge) };
    return { allowedAssets: [asset] };
  }

  // A fetch that pays. `make` puts the payment wrapper around the fetch that it is given. A streamed
  // answer has to be read to its end, or cancelled.
  wrap(make, fetch = globalThis.fetch) {
    const paying = make((request) => this.#send(fetch, request));
    return async (input, init) => {
      const request = new Request(input, init);
      const body = new Uint8Array(await request.arrayBuffer());
      const { method, headers, signal, url } = request;
      // A voucher goes where it was meant to go, or nowhere.
      const again = { method, headers, signal, redirect: 'error' };
      if (body.length > 0) again.body = body;
      const api = new NodeApi(fetch, url);
      const task = taskAt(url);
      // The requests of vouchers that the node has refused.
      const refused = [];
      let call = { body, api, task, refused };
      try {
        let response = await this.#calls.run(call, () => paying(url, again));
        if (call.isOutdated) {
          // The wrapper would pay for the same offer again; there is another one.
          call = { body, api, task, refused };
          response = await this.#calls.run(call, () => paying(url, again));
        }
        if (call.attempt) this.#receipts.set(response, call.attempt.receipt);
        return response;
      } catch (error) {
        call.attempt?.fail(error);
        throw error;
      }
    };
  }

  // Goes on with a session that the state file has lost, with the node whose paid endpoints are at `url`.
  async recover(session, url, fetch = globalThis.fetch) {
    await this.#ledger.recover(session, new NodeApi(fetch, url));
  }

  // Has a session closed with the agreement of the node at `url`: what is left of its deposit comes back at once.
  // Returns what was settled of it, in planck.
  close(session, url, fetch = globalThis.fetch) {
    return this.#ledger.close(session, new NodeApi(fetch, url));
  }

  // What was paid for an answer: the checked statement with its signature and header, and what is left of the
  // session. For a stream it is there at its end. Undefined for an answer that was not paid for.
  receipt(response) {
    return this.#receipts.get(response);
  }

  // Called by @x402/core: a signed voucher for the running call.
  async createPaymentPayload(x402Version, requirements) {
    const call = this.#calls.getStore();
    if (!call) throw new OpenLedgerError('call', 'this is not the fetch that wrap() returned');
    if (x402Version !== X402_VERSION) {
      throw new OpenLedgerError('offer', `the node speaks version ${x402Version} of x402`);
    }
    // What cannot be checked is not paid for.
    if (!call.task) throw new OpenLedgerError('call', 'it is not known what answers there say');
    await this.#checkOffer(requirements, call);
    const amount = BigInt(requirements.amount);
    const ledger = this.#ledger;
    const node = accountId(requirements.payTo);
    const { session, number } = await ledger.place(node, amount, requirements.extra, call);
    const release = () => ledger.releaseLane(session, number);
    try {
      const promised = await ledger.promise(session, number, requirements, call.body);
      const signature = sign(this.#signer, voucherPayload(promised.voucher));
      const { task } = call;
      const { voucher } = promised;
      call.attempt = new Attempt({ session, number, call: promised.call, voucher, task, release });
      return { x402Version, payload: { voucher, signature, salt: promised.call.salt } };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #checkOffer(requirements, { body, task }) {
    const [finalized, node, models] = await Promise.all([
      this.#chain.finalized(),
      this.#chain.node(requirements.payTo),
      this.#chain.models(requirements.extra.model),
    ]);
    const { genesisHash } = this.#chain;
    const facts = { genesisHash, finalized, node, body, task, ...this.#limits };
    const errors = [];
    // It has to fit one of the views that the node may have of the model.
    for (const model of models.length > 0 ? models : [undefined]) {
      try {
        checkOffer(requirements, { ...facts, model });
        return;
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors[0];
  }

  // Sends a request of the payment wrapper, and takes the answer to one that pays.
  async #send(fetch, request) {
    if (!request.headers.has(PAYMENT_SIGNATURE)) return fetch(request);
    const call = this.#calls.getStore();
    const { attempt } = call;
    try {
      return await this.#deliver(fetch, request, call);
    } catch (error) {
      // Whatever came, the app does not have an answer. It is not to blame, unless it has gone away.
      if (!attempt.isOver && !request.signal.aborted) this.#ledger.lost(attempt.call, 0);
      attempt.fail(error);
      throw error;
    }
  }

  // The answer to a request that pays. Where the connection breaks before it is there, the same request is
  // sent again: the node may not have had it, or keeps what it answered.
  async #deliver(fetch, request, call) {
    const { attempt, api } = call;
    const { session, number } = attempt;
    let lost;
    for (const { patience, pause } = this.#ledger, deadline = Date.now() + patience; ; ) {
      try {
        const response = await fetch(request.clone());
        if (response.ok) return await this.#take(response, attempt);
        const refusal = readRefusal(response.status, await readText(response.clone()));
        const isTaken = lost && refusal.code === 'voucher_already_used';
        if (!isTaken) {
          call.refusal = refusal;
          call.refused.push(attempt.call.requestHash);
          this.#ledger.lost(attempt.call, 0);
          const what = `the node refused (${refusal.code}): ${refusal.message}`;
          attempt.fail(new OpenLedgerError('refused', what));
          return response;
        }
        const { voucher } = attempt;
        const served = await api.statement(session.session, number, voucher.sequence);
        // Another answer than this one would be paid for as well.
        if (served.refusal?.code !== 'call_in_progress') throw lost;
      } catch (error) {
        const isOurs = error === lost || error instanceof OpenLedgerError;
        if (isOurs || request.signal.aborted || (!lost && neverLeft(error))) throw error;
        lost = error;
        this.#ledger.lost(attempt.call, 0);
      }
      if (Date.now() > deadline) throw lost;
      await sleep(pause, undefined, { signal: request.signal });
    }
  }

  // Called by @x402/core after a paid request: whether to pay once more.
  async #afterPayment() {
    const call = this.#calls.getStore();
    const { refusal, attempt } = call;
    call.refusal = undefined;
    call.isOutdated = refusal?.shaped && isOutdated(refusal.code);
    const again = refusal?.shaped && (await this.#ledger.afterRefusal(refusal, attempt));
    return again ? { recovered: true } : undefined;
  }

  async #take(response, attempt) {
    const kind = response.headers.get('content-type') ?? '';
    if (kind.startsWith('text/event-stream')) return this.#takeStream(response, attempt);
    const header = response.headers.get(PAYMENT_RESPONSE);
    if (!header) throw new OpenLedgerError('unresolved', 'the answer came without a statement');
    const text = await readText(response.clone(), LONGEST);
    let answer;
    try {
      answer = JSON.parse(text);
    } catch (error) {
      throw new OpenLedgerError('answer', `the answer is no JSON: ${error.message}`);
    }
    this.#acknowledge(attempt, header, attempt.task.whole(answer));
    return response;
  }

  // The same answer. The statement in it is a comment, and readers of events pass over it. One that is
  // an event is taken out: OpenAI's clients take every event for a piece of the answer.
  #takeStream(response, attempt) {
    const reader = response.body.getReader();
    const parser = new SseParser();
    const encoder = new TextEncoder();
    const broken = new OpenLedgerError('unresolved', 'the stream ended without a statement');
    let text = '';
    const lose = (error) => {
      if (!attempt.isOver) this.#ledger.lost(attempt.call, encoder.encode(text).length);
      attempt.fail(error);
    };
    // What of an event is passed on.
    const take = ({ name, data, statement, raw }) => {
      if (statement !== undefined) this.#acknowledge(attempt, statement, text);
      if (name === PAYMENT_RESPONSE.toLowerCase()) {
        this.#acknowledge(attempt, data, text);
        return '';
      }
      if (data !== undefined && data !== '[DONE]') {
        text += attempt.task.piece(JSON.parse(data));
      }
      return raw;
    };
    // The next of what is passed on; undefined at the end.
    const next = async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        const passed = parser.push(value).map(take).join('');
        if (passed !== '') return passed;
      }
    };
    const source = {
      pull: async (controller) => {
        try {
          const passed = await next();
          if (passed !== undefined) {
            controller.enqueue(encoder.encode(passed));
            return;
          }
          lose(broken);
          if (parser.rest !== '') controller.enqueue(encoder.encode(parser.rest));
          controller.close();
        } catch (error) {
          lose(error);
          await reader.cancel(error).catch(() => {});
          controller.error(error);
        }
      },
      cancel: (reason) => {
        attempt.fail(broken);
        return reader.cancel(reason);
      },
    };
    // Nothing is read that nobody asked for: what is taken is charged.
    const body = new ReadableStream(source, { highWaterMark: 0 });
    const { status, statusText, headers, url } = response;
    const same = new Response(body, { status, statusText, headers });
    Object.defineProperty(same, 'url', { value: url });
    return same;
  }

  #acknowledge(attempt, header, text) {
    // A node may state a call as often as it likes: it is paid once.
    if (attempt.isOver) return;
    const { extra, amount } = decodeHeader(header);
    const { session, number, call } = attempt;
    if (amount !== extra?.statement?.charge) {
      throw new OpenLedgerError('statement', 'the node charges another amount than it signed for');
    }
    this.#ledger.acknowledge(session, number, call, extra, text);
    attempt.done({ ...extra, left: this.#ledger.left(session) });
  }
}
