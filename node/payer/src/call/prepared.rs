//! Third step: a lane that can pay, what the call may cost set aside on it, and a voucher signed. All
//! of it is on disk.

use std::time::Duration;

use openledger_chain_client::ss58;
use openledger_payer_ledger::{CallTerms, Reserved, Shortfall, SignedVoucher};
use openledger_primitives::{
	info::NodeInfo,
	lane::{request_hash, Voucher},
	BlockNumber, Hash,
};
use openledger_protocol::{x402::Requirements, ApiError};
use rand::{rngs::OsRng, RngCore};
use tokio::time::{sleep, Instant};

use super::{
	agreed::Agreed,
	context::Call,
	paid::{Outcome, PaidCall},
	verdict::{in_time, later, no_chain, unwritable, written, NoFunds, Step, Verdict},
};
use crate::{
	error::PayerCode,
	funding::{FundingError, Want},
	parts::Parts,
	size::AnswerSize,
};

/// The time after which it is worth trying again where a session has no money yet.
const COME_BACK: Duration = Duration::from_secs(1);

/// A payment for what was agreed on, which can be sent.
pub(super) struct Payment {
	/// The amount that was set aside for it, and where.
	pub reserved: Reserved,
	pub voucher: SignedVoucher,
	/// The node that is paid.
	pub node: NodeInfo,
	/// The newest final block that calls of a new lane can be paid as of, by the node's offer and by the chain.
	pub newest: BlockNumber,
	made: Instant,
}

impl Payment {
	/// Finds a lane that can pay, puts money into a session if there is none, and signs a voucher. Calls of a
	/// new lane are paid as of no later block than `as_of`, if its node has named one.
	pub async fn prepare(
		agreed: Agreed,
		parts: &Parts,
		call: &mut Call<'_>,
		as_of: Option<BlockNumber>,
	) -> Step<Self> {
		let Agreed { offer, node } = agreed;
		// A node that names a later one chooses whom the call is for, and so does who makes the next blocks, where
		// it is not final.
		let newest = offer.extra.block.min(parts.market.finalized());
		let as_of = as_of.unwrap_or(newest).min(newest);
		let want = want(parts, &node, &offer, &call.request.body, as_of);
		let reserved = reserve(parts, call, want).await?;
		if parts.settings.call.refill {
			parts.funding.refill(&node.operator, reserved.slot.session);
		}
		let signer = parts
			.treasury
			.look(|ledger| ledger.books().session(reserved.slot.session)?.signer.clone());
		let Some(key) = parts.network.keys().for_vouchers(signer.as_ref()) else {
			// No such session is chosen.
			let slot = &reserved.slot;
			let released = parts.treasury.at(slot.session, |book| book.unsent(slot));
			written(released.await)?;
			let error = FundingError::NoKey { account: ss58(&parts.network.account()) };
			return Step::Break(unfunded(&reserved.call.agreed, error));
		};
		let path = call.request.task.path();
		let url = format!("{}{path}", node.endpoint.trim_end_matches('/'));
		let genesis = parts.network.genesis_hash();
		let sign = |voucher: &Voucher| key.sign_message(voucher);
		let voucher = SignedVoucher::sign(&reserved, genesis, sign, &offer, url);
		Step::Continue(Self { reserved, voucher, node, newest, made: Instant::now() })
	}

	/// The size that its answer can have.
	pub fn size(&self) -> AnswerSize {
		let CallTerms { input_tokens, max_output_tokens, .. } = self.reserved.call.agreed;
		AnswerSize::of(input_tokens, max_output_tokens)
	}

	/// Returns `true` if an app that has got nothing has waited for so long that the node is to blame.
	pub fn was_in_vain(&self, after: Duration) -> bool {
		self.made.elapsed() >= after
	}

	/// The payment, and what became of it.
	pub fn paid(&self, outcome: Outcome) -> PaidCall {
		PaidCall {
			url: self.node.endpoint.clone(),
			slot: self.reserved.slot.clone(),
			allowance: self.reserved.call.agreed.allowance,
			outcome,
		}
	}
}

/// The wish for a lane that pays for a call, as of a block if it is a new one.
fn want(
	parts: &Parts,
	node: &NodeInfo,
	offer: &Requirements,
	body: &[u8],
	as_of: BlockNumber,
) -> Want {
	let (terms, best) = (&offer.extra, parts.market.best());
	let mut salt = [0; 32];
	OsRng.fill_bytes(&mut salt);
	let agreed = CallTerms {
		agreement: terms.agreement(as_of, parts.settings.call.evidence),
		list_price: terms.price,
		input_tokens: terms.input_tokens,
		max_output_tokens: terms.max_output_tokens,
		allowance: offer.amount,
		request_hash: request_hash(&salt, body),
		salt: Hash::from(salt),
		valid_until: terms.valid_until.min(best.saturating_add(parts.settings.call.validity)),
		receipt_key: node.receipt_key.clone(),
	};
	Want { node: node.operator.clone(), agreed, best }
}

/// Sets aside what a call may cost, as soon as there is money and a lane for it.
async fn reserve(parts: &Parts, call: &mut Call<'_>, want: Want) -> Step<Reserved> {
	let patience = later(parts.settings.call.catch_up).min(call.deadline);
	loop {
		// A transaction goes on by itself if nobody waits for it any more.
		let begun = call.unless_stopped(parts.funding.begin(want.clone())).await;
		match in_time(begun)? {
			Ok(reserved) => return Step::Continue(reserved),
			Err(FundingError::Short(Shortfall::UnderWay)) if Instant::now() < patience => {
				let settled = parts.funding.settled(&want.node, patience);
				in_time(call.unless_stopped(settled).await)?;
			}
			Err(FundingError::Short(Shortfall::Doubted)) if Instant::now() < patience => {
				in_time(call.unless_stopped(sleep(parts.settings.call.pause)).await)?;
			}
			Err(error) => return Step::Break(unfunded(&want.agreed, error)),
		}
	}
}

/// The end of a call for which there is no money with a node.
fn unfunded(agreed: &CallTerms, error: FundingError) -> Verdict {
	let CallTerms { allowance: amount, agreement, .. } = *agreed;
	match error {
		FundingError::Short(Shortfall::Budget { left, .. }) => {
			Verdict::NoFunds(NoFunds::Budget { left, amount, agreement })
		}
		FundingError::Poor { .. } => Verdict::NoFunds(NoFunds::Account(error.to_string())),
		FundingError::Store(error) => Verdict::Refused(unwritable(&error)),
		FundingError::AboveLimit { .. } => {
			Verdict::Refused(PayerCode::ChargeAboveLimit.invalid(None, error.to_string()))
		}
		FundingError::Chain(error) => {
			let message = "the chain node cannot be reached, and a session needs money";
			Verdict::Elsewhere(no_chain(&error, message))
		}
		error => {
			let unpaid = PayerCode::SessionNotFunded.unavailable(error.to_string());
			Verdict::Elsewhere(ApiError { retry_after: Some(COME_BACK), ..unpaid })
		}
	}
}
