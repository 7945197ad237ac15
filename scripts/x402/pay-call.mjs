// Calls a model and pays for it with the x402 packages: prints the answer, the charge, and the statement.
//
//   CALLER_KEY=//Alice node pay-call.mjs --model NAME --prompt TEXT [options]
//
//   --chain URL         the chain's JSON-RPC server     [ws://127.0.0.1:9944]
//   --node URL          the inference node              [one that the chain says serves the model]
//   --max-tokens N      the most tokens of the answer   [256]
//   --max-charge OPEN   the most that it may cost       [0.1]
//   --max-spend OPEN    the most that all may cost      [no limit]
//   --evidence KIND     open, or sealed                 [open]
//   --deposit OPEN      what goes into a new session    [1]
//   --key-type TYPE     sr25519, ed25519 or ecdsa       [sr25519]
//   --state FILE        where sessions are kept         [~/.local/state/openledger/x402.json]
//   --recover SESSION   go on with this session, which the state file has lost
//   --stream            take the answer piece by piece
//
// The secret of the caller's key comes from the environment variable CALLER_KEY: a mnemonic, a seed, or a
// development path. Exits with 0 once the answer is there and its statement holds, and with 1 otherwise.

import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { Chain, OpenLedgerScheme, StateFile, formatOpen, parseOpen } from './src/index.mjs';
import { SS58_PREFIX } from './src/keys.mjs';
import { SseParser } from './src/sse.mjs';

const STATE = path.join(os.homedir(), '.local', 'state', 'openledger', 'x402.json');

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    prompt: { type: 'string' },
    chain: { type: 'string', default: 'ws://127.0.0.1:9944' },
    node: { type: 'string' },
    'max-tokens': { type: 'string', default: '256' },
    'max-charge': { type: 'string', default: '0.1' },
    'max-spend': { type: 'string' },
    evidence: { type: 'string', default: 'open' },
    deposit: { type: 'string', default: '1' },
    'key-type': { type: 'string', default: 'sr25519' },
    state: { type: 'string', default: STATE },
    recover: { type: 'string' },
    stream: { type: 'boolean', default: false },
  },
});

// Where the model is served.
async function findNode(chain) {
  if (options.node) return options.node;
  const model = await chain.modelByName(options.model);
  if (model === undefined) throw new Error(`the chain has no model ${options.model}`);
  const [node] = await chain.nodes(model, 1);
  if (!node) throw new Error(`no inference node serves ${options.model}`);
  return node.endpoint;
}

async function printAnswer(response) {
  if (!options.stream) {
    const { choices } = await response.json();
    console.log(choices[0].message.content);
    return;
  }
  const parser = new SseParser();
  for await (const bytes of response.body) {
    for (const { data } of parser.push(bytes)) {
      if (data === undefined || data === '[DONE]') continue;
      const { choices, error } = JSON.parse(data);
      if (error) throw new Error(error.message);
      process.stdout.write(choices[0]?.delta.content ?? '');
    }
  }
  console.log();
}

async function main(chain, state) {
  const { CALLER_KEY: secret } = process.env;
  if (!secret) throw new Error('the environment variable CALLER_KEY is not set');
  if (!options.model || !options.prompt) throw new Error('--model and --prompt are needed');
  const keyring = new Keyring({ type: options['key-type'], ss58Format: SS58_PREFIX });
  const caller = keyring.addFromUri(secret);

  const [deposit, maxCharge] = [parseOpen(options.deposit), parseOpen(options['max-charge'])];
  const maxSpend = options['max-spend'] === undefined ? null : parseOpen(options['max-spend']);
  const { evidence } = options;
  const scheme = new OpenLedgerScheme({ chain, state, caller, deposit, maxCharge, maxSpend, evidence });
  const client = x402Client.fromConfig({
    schemes: [{ network: scheme.network, client: scheme }],
    spendControls: scheme.spendControls(),
  });
  const paidFetch = scheme.wrap((fetch) => wrapFetchWithPayment(fetch, client));

  const node = (await findNode(chain)).replace(/\/+$/, '');
  if (options.recover) await scheme.recover(Number(options.recover), `${node}/v1/chat/completions`);
  const response = await paidFetch(`${node}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: options.model,
      messages: [{ role: 'user', content: options.prompt }],
      max_tokens: Number(options['max-tokens']),
      temperature: 0,
      stream: options.stream,
    }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  await printAnswer(response);

  const { left, ...receipt } = await scheme.receipt(response);
  const { charge, tokens, session, lane, sequence } = receipt.statement;
  console.log(`\ncharged    ${formatOpen(charge)} (${tokens.input} tokens in, ${tokens.output} out)`);
  console.log(`session    ${session}, lane ${lane}, call ${sequence}; ${formatOpen(left)} left`);
  console.log(`statement  ${JSON.stringify(receipt, null, 2)}`);
}

let chain;
let state;
try {
  await cryptoWaitReady();
  state = new StateFile(options.state);
  chain = await Chain.connect(options.chain);
  await main(chain, state);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await chain?.disconnect();
  state?.close();
}
