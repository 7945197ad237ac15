//! Acting for another account, with a key of one's own.
//!
//! An account that holds much is best kept off machines that are on the net. It names another one as
//! its proxy, for what is to be done from day to day, and only that one's key is where the work is
//! done: losing it costs what such a proxy may do, until it is removed.

use openledger_primitives::{AccountId, Balance};

use crate::{
	chain::{At, Chain, ChainError},
	keys::Keypair,
	runtime::{proxy, Call, Event, Proxy},
	tx::{self, SubmitOptions, TxOutcome},
};

/// An account, and the key that signs for it: its own, or that of another account that may.
#[derive(Clone, Debug)]
pub struct Agent {
	account: AccountId,
	signer: Keypair,
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

	/// Returns `true` if the key is that of another account.
	pub fn is_proxy(&self) -> bool {
		self.signer.account() != self.account
	}

	/// The call in the form in which the key can sign it.
	fn call(&self, call: &Call) -> Call {
		if !self.is_proxy() {
			return call.clone();
		}
		let (real, call) = (self.account.clone().into(), Box::new(call.clone()));
		Call::Proxy(proxy::Call::proxy { real, force_proxy_type: None, call })
	}
}

/// A transaction that made a call for another account has failed if that call has.
fn of_inner(outcome: TxOutcome) -> TxOutcome {
	let TxOutcome::Included(included) = outcome else { return outcome };
	let executed = |event: &Event| matches!(event, Event::Proxy(proxy::Event::ProxyExecuted(_)));
	let executed = included.events.iter().find(|record| executed(&record.event));
	match executed.and_then(|record| record.failure.clone()) {
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
	let key = (<[u8; 32]>::from(account.clone()),);
	// And the deposit for them.
	let stored = chain.stored::<(Vec<Proxy>, Balance)>("Proxy", "Proxies", key, at).await?;
	Ok(stored.map(|(proxies, _)| proxies).unwrap_or_default())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		chain::Block,
		events::{DispatchFailure, EventRecord},
		runtime::{metering, ProxyType},
		testing::FakeChain,
		tx::Included,
		Scheme,
	};
	use codec::Encode;
	use openledger_primitives::Hash;
	use sp_io::hashing::{twox_128, twox_64};
	use sp_runtime::DispatchError;

	const HEARTBEAT: Call = Call::InferenceMetering(metering::Call::heartbeat);

	fn key(uri: &str) -> Keypair {
		Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
	}

	#[test]
	fn a_call_for_another_account_is_wrapped() {
		let (stash, hot) = (key("//Alice").account(), key("//Alice//hot"));
		let own = Agent::own(hot.clone());
		assert_eq!(own.call(&HEARTBEAT), HEARTBEAT);
		assert!(!own.is_proxy() && !Agent::new(hot.account(), hot.clone()).is_proxy());
		let agent = Agent::new(stash.clone(), hot.clone());
		assert!(agent.is_proxy());
		assert_eq!((agent.account(), agent.signer().account()), (&stash, hot.account()));
		let Call::Proxy(proxy::Call::proxy { real, call, .. }) = agent.call(&HEARTBEAT) else {
			panic!()
		};
		assert_eq!((real, *call), (stash.into(), HEARTBEAT));
	}

	#[test]
	fn it_fails_where_the_call_for_the_other_account_does() {
		let block = Block { number: 7, hash: Hash::zero() };
		let failure = DispatchFailure { pallet: None, name: "No".into(), docs: String::new() };
		let outcome = |result: Result<(), DispatchError>| {
			let failure = result.is_err().then(|| failure.clone());
			let event = Event::Proxy(proxy::Event::ProxyExecuted(proxy::ProxyExecuted { result }));
			let record = EventRecord { block, index: 0, extrinsic: Some(1), event, failure };
			let (extrinsic, events) = (Hash::zero(), vec![record]);
			let included = Included { block, finalized: true, extrinsic, index: 1, events };
			of_inner(TxOutcome::Included(included))
		};
		assert!(outcome(Ok(())).into_included().is_ok());
		let failed = outcome(Err(DispatchError::BadOrigin));
		assert_eq!(failed, TxOutcome::Failed { block, finalized: true, error: failure.clone() });
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
		let expected = Proxy { delegate: hot, proxy_type: ProxyType::Operator, delay: 0 };
		assert_eq!(proxies(&chain, &stash, At::Best).await.unwrap(), [expected]);
	}
}
