//! The chain, as far as who reports a node needs it. Behind a trait, so that the tests run without one.

use async_trait::async_trait;
use openledger_chain_client::{
	metering, ss58, tx, tx::TxError, At, Call, ChainError, SubmitOptions, TxOutcome,
};
use openledger_primitives::{AccountId, BlockNumber, Hash};

use crate::network::Live;

/// The pallet that takes reports.
const PALLET: &str = "InferenceMetering";

/// The outcome of a transaction of who reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
	/// It is in this block, and has succeeded.
	Done(BlockNumber),
	/// It is in a block, and has failed.
	Failed {
		/// The name of the pallet's error; empty if it is none of the pallet's.
		name: String,
		/// The chain's own words.
		reason: String,
	},
	/// It is in no block, and never will be.
	Refused(String),
	/// It may have happened, or happen yet.
	Unknown(String),
}

/// The chain, and the account that reports. What asks it fails if it cannot be asked.
#[async_trait]
pub trait ReportChain: Send + Sync {
	/// The account that reports.
	fn reporter(&self) -> AccountId;
	/// The newest block, or the newest that is final.
	async fn height(&self, at: At) -> Result<BlockNumber, ChainError>;
	/// Blocks by which a commitment has to come before its report.
	async fn delay(&self) -> Result<BlockNumber, ChainError>;
	/// The hash by which the account commits to a report.
	async fn commitment_to(&self, report: &metering::Call) -> Result<Hash, ChainError>;
	/// The block of a commitment of the account. `None` if there is none, or it was used up.
	async fn committed(&self, commitment: Hash, at: At) -> Result<Option<BlockNumber>, ChainError>;
	/// Commits to a report.
	async fn commit(&self, commitment: Hash) -> Sent;
	/// Gives a commitment up.
	async fn withdraw(&self, commitment: Hash) -> Sent;
	/// Reports, and waits until that is final.
	async fn report(&self, report: &metering::Call) -> Sent;
}

impl Live {
	async fn send(&self, call: metering::Call, options: SubmitOptions) -> Sent {
		let keys = self.signs_with();
		let Some(key) = &keys.own else {
			return Sent::Refused(format!("the key of {} is not here", ss58(&keys.account)));
		};
		let call = Call::InferenceMetering(call);
		let submitted = tx::submit(self.chain(), &call, key, options).await;
		match submitted.map(TxOutcome::into_included) {
			Ok(Ok(included)) => Sent::Done(included.block.number),
			Ok(Err(TxError::Failed { block, error })) => {
				let reason = format!("{error} (in block {})", block.number);
				let is_ours = error.pallet.as_deref() == Some(PALLET);
				Sent::Failed { name: if is_ours { error.name } else { String::new() }, reason }
			}
			Ok(Err(error @ TxError::Invalid { .. })) => Sent::Refused(error.to_string()),
			Ok(Err(error)) => Sent::Unknown(error.to_string()),
			Err(error) => Sent::Refused(error.to_string()),
		}
	}
}

#[async_trait]
impl ReportChain for Live {
	fn reporter(&self) -> AccountId {
		self.signs_with().account.clone()
	}

	async fn height(&self, at: At) -> Result<BlockNumber, ChainError> {
		Ok(self.chain().block(at).await?.number)
	}

	async fn delay(&self) -> Result<BlockNumber, ChainError> {
		self.chain().constant(PALLET, "ReportDelay").await
	}

	async fn commitment_to(&self, report: &metering::Call) -> Result<Hash, ChainError> {
		self.chain().commitment_to(report, &self.reporter()).await
	}

	async fn committed(&self, commitment: Hash, at: At) -> Result<Option<BlockNumber>, ChainError> {
		self.chain().committed_in(&self.reporter(), commitment, at).await
	}

	async fn commit(&self, commitment: Hash) -> Sent {
		self.send(metering::Call::commit_report { commitment }, SubmitOptions::in_block()).await
	}

	async fn withdraw(&self, commitment: Hash) -> Sent {
		let call = metering::Call::withdraw_commitment { commitment };
		self.send(call, SubmitOptions::in_block()).await
	}

	async fn report(&self, report: &metering::Call) -> Sent {
		self.send(report.clone(), SubmitOptions::finalized()).await
	}
}
