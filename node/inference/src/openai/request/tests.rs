use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(body: &Value) -> Result<ChatCompletionRequest, ApiError> {
	ChatCompletionRequest::from_json(body.to_string().as_bytes())
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
		request.chat,
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
		request.chat,
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
	let extras = read(&body).expect("it is for the backend to say").chat.extras;
	let names: Vec<&str> = extras.keys().map(String::as_str).collect();
	assert_eq!(names, ["logprobs", "presence_penalty", "response_format", "tools"]);
}

#[test]
fn bodies_that_are_no_request() {
	for body in ["", "{", "{\"model\": \"m\",}", "\u{feff}{}", "nonsense"] {
		let error = ChatCompletionRequest::from_json(body.as_bytes()).expect_err("refused");
		assert_eq!(error.body.error.code.as_deref(), Some("malformed_json"), "{body:?}");
	}
	let error =
		ChatCompletionRequest::from_json(b"{\"model\": \"m\",\n oops}").expect_err("refused");
	assert!(error.body.error.message.contains("line 2"), "{error}");
	assert!(ChatCompletionRequest::from_json(b"\xFF\xFE").is_err());
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
		second(json!({ "role": "tool", "content": "x" })),
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
		"unsupported_parameter",
		"messages[1].tool_calls",
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
	assert_eq!(read(&body).expect("it is good").chat.max_tokens, Some(u32::MAX));
}

fn any_json() -> impl Strategy<Value = Value> {
	let leaf = prop_oneof![
		Just(Value::Null),
		any::<bool>().prop_map(Value::from),
		any::<i64>().prop_map(Value::from),
		any::<f64>().prop_map(Value::from),
		"[a-z]{0,6}".prop_map(Value::from),
		prop_oneof![Just("user"), Just("text"), Just("system")].prop_map(Value::from),
	];
	let key = prop_oneof![
		Just("role"),
		Just("content"),
		Just("type"),
		Just("text"),
		Just("name"),
		Just("tools"),
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
		if let Err(error) = ChatCompletionRequest::from_json(&body) {
			prop_assert_eq!(error.status.as_u16(), 400);
		}
	}
}
