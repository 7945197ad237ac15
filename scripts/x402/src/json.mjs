// JSON as the headers and events hold it.

// Reads JSON; whole numbers that a JavaScript number may not hold exactly become decimal strings.
export function parseJson(text) {
  const quoted = text.replace(
    /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])\d{16,}(?![\d.eE])/g,
    (token) => (token.startsWith('"') ? token : `"${token}"`),
  );
  return JSON.parse(quoted);
}

// Reads a header or an event: the base64 of JSON.
export const decodeHeader = (header) => parseJson(Buffer.from(header.trim(), 'base64').toString());
