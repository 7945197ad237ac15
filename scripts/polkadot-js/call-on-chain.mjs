// Calls a model as somebody who has a wallet and nothing else: asks by an extrinsic, and reads the answer in the state.
//
//   node call-on-chain.mjs [ws://127.0.0.1:9944] [model name or id] [question] [operator's address, or "any"] [seed]
//
// Without an operator it asks anybody who serves the model; nodes answer such calls with `on_chain_calls = "any"`. The
// seed signs (//Eve if there is none). The question is text, or a chat request in JSON:
// '{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 32}'.
//
// Exits with 0 once the answer is printed, and with 1 otherwise: also if the node that was named declines, or nobody
// answers in time. Nothing was charged then.

import assert from 'node:assert/strict';
import { Keyring } from '@polkadot/api';
import { submitted, withApi } from './chain.mjs';

const url = process.argv[2] ?? 'ws://127.0.0.1:9944';
const model = process.argv[3] ?? '0';
const question = process.argv[4] ?? 'What is the capital of France?';
const operator = process.argv[5] ?? 'any';
const seed = process.argv[6] ?? '//Eve';
const OPEN = 10n ** 18n;
// The most that the call may cost.
const MOST = OPEN / 10n;
// Blocks until it is over if nobody answers: five minutes. This script waits for a minute and a half.
const PATIENCE = 100;

const open = (planck) => `${Number(planck.toBigInt()) / 1e18} OPEN`;

// The id of a model that is named.
async function idOf(api, name) {
  if (/^\d+$/.test(name)) return Number(name);
  const id = await api.query.modelRegistry.modelIdByName(name);
  assert.ok(id.isSome, `there is no model ${name}`);
  return id.unwrap().toNumber();
}

// Waits until it is known what became of a request.
async function outcomeOf(api, request) {
  for (;;) {
    const outcome = await api.query.inferenceRequests.outcomes(request);
    if (outcome.isSome) return outcome.unwrap();
    const waiting = await api.query.inferenceRequests.requests(request);
    // It may have been answered between the two questions.
    if (waiting.isNone && (await api.query.inferenceRequests.outcomes(request)).isNone) return null;
    if (waiting.isSome) {
      const { claim, refusals } = waiting.unwrap();
      if (claim.isSome) console.log(`  claimed  by ${claim.unwrap().node}`);
      for (const [node, refusal] of refusals) console.log(`  refused  by ${node}: ${refusal}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}

async function main(api) {
  const { chainSS58: ss58Format } = api.registry;
  const caller = new Keyring({ type: 'sr25519', ss58Format }).addFromUri(seed);
  const node = operator === 'any' ? null : operator;
  const now = (await api.rpc.chain.getHeader()).number.toNumber();

  console.log(`inferenceRequests.requestCall(${question})`);
  const ask = api.tx.inferenceRequests.requestCall(
    await idOf(api, model),
    node,
    question,
    MOST,
    now + PATIENCE,
  );
  const asked = await submitted(api, ask, caller);
  const requested = asked.find((event) => api.events.inferenceRequests.CallRequested.is(event));
  assert.ok(requested, 'there is no CallRequested event');
  const { request, deposit } = requested.data;
  console.log(`  request  ${request}, ${open(deposit)} on hold for its place`);

  const outcome = await outcomeOf(api, request);
  assert.ok(outcome, `nobody answered request ${request}; nothing was charged`);
  if (outcome.end.isDeclined) {
    throw new Error(`declined: ${outcome.end.asDeclined.reason}; nothing was charged`);
  }
  const { node: by, charge, output } = outcome.end.asAnswered;
  console.log(`  answered by ${by} for ${open(charge)}`);
  // Text, whatever letters there are in it.
  console.log(`  answer   ${output.toString()}`);

  // It would be kept for a day; who has read it has the deposit back at once.
  const forgotten = await submitted(
    api,
    api.tx.inferenceRequests.forgetOutcome(request),
    caller,
  );
  const freed = forgotten.find((event) =>
    api.events.inferenceRequests.OutcomeForgotten.is(event),
  );
  assert.ok(freed, 'there is no OutcomeForgotten event');
  console.log(`  freed    ${open(freed.data.deposit)}`);
}

await withApi(url, main);
