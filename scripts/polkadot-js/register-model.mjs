// Uses the chain as a polkadot.js user does: connects, shows what the metadata says of this chain's own
// pallets, and registers a model as //Charlie.
//
//   node register-model.mjs [ws://127.0.0.1:9944] [model name] [weights hash] [tokenizer hash] [template hash]
//
// The hashes are those that `openledger-inference hash` prints for the model's files. Without them it is a
// model that no node can serve. Where the weights bring their tokenizer along, and there is no `tokenizer.json`,
// their hash stands for both.
//
// Exits with 0 once the model is registered and its event was seen, and with 1 otherwise.

import assert from 'node:assert/strict';
import { Keyring } from '@polkadot/api';
import { submitted, withApi } from './chain.mjs';

const url = process.argv[2] ?? 'ws://127.0.0.1:9944';
const name = process.argv[3] ?? 'polkadot-js/demo';
const weightsHash = process.argv[4] ?? `0x${'11'.repeat(32)}`;
const tokenizerHash = process.argv[5] ?? weightsHash;
const templateHash = process.argv[6] ?? null;
const PALLETS = [
  'modelRegistry',
  'dataAttribution',
  'inferenceMetering',
  'inferenceRequests',
  'revenueSplit',
];
const OPEN = 10n ** 18n;
// The prefix of the chain's addresses.
const SS58_PREFIX = 4521;

// Shows calls and storage of a pallet with their types, all out of the chain's metadata.
function describe(api, pallet) {
  const calls = api.tx[pallet];
  const storage = api.query[pallet];
  assert.ok(calls && storage, `the metadata has no pallet ${pallet}`);

  console.log(`\n${pallet}`);
  for (const [call, { meta }] of Object.entries(calls)) {
    const args = meta.args.map((arg) => `${arg.name}: ${arg.typeName.unwrapOr(arg.type)}`);
    console.log(`  call     ${call}(${args.join(', ')})`);
    assert.ok(meta.docs.length > 0, `${pallet}.${call} has no documentation`);
  }
  for (const [entry, { meta }] of Object.entries(storage)) {
    if (meta) console.log(`  storage  ${entry}`);
  }
}

async function main(api) {
  const [chain, node, version] = await Promise.all([
    api.rpc.system.chain(),
    api.rpc.system.name(),
    api.rpc.system.version(),
  ]);
  console.log(`connected to ${chain}, ${node} ${version}`);

  // What wallets show amounts and addresses with.
  assert.deepEqual(api.registry.chainTokens, ['OPEN']);
  assert.deepEqual(api.registry.chainDecimals, [18]);
  assert.equal(api.registry.chainSS58, SS58_PREFIX);
  const properties = await api.rpc.system.properties();
  assert.equal(properties.tokenSymbol.unwrap()[0].toString(), 'OPEN');
  assert.equal(properties.tokenDecimals.unwrap()[0].toNumber(), 18);
  assert.equal(properties.ss58Format.unwrap().toNumber(), SS58_PREFIX);

  for (const pallet of PALLETS) describe(api, pallet);

  const { chainSS58: ss58Format } = api.registry;
  const charlie = new Keyring({ type: 'sr25519', ss58Format }).addFromUri('//Charlie');
  const price = {
    perCall: OPEN / 100n,
    perInputToken: OPEN / 100_000n,
    // What a node has read in an earlier turn, it need not read again.
    perCachedInputToken: OPEN / 400_000n,
    perOutputToken: OPEN / 10_000n,
  };
  const details = {
    uri: 'https://models.example/demo',
    baseHash: weightsHash,
    adapterHash: null,
    tokenizerHash,
    templateHash,
    // The most tokens that the template adds for each message.
    templateOverhead: 64,
    maxRetrievedTokens: 0,
    attributionRule: 0,
    // A model that pays no data needs no sources.
    sources: [],
  };
  // Parts per million.
  const policy = { developer: 600_000, data: 0, node: 400_000, attributed: 0 };

  console.log(`\nmodelRegistry.registerModel(${name})`);
  const transaction = api.tx.modelRegistry.registerModel(
    name,
    details,
    price,
    policy,
  );
  const events = await submitted(api, transaction, charlie);
  const registered = events.find((event) => api.events.modelRegistry.ModelRegistered.is(event));
  assert.ok(registered, 'there is no ModelRegistered event');
  const { model, owner } = registered.data;
  console.log(`  event    ModelRegistered ${registered.data.toString()}`);
  assert.equal(owner.toString(), charlie.address);
  assert.equal(registered.data.name.toUtf8(), name);

  const stored = await api.query.modelRegistry.models(model);
  assert.ok(stored.isSome, 'the model is not in storage');
  console.log(`\nmodel ${model} is registered`);
}

await withApi(url, main);
