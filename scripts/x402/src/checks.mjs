// Nothing is paid, and nothing acknowledged, that was not checked here.

import { readHeader, unattributed } from './answer-hash.mjs';
import { PRICES, networkOf, sameAgreement, statementPayload } from './encoding.mjs';
import { OpenLedgerError } from './errors.mjs';
import { accountId, isSignedBy } from './keys.mjs';

export const SCHEME = 'batch-settlement';
export const ASSET = 'OPEN';
const OPEN = 10n ** 18n;

// A node may be so many blocks behind.
export const LAG = 100;
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

// The node's own price as an agreement has it, out of what it offers; null if it charges the list price.
export const ownPriceOf = ({ ownPrice = null }) =>
  ownPrice && Object.fromEntries(PRICES.map((part) => [part, String(ownPrice[part])]));

const samePrice = (offered, price) =>
  PRICES.every((part) => offered[part] !== undefined && BigInt(offered[part]) === price[part]);

// Whether no part of a node's own price is above the list price, and a cached token no dearer than another.
function isOwnPrice(own, list) {
  if (PRICES.some((part) => !/^\d+$/.test(own[part]) || BigInt(own[part]) > list[part])) return false;
  return BigInt(own.perCachedInputToken) <= BigInt(own.perInputToken);
}

// The most output tokens that a request asks for, if it says.
function askedTokens(body, task) {
  try {
    return task.asked(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

// Throws unless the node's offer is what the chain allows, and what the caller is willing to pay. `facts`
// are the genesis hash, the newest final block, the node and the model as the chain has them, the request's body and
// what it asks for, the most that a call may cost, and the most output tokens where the request does not say.
export function checkOffer(requirements, facts) {
  const { genesisHash, finalized, node, model, body, task, maxCharge, maxOutputTokens } = facts;
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
  const ownPrice = ownPriceOf(terms);
  if (ownPrice && !isOwnPrice(ownPrice, model.price)) {
    wrong("the node's own price is above the list price, or no price");
  }
  // Who is paid for the call is decided by this block.
  if (!(terms.block + LAG >= finalized)) {
    wrong(`it was made at block ${terms.block}, and ${finalized} is the newest final one`);
  }

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
  const price = charge(ownPrice ?? model.price, terms.inputTokens, terms.maxOutputTokens);
  if (price !== BigInt(requirements.amount)) {
    wrong(`it asks for ${requirements.amount} planck where the price comes to ${price}`);
  }
  if (price > maxCharge) {
    const [most, allowed] = [formatOpen(price), formatOpen(maxCharge)];
    throw new OpenLedgerError('offer', `the call may cost ${most}; ${allowed} are allowed`);
  }
}

// Throws unless a statement holds for `call`, which is what the state file keeps of a call that was paid for.
// `text` is the whole answer, where it is known to be whole. Of a call that the state file has lost, the price
// and the numbers of tokens that were agreed on are not known.
export function checkStatement({ statement, signature, header }, place, call, text) {
  const wrong = (what) => {
    throw new OpenLedgerError('statement', `the node's statement does not hold: ${what}`);
  };
  const same = (what, is) => is || wrong(`it is about another ${what}`);
  const read = (reading) => {
    try {
      return reading();
    } catch (error) {
      return wrong(`it cannot be read (${error.message})`);
    }
  };

  const payload = read(() => statementPayload(statement));
  if (!isSignedBy(call.receiptKey, payload, signature)) {
    wrong("it is not signed with the node's receipt key");
  }
  same('chain', statement.genesisHash === place.genesisHash);
  same('session', statement.session === place.session);
  same('lane', statement.lane === place.lane);
  same('call', statement.sequence === call.sequence);
  same('agreement', sameAgreement(statement.agreement, call.agreement));
  same('request', statement.requestHash === call.requestHash);
  if (statement.extension !== null) wrong('it says what this version does not know');
  checkCharge(statement, call, wrong);

  const { promptRoot, evidence } = read(() => readHeader(header));
  if (evidence !== call.agreement.evidence) wrong('its header is of another kind of evidence');
  // Its header names nobody, so nobody is paid directly; in a sealed lane nobody ever is.
  if (statement.attribution.length > 0) wrong('it names contributions that its header does not have');
  if (text === undefined) return;
  const delivered = new TextEncoder().encode(text);
  // A token is at least a byte of text, but for the few that end an answer.
  if (statement.tokens.output > delivered.length + SILENT_TOKENS) {
    wrong(`it charges ${statement.tokens.output} output tokens for ${delivered.length} bytes of text`);
  }
  const { salt, requestHash } = call;
  const answer = read(() => unattributed({ salt, requestHash, delivered, promptRoot, evidence }));
  same('answer', header.toLowerCase() === answer.header);
  same('answer', statement.responseHash === answer.responseHash);
}

function checkCharge({ tokens, charge: stated }, call, wrong) {
  if (tokens.cached > tokens.input || tokens.retrieved > tokens.input) {
    wrong('more tokens are cached or retrieved than the prompt has');
  }
  for (const [kind, agreed] of [
    ['input', call.inputTokens],
    ['output', call.maxOutputTokens],
  ]) {
    if (tokens[kind] > agreed) {
      wrong(`it charges ${tokens[kind]} ${kind} tokens where ${agreed} were agreed on`);
    }
  }
  const charged = BigInt(stated);
  const { price } = call;
  if (price && charged !== charge(price, tokens.input, tokens.output, tokens.cached)) {
    wrong(`it charges ${charged} planck, which is not the price of its tokens`);
  }
  if (charged > BigInt(call.allowance)) {
    wrong(`it charges ${charged} planck where ${call.allowance} were allowed`);
  }
}
