// Callers with the real payment wrapper, in worlds whose chain and node are as strict as the real ones.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { OpenLedgerScheme } from '../src/scheme.mjs';
import { StateFile } from '../src/state.mjs';
import { FakeChain, FakeNode, key } from './fakes.mjs';

await cryptoWaitReady();

export const CHAT = '/v1/chat/completions';

// A caller with its own state file. `allowed` is what the client of @x402/core pays at most.
export function openCaller(world, { allowed, ...options } = {}) {
  const state = new StateFile(world.file);
  const { chain } = world;
  const usual = { deposit: 100_000n, maxCharge: 5_000n, patience: 1_000, pause: 5 };
  const settings = { ...usual, ...options };
  const scheme = new OpenLedgerScheme({ chain, state, caller: key('//Alice'), ...settings });
  const client = x402Client.fromConfig({
    schemes: [{ network: scheme.network, client: scheme }],
    spendControls: scheme.spendControls(allowed),
  });
  const paidFetch = scheme.wrap((fetch) => wrapFetchWithPayment(fetch, client));
  const ask = (body = {}, at = CHAT) =>
    paidFetch(`${world.node.url}${at}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: ['Zoë?'], max_tokens: 3, ...body }),
    });
  return { scheme, state, ask, close: () => state.close() };
}

// Tells a story in a world with a chain, a node, and a place for state files.
export function story(name, tell, options) {
  test(name, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openledger-x402-'));
    const chain = new FakeChain();
    const node = new FakeNode(chain);
    await node.start();
    const world = { chain, node, file: path.join(folder, 'deep', 'state.json') };
    const caller = openCaller(world, options);
    try {
      await tell({ ...caller, ...world, world });
    } finally {
      caller.close();
      await node.stop();
      fs.rmSync(folder, { recursive: true });
    }
  });
}

export const textOf = async (response) => (await response.json()).choices[0].message.content;
export const paid = (node) => node.requests.filter(({ isPaid }) => isPaid).length;
export const ofCode = (code) => (error) => error.code === code || error.message.includes(code);
