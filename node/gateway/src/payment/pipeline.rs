//! The states of a call, from the header it came with to the statement it ends with.

use openledger_books::{
	Acceptance, CallId, ServedCall, Store, StoreError, StoredVoucher, Uncharged,
};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	info::{LaneTermsInfo, SessionInfo},
	lane::{Agreement, Attribution, Statement, VersionedStatement, Voucher},
	AccountId, Balance, BlockNumber, PriceVersion, MAX_LANES,
};
use openledger_protocol::{
	clock,
	x402::{self, PaymentResponse, PaymentSignature, Receipt},
};
use openledger_settlement::view::SessionSource;
use thiserror::Error;

use super::{
	response::{Commitment, HashError},
	Offer, Refusal,
};

/// Blocks after a change of who is paid during which the chain takes vouchers that were made before: a day.
const GRACE: BlockNumber = 28_800;
/// Blocks by which what is known of an agreement's terms may be behind the chain.
const BEHIND: BlockNumber = 100;
/// For how many blocks a voucher may be valid at most, whatever the operator lets them: what may have changed
/// by now, and is not known here, must not make it worthless.
pub const LONGEST: BlockNumber = GRACE - BEHIND;

/// A voucher as it came with a request. Nothing about it is believed yet.
#[derive(Clone, Debug)]
pub struct Presented {
	payment: PaymentSignature,
	is_for_request: bool,
}

impl Presented {
	/// Reads the payment header of a request with this exact body.
	///
	/// # Errors
	/// [`Refusal::Malformed`].
	pub fn decode(header: &str, body: &[u8]) -> Result<Self, Refusal> {
		let payment: PaymentSignature =
			x402::decode(header).map_err(|error| Refusal::Malformed(error.to_string()))?;
		let is_for_request = payment.payload.is_for(body);
		Ok(Self { payment, is_for_request })
	}

	/// The voucher, if it is for the request that it came with.
	pub fn of_request(&self) -> Option<Voucher> {
		self.is_for_request.then(|| self.payment.payload.voucher.newest())
	}

	/// Checks that the voucher is for this chain, this node and this request, from an open session, signed, in
	/// time, enough for the offer, next on its lane by the books in `store`, and under an agreement that the
	/// chain pays for. The chain is asked about that for no voucher that is refused all the same. It may be
	/// valid for `longest` blocks at most, and never for more than [`LONGEST`]: what is served for it is not
	/// given up before that, even where the session is gone.
	///
	/// A price that was offered stands as long as the offer does, whatever is in force by now.
	///
	/// # Errors
	/// The first thing that is wrong.
	pub async fn check(
		self,
		offer: Offer,
		source: &dyn SessionSource,
		store: &Store,
		longest: BlockNumber,
	) -> Result<Checked, Refusal> {
		let Self { payment, is_for_request } = self;
		let genesis = source.genesis_hash();
		let network = x402::network(&genesis);
		if payment.x402_version != x402::VERSION
			|| payment.accepted.scheme != x402::SCHEME
			|| payment.accepted.network != network
		{
			return Err(Refusal::UnsupportedScheme { scheme: x402::SCHEME, network });
		}
		let voucher = payment.payload.voucher.newest();
		if voucher.genesis_hash != genesis {
			return Err(Refusal::WrongChain);
		}
		// The chain would never pay for it.
		if voucher.lane >= MAX_LANES {
			return Err(Refusal::NoSuchLane);
		}
		let allowed = check_itself(&voucher)?;
		if !is_for_request {
			return Err(Refusal::RequestMismatch);
		}

		let best = source.best_block()?;
		if voucher.valid_until < best {
			let valid_until = voucher.valid_until;
			return Err(Refusal::VoucherExpired { valid_until, best });
		}
		let latest = best.saturating_add(longest.min(LONGEST));
		if voucher.valid_until > latest {
			return Err(Refusal::VoucherValidTooLong { latest, found: voucher.valid_until });
		}
		let Some(session) = source.session(voucher.session).await? else {
			return Err(Refusal::SessionUnknown { session: voucher.session });
		};
		check_session(&session, source.operator(), best)?;
		let limit = spendable(&payment, &session).ok_or(Refusal::InvalidSignature)?;

		let expected = offer.price_version;
		let offer = named(offer, &voucher, &session, source)?;
		check_allowance(&offer, allowed)?;
		let acceptance = Acceptance {
			voucher: StoredVoucher {
				voucher: payment.payload.voucher,
				signature: payment.payload.signature,
				salt: payment.payload.salt,
			},
			reserve: offer.max_charge,
			session,
			limit,
			exposure: Balance::MAX,
			funds: source.lane_funds()?,
			at: clock::unix_seconds(),
		};
		store.compare(&acceptance).map_err(Refusal::Store)??;
		let terms = terms(&voucher, source).await?;
		let agreed = offer.agreed(&voucher.agreement, &terms);
		let offer = agreed.ok_or(Refusal::OwnPriceChanged { expected })?;
		check_allowance(&offer, allowed)?;
		Ok(Checked { acceptance, offer })
	}
}

/// Checks that a voucher lets its call cost as much as was offered.
fn check_allowance(offer: &Offer, allowed: Balance) -> Result<(), Refusal> {
	let needed = offer.max_charge;
	if allowed < needed {
		return Err(Refusal::InsufficientAuthorisation { needed, allowed });
	}
	Ok(())
}

/// The most that a voucher lets its call cost, in planck, if the voucher makes sense by itself.
fn check_itself(voucher: &Voucher) -> Result<Balance, Refusal> {
	if voucher.extension.is_some() {
		return Err(Refusal::Malformed("its extension is not known here".into()));
	}
	let contradiction = || Refusal::Malformed("authorised is less than acknowledged".into());
	voucher.allowance().ok_or_else(contradiction)
}

/// The offer at the price that a voucher names, if its agreement is for what is offered, and as of a block that
/// its session has seen, and that is final.
fn named(
	offer: Offer,
	voucher: &Voucher,
	session: &SessionInfo,
	source: &dyn SessionSource,
) -> Result<Offer, Refusal> {
	let agreement = &voucher.agreement;
	if agreement.model != offer.model {
		let (expected, found) = (offer.model, agreement.model);
		return Err(Refusal::ModelMismatch { expected, found });
	}
	if agreement.version != offer.version {
		let (expected, found) = (offer.version, agreement.version);
		return Err(Refusal::VersionChanged { expected, found });
	}
	let expected = offer.price_version;
	let offer = at_price(offer, agreement.price_version, source)?;
	if agreement.own_price != offer.own_price {
		return Err(Refusal::OwnPriceChanged { expected });
	}
	// Whoever is paid as of a block that is not final may be another one in the block that comes in its place. The
	// session's own can change only with the session.
	let (from, until) = (session.opened_at, source.final_block()?.max(session.opened_at));
	if !(from..=until).contains(&agreement.as_of) {
		return Err(Refusal::AsOfUnusable { from, until, found: agreement.as_of });
	}
	Ok(offer)
}

/// The chain's terms of calls that are made under a voucher's agreement, if it pays for them.
async fn terms(voucher: &Voucher, source: &dyn SessionSource) -> Result<LaneTermsInfo, Refusal> {
	let Agreement { model, version, price_version, as_of, .. } = voucher.agreement;
	let terms = source.lane_terms(voucher.session, model, version, price_version, as_of).await?;
	let terms = terms.map_err(Refusal::TermsChanged)?;
	match terms.valid_until {
		Some(last) if voucher.valid_until > last => Err(Refusal::OutlivesTerms { last }),
		_ => Ok(terms),
	}
}

/// The offer at the price that a voucher names: the one in force, or one that was offered so lately
/// that its offers still stand.
fn at_price(
	offer: Offer,
	named: PriceVersion,
	source: &dyn SessionSource,
) -> Result<Offer, Refusal> {
	if named == offer.price_version {
		return Ok(offer);
	}
	let expected = offer.price_version;
	let standing = source.standing_price(offer.model, named)?;
	standing
		.and_then(|price| offer.at_price(named, price))
		.ok_or(Refusal::PriceChanged { expected, found: named })
}

fn check_session(
	session: &SessionInfo,
	operator: &AccountId,
	best: BlockNumber,
) -> Result<(), Refusal> {
	if session.node != *operator {
		return Err(Refusal::SessionOfOtherNode { session: session.id });
	}
	if best >= session.expires_at {
		return Err(Refusal::SessionExpired { expires_at: session.expires_at, best });
	}
	if session.closes_at.is_some() {
		return Err(Refusal::SessionClosing);
	}
	Ok(())
}

/// The most that the calls of a session may cost in all for the chain to pay this voucher, besides what its
/// deposit allows, in planck. `None` if nobody signed it who may.
///
/// The chain counts what is settled with vouchers of the hot key. A voucher stands for all calls
/// before it on its lane, whoever signed theirs; so here all calls of the session count.
fn spendable(payment: &PaymentSignature, session: &SessionInfo) -> Option<Balance> {
	if session.signer != session.caller && payment.payload.is_signed_by(&session.signer) {
		return Some(session.spending_limit);
	}
	payment.payload.is_signed_by(&session.caller).then_some(Balance::MAX)
}

/// A voucher that is good in itself. Whether it is still its lane's next, and whether the deposit still
/// covers it, is found out when it is taken.
#[derive(Clone, Debug)]
pub struct Checked {
	acceptance: Acceptance,
	offer: Offer,
}

impl Checked {
	/// The offer that it was checked against.
	pub fn offer(&self) -> &Offer {
		&self.offer
	}

	/// Takes the voucher, unless the session owes `exposure` or more already, in planck: writes it down
	/// and sets aside what the call may cost. It is on disk when the call is delivered, or
	/// [secured](Reserved::secure) before that. The call's answer is going to be bound to `prompt`.
	///
	/// # Errors
	/// [`Refusal::Lane`] if it does not fit its lane, the deposit or the spending limit,
	/// [`Refusal::Store`] if it cannot be written down.
	pub async fn reserve(
		self,
		store: &Store,
		exposure: Balance,
		prompt: String,
	) -> Result<Reserved, Refusal> {
		let Self { acceptance, offer } = self;
		let payer = acceptance.session.caller.clone();
		let (promise, salt) = (acceptance.voucher.voucher.newest(), acceptance.voucher.salt);
		let (reserve, at) = (offer.max_charge, clock::unix_seconds());
		let acceptance = Acceptance { reserve, exposure, at, ..acceptance };
		let id = CallId::of(&promise);
		store.accept(acceptance).await.map_err(Refusal::Store)??;
		Ok(Reserved {
			open: OpenEntry { id, store: store.clone(), ended: false },
			commitment: Commitment::new(&promise, salt, prompt),
			voucher: promise,
			payer,
			offer,
		})
	}
}

/// The store's entry of a call that is being served. However the call is left, the entry is ended:
/// its lane must not stay busy because a task broke.
#[derive(Debug)]
struct OpenEntry {
	id: CallId,
	store: Store,
	ended: bool,
}

impl OpenEntry {
	/// Ends the call without a charge.
	async fn release(&mut self, why: Uncharged) -> Result<(), StoreError> {
		self.store.release(self.id, why).await?;
		self.ended = true;
		Ok(())
	}
}

impl Drop for OpenEntry {
	fn drop(&mut self) {
		if !self.ended {
			tracing::warn!(call = %self.id, "a call was dropped while it was being served");
			self.store.release_later(self.id, Uncharged::NodeStopped);
		}
	}
}

/// The part of an answer that was delivered.
#[derive(Clone, Debug)]
pub struct Delivered {
	/// Its text.
	pub text: String,
	/// Input tokens to charge.
	pub input_tokens: u32,
	/// Output tokens to charge.
	pub output_tokens: u32,
}

/// A reason why an answer that was made is not charged, and must not be handed out.
#[derive(Debug, Error)]
pub enum DeliverError {
	/// It cannot be hashed, and so nobody could check it.
	#[error(transparent)]
	Hash(#[from] HashError),
	/// It cannot be recorded.
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// A call that may be served: its voucher is taken, and what it may cost is set aside.
#[derive(Debug)]
pub struct Reserved {
	open: OpenEntry,
	commitment: Commitment,
	voucher: Voucher,
	payer: AccountId,
	offer: Offer,
}

impl Reserved {
	/// The call.
	pub fn id(&self) -> CallId {
		self.open.id
	}

	/// Its terms.
	pub fn offer(&self) -> &Offer {
		&self.offer
	}

	/// Waits until the voucher is on disk: before anything of the answer goes out.
	///
	/// # Errors
	/// Of the store. Nothing may go out then.
	pub async fn secure(&self) -> Result<(), StoreError> {
		self.open.store.secure(self.open.id).await
	}

	/// Charges the call for what was delivered, signs its statement, and writes both down, with the
	/// voucher, durably. An `answer` that goes out only after that is kept with them, for a caller whom it
	/// does not reach.
	///
	/// # Errors
	/// Of the store, and if the answer is too long to be hashed. The call is not charged then.
	pub async fn deliver(
		self,
		delivered: Delivered,
		answer: Option<Vec<u8>>,
		receipt_key: &Keypair,
	) -> Result<Served, DeliverError> {
		let Self { mut open, commitment, voucher, payer, offer } = self;
		let Delivered { text, input_tokens, output_tokens } = delivered;
		let response = match commitment.response(&voucher, text).await {
			Ok(response) => response,
			Err(error) => {
				open.release(Uncharged::BackendFailed).await?;
				return Err(error.into());
			}
		};
		let statement = Statement {
			genesis_hash: voucher.genesis_hash,
			session: voucher.session,
			lane: voucher.lane,
			agreement: voucher.agreement,
			sequence: voucher.sequence,
			tokens: offer.used(input_tokens, output_tokens),
			charge: offer.charge(input_tokens, output_tokens),
			request_hash: voucher.request_hash,
			response_hash: response.hash(),
			attribution: Attribution::default(),
			extension: None,
		};
		let signature = receipt_key.sign_message(&statement);
		let served = ServedCall {
			statement: statement.into(),
			signature,
			header: response.header,
			at: clock::unix_seconds(),
		};
		let receipt = receipt(&served);
		match answer {
			Some(answer) => open.store.serve_and_keep(open.id, served, answer).await?,
			None => open.store.serve(open.id, served).await?,
		}
		open.ended = true;
		Ok(Served { receipt, payer })
	}

	/// Takes back that the voucher was taken: it may come again. For calls that are refused before
	/// anything was done for them.
	///
	/// # Errors
	/// Of the store. The call is closed as not charged then.
	pub async fn withdraw(mut self) -> Result<(), StoreError> {
		self.open.store.withdraw(self.open.id).await?;
		self.open.ended = true;
		Ok(())
	}

	/// Ends the call without a charge; its voucher stays used.
	///
	/// # Errors
	/// Of the store. The call is closed when the node starts again.
	pub async fn release(mut self, why: Uncharged) -> Result<(), StoreError> {
		self.open.release(why).await
	}
}

/// The signed statement of a call, and what its caller needs to check it, as the caller gets it.
pub fn receipt(served: &ServedCall) -> Receipt {
	Receipt {
		statement: served.statement.clone(),
		signature: served.signature.clone(),
		header: served.header.clone(),
	}
}

/// A call that was served, charged and recorded.
#[derive(Clone, Debug)]
pub struct Served {
	receipt: Receipt,
	payer: AccountId,
}

impl Served {
	/// The signed statement, as the caller gets it.
	pub fn response(self) -> PaymentResponse {
		let genesis = self.statement().newest().genesis_hash;
		PaymentResponse::new(&genesis, self.payer, self.receipt)
	}

	/// The statement.
	pub fn statement(&self) -> &VersionedStatement {
		&self.receipt.statement
	}
}
