// Server-sent events, as far as they are used here.

import { OpenLedgerError } from './errors.mjs';

// A comment that starts with this holds a node's statement: readers of events pass over comments.
const STATEMENT = 'payment-response ';
// The longest event that is put together, in characters.
const LONGEST = 1 << 20;

export class SseParser {
  #decoder = new TextDecoder();
  #rest = '';
  // So much of the rest is known to hold no end of an event.
  #seen = 0;

  // Takes bytes, and returns the events that they complete: their name, their data, which is undefined for
  // comments, the statement that stands in a comment, and the whole as it came.
  push(bytes) {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const events = [];
    for (;;) {
      const ends = /\r\n\r\n|\n\n|\r\r/g;
      ends.lastIndex = this.#seen;
      const end = ends.exec(this.#rest);
      if (!end) {
        if (this.#rest.length > LONGEST) {
          throw new OpenLedgerError('answer', `an event of the stream is longer than ${LONGEST}`);
        }
        this.#seen = Math.max(this.#rest.length - 3, 0);
        return events;
      }
      const raw = this.#rest.slice(0, end.index + end[0].length);
      this.#rest = this.#rest.slice(raw.length);
      this.#seen = 0;
      events.push(readEvent(raw));
    }
  }

  // What came after the last whole event.
  get rest() {
    return this.#rest;
  }
}

function readEvent(raw) {
  let name = '';
  const data = [];
  let statement;
  for (const line of raw.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
    if (field === '' && value.startsWith(STATEMENT)) statement = value.slice(STATEMENT.length);
  }
  return { name, data: data.length > 0 ? data.join('\n') : undefined, statement, raw };
}
