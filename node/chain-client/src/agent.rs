//! Acting for another account, with a key of one's own.
//!
//! An account that holds much is best kept off machines that are on the net. It names another one as
//! its proxy, for what is to be done from day to day, and only that one's key is where the work is
//! done: losing it costs what such a proxy may do, until it is removed.

use codec::Decode;
use openledger_primitives::{AccountId, Balance, BlockNumber};
use sp_io::hashing::{twox_128, twox_64};

use crate::{
	calls::{Call, ProxyKind},
	chain::{At, Chain, ChainError},
	events::Event,
	keys::Keypair,
	tx::{self, SubmitOptions, TxOutcome},
};

/// An account, and the key that signs for it: its own, or that of another account that may.
#[derive(Clone, Debug)]
pub struct Agent {
	account: AccountId,
	signer: Keypair,
}

/// An account that may act for another one.
#[derive(Clone, Debug, PartialEq, Eq, Decode)]
pub struct Proxy {
	/// Who may.
	pub delegate: AccountId,
	/// What it may do.
	pub kind: ProxyKind,
	/// How many blocks before doing it it has to say so.
	pub delay: BlockNumber,
}

impl Agent {
	/// Signs for `account`, whoever's key `signer` is.
	pub fn new(account: AccountId, signer: Keypair) -> Self {
		Self { account, signer }
	}

	/// Signs for the key's own account.
	pub fn own(signer: Keypair) -> Self {
		Self { account: signer.account(), signer }
	}

	/// Whom it acts for.
	pub fn account(&self) -> &AccountId {
		&self.account
	}

	/// Whose key signs, and who pays fees.
	pub fn signer(&self) -> &Keypair {
		&self.signer
	}

	/// Whether the key is that of another account.
	pub fn is_proxy(&self) -> bool {
		self.signer.account() != self.account
	}

	/// The call in the form in which the key can sign it.
	fn call(&self, call: &Call) -> Call {
		if !self.is_proxy() {
			return call.clone();
		}
		let (real, call) = (self.account.clone(), Box::new(call.clone()));
		Call::Proxy { real, force_proxy_type: None, call }
	}
}

/// A transaction that made a call for another account has failed if that call has.
fn of_inner(outcome: TxOutcome) -> TxOutcome {
	let TxOutcome::Included(included) = outcome else { return outcome };
	let failed = included.find(|event| match event {
		Event::ProxyExecuted { error } => error.clone(),
		_ => None,
	});
	match failed {
		Some(error) => {
			TxOutcome::Failed { block: included.block, finalized: included.finalized, error }
		}
		None => TxOutcome::Included(included),
	}
}

/// Submits a call as [`tx::submit`] does, for the account that `agent` acts for. If the call fails the outcome is
/// [`TxOutcome::Failed`], though a proxy's transaction around it succeeds.
///
/// # Errors
/// As [`tx::submit`].
pub async fn submit_for(
	chain: &Chain,
	call: &Call,
	agent: &Agent,
	options: SubmitOptions,
) -> Result<TxOutcome, ChainError> {
	let outcome = tx::submit(chain, &agent.call(call), agent.signer(), options).await?;
	Ok(if agent.is_proxy() { of_inner(outcome) } else { outcome })
}

/// The accounts that may act for an account.
///
/// # Errors
/// If the node cannot be asked, or keeps proxies in another shape.
pub async fn proxies(chain: &Chain, account: &AccountId, at: At) -> Result<Vec<Proxy>, ChainError> {
	let raw: &[u8] = account.as_ref();
	let key = [&twox_128(b"Proxy")[..], &twox_128(b"Proxies"), &twox_64(raw), raw].concat();
	let Some(stored) = chain.storage(&key, at).await? else { return Ok(Vec::new()) };
	// And the deposit for them.
	let decoded = <(Vec<Proxy>, Balance)>::decode(&mut stored.as_slice());
	let (proxies, _) = decoded.map_err(|error| ChainError::Decode {
		what: "who may act for an account".into(),
		reason: error.to_string(),
	})?;
	Ok(proxies)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		chain::Block,
		events::{DispatchFailure, EventRecord},
		testing::FakeChain,
		tx::Included,
		Scheme,
	};
	use codec::Encode;
	use openledger_primitives::Hash;

	fn key(uri: &str) -> Keypair {
		Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
	}

	#[test]
	fn a_call_for_another_account_is_wrapped() {
		let (stash, hot) = (key("//Alice").account(), key("//Alice//hot"));
		let own = Agent::own(hot.clone());
		assert_eq!(own.call(&Call::Heartbeat {}), Call::Heartbeat {});
		assert!(!own.is_proxy() && !Agent::new(hot.account(), hot.clone()).is_proxy());
		let agent = Agent::new(stash.clone(), hot.clone());
		assert!(agent.is_proxy());
		assert_eq!((agent.account(), agent.signer().account()), (&stash, hot.account()));
		let Call::Proxy { real, call, .. } = agent.call(&Call::Heartbeat {}) else { panic!() };
		assert_eq!((real, *call), (stash, Call::Heartbeat {}));
	}

	#[test]
	fn it_fails_where_the_call_for_the_other_account_does() {
		let block = Block { number: 7, hash: Hash::zero() };
		let outcome = |events: Vec<Event>| {
			let record = |event| EventRecord { block, index: 0, extrinsic: Some(1), event };
			let events = events.into_iter().map(record).collect();
			let (extrinsic, index) = (Hash::zero(), 1);
			of_inner(TxOutcome::Included(Included {
				block,
				finalized: true,
				extrinsic,
				index,
				events,
			}))
		};
		let failure = DispatchFailure { pallet: None, name: "No".into(), docs: String::new() };
		let executed =
			|error: Option<&DispatchFailure>| Event::ProxyExecuted { error: error.cloned() };
		let well = outcome(vec![executed(None), Event::ExtrinsicSuccess]);
		assert!(well.into_included().is_ok());
		let failed = outcome(vec![executed(Some(&failure)), Event::ExtrinsicSuccess]);
		assert_eq!(failed, TxOutcome::Failed { block, finalized: true, error: failure });
		let invalid = TxOutcome::Invalid { reason: "no".into() };
		assert_eq!(of_inner(invalid.clone()), invalid);
	}

	#[tokio::test]
	async fn proxies_are_read() {
		let fake = FakeChain::start().await;
		let chain = fake.connect().await;
		let (stash, hot) = (AccountId::new([7; 32]), AccountId::new([8; 32]));
		assert_eq!(proxies(&chain, &stash, At::Best).await.unwrap(), []);
		let raw: &[u8] = stash.as_ref();
		let key = [&twox_128(b"Proxy")[..], &twox_128(b"Proxies"), &twox_64(raw), raw].concat();
		let stored = (vec![(hot.clone(), 4u8, 0u32)], 5u128).encode();
		fake.state.lock().unwrap().storage.insert(format!("0x{}", hex::encode(key)), stored);
		let expected = Proxy { delegate: hot, kind: ProxyKind::Operator, delay: 0 };
		assert_eq!(proxies(&chain, &stash, At::Best).await.unwrap(), [expected]);
	}
}
