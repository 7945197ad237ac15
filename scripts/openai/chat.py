"""One chat with the official `openai` package, which takes where to call, and with which key, from
OPENAI_BASE_URL and OPENAI_API_KEY as in any app.

    python chat.py plain|stream MODEL MAX_TOKENS PROMPT

Prints one JSON object: the answer, or the error that the package raised.
"""

import json
import sys

import openai


def plain(client, asked):
    answer = client.chat.completions.create(**asked)
    choice = answer.choices[0]
    return {
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "usage": answer.usage.model_dump(),
    }


def stream(client, asked):
    chunks = client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    told = {"text": "", "pieces": 0, "finish": None, "usage": None}
    for chunk in chunks:
        if chunk.usage:
            told["usage"] = chunk.usage.model_dump()
        for choice in chunk.choices:
            piece = choice.delta.content or ""
            told["text"] += piece
            told["pieces"] += bool(piece)
            told["finish"] = choice.finish_reason or told["finish"]
    return told


def main():
    modes = {"plain": plain, "stream": stream}
    if len(sys.argv) != 5 or sys.argv[1] not in modes:
        sys.exit("usage: python chat.py plain|stream MODEL MAX_TOKENS PROMPT")
    mode, model, max_tokens, prompt = sys.argv[1:]
    asked = {
        "model": model,
        "max_tokens": int(max_tokens),
        "temperature": 0,
        "messages": [{"role": "user", "content": prompt}],
    }
    try:
        told = modes[mode](openai.OpenAI(), asked)
    except openai.APIStatusError as error:
        told = {
            "error": {
                "name": type(error).__name__,
                "status": error.status_code,
                "code": error.code,
                "type": error.type,
                "message": error.message,
            }
        }
    print(json.dumps(told))


main()
