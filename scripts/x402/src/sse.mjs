// Server-sent events, as far as they are used here.

export class SseParser {
  #decoder = new TextDecoder();
  #rest = '';

  // Takes bytes, and returns the events that they complete: their name, their data, which is undefined for
  // comments, and the whole as it came.
  push(bytes) {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const events = [];
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(this.#rest);
      if (!end) return events;
      const raw = this.#rest.slice(0, end.index + end[0].length);
      this.#rest = this.#rest.slice(raw.length);
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
  for (const line of raw.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return { name, data: data.length > 0 ? data.join('\n') : undefined, raw };
}
