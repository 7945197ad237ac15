// What the scheme needs of the chain, through polkadot.js.

import { ApiPromise, WsProvider } from '@polkadot/api';
import { networkOf } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId } from './keys.mjs';

const INCLUSION_MS = 90_000;

export class Chain {
  #api;

  constructor(api) {
    this.#api = api;
    this.genesisHash = api.genesisHash.toHex();
    this.network = networkOf(this.genesisHash);
  }

  static async connect(url) {
    const provider = new WsProvider(url, false);
    await provider.connect();
    const api = new ApiPromise({ provider, noInitWarn: true, throwOnConnect: true });
    try {
      await api.isReadyOrError;
    } catch (error) {
      await api.disconnect();
      throw error;
    }
    return new Chain(api);
  }

  disconnect() {
    return this.#api.disconnect();
  }

  // The best block's height.
  async best() {
    return (await this.#api.rpc.chain.getHeader()).number.toNumber();
  }

  // The height of the newest block that can never be undone.
  async finalized() {
    const head = await this.#api.rpc.chain.getFinalizedHead();
    return (await this.#api.rpc.chain.getHeader(head)).number.toNumber();
  }

  // An inference node by its operator.
  async node(operator) {
    const node = (await this.#api.call.inferenceApi.node(operator)).unwrapOr(null);
    return node && readNode(node);
  }

  // The inference nodes that serve a model.
  async nodes(model, limit = 16) {
    return (await this.#api.call.inferenceApi.nodes(model, null, limit)).map(readNode);
  }

  // A model's number by its name.
  async modelByName(name) {
    return (await this.#api.call.modelsApi.modelByName(name)).unwrapOr(null)?.toNumber();
  }

  // A model with its version and price in force, at the best block and at the finalized one: what has
  // changed lately may not have reached the node yet.
  async models(id) {
    const finalized = await this.#api.at(await this.#api.rpc.chain.getFinalizedHead());
    const found = await Promise.all(
      [this.#api, finalized].map((api) => api.call.modelsApi.model(id)),
    );
    return found.flatMap((model) => (model.isSome ? [readModel(model.unwrap())] : []));
  }

  // A session at the best block.
  async session(id) {
    const session = (await this.#api.call.inferenceApi.session(id)).unwrapOr(null);
    return (
      session && {
        caller: session.caller.toHex(),
        node: session.node.toHex(),
        signer: session.signer.toHex(),
        deposit: session.deposit.toBigInt(),
        settled: session.settled.toBigInt(),
        openedAt: session.openedAt.toNumber(),
        expiresAt: session.expiresAt.toNumber(),
        isClosing: session.closesAt.isSome,
        lanes: session.lanes.map(readLane),
      }
    );
  }

  // Opens a session, and returns it once it is in a block.
  async openSession({ node, deposit, signer, expiresAt }, caller) {
    const transaction = this.#api.tx.inferenceMetering.openSession(node, deposit, signer, expiresAt);
    const events = await this.#submit(transaction, caller);
    const { SessionOpened } = this.#api.events.inferenceMetering;
    const opened = events.find((event) => SessionOpened.is(event));
    if (!opened) throw new OpenLedgerError('session', 'there is no SessionOpened event');
    return opened.data.session.toNumber();
  }

  // Closes a session with what its node has agreed to and signed, once it is in a block.
  async closeByAgreement(agreement, { type, value }, caller) {
    const signature = { [type[0].toUpperCase() + type.slice(1)]: value };
    const { closeByAgreement } = this.#api.tx.inferenceMetering;
    await this.#submit(closeByAgreement({ V2: agreement }, signature), caller);
  }

  // Resolves with the events of a transaction once it is in a block and has succeeded.
  #submit(transaction, signer) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail('was not in a block in time'), INCLUSION_MS);
      let unsubscribe;
      let ended = false;
      const end = () => {
        ended = true;
        clearTimeout(timer);
        unsubscribe?.();
      };
      const fail = (what) => {
        end();
        const { section, method } = transaction.method;
        reject(new OpenLedgerError('session', `${section}.${method} ${what}`));
      };
      transaction
        .signAndSend(signer, { nonce: -1 }, ({ status, events, dispatchError }) => {
          if (dispatchError) {
            fail(`failed: ${this.#explain(dispatchError)}`);
          } else if (status.isInBlock) {
            end();
            resolve(events.map(({ event }) => event));
          } else if (status.isError) {
            fail(`is ${status.type}`);
          }
        })
        .then((stop) => {
          unsubscribe = stop;
          if (ended) stop();
        })
        .catch((error) => fail(`was refused: ${error.message}`));
    });
  }

  #explain(error) {
    if (!error.isModule) return error.toString();
    const { section, name, docs } = this.#api.registry.findMetaError(error.asModule);
    return `${section}.${name}: ${docs.join(' ')}`;
  }
}

const readNode = (node) => ({
  operator: accountId(node.operator),
  endpoint: node.endpoint.toString(),
  receiptKey: accountId(node.receiptKey),
  // A runtime may tell more of a served model than its number.
  models: node.models.map((served) => (served.model ?? served).toNumber()),
});

// What is settled of a lane.
const readLane = (lane) => ({
  lane: lane.lane.toNumber(),
  sequence: lane.sequence.toBigInt(),
  settled: lane.settled.toBigInt(),
  agreement: lane.agreement.toHex(),
});

const readModel = (model) => ({
  id: model.id.toNumber(),
  name: model.name.toString(),
  version: model.version.toNumber(),
  priceVersion: model.priceVersion.toNumber(),
  price: {
    perCall: model.price.perCall.toBigInt(),
    perInputToken: model.price.perInputToken.toBigInt(),
    perCachedInputToken: model.price.perCachedInputToken.toBigInt(),
    perOutputToken: model.price.perOutputToken.toBigInt(),
  },
});
