use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(body: &Value) -> Result<CompletionRequest, ApiError> {
	CompletionRequest::chat(body.to_string().as_bytes())
}

/// A good request, with some of its fields replaced or added.
fn with(fields: Value) -> Value {
	let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] });
	if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
		body.extend(fields);
	}
	body
}

/// Status, code and parameter of a refusal.
fn refusal(body: &Value) -> (u16, String, Option<String>) {
	let error = read(body).expect_err("it is refused");
	(error.status.as_u16(), error.body.error.code.expect("a code"), error.body.error.param)
}

fn assert_refused(fields: Value, code: &str, param: &str) {
	let body = with(fields);
	assert_eq!(refusal(&body), (400, code.to_owned(), Some(param.to_owned())), "{body}");
}

#[test]
fn the_least_request() {
	let request = read(&with(json!({}))).expect("it is good");
	assert_eq!(request.model, "m");
	assert!(!request.stream && !request.include_usage);
	assert_eq!(
		request.request,
		ChatRequest { messages: vec![Message::new(Role::User, "Hi")], ..ChatRequest::default() }
	);
}

#[test]
fn everything_that_is_served() {
	let request = read(&json!({
		"model": "m",
		"messages": [
			{ "role": "developer", "content": "Be brief." },
			{ "role": "user", "name": "ada", "content": [
				{ "type": "text", "text": "What is " }, { "type": "text", "text": "this?" }
			] },
			{ "role": "assistant", "content": "A test.", "tool_calls": null },
			{ "role": "user", "content": "" },
		],
		"stream": true,
		"stream_options": { "include_usage": true },
		"temperature": 0.5, "top_p": 1, "seed": -3, "n": 1,
		"stop": ["a", "b"],
		"max_tokens": 7, "max_completion_tokens": 7,
	}))
	.expect("it is good");
	assert!(request.stream && request.include_usage);
	let ada = Message { name: Some("ada".into()), ..Message::new(Role::User, "What is this?") };
	assert_eq!(
		request.request,
		ChatRequest {
			messages: vec![
				Message::new(Role::System, "Be brief."),
				ada,
				Message::new(Role::Assistant, "A test."),
				Message::new(Role::User, ""),
			],
			max_tokens: Some(7),
			sampling: Sampling { temperature: Some(0.5), top_p: Some(1.0), seed: Some(-3) },
			stop: vec!["a".into(), "b".into()],
			prompt: None,
			extras: Map::new(),
		}
	);
}

#[test]
fn unknown_fields_and_nulls_are_ignored() {
	let body = with(json!({
		"user": "u-1", "store": true, "metadata": { "a": 1 }, "x_new_thing": [1, 2],
		"temperature": null, "stop": null, "stream": null, "stream_options": null, "n": null,
		"tools": [], "response_format": { "type": "text" }, "frequency_penalty": 0,
		"logit_bias": {}, "logprobs": false, "modalities": ["text"], "tool_choice": "none",
		"parallel_tool_calls": false,
	}));
	assert_eq!(read(&body), read(&with(json!({}))));
}

#[test]
fn what_only_some_backends_know_is_kept_for_them() {
	let body = with(json!({
		"tools": [{ "type": "function" }],
		"response_format": { "type": "json_object" },
		"presence_penalty": 0.5,
		"logprobs": true,
	}));
	let extras = read(&body).expect("it is for the backend to say").request.extras;
	let names: Vec<&str> = extras.keys().map(String::as_str).collect();
	assert_eq!(names, ["logprobs", "presence_penalty", "response_format", "tools"]);
}

#[test]
fn tools_and_what_is_said_of_them() {
	let call = json!({
		"id": "a", "type": "function", "function": { "name": "sum", "arguments": "{}" },
	});
	let body = with(json!({
		"messages": [
			{ "role": "user", "content": "1+1?" },
			{ "role": "assistant", "content": null, "tool_calls": [call] },
			{ "role": "tool", "tool_call_id": "a", "content": "2" },
		],
		"tools": [{ "type": "function" }], "tool_choice": "none", "parallel_tool_calls": false,
	}));
	let chat = read(&body).expect("it is good").request;
	let names: Vec<&str> = chat.extras.keys().map(String::as_str).collect();
	assert_eq!(names, ["parallel_tool_calls", "tool_choice", "tools"]);
	let [_, calling, told] = chat.messages.as_slice() else { panic!("three messages") };
	assert_eq!((calling.content.as_str(), calling.tool_calls.len()), ("", 1));
	assert_eq!((told.role, told.tool_call_id.as_deref()), (Role::Tool, Some("a")));
	let wanted = with(json!({ "tool_choice": "required" }));
	assert!(read(&wanted)
		.expect("it is for the backend")
		.request
		.extras
		.contains_key("tool_choice"));
	let untold = json!({ "messages": [{ "role": "tool", "content": "2" }] });
	assert_refused(untold, "missing_required_parameter", "messages[0].tool_call_id");
}

#[test]
fn texts_to_continue() {
	let read = |fields: Value| {
		let mut body = json!({ "model": "m", "prompt": "Once" });
		body.as_object_mut().expect("an object").extend(fields.as_object().expect("too").clone());
		CompletionRequest::text(body.to_string().as_bytes())
	};
	let request = read(json!({
		"prompt": ["Once"], "max_tokens": 5, "stream": true, "stop": "x", "echo": false,
		"logprobs": null, "suffix": null, "best_of": 1, "stream_options": { "include_usage": true },
	}));
	let request = request.expect("it is good");
	assert!(request.stream && request.include_usage);
	assert_eq!(request.request.prompt.as_deref(), Some("Once"));
	assert_eq!((request.request.max_tokens, request.request.stop.len()), (Some(5), 1));
	for (fields, code, param) in [
		(json!({ "prompt": null }), "missing_required_parameter", "prompt"),
		(json!({ "prompt": "" }), "invalid_value", "prompt"),
		(json!({ "prompt": ["a", "b"] }), "unsupported_value", "prompt"),
		(json!({ "prompt": [1, 2] }), "unsupported_value", "prompt"),
		(json!({ "prompt": [1] }), "invalid_type", "prompt"),
		(json!({ "n": 2 }), "unsupported_value", "n"),
		(json!({ "best_of": 2 }), "unsupported_value", "best_of"),
		(json!({ "echo": true }), "unsupported_parameter", "echo"),
		(json!({ "suffix": "x" }), "unsupported_parameter", "suffix"),
		(json!({ "logprobs": 3 }), "unsupported_parameter", "logprobs"),
		(json!({ "max_tokens": 0 }), "invalid_value", "max_tokens"),
	] {
		let error = read(fields.clone()).expect_err("it is refused").body.error;
		let found = (error.code.as_deref(), error.param.as_deref());
		assert_eq!(found, (Some(code), Some(param)), "{fields}");
	}
}

#[test]
fn texts_to_be_vectors() {
	let read = |fields: Value| {
		let mut body = json!({ "model": "m", "input": "a" });
		body.as_object_mut().expect("an object").extend(fields.as_object().expect("too").clone());
		EmbeddingsRequest::from_json(body.to_string().as_bytes())
	};
	let request = read(json!({ "input": ["a", "b"], "encoding_format": "base64" }));
	let request = request.expect("it is good");
	assert_eq!((request.embedding.inputs.len(), request.base64), (2, true));
	let request = read(json!({ "dimensions": 5, "user": "u" })).expect("it is good");
	assert_eq!((request.embedding.dimensions, request.base64), (Some(5), false));
	for (fields, code, param) in [
		(json!({ "input": null }), "missing_required_parameter", "input"),
		(json!({ "input": [] }), "invalid_value", "input"),
		(json!({ "input": ["a", ""] }), "invalid_value", "input"),
		(json!({ "input": [1, 2] }), "invalid_type", "input"),
		(json!({ "encoding_format": "hex" }), "invalid_value", "encoding_format"),
		(json!({ "dimensions": 0 }), "invalid_value", "dimensions"),
	] {
		let error = read(fields.clone()).expect_err("it is refused").body.error;
		let found = (error.code.as_deref(), error.param.as_deref());
		assert_eq!(found, (Some(code), Some(param)), "{fields}");
	}
}

#[test]
fn bodies_that_are_no_request() {
	for body in ["", "{", "{\"model\": \"m\",}", "\u{feff}{}", "nonsense"] {
		let error = CompletionRequest::chat(body.as_bytes()).expect_err("refused");
		assert_eq!(error.body.error.code.as_deref(), Some("malformed_json"), "{body:?}");
	}
	let error = CompletionRequest::chat(b"{\"model\": \"m\",\n oops}").expect_err("refused");
	assert!(error.body.error.message.contains("line 2"), "{error}");
	assert!(CompletionRequest::chat(b"\xFF\xFE").is_err());
	assert_eq!(refusal(&json!([])).1, "invalid_type");
	assert_eq!(refusal(&json!("hello")).1, "invalid_type");
}

#[test]
fn missing_parts() {
	assert_refused(json!({ "model": null }), "missing_required_parameter", "model");
	assert_refused(json!({ "model": "" }), "missing_required_parameter", "model");
	assert_refused(json!({ "messages": null }), "missing_required_parameter", "messages");
	assert_refused(json!({ "messages": [] }), "empty_array", "messages");
	for (message, part) in [
		(json!({ "content": "x" }), "role"),
		(json!({ "role": "user" }), "content"),
		(json!({ "role": "user", "content": null }), "content"),
		(json!({ "role": "user", "content": [{ "text": "x" }] }), "content[0].type"),
	] {
		let param = format!("messages[0].{part}");
		assert_refused(json!({ "messages": [message] }), "missing_required_parameter", &param);
	}
}

#[test]
fn wrong_types_and_values() {
	assert_refused(json!({ "model": 3 }), "invalid_type", "model");
	assert_refused(json!({ "messages": "Hi" }), "invalid_type", "messages");
	assert_refused(json!({ "messages": ["Hi"] }), "invalid_type", "messages[0]");
	assert_refused(json!({ "stream": "yes" }), "invalid_type", "stream");
	assert_refused(json!({ "n": 2 }), "unsupported_value", "n");
	assert_refused(json!({ "n": 0 }), "invalid_value", "n");
	assert_refused(json!({ "temperature": 2.1 }), "invalid_value", "temperature");
	assert_refused(json!({ "temperature": -0.1 }), "invalid_value", "temperature");
	assert_refused(json!({ "temperature": "hot" }), "invalid_type", "temperature");
	assert_refused(json!({ "top_p": 1.5 }), "invalid_value", "top_p");
	assert_refused(json!({ "seed": 1.5 }), "invalid_type", "seed");
	assert_refused(json!({ "max_tokens": 0 }), "invalid_value", "max_tokens");
	assert_refused(json!({ "max_tokens": -1 }), "invalid_value", "max_tokens");
	assert_refused(json!({ "max_tokens": 1.5 }), "invalid_type", "max_tokens");
	assert_refused(
		json!({ "max_tokens": 5, "max_completion_tokens": 6 }),
		"invalid_value",
		"max_completion_tokens",
	);
	assert_refused(json!({ "stop": 5 }), "invalid_type", "stop");
	assert_refused(json!({ "stop": ["a", 5] }), "invalid_type", "stop");
	assert_refused(json!({ "stop": "" }), "invalid_value", "stop");
	assert_refused(json!({ "stop": ["a", "b", "c", "d", "e"] }), "invalid_value", "stop");
	assert_refused(
		json!({ "stream_options": { "include_usage": true } }),
		"invalid_value",
		"stream_options",
	);
	assert_refused(
		json!({ "stream": true, "stream_options": { "include_usage": 1 } }),
		"invalid_type",
		"stream_options.include_usage",
	);
}

#[test]
fn messages_that_are_not_served() {
	let second =
		|message: Value| json!({ "messages": [{ "role": "user", "content": "" }, message] });
	assert_refused(
		second(json!({ "role": "narrator", "content": "x" })),
		"invalid_value",
		"messages[1].role",
	);
	assert_refused(
		second(json!({ "role": "function", "content": "x" })),
		"unsupported_parameter",
		"messages[1].role",
	);
	assert_refused(
		second(json!({ "role": "user", "content": [
            { "type": "text", "text": "what is this?" },
            { "type": "image_url", "image_url": { "url": "data:," } },
        ] })),
		"unsupported_parameter",
		"messages[1].content[1].type",
	);
	assert_refused(
		second(json!({ "role": "assistant", "content": "", "tool_calls": [{}] })),
		"invalid_type",
		"messages[1].tool_calls[0].id",
	);
	assert_refused(
		second(json!({ "role": "user", "content": 5 })),
		"invalid_type",
		"messages[1].content",
	);
}

#[test]
fn huge_limits_are_bounded_by_the_context_later() {
	let body = with(json!({ "max_tokens": 99_999_999_999_u64 }));
	assert_eq!(read(&body).expect("it is good").request.max_tokens, Some(u32::MAX));
}

fn any_json() -> impl Strategy<Value = Value> {
	let leaf = prop_oneof![
		Just(Value::Null),
		any::<bool>().prop_map(Value::from),
		any::<i64>().prop_map(Value::from),
		any::<f64>().prop_map(Value::from),
		"[a-z]{0,6}".prop_map(Value::from),
		prop_oneof![Just("user"), Just("text"), Just("system"), Just("tool"), Just("assistant")]
			.prop_map(Value::from),
	];
	let key = prop_oneof![
		Just("role"),
		Just("content"),
		Just("type"),
		Just("text"),
		Just("name"),
		Just("tools"),
		Just("tool_calls"),
		Just("tool_call_id"),
		Just("function"),
	];
	leaf.prop_recursive(4, 24, 4, move |inner| {
		prop_oneof![
			proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
			proptest::collection::vec((key.clone(), inner), 0..4).prop_map(|fields| {
				fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
			}),
		]
	})
}

proptest! {
	#[test]
	fn any_field_is_read_or_refused_clearly(
		name in proptest::sample::select(vec![
			"model", "messages", "stream", "stream_options", "n", "temperature", "top_p", "seed",
			"stop", "max_tokens", "max_completion_tokens", "tools", "response_format", "logit_bias",
			"tool_choice", "parallel_tool_calls",
		]),
		value in any_json(),
	) {
		if let Err(error) = read(&with(json!({ name: value }))) {
			prop_assert_eq!(error.status.as_u16(), 400);
			let param = error.body.error.param.unwrap_or_default();
			prop_assert!(param.starts_with(name), "{param} for {name}");
		}
	}

	#[test]
	fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64)) {
		if let Err(error) = CompletionRequest::chat(&body) {
			prop_assert_eq!(error.status.as_u16(), 400);
		}
	}

	#[test]
	fn other_requests_are_read_or_refused_clearly(
		name in proptest::sample::select(vec![
			"model", "prompt", "input", "stream", "stream_options", "n", "best_of", "echo", "stop",
			"suffix", "logprobs", "max_tokens", "encoding_format", "dimensions", "temperature",
		]),
		value in any_json(),
	) {
		let mut body = json!({ "model": "m", "prompt": "a", "input": "a" });
		body[name] = value;
		let bytes = body.to_string().into_bytes();
		let errors = [
			CompletionRequest::text(&bytes).err(),
			EmbeddingsRequest::from_json(&bytes).err(),
		];
		for error in errors.into_iter().flatten() {
			prop_assert_eq!(error.status.as_u16(), 400);
			prop_assert!(error.body.error.param.unwrap_or_default().starts_with(name));
		}
	}

	#[test]
	fn mangled_requests_never_panic(
		place in 0..200_usize,
		byte in any::<u8>(),
		cut in 0..200_usize,
	) {
		let body = with(json!({ "stream": true, "stop": ["a", "b"], "tools": [{}], "n": 1 }));
		let mut bytes = body.to_string().into_bytes();
		let length = bytes.len();
		bytes[place % length] = byte;
		bytes.truncate(length.saturating_sub(cut % 3 * cut));
		if let Err(error) = CompletionRequest::chat(&bytes) {
			prop_assert_eq!(error.status.as_u16(), 400);
		}
	}
}
