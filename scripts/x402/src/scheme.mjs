// The x402 scheme `batch-settlement` on an OpenLedger chain, for the client of @x402/core.
//
// A voucher names the hash of the request that it pays for, and @x402/core does not tell a scheme which
// request that is. So the payment wrapper is wrapped once more: `wrap` keeps the request at hand while the
// wrapper runs, and sees the answers on their way back, streamed ones included.
//
//   const scheme = new OpenLedgerScheme({ chain, state, caller });
//   const client = x402Client.fromConfig({
//     schemes: [{ network: scheme.network, client: scheme }],
//     spendControls: scheme.spendControls(maxCharge),
//   });
//   const paidFetch = scheme.wrap((fetch) => wrapFetchWithPayment(fetch, client));

import { AsyncLocalStorage } from 'node:async_hooks';
import { ASSET, SCHEME, checkOffer } from './checks.mjs';
import { voucherPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { decodeHeader, parseJson } from './json.mjs';
import { accountId, sign } from './keys.mjs';
import { Ledger } from './ledger.mjs';
import { NodeApi, readRefusal } from './node.mjs';
import { SseParser } from './sse.mjs';

const X402_VERSION = 2;
const PAYMENT_SIGNATURE = 'PAYMENT-SIGNATURE';
const PAYMENT_RESPONSE = 'PAYMENT-RESPONSE';
// Refusals after which another offer may be taken.
const OUTDATED = new Set([
  'price_changed',
  'version_changed',
  'voucher_expired',
  'voucher_valid_too_long',
  'insufficient_authorisation',
]);

// A voucher on its way, which keeps its lane until its outcome is known or cannot be.
class Attempt {
  #resolve;
  #reject;
  #release;

  constructor({ session, number, call, release }) {
    Object.assign(this, { session, number, call });
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

export class OpenLedgerScheme {
  scheme = SCHEME;
  schemeHooks = { onPaymentResponse: () => this.#afterPayment() };

  #chain;
  #signer;
  #ledger;
  // The call that the running code belongs to.
  #calls = new AsyncLocalStorage();
  #receipts = new WeakMap();

  // `chain` is a Chain, `state` a StateFile. `caller` is the key pair whose account pays; `signer` that
  // which signs vouchers, if it is another. For the options see DEFAULTS in ledger.mjs.
  constructor({ chain, state, caller, signer = caller, ...options }) {
    this.#chain = chain;
    this.#signer = signer;
    this.#ledger = new Ledger({ chain, state, caller, signer, ...options });
  }

  get network() {
    return this.#chain.network;
  }

  // What lets a client pay in OPEN, at most `maxCharge` planck for one call.
  spendControls(maxCharge) {
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
      let call = { body, api };
      try {
        let response = await this.#calls.run(call, () => paying(url, again));
        if (call.isOutdated) {
          // The wrapper would pay for the same offer again; there is another one.
          call = { body, api };
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

  // What was paid for an answer: the checked statement with its signature, and what is left of the
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
    await this.#checkOffer(requirements, call.body);
    const amount = BigInt(requirements.amount);
    const ledger = this.#ledger;
    const session = await ledger.session(accountId(requirements.payTo), amount, call.api);
    const number = await ledger.takeLane(session, requirements.extra.model);
    const release = () => ledger.releaseLane(session, number);
    try {
      if (ledger.isUncertain(session, number)) await ledger.compare(session, number, call.api);
      const promised = await ledger.promise(session, number, requirements, call.body);
      const signature = sign(this.#signer, voucherPayload(promised.voucher));
      call.attempt = new Attempt({ session, number, call: promised.call, release });
      const { voucher } = promised;
      return { x402Version, payload: { voucher, signature, salt: promised.call.salt } };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #checkOffer(requirements, body) {
    const [node, models] = await Promise.all([
      this.#chain.node(requirements.payTo),
      this.#chain.models(requirements.extra.model),
    ]);
    const { genesisHash } = this.#chain;
    const errors = [];
    // It has to fit one of the views that the node may have of the model.
    for (const model of models.length > 0 ? models : [undefined]) {
      try {
        checkOffer(requirements, { genesisHash, node, model, body });
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
      const response = await fetch(request);
      if (response.ok) return await this.#take(response, attempt);
      call.refusal = readRefusal(response.status, await response.clone().text());
      const { code, message } = call.refusal;
      attempt.fail(new OpenLedgerError('refused', `the node refused (${code}): ${message}`));
      return response;
    } catch (error) {
      attempt.fail(error);
      throw error;
    }
  }

  // Called by @x402/core after a paid request: whether to pay once more.
  async #afterPayment() {
    const call = this.#calls.getStore();
    const { refusal, attempt } = call;
    call.refusal = undefined;
    call.isOutdated = refusal?.shaped && OUTDATED.has(refusal.code);
    const again = refusal?.shaped && (await this.#ledger.afterRefusal(refusal, attempt));
    return again ? { recovered: true } : undefined;
  }

  async #take(response, attempt) {
    const kind = response.headers.get('content-type') ?? '';
    if (kind.startsWith('text/event-stream')) return this.#takeStream(response, attempt);
    const header = response.headers.get(PAYMENT_RESPONSE);
    if (!header) throw new OpenLedgerError('unresolved', 'the answer came without a statement');
    const completion = parseJson(await response.clone().text());
    const text = completion.choices?.[0]?.message?.content ?? '';
    this.#acknowledge(attempt, header, text);
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
    // What of an event is passed on.
    const take = ({ name, data, statement, raw }) => {
      if (statement !== undefined) this.#acknowledge(attempt, statement, text);
      if (name === PAYMENT_RESPONSE.toLowerCase()) {
        this.#acknowledge(attempt, data, text);
        return '';
      }
      if (data !== undefined && data !== '[DONE]') {
        text += parseJson(data).choices?.[0]?.delta?.content ?? '';
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
          attempt.fail(broken);
          if (parser.rest !== '') controller.enqueue(encoder.encode(parser.rest));
          controller.close();
        } catch (error) {
          attempt.fail(error);
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
    const { extra, amount } = decodeHeader(header);
    const { session, number, call } = attempt;
    if (amount !== extra?.statement?.charge) {
      throw new OpenLedgerError('statement', 'the node charges another amount than it signed for');
    }
    this.#ledger.acknowledge(session, number, call, extra, text);
    attempt.done({ ...extra, left: this.#ledger.left(session) });
  }
}
