//! Failures of upkeep.

use openledger_chain_client::ChainError;
use openledger_payer_ledger::StoreError;
use thiserror::Error;

/// The reason why something could not be looked after. The next round tries again.
#[derive(Clone, Debug, Error)]
pub enum UpkeepError {
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}
