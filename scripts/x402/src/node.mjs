// What can be asked of an inference node besides paid calls.

import { parseJson } from './json.mjs';

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

  // How far the node thinks that a lane is.
  lane(session, lane) {
    return this.#get(`sessions/${session}/${lane}`);
  }

  async #get(path) {
    try {
      const response = await this.#fetch(`${this.#base}/${path}`, { redirect: 'error' });
      const text = await response.text();
      if (response.ok) return { found: parseJson(text) };
      return { refusal: readRefusal(response.status, text) };
    } catch (error) {
      const message = error.cause?.message ?? error.message;
      return { refusal: { status: 0, shaped: false, code: 'unreachable', message } };
    }
  }
}
