//! Why the chain could not be asked.

use std::time::Duration;

use openledger_primitives::BlockNumber;
use subxt::rpcs;
use thiserror::Error;

/// Why the chain could not be asked, or its answer not be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError {
	/// No connection could be made.
	#[error("cannot connect to the chain node at {url}: {reason}")]
	Connect {
		/// Where the node should have been, without what may be secret of its address.
		url: String,
		/// The reason.
		reason: String,
	},
	/// The node did not answer in time.
	#[error("the chain node did not answer within {} s: {what}", after.as_secs())]
	Timeout {
		/// The question.
		what: String,
		/// The time waited.
		after: Duration,
	},
	/// The node answered with an error.
	#[error("the chain node refused: {what}: {reason}")]
	Rpc {
		/// The question.
		what: String,
		/// The answer.
		reason: String,
	},
	/// The answer is not what this client knows: the runtime is another or a newer one.
	#[error("the chain's answer cannot be read: {what}: {reason}")]
	Decode {
		/// The question.
		what: String,
		/// Part that does not fit.
		reason: String,
	},
	/// The transaction could enter a later block than it may. It was not sent.
	#[error("a transaction that is signed now could enter block {valid_until}, and it may not enter one after {last}")]
	TooLate {
		/// The last block that it could enter.
		valid_until: BlockNumber,
		/// The last block that it may enter.
		last: BlockNumber,
	},
	/// The node does not know the block.
	#[error("the chain node does not know the block {block}")]
	UnknownBlock {
		/// Its number or hash.
		block: String,
	},
	/// The runtime has no such extrinsic.
	#[error("this chain's runtime has no extrinsic {pallet}.{call}: is it an OpenLedger chain?")]
	UnknownCall {
		/// The pallet's name.
		pallet: String,
		/// The extrinsic's name.
		call: String,
	},
	/// The runtime's extrinsic takes other arguments than this client knows.
	#[error(
		"the runtime's {pallet}.{call} does not take what this version of the client sends: \
		 {reason}; update the client"
	)]
	CallChanged {
		/// The pallet's name.
		pallet: String,
		/// The extrinsic's name.
		call: String,
		/// The difference.
		reason: String,
	},
}

/// A node's address without what may be secret of it: providers put keys into paths.
pub(super) fn shown(url: &str) -> String {
	match reqwest::Url::parse(url) {
		Ok(parsed) if parsed.has_host() => {
			let host = parsed.host_str().unwrap_or_default();
			let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
			format!("{}://{host}{port}", parsed.scheme())
		}
		// Whatever that is.
		_ if url.contains(['@', '/', '?']) => "the address that was given".into(),
		_ => url.to_owned(),
	}
}

impl ChainError {
	/// Returns `true` if the question is worth asking again later: the node was away or too slow.
	pub fn is_transient(&self) -> bool {
		matches!(self, Self::Connect { .. } | Self::Timeout { .. })
	}

	/// From an error of the RPC client.
	pub(crate) fn rpc(what: &str, error: rpcs::Error) -> Self {
		let what = what.to_owned();
		match error {
			rpcs::Error::User(error) => {
				let detail = error.data.map(|data| format!(": {}", data.get().trim_matches('"')));
				let reason = format!("{}{}", error.message, detail.unwrap_or_default());
				Self::Rpc { what, reason }
			}
			rpcs::Error::Deserialization(error) => Self::Decode { what, reason: error.to_string() },
			rpcs::Error::Decode(error) => Self::Decode { what, reason: error.to_string() },
			other => Self::Rpc { what, reason: other.to_string() },
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn keys_in_addresses_are_not_shown() {
		for (url, expected) in [
			("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
			("wss://rpc.example.com/v1/k3y?x=k3y#k3y", "wss://rpc.example.com"),
			("wss://user:k3y@rpc.example.com:444", "wss://rpc.example.com:444"),
			("k3y@rpc:x", "the address that was given"),
			("nonsense", "nonsense"),
		] {
			assert_eq!(shown(url), expected);
		}
	}
}
