// Nothing is paid, and nothing acknowledged, that was not checked here.

import { networkOf, responseHash, statementPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId, isSignedBy } from './keys.mjs';

export const SCHEME = 'batch-settlement';
export const ASSET = 'OPEN';
const OPEN = 10n ** 18n;

// Tokens that a chat template may add to a prompt, at most.
const TEMPLATE_TOKENS = 1024;
// Tokens of an answer that leave no text: its end, or half of a character that never came.
export const SILENT_TOKENS = 16;

// The charge of a call, in planck. Cached tokens are part of the input.
export function charge(price, inputTokens, outputTokens, cachedTokens = 0) {
  const part = (perToken, tokens) => BigInt(perToken) * BigInt(tokens);
  return (
    BigInt(price.perCall) +
    part(price.perInputToken, BigInt(inputTokens) - BigInt(cachedTokens)) +
    part(price.perCachedInputToken, cachedTokens) +
    part(price.perOutputToken, outputTokens)
  );
}

// An amount in planck, for people.
export function formatOpen(planck) {
  const fraction = (BigInt(planck) % OPEN).toString().padStart(18, '0').replace(/0+$/, '');
  return `${BigInt(planck) / OPEN}${fraction && `.${fraction}`} OPEN`;
}

// An amount in OPEN as people write it, in planck.
export function parseOpen(text) {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,18}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`not an amount in OPEN: ${text}`);
  return BigInt(whole) * OPEN + BigInt(fraction.padEnd(18, '0'));
}

const PARTS = ['perCall', 'perInputToken', 'perCachedInputToken', 'perOutputToken'];
const samePrice = (offered, price) =>
  PARTS.every((part) => offered[part] !== undefined && BigInt(offered[part]) === price[part]);

// The most output tokens that a request asks for, if it says.
function askedTokens(body, task) {
  try {
    return task.asked(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

// Throws unless the node's offer is what the chain allows, and what the caller is willing to pay. `facts`
// are the genesis hash, the node and the model as the chain has them, the request's body and what it asks
// for, the most that a call may cost, and the most output tokens where the request does not say.
export function checkOffer(requirements, facts) {
  const { genesisHash, node, model, body, task, maxCharge, maxOutputTokens } = facts;
  const terms = requirements.extra;
  const wrong = (what) => {
    throw new OpenLedgerError('offer', `the node's offer does not match the chain: ${what}`);
  };
  const same = (what, is) => is || wrong(`the ${what} is not the one on chain`);

  if (requirements.scheme !== SCHEME || requirements.asset !== ASSET) {
    wrong(`it wants ${requirements.asset} by ${requirements.scheme}`);
  }
  same('network', requirements.network === networkOf(genesisHash));
  same('genesis hash', terms.genesisHash === genesisHash);
  if (!node) wrong(`${requirements.payTo} is no registered inference node`);
  if (!model) wrong(`there is no model ${terms.model}`);
  same('account to pay', accountId(requirements.payTo) === node.operator);
  same('receipt key', accountId(terms.receiptKey) === node.receiptKey);
  if (!node.models.includes(terms.model)) wrong('the node is not registered to serve this model');
  same('model', terms.model === model.id);
  same("model's version", terms.version === model.version);
  same('price version', terms.priceVersion === model.priceVersion);
  same('price', samePrice(terms.price, model.price));

  // No tokenizer makes more tokens of a text than it has bytes.
  if (terms.inputTokens > body.length + TEMPLATE_TOKENS) {
    wrong(`it counts ${terms.inputTokens} tokens in ${body.length} bytes`);
  }
  const asked = askedTokens(body, task);
  if (asked !== undefined && terms.maxOutputTokens > asked) {
    wrong(`it wants to be paid for ${terms.maxOutputTokens} output tokens instead of ${asked}`);
  }
  if (asked === undefined && terms.maxOutputTokens > maxOutputTokens) {
    const what = `the node wants to be paid for up to ${terms.maxOutputTokens} output tokens`;
    const why = `the request does not say how many it wants, and ${maxOutputTokens} are allowed then`;
    throw new OpenLedgerError('offer', `${what}; ${why}`);
  }
  // Nothing of the prompt counts as cached: a cached token is never dearer than another one.
  const price = charge(model.price, terms.inputTokens, terms.maxOutputTokens);
  if (price !== BigInt(requirements.amount)) {
    wrong(`it asks for ${requirements.amount} planck where the price comes to ${price}`);
  }
  if (price > maxCharge) {
    const [most, allowed] = [formatOpen(price), formatOpen(maxCharge)];
    throw new OpenLedgerError('offer', `the call may cost ${most}; ${allowed} are allowed`);
  }
}

// Throws unless a statement holds for `call`, which is what the state file keeps of a call that was
// paid for. `text` is the whole answer, where it is known to be whole.
export function checkStatement({ statement, signature }, place, call, text) {
  const wrong = (what) => {
    throw new OpenLedgerError('statement', `the node's statement does not hold: ${what}`);
  };
  const same = (what, is) => is || wrong(`it is about another ${what}`);

  let payload;
  try {
    payload = statementPayload(statement);
  } catch (error) {
    wrong(`it cannot be read (${error.message})`);
  }
  if (!isSignedBy(call.receiptKey, payload, signature)) {
    wrong("it is not signed with the node's receipt key");
  }
  same('chain', statement.genesisHash === place.genesisHash);
  same('session', statement.session === place.session);
  same('lane', statement.lane === place.lane);
  same('call', statement.sequence === call.sequence);
  same('request', statement.requestHash === call.requestHash);
  same('model', statement.model === call.model);
  same('version of the model', statement.version === call.version);
  same('price version', statement.priceVersion === call.priceVersion);
  for (const [counted, agreed] of [
    ['inputTokens', 'inputTokens'],
    ['outputTokens', 'maxOutputTokens'],
  ]) {
    if (statement[counted] > call[agreed]) {
      wrong(`it charges ${statement[counted]} ${counted} where ${call[agreed]} were agreed on`);
    }
  }
  const charged = BigInt(statement.charge);
  if (charged !== charge(call.price, statement.inputTokens, statement.outputTokens)) {
    wrong(`it charges ${charged} planck, which is not the price of its tokens`);
  }
  if (charged > BigInt(call.allowance)) {
    wrong(`it charges ${charged} planck where ${call.allowance} were allowed`);
  }
  if (text === undefined) return;
  // A token is at least a byte of text, but for the few that end an answer.
  const bytes = new TextEncoder().encode(text).length;
  if (statement.outputTokens > bytes + SILENT_TOKENS) {
    wrong(`it charges ${statement.outputTokens} output tokens for ${bytes} bytes of text`);
  }
  same('answer', statement.responseHash === responseHash(call.salt, text));
}
