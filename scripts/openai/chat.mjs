// One chat with the official `openai` package, which takes where to call, and with which key, from
// OPENAI_BASE_URL and OPENAI_API_KEY as in any app.
//
//   node chat.mjs plain|stream MODEL MAX_TOKENS PROMPT
//
// Prints one JSON object: the answer, or the error that the package threw.

import OpenAI from 'openai';

const [mode, model, maxTokens, prompt] = process.argv.slice(2);
if (!['plain', 'stream'].includes(mode) || !model || !(Number(maxTokens) > 0) || !prompt) {
	console.error('usage: node chat.mjs plain|stream MODEL MAX_TOKENS PROMPT');
	process.exit(2);
}
const client = new OpenAI();
const asked = {
	model,
	max_tokens: Number(maxTokens),
	temperature: 0,
	messages: [{ role: 'user', content: prompt }],
};

async function plain() {
	const answer = await client.chat.completions.create(asked);
	const [choice] = answer.choices;
	return { text: choice.message.content, finish: choice.finish_reason, usage: answer.usage };
}

async function stream() {
	const chunks = await client.chat.completions.create({
		...asked,
		stream: true,
		stream_options: { include_usage: true },
	});
	const told = { text: '', pieces: 0, finish: null, usage: null };
	for await (const chunk of chunks) {
		const [choice] = chunk.choices;
		const piece = choice?.delta?.content ?? '';
		told.text += piece;
		told.pieces += piece ? 1 : 0;
		told.finish = choice?.finish_reason ?? told.finish;
		told.usage = chunk.usage ?? told.usage;
	}
	return told;
}

try {
	console.log(JSON.stringify(await (mode === 'stream' ? stream() : plain())));
} catch (error) {
	if (!(error instanceof OpenAI.APIError)) throw error;
	const { status, code, type, message } = error;
	const name = error.constructor.name;
	console.log(JSON.stringify({ error: { name, status, code, type, message } }));
}
