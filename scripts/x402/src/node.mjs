// What can be asked of an inference node besides paid calls.

import { OpenLedgerError } from './errors.mjs';
import { parseJson } from './json.mjs';

// How long the node has for such an answer, in milliseconds, and how long it may be, in bytes.
const PATIENCE = 10_000;
const LONGEST = 1 << 20;

// What a response says, which may be `longest` bytes.
export async function readText(response, longest = LONGEST) {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > longest) {
      const error = new OpenLedgerError('answer', `an answer is longer than ${longest} bytes`);
      // Not awaited: of a response that was cloned, it ends when the other one is cancelled too.
      reader.cancel(error).catch(() => {});
      throw error;
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

// What an error answer says. `shaped` tells whether it is in a node's form: else it may be a proxy's.
export function readRefusal(status, text) {
  let body;
  try {
    body = parseJson(text);
  } catch {
    // Not a node's.
  }
  const { code, message } = body?.error ?? {};
  return {
    status,
    shaped: typeof code === 'string',
    code: code ?? `http_${status}`,
    message: message ?? text.trim().slice(0, 300),
  };
}

export class NodeApi {
  #fetch;
  #base;

  // The node whose paid endpoint is at `url`.
  constructor(fetch, url) {
    this.#fetch = fetch;
    const { origin, pathname } = new URL(url);
    this.#base = `${origin}${pathname.slice(0, Math.max(pathname.lastIndexOf('/v1/'), 0))}/v1`;
  }

  // The acknowledgement of a call that was served, or why there is none.
  statement(session, lane, sequence) {
    return this.#get(`statements/${session}/${lane}/${sequence}`);
  }

  // How far the node thinks that a lane is, and the last voucher that it has taken on it.
  lane(session, lane) {
    return this.#get(`sessions/${session}/${lane}`);
  }

  // The node's agreement to the end of a session.
  close(session, request) {
    const headers = { 'content-type': 'application/json' };
    return this.#get(`close/${session}`, { method: 'POST', headers, body: JSON.stringify(request) });
  }

  async #get(path, request) {
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const settings = { ...request, redirect: 'error', signal };
      const response = await this.#fetch(`${this.#base}/${path}`, settings);
      const text = await readText(response);
      if (response.ok) return { found: parseJson(text) };
      return { refusal: readRefusal(response.status, text) };
    } catch (error) {
      const message = error.cause?.message ?? error.message;
      return { refusal: { status: 0, shaped: false, code: 'unreachable', message } };
    }
  }
}
