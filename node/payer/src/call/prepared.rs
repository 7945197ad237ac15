//! Third step: a lane that can pay, what the call may cost set aside on it, and a voucher signed. All
//! of it is on disk.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use openledger_chain_client::ss58;
use openledger_primitives::{info::NodeInfo, voucher::request_hash, Balance, BlockNumber, Hash};
use openledger_protocol::x402::Requirements;
use rand::{rngs::OsRng, RngCore};
use tokio::time::{sleep, Instant};
use tracing::warn;

use super::{
	agreed::Agreed,
	context::Call,
	paid::{Outcome, PaidCall},
	stop::later,
	verdict::{in_time, unwritable, written, NoFunds, Step, Verdict},
};
use crate::{
	error::ApiError,
	funding::{Funding, FundingError, Want},
	ledger::{Begun, Draft, LaneSlot, Shortfall},
	market::Market,
	network::Network,
	treasury::{Reserved, Treasury},
	voucher::SignedVoucher,
};

/// When it is worth trying again where a session has no money yet.
const COME_BACK: Duration = Duration::from_secs(1);

/// What is needed to prepare a payment.
pub(super) struct Preparing {
	pub network: Arc<dyn Network>,
	pub market: Arc<Market>,
	pub treasury: Arc<Treasury>,
	pub funding: Arc<Funding>,
	/// The most blocks that a voucher is valid for.
	pub validity: BlockNumber,
	/// How long money, or a lane, is waited for.
	pub catch_up: Duration,
	/// How often to look whether it is there.
	pub pause: Duration,
	/// Whether sessions that have little left are topped up before they have run dry.
	pub refill: bool,
}

/// A payment that can be sent.
pub(super) struct Payment {
	reserved: Reserved,
	voucher: SignedVoucher,
	node: NodeInfo,
	made: Instant,
}

impl Payment {
	/// Its place in the ledger.
	pub fn slot(&self) -> &LaneSlot {
		&self.reserved.slot
	}

	/// What was set aside for it, and agreed on.
	pub fn begun(&self) -> &Begun {
		&self.reserved
	}

	/// The voucher.
	pub fn voucher(&self) -> &SignedVoucher {
		&self.voucher
	}

	/// The node that is paid.
	pub fn node(&self) -> &NodeInfo {
		&self.node
	}

	/// Whether an app that has got nothing has waited for so long that the node is to blame.
	pub fn was_in_vain(&self, after: Duration) -> bool {
		self.made.elapsed() >= after
	}

	/// What became of it.
	pub fn paid(&self, outcome: Outcome) -> PaidCall {
		PaidCall {
			url: self.node.endpoint.clone(),
			slot: self.reserved.slot.clone(),
			allowance: self.reserved.open.call.allowance,
			outcome,
		}
	}
}

/// A payment for what was agreed on, which was not sent.
pub(super) struct Prepared {
	pub payment: Payment,
}

impl Prepared {
	/// Finds a lane that can pay, puts money into a session if there is none, and signs a voucher.
	pub async fn prepare(agreed: Agreed, desk: &Preparing, call: &mut Call<'_>) -> Step<Self> {
		let Agreed { offer, node } = agreed;
		let want = desk.want(&node, &offer, &call.request.body);
		let reserved = desk.reserve(call, want).await?;
		if desk.refill {
			desk.funding.refill(&node.operator, reserved.slot.session);
		}
		let signer = desk.treasury.look(|ledger| {
			let session = ledger.session(reserved.slot.session);
			session.and_then(|session| session.signer.clone())
		});
		let Some(key) = desk.network.voucher_key(signer.as_ref()) else {
			// No such session is chosen.
			written(desk.treasury.release(&reserved.slot, false).await)?;
			let error = FundingError::NoKey { account: ss58(&desk.network.account()) };
			return Step::Break(unfunded(offer.amount, error));
		};
		let path = call.request.task.path();
		let url = format!("{}{path}", node.endpoint.trim_end_matches('/'));
		let genesis_hash = desk.network.genesis_hash();
		let voucher = SignedVoucher::sign(&reserved, genesis_hash, &key, &offer, url);
		let payment = Payment { reserved, voucher, node, made: Instant::now() };
		Step::Continue(Self { payment })
	}
}

impl Preparing {
	/// What the ledger has to have for a call.
	fn want(&self, node: &NodeInfo, offer: &Requirements, body: &[u8]) -> Want {
		let terms = &offer.extra;
		let best = self.market.best();
		let mut salt = [0; 32];
		OsRng.fill_bytes(&mut salt);
		let draft = Draft {
			version: terms.version,
			price_version: terms.price_version,
			price: terms.price,
			input_tokens: terms.input_tokens,
			max_output_tokens: terms.max_output_tokens,
			request_hash: request_hash(&salt, body),
			salt: Hash::from(salt),
			valid_until: terms.valid_until.min(best.saturating_add(self.validity)),
			receipt_key: node.receipt_key.clone(),
		};
		let (node, model) = (node.operator.clone(), terms.model);
		Want { node, model, amount: offer.amount, draft, best }
	}

	/// Sets aside what a call may cost, as soon as there is money and a lane for it.
	async fn reserve(&self, call: &mut Call<'_>, want: Want) -> Step<Reserved> {
		let patience = later(self.catch_up).min(call.deadline);
		loop {
			// A transaction goes on by itself if nobody waits for it any more.
			let begun = call.unless_stopped(self.funding.begin(want.clone())).await;
			match in_time(begun)? {
				Ok(reserved) => return Step::Continue(reserved),
				Err(FundingError::Short(Shortfall::UnderWay)) if Instant::now() < patience => {
					let settled = self.funding.settled(&want.node, patience);
					in_time(call.unless_stopped(settled).await)?;
				}
				Err(FundingError::Short(Shortfall::Doubted)) if Instant::now() < patience => {
					in_time(call.unless_stopped(sleep(self.pause)).await)?;
				}
				Err(error) => return Step::Break(unfunded(want.amount, error)),
			}
		}
	}
}

/// The end of a call for which there is no money with a node.
fn unfunded(amount: Balance, error: FundingError) -> Verdict {
	match error {
		FundingError::Short(Shortfall::Budget { left, .. }) => {
			Verdict::NoFunds(NoFunds::Budget { left, amount })
		}
		FundingError::Poor { .. } => Verdict::NoFunds(NoFunds::Account(error.to_string())),
		FundingError::Store(error) => Verdict::Refused(unwritable(&error)),
		error @ FundingError::AboveLimit { .. } => {
			let (status, message) = (StatusCode::BAD_REQUEST, error.to_string());
			let code = "charge_above_limit";
			Verdict::Refused(ApiError::invalid(status, None, code, message))
		}
		FundingError::Chain(error) => {
			warn!(%error, "the chain cannot be asked");
			let message = "the chain node cannot be reached, and a session needs money";
			Verdict::Elsewhere(ApiError::unavailable("chain_unavailable", message))
		}
		error => {
			let unpaid = ApiError::unavailable("session_not_funded", error.to_string());
			Verdict::Elsewhere(ApiError { retry_after: Some(COME_BACK), ..unpaid })
		}
	}
}
