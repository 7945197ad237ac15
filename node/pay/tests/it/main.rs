//! The proxy as a whole, against a chain in memory and nodes that are real servers.

mod binary;
mod calls;
mod closing;
mod failing;
mod keys;
mod money;
mod received;
mod routes;
mod stopping;
mod tasks;
mod trust;
mod world;

use serde_json::Value;

/// The error code of an answer.
async fn code(answer: reqwest::Response) -> (u16, String) {
	let status = answer.status().as_u16();
	let body: Value = answer.json().await.unwrap();
	(status, body["error"]["code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned())
}

/// The text of a streamed answer, and whether it came to its end.
fn streamed(body: &str) -> (String, bool) {
	let mut data = body.lines().filter_map(|line| line.strip_prefix("data: "));
	let chunk = |data: &str| serde_json::from_str::<Value>(data).ok();
	let text = data
		.clone()
		.filter_map(chunk)
		.filter_map(|chunk| Some(chunk.pointer("/choices/0/delta/content")?.as_str()?.to_owned()));
	(text.collect(), data.next_back() == Some("[DONE]"))
}
