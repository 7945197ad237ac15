//! A chain in memory, on which sessions are really opened, topped up and closed.

use std::{collections::BTreeMap, time::Duration};

use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo, NodeInfo, SessionInfo},
	lane::{RejectReason, VersionedCloseAgreement},
	price::PriceSchedule,
	AccountId, Balance, BlockNumber, Hash, ModelId, PriceVersion, SessionId, Signature, VersionId,
};
use parking_lot::{Mutex, MutexGuard};
use sp_runtime::Permill;

use crate::data::{model, operator, session, BEST, GENESIS, MODEL, SESSION};

/// Blocks between a caller's wish to close a session and its end.
const NOTICE: BlockNumber = 100;
/// The protocol's part of what calls cost.
const PROTOCOL_SHARE: Permill = Permill::from_percent(5);

/// Blocks by which a commitment has to come before its report.
pub const REPORT_DELAY: BlockNumber = 10;
/// Amount held for a commitment to a report, in planck.
const REPORT_DEPOSIT: Balance = 7;

/// Model, version, price version, and the block that calls are paid as of.
pub type LaneTermsKey = (ModelId, VersionId, PriceVersion, BlockNumber);

/// The behaviour of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChainMood {
	/// As it should.
	#[default]
	Well,
	/// Transactions fail.
	Refuse,
	/// Transactions happen, and nobody hears of it.
	Secretive,
	/// Transactions vanish.
	Lossy,
	/// Nobody answers.
	Away,
}

/// The chain cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// A commitment to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
	/// The block of it.
	pub at: BlockNumber,
	/// The block that has used it up.
	pub until: Option<BlockNumber>,
}

/// The state of a chain, and how it behaves.
#[derive(Default)]
pub struct ChainState {
	/// Its behaviour.
	pub mood: ChainMood,
	/// Its newest block.
	pub best: BlockNumber,
	/// Its newest final block.
	pub finalized: BlockNumber,
	/// The time for which it has not been heard of, where what is known of it still counts.
	pub quiet: Option<Duration>,
	/// The models.
	pub models: BTreeMap<ModelId, ModelInfo>,
	/// Prices that were offered before.
	pub standing: BTreeMap<(ModelId, PriceVersion), PriceSchedule>,
	/// Terms of lanes, where they are not the usual ones.
	pub lane_terms: BTreeMap<LaneTermsKey, Result<LaneTermsInfo, RejectReason>>,
	/// The inference nodes, by operator.
	pub nodes: BTreeMap<AccountId, NodeInfo>,
	/// The sessions that are not closed.
	pub sessions: BTreeMap<SessionId, SessionInfo>,
	/// The number that the next session will have.
	pub next: SessionId,
	/// The balance from which deposits are taken, in planck.
	pub free: Balance,
	/// The deposit that is held from an operator for a lane, in planck.
	pub lane_deposit: Balance,
	/// The balance from which an operator's deposits are taken, in planck.
	pub operator_free: Balance,
	/// No session is final yet.
	pub slow: bool,
	/// What reporters have committed to, by reporter and hash.
	pub commitments: BTreeMap<(AccountId, Hash), Commitment>,
	/// Reports that were taken, by reporter and hash.
	pub reports: Vec<(AccountId, Hash)>,
	/// The error with which all reports are refused.
	pub refuses_reports: Option<&'static str>,
	/// Transactions that were submitted.
	pub transactions: Vec<&'static str>,
}

/// The effects of the chain's calls, where they can be done.
impl ChainState {
	/// Sets if nobody answers.
	pub fn be_away(&mut self, away: bool) {
		self.mood = if away { ChainMood::Away } else { ChainMood::Well };
	}

	/// Opens a session, and takes its deposit. `info` is the session but for its number and its block.
	pub fn open_session(&mut self, info: SessionInfo) -> Option<SessionId> {
		self.free = self.free.checked_sub(info.deposit)?;
		let id = self.next;
		self.next += 1;
		self.sessions.insert(id, SessionInfo { id, opened_at: self.best, ..info });
		Some(id)
	}

	/// Adds to a session's deposit.
	pub fn top_up(&mut self, session: SessionId, amount: Balance) -> Option<()> {
		let info = self.sessions.get_mut(&session)?;
		self.free = self.free.checked_sub(amount)?;
		info.deposit += amount;
		Some(())
	}

	/// Asks for a session's end; the block from which it can be closed.
	pub fn request_close(&mut self, session: SessionId) -> Option<BlockNumber> {
		let closes_at = self.best + NOTICE;
		self.sessions.get_mut(&session)?.closes_at = Some(closes_at);
		Some(closes_at)
	}

	/// Closes a session whose time has come; the refund, in planck.
	pub fn close(&mut self, session: SessionId) -> Option<Balance> {
		let due = self.sessions.get(&session)?.closes_at? <= self.best;
		due.then(|| self.end(session)).flatten()
	}

	/// Closes a session whose node has signed that it is content; the refund, in planck.
	pub fn close_by_agreement(
		&mut self,
		agreement: &VersionedCloseAgreement,
		signature: &Signature,
	) -> Option<Balance> {
		let agreed = agreement.newest();
		let info = self.sessions.get(&agreed.session)?;
		let fits = agreed.genesis_hash == GENESIS
			&& agreed.settled == info.settled
			&& agreed.extension.is_none();
		let key = &self.nodes.get(&info.node)?.receipt_key;
		let holds = fits && agreement.verify(signature, key);
		holds.then(|| self.end(agreed.session)).flatten()
	}

	/// The block of a commitment, as of another block. `None` if it has none, or it was used up.
	pub fn committed_in(
		&self,
		reporter: &AccountId,
		commitment: Hash,
		block: BlockNumber,
	) -> Option<BlockNumber> {
		let Commitment { at, until } = *self.commitments.get(&(reporter.clone(), commitment))?;
		let is_there = at <= block && until.is_none_or(|until| until > block);
		is_there.then_some(at)
	}

	/// Commits to a report, and takes the deposit.
	///
	/// # Errors
	/// The chain's error.
	pub fn commit_report(
		&mut self,
		reporter: AccountId,
		commitment: Hash,
	) -> Result<(), &'static str> {
		if self.committed_in(&reporter, commitment, self.best).is_some() {
			return Err("AlreadyCommitted");
		}
		self.free = self.free.checked_sub(REPORT_DEPOSIT).ok_or("FundsUnavailable")?;
		let made = Commitment { at: self.best, until: None };
		self.commitments.insert((reporter, commitment), made);
		Ok(())
	}

	/// Gives a commitment up, and its deposit back.
	///
	/// # Errors
	/// The chain's error.
	pub fn withdraw_commitment(
		&mut self,
		reporter: AccountId,
		commitment: Hash,
	) -> Result<(), &'static str> {
		let at = self.committed_in(&reporter, commitment, self.best).ok_or("NotCommitted")?;
		let used = Commitment { at, until: Some(self.best) };
		self.commitments.insert((reporter, commitment), used);
		self.free = self.free.saturating_add(REPORT_DEPOSIT);
		Ok(())
	}

	/// Takes a report whose commitment is this one, if its reporter has made it in time.
	///
	/// # Errors
	/// The chain's error. The commitment is not used up then.
	pub fn report(&mut self, reporter: AccountId, commitment: Hash) -> Result<(), &'static str> {
		let at = self.committed_in(&reporter, commitment, self.best).ok_or("NotCommitted")?;
		if at.saturating_add(REPORT_DELAY) > self.best {
			return Err("CommittedTooLate");
		}
		if let Some(error) = self.refuses_reports {
			return Err(error);
		}
		self.withdraw_commitment(reporter.clone(), commitment)?;
		self.reports.push((reporter, commitment));
		Ok(())
	}

	/// The terms of lanes with an agreement: what a test has set, or those of the model as it is now, which
	/// do not change.
	///
	/// # Errors
	/// The reason why no voucher with them is redeemed.
	pub fn lane_terms(
		&self,
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<LaneTermsInfo, RejectReason> {
		if let Some(set) = self.lane_terms.get(&(model, version, price_version, as_of)) {
			return set.clone();
		}
		let info = self.models.get(&model).ok_or(RejectReason::UnknownModel)?;
		if version > info.version {
			return Err(RejectReason::UnknownVersion);
		}
		let price = match self.standing.get(&(model, price_version)) {
			Some(price) => *price,
			None if price_version == info.price_version => info.price,
			None => return Err(RejectReason::UnknownPrice),
		};
		Ok(LaneTermsInfo {
			price,
			policy: info.policy,
			protocol_share: PROTOCOL_SHARE,
			changed_at: None,
			valid_until: None,
		})
	}

	fn end(&mut self, session: SessionId) -> Option<Balance> {
		let info = self.sessions.remove(&session)?;
		let refund = info.deposit - info.settled;
		self.free += refund;
		Some(refund)
	}
}

/// A chain in memory.
pub struct TestChain {
	/// The hash of its first block.
	pub genesis: Hash,
	/// The operator of the node that looks at it.
	pub operator: AccountId,
	/// Its state, to look at and to change.
	pub state: Mutex<ChainState>,
}

/// A chain with the data set's model and session on it.
impl Default for TestChain {
	fn default() -> Self {
		Self::new(ChainState {
			best: BEST,
			finalized: BEST,
			sessions: [(SESSION, session(SESSION))].into(),
			models: [(MODEL, model())].into(),
			..ChainState::default()
		})
	}
}

impl TestChain {
	/// A chain in this state.
	pub fn new(state: ChainState) -> Self {
		let (genesis, operator) = (GENESIS, operator().account());
		Self { genesis, operator, state: Mutex::new(state) }
	}

	/// Its state, to look at and to change.
	pub fn state(&self) -> MutexGuard<'_, ChainState> {
		self.state.lock()
	}

	/// Its state, for one who asks from outside.
	///
	/// # Errors
	/// [`Away`] if a test has set it so.
	pub fn asked(&self) -> Result<MutexGuard<'_, ChainState>, Away> {
		let state = self.state();
		match state.mood {
			ChainMood::Away => Err(Away),
			_ => Ok(state),
		}
	}

	/// Changes the data set's session.
	pub fn change_session(&self, change: impl FnOnce(&mut SessionInfo)) {
		change(self.state().sessions.get_mut(&SESSION).expect("it is there"));
	}

	/// Changes the data set's model.
	pub fn change_model(&self, change: impl FnOnce(&mut ModelInfo)) {
		change(self.state().models.get_mut(&MODEL).expect("it is there"));
	}

	/// As if the model were served no more.
	pub fn forget_model(&self) {
		self.state().models.remove(&MODEL);
	}
}
