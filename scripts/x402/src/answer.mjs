// What an answer says: the text whose hash its statement holds. See "What is signed" in
// docs/x402-openledger.md.

const string = (value) => (typeof value === 'string' ? value : '');
const list = (value) => (Array.isArray(value) ? value : []);

// A message's content, then the name and the arguments of each tool call; or a piece of that.
function messageText(message) {
  const calls = list(message?.tool_calls).map(
    (call) => string(call?.function?.name) + string(call?.function?.arguments),
  );
  return string(message?.content) + calls.join('');
}

// Undefined if it is no vector: JSON has no number for each that a vector may hold.
function vectorText(vector) {
  if (typeof vector === 'string') return vector;
  if (!Array.isArray(vector) || !vector.every((number) => typeof number === 'number')) {
    return undefined;
  }
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  vector.forEach((number, index) => bytes.setFloat32(4 * index, number, true));
  return Buffer.from(bytes.buffer).toString('base64');
}

function vectorsText({ data } = {}) {
  const texts = list(data).map((entry) => vectorText(entry?.embedding));
  return texts.includes(undefined) ? undefined : texts.map((text) => `${text}\n`).join('');
}

const number = (...values) => values.find(Number.isInteger);

// By the end of the path. `whole` and `piece` make text of an answer and of an event of a stream, and
// `asked` tells the most output tokens that a request asks for, if it says.
const TASKS = [
  {
    path: '/v1/chat/completions',
    whole: (answer) => messageText(answer?.choices?.[0]?.message),
    piece: (event) => messageText(event?.choices?.[0]?.delta),
    asked: (request) => number(request?.max_completion_tokens, request?.max_tokens),
  },
  {
    path: '/v1/completions',
    whole: (answer) => string(answer?.choices?.[0]?.text),
    piece: (event) => string(event?.choices?.[0]?.text),
    asked: (request) => number(request?.max_tokens),
  },
  {
    path: '/v1/embeddings',
    whole: (answer) => vectorsText(answer ?? undefined),
    // They are not streamed.
    piece: () => '',
    asked: () => 0,
  },
];

// What a paid request at `url` asks for. Undefined if that is nothing that is known here.
export function taskAt(url) {
  const { pathname } = new URL(url);
  return TASKS.find(({ path }) => pathname.endsWith(path));
}
