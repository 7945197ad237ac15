//! The chain in memory, for who reports on it: it takes no report that was not committed to in time.

use async_trait::async_trait;
use codec::Encode;
use openledger_chain_client::{metering, At, Call, ChainError};
use openledger_primitives::{report::commitment, AccountId, BlockNumber, Hash};
use openledger_testkit::{ChainMood, ChainState, REPORT_DELAY};

use super::FakeChain;
use crate::reporting::{ReportChain, Sent};

impl FakeChain {
	/// Makes so many blocks, the last of which is final three blocks later.
	pub fn make_blocks(&self, blocks: BlockNumber) {
		let mut state = self.state();
		state.best += blocks;
		state.finalized = state.best.saturating_sub(3);
	}

	fn send(
		&self,
		name: &'static str,
		change: impl FnOnce(&mut ChainState, AccountId) -> Result<(), &'static str>,
	) -> Sent {
		let reporter = self.reporter();
		let mut state = self.state();
		state.transactions.push(name);
		let block = state.best;
		let unknown = || Sent::Unknown("no word of it".into());
		match state.mood {
			ChainMood::Away | ChainMood::Refuse => Sent::Refused("it does not like it".into()),
			ChainMood::Lossy => unknown(),
			ChainMood::Secretive => {
				let _ = change(&mut state, reporter);
				unknown()
			}
			ChainMood::Well => match change(&mut state, reporter) {
				Ok(()) => Sent::Done(block),
				Err(name) => Sent::Failed { name: name.into(), reason: name.into() },
			},
		}
	}
}

/// The hash that the chain works out of a report that comes from this account.
fn hash(report: &metering::Call, reporter: &AccountId) -> Hash {
	let (encoded, name) = (report.encode(), Call::InferenceMetering(report.clone()).name());
	commitment(reporter, name, &encoded[1..])
}

#[async_trait]
impl ReportChain for FakeChain {
	fn reporter(&self) -> AccountId {
		self.keys.lock().account.clone()
	}

	async fn height(&self, at: At) -> Result<BlockNumber, ChainError> {
		self.ask(|state| if at == At::Finalized { state.finalized } else { state.best })
	}

	async fn delay(&self) -> Result<BlockNumber, ChainError> {
		self.ask(|_| REPORT_DELAY)
	}

	async fn commitment_to(&self, report: &metering::Call) -> Result<Hash, ChainError> {
		Ok(hash(report, &self.reporter()))
	}

	async fn committed(&self, commitment: Hash, at: At) -> Result<Option<BlockNumber>, ChainError> {
		let reporter = self.reporter();
		self.ask(|state| {
			let block = if at == At::Finalized { state.finalized } else { state.best };
			state.committed_in(&reporter, commitment, block)
		})
	}

	async fn commit(&self, commitment: Hash) -> Sent {
		self.send("commit_report", |state, who| state.commit_report(who, commitment))
	}

	async fn withdraw(&self, commitment: Hash) -> Sent {
		self.send("withdraw_commitment", |state, who| state.withdraw_commitment(who, commitment))
	}

	async fn report(&self, report: &metering::Call) -> Sent {
		let commitment = hash(report, &self.reporter());
		self.send("report", |state, who| state.report(who, commitment))
	}
}
