//! Whose keys the node signs with.
//!
//! Three things are signed: transactions of the operator, statements, and agreements to a session's
//! end. One key can do for all of them. Where the operator's account is to stay off this machine,
//! it names a proxy, whose key signs the transactions here; the proxy can settle, but can neither
//! take back the bond nor name another receipt key.

use openledger_chain_client::{
	agent, Agent, At, Chain, ChainError, KeyError, KeySource, Keypair, ProxyType, Scheme,
};
use zeroize::Zeroizing;

use crate::config::Config;

/// The keys that the node signs with.
#[derive(Clone, Debug)]
pub struct Keys {
	/// The operator, and the key for its transactions.
	pub operator: Agent,
	/// Signs statements, and agreements to a session's end.
	pub receipts: Keypair,
}

impl Keys {
	/// The same key for everything.
	pub fn one(key: Keypair) -> Self {
		Self { operator: Agent::own(key.clone()), receipts: key }
	}

	/// As configured.
	///
	/// # Errors
	/// If a key cannot be read, or is none.
	pub fn read(config: &Config) -> Result<Self, KeyError> {
		let key = read(&config.key, config.key_type)?;
		let receipts = match &config.receipt_key {
			Some(_) => Self::read_receipts(config)?,
			None => key.clone(),
		};
		let operator = match &config.operator {
			Some(account) => Agent::new(account.clone(), key),
			None => Agent::own(key),
		};
		Ok(Self { operator, receipts })
	}

	/// The key that signs statements alone.
	///
	/// # Errors
	/// If it cannot be read, or is none.
	pub fn read_receipts(config: &Config) -> Result<Keypair, KeyError> {
		match &config.receipt_key {
			Some(source) => read(source, config.receipt_key_type),
			None => read(&config.key, config.key_type),
		}
	}
}

fn read(source: &KeySource, scheme: Scheme) -> Result<Keypair, KeyError> {
	let KeySource::Stdin = source else { return source.read(scheme) };
	// One line: two keys may come from there, and a terminal need not end.
	let mut line = Zeroizing::new(String::new());
	std::io::stdin().read_line(&mut line).map_err(|error| KeyError::Unreadable {
		source_name: "standard input".into(),
		reason: error.to_string(),
	})?;
	Keypair::from_uri(line.trim(), scheme)
}

/// Tells whether the chain lets the agent's key run the operator's node.
///
/// # Errors
/// If the chain cannot be asked.
pub(crate) async fn may_run_a_node(chain: &Chain, agent: &Agent) -> Result<bool, ChainError> {
	if !agent.is_proxy() {
		return Ok(true);
	}
	let delegate = agent.signer().account();
	let proxies = agent::proxies(chain, agent.account(), At::Best).await?;
	Ok(proxies.iter().any(|proxy| {
		let kind = matches!(proxy.proxy_type, ProxyType::Any | ProxyType::Operator);
		kind && proxy.delegate == delegate && proxy.delay == 0
	}))
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_testkit as testkit;
	use std::path::Path;

	fn keys(more: &str) -> Keys {
		let text = format!(
			"{more}\ndata_dir = \"d\"\nkey = {{ uri = \"//Bob\" }}\n[[models]]\nname = \"m\"\n\
			 backend.candle.path = \"m.gguf\"\n"
		);
		let config = Config::parse(&text, Path::new("/")).expect("it is good");
		Keys::read(&config).expect("they can be read")
	}

	#[test]
	fn one_key_does_for_everything() {
		let keys = keys("");
		assert_eq!(keys.receipts.account(), testkit::operator().account());
		assert_eq!(*keys.operator.account(), testkit::operator().account());
		assert!(!keys.operator.is_proxy());
	}

	#[test]
	fn each_can_be_of_another_kind() {
		let kinds = "key_type = \"ecdsa\"\nreceipt_key = { uri = \"//Bob\" }\nreceipt_key_type = ";
		let keys = keys(&format!("{kinds}\"ed25519\""));
		assert_eq!(keys.operator.signer().scheme(), Scheme::Ecdsa);
		assert_eq!(keys.receipts.scheme(), Scheme::Ed25519);
		let signed = keys.receipts.sign(b"a statement");
		assert_eq!(*keys.operator.account(), keys.operator.signer().account());
		assert_ne!(keys.receipts.account(), testkit::operator().account());
		assert_ne!(signed, keys.operator.signer().sign(b"a statement"));
	}

	#[test]
	fn each_can_have_its_own() {
		let stash = testkit::key("//Alice//stash");
		let more = format!(
			"operator = \"{}\"\nreceipt_key = {{ uri = \"//Bob//receipts\" }}",
			stash.address()
		);
		let keys = keys(&more);
		assert_eq!(keys.receipts.account(), testkit::key("//Bob//receipts").account());
		assert_eq!(*keys.operator.account(), stash.account());
		assert_eq!(keys.operator.signer().account(), testkit::operator().account());
		assert!(keys.operator.is_proxy());
	}
}
