// Signs as an offline wallet does (Ledger's generic app, Polkadot Vault): over the hash of the metadata by which the
// call was read, so that nobody can show its user another call than the chain will run (RFC 78).
//
//   node sign-offline.mjs accepted|refused [ws://127.0.0.1:9944]
//
// The hash is worked out here, from the metadata that the node hands out. A chain whose blob was built with the
// feature `metadata-hash` has worked it out as well, and accepts the transaction; any other has to refuse it.
// Whatever the chain knows, it must refuse another hash, and accept a transaction that asks for none.
//
// Exits with 0 if all of that was so, and with 1 otherwise.

import assert from 'node:assert/strict';
import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { Keyring } from '@polkadot/api';
import { hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { submitted, withApi } from './chain.mjs';

const expected = process.argv[2];
const url = process.argv[3] ?? 'ws://127.0.0.1:9944';
assert.ok(['accepted', 'refused'].includes(expected), 'usage: sign-offline.mjs accepted|refused [URL]');

const OPEN = 10n ** 18n;
// What wallets show, and so what the hash binds them to.
const TOKEN = { decimals: 18, tokenSymbol: 'OPEN' };
const METADATA_VERSION = 15;

async function merkleized(api) {
  const metadata = await api.call.metadata.metadataAtVersion(METADATA_VERSION);
  assert.ok(metadata.isSome, `the node has no metadata of version ${METADATA_VERSION}`);
  return merkleizeMetadata(metadata.unwrap().toU8a(true), TOKEN);
}

// What the wallet is sent along with a call: the types in it, and the proof that they are those of the hash.
function proofOf(api, metadata, call, hash) {
  const number = (value) => api.registry.createType('u32', value).toU8a();
  const { specVersion, transactionVersion } = api.runtimeVersion;
  // A transaction that is valid for ever, with nonce 0 and no tip, and the mode of the hash.
  const inExtrinsic = Uint8Array.from([0, 0, 0, 1]);
  const inSignature = u8aConcat(
    number(specVersion),
    number(transactionVersion),
    api.genesisHash.toU8a(),
    api.genesisHash.toU8a(),
    [1],
    hash,
  );
  const parts = [call.method.toU8a(), inExtrinsic, inSignature].map((part) => u8aToHex(part));
  return metadata.getProofForExtrinsicParts(...parts);
}

async function main(api) {
  const metadata = await merkleized(api);
  const hash = metadata.digest();
  console.log(`metadata hash ${u8aToHex(hash)}`);

  const { chainSS58: ss58Format } = api.registry;
  const keyring = new Keyring({ type: 'sr25519', ss58Format });
  const [charlie, dave] = ['//Charlie', '//Dave'].map((uri) => keyring.addFromUri(uri));
  const transfer = api.tx.balances.transferKeepAlive(dave.address, OPEN);
  for (const call of [transfer, api.tx.inferenceMetering.settleLanes([])]) {
    const proof = proofOf(api, metadata, call, hash);
    assert.ok(proof.length > 0);
    console.log(`  proof    ${call.method.section}.${call.method.method}: ${proof.length} bytes`);
  }

  const send = (options) => submitted(api, transfer, charlie, options);
  const signed = (metadataHash) => send({ mode: 1, metadataHash: u8aToHex(metadataHash) });
  await send({});
  console.log('  accepted without a hash');

  const other = hexToU8a(u8aToHex(hash)).fill(7);
  await assert.rejects(signed(other));
  console.log('  refused with another hash');

  if (expected === 'accepted') {
    const events = await signed(hash);
    const paid = events.find((event) => api.events.balances.Transfer.is(event));
    assert.ok(paid, 'there is no Transfer event');
    console.log('  accepted with the hash');
  } else {
    await assert.rejects(signed(hash));
    console.log('  refused with the hash: this blob does not know it');
  }
}

await withApi(url, main);
