//! Payment of a call over HTTP: x402, version 2, with the scheme `batch-settlement` on an
//! OpenLedger chain.
//!
//! An unpaid request is answered with `402` and [`PaymentRequired`] in the header
//! `PAYMENT-REQUIRED`. The request is sent again, byte for byte, with [`PaymentSignature`] in
//! `PAYMENT-SIGNATURE`. The answer comes with [`PaymentResponse`], which holds the node's signed
//! statement: in the header `PAYMENT-RESPONSE`, or, for a stream, in a comment before its last event.
//! Each header is the base64 of a JSON object; amounts are decimal strings of planck.

pub(crate) mod camel;
mod types;

pub use types::{
	is_at_most, Payload, PaymentRequired, PaymentResponse, PaymentSignature, Receipt, Requirements,
	Resource, Terms,
};

pub(crate) use types::signature;

use base64::{engine::general_purpose, Engine};
use openledger_primitives::Hash;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::sanitise;

/// The version of x402 that is spoken.
pub const VERSION: u32 = 2;
/// The payment scheme: vouchers now, one settlement for many of them later.
pub const SCHEME: &str = "batch-settlement";
/// The asset that is paid with.
pub const ASSET: &str = "OPEN";
/// The header in which a node says what a call costs.
pub const PAYMENT_REQUIRED: &str = "payment-required";
/// The header in which a caller pays.
pub const PAYMENT_SIGNATURE: &str = "payment-signature";
/// The header in which a node acknowledges, and the first word of the comment that stands for it in a
/// stream. As the name of an event it is read, too.
pub const PAYMENT_RESPONSE: &str = "payment-response";

/// No header of ours is longer than this, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// A reason why a header cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The messages say what these are.
pub enum X402Error {
	#[error("it has {0} bytes, more than the {MAX_HEADER} that are accepted")]
	TooLong(usize),
	#[error("it is not base64: {0}")]
	Base64(String),
	#[error("its JSON is not what it should be: {0}")]
	Json(String),
	#[error("it speaks x402 version {0}, not {VERSION}")]
	Version(u64),
}

/// The chain's CAIP-2 name: `polkadot:` and the first 32 hex digits of its genesis hash.
pub fn network(genesis: &Hash) -> String {
	let (first, _) = genesis.as_bytes().split_at(16);
	format!("polkadot:{}", hex::encode(first))
}

/// A value as a header: the base64 of its JSON.
pub fn encode<T: Serialize>(value: &T) -> String {
	// What is written here are the types of this module, which JSON can always hold. An empty
	// header is what any reader refuses.
	let json = serde_json::to_vec(value).unwrap_or_default();
	general_purpose::STANDARD.encode(json)
}

/// Reads a value from a header. Standard and URL-safe base64 are accepted, padded or not.
///
/// # Errors
/// [`X402Error`], with what is wrong.
pub fn decode<T: DeserializeOwned>(header: &str) -> Result<T, X402Error> {
	let trimmed = header.trim();
	if trimmed.len() > MAX_HEADER {
		return Err(X402Error::TooLong(trimmed.len()));
	}
	let bare = trimmed.trim_end_matches('=');
	let engine = match bare.contains(['-', '_']) {
		true => general_purpose::URL_SAFE_NO_PAD,
		false => general_purpose::STANDARD_NO_PAD,
	};
	let json = engine.decode(bare).map_err(|error| X402Error::Base64(error.to_string()))?;
	read_json(&json)
}

/// Reads a value from its JSON, as it stands in a body or an event.
///
/// # Errors
/// [`X402Error`], with what is wrong.
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, X402Error> {
	// It quotes what it cannot read.
	let wrong = |error: serde_json::Error| {
		X402Error::Json(sanitise::sanitised(&error.to_string(), sanitise::SHOWN))
	};
	// Another version may have other fields, which would be a riddle of an error.
	let Spoken { version } = serde_json::from_slice(json).map_err(wrong)?;
	match version.as_u64() {
		Some(version) if version == u64::from(VERSION) => {}
		other => return Err(X402Error::Version(other.unwrap_or_default())),
	}
	serde_json::from_slice(json).map_err(wrong)
}

/// The version that a message speaks; ours, where it does not say.
#[derive(Deserialize)]
struct Spoken {
	#[serde(rename = "x402Version", default = "ours")]
	version: Value,
}

fn ours() -> Value {
	VERSION.into()
}

#[cfg(test)]
mod tests;
