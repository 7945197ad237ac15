//! Signing and submitting, and what became of a transaction.
//!
//! Nothing here is ever sent twice. Where the outcome of a transaction is unknown, that is what is
//! said, and it is for the caller to look on chain before sending anything again.

mod outcome;
mod watch;

pub use outcome::{Included, TxError, TxOutcome};

use std::time::Duration;

use openledger_primitives::{Balance, BlockNumber, Hash};
use subxt::{config::DefaultExtrinsicParamsBuilder, rpcs, SubstrateConfig};
use tokio::time::{timeout, timeout_at, Instant};

use crate::{
	chain::{At, Block, Chain, ChainError},
	keys::Keypair,
	runtime::Call,
};

/// The pool's error code for a transaction that it has already.
const ALREADY_IMPORTED: i32 = 1013;

/// No transaction is waited for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The event to wait for after submitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
	/// Until the transaction is in a block of the best chain, which may still be undone.
	InBlock,
	/// Until its block is finalized.
	Finalized,
}

/// The options of submitting.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
	/// The event to wait for.
	pub wait: Wait,
	/// The longest wait for it.
	pub timeout: Duration,
	/// For how many blocks the transaction may be included; rounded up to a power of two.
	pub mortality: u32,
	/// The last block that may include the transaction. If its turn comes so late that it could enter a
	/// later one, it is not sent.
	pub last: Option<BlockNumber>,
	/// Extra fee to be included sooner, in planck.
	pub tip: Balance,
}

impl Default for SubmitOptions {
	fn default() -> Self {
		Self::finalized()
	}
}

impl SubmitOptions {
	/// Waits until the transaction is in a block.
	pub fn in_block() -> Self {
		let timeout = Duration::from_secs(120);
		Self { wait: Wait::InBlock, timeout, mortality: 64, last: None, tip: 0 }
	}

	/// Waits until the transaction is final.
	pub fn finalized() -> Self {
		Self { wait: Wait::Finalized, ..Self::in_block() }
	}
}

/// A transaction that may have reached the node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
	/// Its hash.
	pub extrinsic: Hash,
	/// The block from which its time runs: it is in none up to this one.
	pub birth: Block,
	/// The last block that it can be in.
	pub valid_until: BlockNumber,
	/// The event that is waited for.
	pub wait: Wait,
}

/// Signs a call, submits it, and waits for what becomes of it. Submissions of one signer
/// through one connection wait for one another until the pool has the transaction.
///
/// # Errors
/// Only if the transaction was certainly not handed to the node. What happens after that is in
/// the outcome.
pub async fn submit(
	chain: &Chain,
	call: &Call,
	signer: &Keypair,
	options: SubmitOptions,
) -> Result<TxOutcome, ChainError> {
	let deadline = Instant::now() + options.timeout.min(LONGEST_WAIT);
	let connection = chain.connection();
	let lock = connection.signers.of(&signer.account());
	let turn = lock.lock().await;
	let (signed, pending) = sign(chain, call, signer, &options).await?;
	let valid_until = pending.valid_until;
	if let Some(last) = options.last.filter(|last| valid_until > *last) {
		return Err(ChainError::TooLate { valid_until, last });
	}
	let submitting = connection.methods.author_submit_and_watch_extrinsic(&signed);
	let statuses = match timeout(connection.request_timeout(), submitting).await {
		Ok(Ok(statuses)) => Some(statuses),
		Ok(Err(rpcs::Error::User(error))) if error.code != ALREADY_IMPORTED => {
			let detail = error.data.map(|data| format!(": {}", data.get().trim_matches('"')));
			let reason = format!("{}{}", error.message, detail.unwrap_or_default());
			return Ok(TxOutcome::Invalid { reason });
		}
		// Lost on the way there or back, or known already: only the chain can tell.
		Ok(Err(error)) => {
			tracing::warn!(%error, "submitted a transaction without an answer; searching for it");
			None
		}
		Err(_) => None,
	};
	drop(turn);
	tracing::debug!(call = %call.name(), extrinsic = ?pending.extrinsic, "submitted");
	let following = watch::follow(chain, statuses, pending);
	Ok(timeout_at(deadline, following).await.unwrap_or(TxOutcome::TimedOut {
		extrinsic: pending.extrinsic,
		valid_until: pending.valid_until,
	}))
}

async fn sign(
	chain: &Chain,
	call: &Call,
	signer: &Keypair,
	options: &SubmitOptions,
) -> Result<(Vec<u8>, Pending), ChainError> {
	let best = chain.block(At::Best).await?;
	let finalized = chain.block(At::Finalized).await?;
	let mortality = options.mortality.clamp(4, 1 << 16).next_power_of_two();
	// A transaction whose time runs from a final block survives reorganisations. If finality
	// is far behind, that time would be over already.
	let behind = best.number.saturating_sub(finalized.number);
	let birth = if behind < mortality / 2 { finalized } else { best };

	let at = chain.connection().at(best).await?;
	let payload = call.payload(at.metadata_ref())?;
	let nonce = chain.nonce(&signer.account()).await?;
	let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
		.mortal_from_unchecked(mortality.into(), birth.number.into(), birth.hash)
		.nonce(nonce.into())
		.tip(options.tip)
		.build();
	let unsignable = |error: subxt::error::ExtrinsicError| ChainError::CallChanged {
		pallet: call.pallet().into(),
		call: call.name().into(),
		reason: error.to_string(),
	};
	let signed = at
		.tx()
		.create_signable_offline(&payload, params)
		.map_err(unsignable)?
		.sign(signer)
		.map_err(unsignable)?;
	let pending = Pending {
		extrinsic: signed.hash(),
		birth,
		valid_until: birth.number.saturating_add(mortality - 1),
		wait: options.wait,
	};
	Ok((signed.into_encoded(), pending))
}
