//! Answers of nodes that are errors: their own, or those of whoever is in between.

use std::time::Duration;

use openledger_protocol::{
	sanitise::{sanitised, MESSAGE, SHOWN, WORD},
	RefusalCode, RefusalDetails,
};
use reqwest::{header::RETRY_AFTER, Response};
use serde_json::Value;

use super::api::{bounded, header, MAX_ERROR};

/// A node's wish to be left alone is not followed for longer than this.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
	/// The HTTP status.
	pub status: u16,
	/// `true` if it has the form that a node's errors have: else it may be a proxy's.
	pub shaped: bool,
	/// The family of the error.
	pub kind: String,
	/// Its code.
	pub code: String,
	/// The part of the request that is wrong.
	pub param: Option<String>,
	/// The node's words.
	pub message: String,
	/// The values that the node would take instead.
	pub details: Value,
	/// The time after which it is worth trying again.
	pub retry_after: Option<Duration>,
}

impl Refusal {
	pub(super) async fn read(answer: Response) -> Self {
		let status = answer.status().as_u16();
		let seconds = header(&answer, RETRY_AFTER.as_str()).and_then(|text| text.parse().ok());
		let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY));
		let raw = bounded(answer, MAX_ERROR).await.unwrap_or_default();
		Self { retry_after, ..Self::of(status, &String::from_utf8_lossy(&raw)) }
	}

	/// From an error body in OpenAI's form, or whatever else came.
	pub fn of(status: u16, raw: &str) -> Self {
		let body: Value = serde_json::from_str(raw).unwrap_or_default();
		let text = |key: &str, most: usize| {
			let value = body.get("error").and_then(|error| error.get(key));
			value.and_then(Value::as_str).map(|text| sanitised(text, most))
		};
		let shown = || {
			let shown = sanitised(raw.trim(), SHOWN);
			if shown.is_empty() {
				format!("status {status}, and nothing else")
			} else {
				shown
			}
		};
		let kind = text("type", WORD).unwrap_or_else(|| "server_error".into());
		Self {
			status,
			shaped: text("message", MESSAGE).is_some(),
			code: text("code", WORD).unwrap_or_else(|| kind.clone()),
			kind,
			param: text("param", WORD),
			message: text("message", MESSAGE).unwrap_or_else(shown),
			details: body.get("openledger").cloned().unwrap_or_default(),
			retry_after: None,
		}
	}

	/// The code of a node, if it is one that is known here. What has not the form of a node's errors has
	/// none.
	pub fn known_code(&self) -> Option<RefusalCode> {
		self.code.parse().ok().filter(|_| self.shaped)
	}

	/// The values that the node would take instead, if they can be read.
	pub fn known_details(&self) -> Option<RefusalDetails> {
		RefusalDetails::read(self.known_code()?, &self.details)
	}

	/// Returns `true` if the node answered, in its own words, that the request or its payment is not taken.
	pub fn is_own_refusal(&self) -> bool {
		self.shaped && (400..500).contains(&self.status)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn errors_of_nodes_are_told_from_those_of_proxies() {
		let body = json!({
			"error": { "message": "no", "type": "payment_error", "param": "x", "code": "lane_busy" },
			"openledger": { "busy_with": 3 },
		});
		let refusal = Refusal::of(409, &body.to_string());
		assert!(refusal.is_own_refusal());
		assert_eq!((refusal.code.as_str(), refusal.kind.as_str()), ("lane_busy", "payment_error"));
		assert_eq!(refusal.param.as_deref(), Some("x"));
		assert_eq!(refusal.details, json!({ "busy_with": 3 }));
		for raw in ["<html>", "", "{}", r#"{"error": "no"}"#, "null"] {
			let refusal = Refusal::of(404, raw);
			assert!(!refusal.is_own_refusal() && !refusal.message.is_empty(), "{raw}");
		}
		assert!(!Refusal::of(502, &body.to_string()).is_own_refusal());
		assert_eq!(Refusal::of(500, &"x".repeat(9_999)).message.len(), SHOWN);
		let long = "é".repeat(9_999);
		let body = json!({ "error": { "message": long, "type": long, "code": long } });
		let refusal = Refusal::of(400, &body.to_string());
		let characters = |text: &str| text.chars().count();
		assert_eq!(characters(&refusal.message), MESSAGE);
		assert_eq!((characters(&refusal.code), characters(&refusal.kind)), (WORD, WORD));
	}

	#[test]
	fn what_a_node_says_is_short_and_plain() {
		let long = "\u{1b}[2Jé".repeat(9_999);
		let error = json!({ "message": long, "type": long, "code": long, "param": long });
		let refusal = Refusal::of(400, &json!({ "error": error }).to_string());
		let Refusal { kind, code, param, message, .. } = &refusal;
		for word in [kind, code, param.as_ref().unwrap()] {
			assert_eq!(word.chars().count(), WORD);
			assert!(word.starts_with("[2Jé["), "{word}");
		}
		assert_eq!(message.chars().count(), MESSAGE);
		assert!(refusal.shaped && message.starts_with("[2Jé["), "{message}");
		let page = Refusal::of(502, "<h1>\nno\u{7}</h1>");
		assert_eq!((page.shaped, page.message.as_str()), (false, "<h1>\nno</h1>"));
		assert_eq!(Refusal::of(502, "\u{1b}\u{7}").message, "status 502, and nothing else");
	}
}
