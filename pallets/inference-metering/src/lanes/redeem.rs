//! Redeeming vouchers of lanes, in memory.

use crate::{
	meter::{Cost, Meter},
	pallet::*,
	types::{Lane, SessionOf, MAX_DISPUTED},
	versions::LaneSettlement,
};
use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};
use frame_support::{
	ensure,
	traits::{fungible::InspectHold, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	lane::{Agreement, CallRecord, Part, RejectReason, Voucher},
	lane_list::{AggregateProof, Settled, Totals},
	traits::{LaneTerms, ModelInspect, RevenueDistributor},
	AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId,
	VersionId, MAX_LANES,
};
use sp_runtime::{DispatchError, Saturating};

/// What all lanes have in common whose calls are paid alike.
type TermsKey = (ModelId, VersionId, PriceVersion, BlockNumber);

/// A session, as the lanes gone through so far leave it.
pub(super) struct Charged<T: Config> {
	pub(super) session: SessionOf<T>,
	/// What they charge it, in planck.
	pub(super) charged: Balance,
	/// True if anything of it was settled.
	pub(super) changed: bool,
}

/// Something that was charged.
pub(super) struct Item {
	pub(super) cost: Cost,
	pub(super) calls: Calls,
}

/// The calls of one item of a settlement.
pub(super) enum Calls {
	One(CallRecord),
	Run(Run),
}

/// Calls that are settled by their sums.
pub(super) struct Run {
	pub(super) first_sequence: Sequence,
	pub(super) last_sequence: Sequence,
	/// Calls of the lane's list up to and with the last one.
	pub(super) count: u32,
	pub(super) totals: Totals,
}

/// Something that was not charged.
pub(super) enum Rejected {
	Record { sequence: Sequence, reason: RejectReason },
	Run { first_sequence: Sequence, last_sequence: Sequence, reason: RejectReason },
}

impl Rejected {
	fn reason(&self) -> RejectReason {
		match self {
			Self::Record { reason, .. } | Self::Run { reason, .. } => *reason,
		}
	}
}

/// What is settled of a lane with one voucher.
pub(super) struct Redeemed {
	pub(super) session: SessionId,
	pub(super) lane: LaneId,
	pub(super) caller: AccountId,
	pub(super) agreement: Agreement,
	pub(super) agreement_hash: Hash,
	pub(super) voucher_sequence: Sequence,
	pub(super) acknowledged_root: Hash,
	pub(super) terms: Rc<LaneTerms<AccountId>>,
	/// The first sequence that it is for; there may be no call of it.
	pub(super) first_sequence: Sequence,
	/// The last sequence that counted.
	pub(super) sequence: Sequence,
	/// What all items cost together, in planck.
	pub(super) charged: Balance,
	/// At least one.
	pub(super) items: Vec<Item>,
	pub(super) rejected: Vec<Rejected>,
}

/// What was gone through of one voucher's calls.
#[derive(Default)]
struct Taken {
	items: Vec<Item>,
	rejected: Vec<Rejected>,
}

impl Taken {
	fn take_record(&mut self, record: CallRecord, meter: &mut Meter) {
		match meter.take_record(&record) {
			Ok(cost) => self.items.push(Item { cost, calls: Calls::One(record) }),
			Err(reason) => {
				self.rejected.push(Rejected::Record { sequence: record.sequence, reason });
			}
		}
	}

	fn take_run(&mut self, proof: &AggregateProof, meter: &mut Meter) {
		let (first_sequence, last) = (proof.next.sequence, proof.last());
		let last_sequence = last.sequence;
		match meter.take_run(proof) {
			Ok((totals, cost)) => {
				let count = last.totals.calls;
				let run = Run { first_sequence, last_sequence, count, totals };
				self.items.push(Item { cost, calls: Calls::Run(run) });
			}
			Err(reason) => {
				self.rejected.push(Rejected::Run { first_sequence, last_sequence, reason });
			}
		}
	}

	/// The reason why nothing counted, if everything was rejected for the same one.
	fn refusal<T>(&self) -> Error<T> {
		match self.rejected.split_first() {
			Some((first, rest)) if rest.iter().all(|next| next.reason() == first.reason()) => {
				first.reason().into()
			}
			_ => Error::NothingSettled,
		}
	}
}

/// Redeems the vouchers of one settlement, one after the other. Each sees what those before it have
/// settled; nothing is written.
pub(super) struct Redeemer<'a, T: Config> {
	pub(super) operator: &'a AccountId,
	pub(super) now: BlockNumberFor<T>,
	/// The last block in which the settlement can be disputed.
	pub(super) until: BlockNumberFor<T>,
	genesis_hash: Hash,
	grace: BlockNumberFor<T>,
	lane_deposit: Balance,
	/// What the operator puts up for lanes that are settled for the first time, in planck.
	pub(super) deposits: Balance,
	/// The sessions of the node that were looked at.
	pub(super) sessions: BTreeMap<SessionId, Charged<T>>,
	/// The lanes that were settled.
	pub(super) lanes: BTreeMap<(SessionId, LaneId), Lane>,
	/// The terms that were looked up.
	pub(super) terms: BTreeMap<TermsKey, Result<Rc<LaneTerms<AccountId>>, RejectReason>>,
}

impl<'a, T: Config> Redeemer<'a, T> {
	pub(super) fn new(operator: &'a AccountId) -> Self {
		let now = Pallet::<T>::now();
		Self {
			operator,
			now,
			until: now.saturating_add(T::DisputeWindow::get()),
			genesis_hash: Pallet::<T>::genesis_hash(),
			grace: T::TermsGrace::get(),
			lane_deposit: T::LaneDeposit::get(),
			deposits: 0,
			sessions: BTreeMap::new(),
			lanes: BTreeMap::new(),
			terms: BTreeMap::new(),
		}
	}

	/// Redeems one voucher, whose newest form is `voucher`. If that is refused, nothing has changed.
	pub(super) fn redeem(
		&mut self,
		voucher: &Voucher,
		settlement: LaneSettlement,
	) -> Result<Redeemed, DispatchError> {
		let extent = settlement.extent();
		ensure!(!extent.is_empty(), Error::<T>::NoRecords);
		// As many as can be disputed. Runs cannot be, and are no more than there are parts.
		ensure!(extent.records <= MAX_DISPUTED, Error::<T>::TooManyRecords);
		let mut session = self.session(voucher.session)?;
		ensure!(self.now <= session.settle_until, Error::<T>::SettlementOver);
		ensure!(voucher.genesis_hash == self.genesis_hash, Error::<T>::WrongChain);
		ensure!(voucher.extension.is_none(), Error::<T>::UnknownExtension);
		ensure!(voucher.allowance().is_some(), Error::<T>::VoucherContradictsItself);
		ensure!(voucher.lane < MAX_LANES, Error::<T>::NoSuchLane);
		let agreement_hash = voucher.agreement.hash();
		let known = self.lane(voucher.session, voucher.lane);
		ensure!(
			known.is_none_or(|lane| lane.agreement == agreement_hash),
			Error::<T>::OtherAgreement
		);
		let before = known.map_or(Settled::default(), |lane| Settled {
			sequence: lane.sequence,
			charge: lane.settled,
		});
		ensure!(voucher.sequence > before.sequence, Error::<T>::VoucherNotNewer);
		self.check_times(voucher, &session)?;
		// After what costs next to nothing, and before what only counts if the caller has signed it.
		let hot = Pallet::<T>::check_signature(&session, |signer| {
			settlement.voucher.verify(&settlement.signature, signer)
		})?;
		let terms = self.terms(voucher)?;

		let mut meter = Meter::new(voucher, &terms.call.price, before, session.remaining());
		if hot {
			let limit = session.limit_at(self.now);
			meter = meter.with_spending_limit(limit.saturating_sub(session.spent));
		}
		let mut taken = Taken::default();
		for part in settlement.parts {
			match part.newest() {
				Part::Records(records) => {
					for record in records {
						taken.take_record(record, &mut meter);
					}
				}
				Part::Run(proof) => taken.take_run(&proof, &mut meter),
			}
		}
		ensure!(!taken.items.is_empty(), taken.refusal::<T>());

		let (settled, charged) = (meter.settled(), meter.charged());
		let by_hot_key = if hot { charged } else { 0 };
		let add = |sum: Balance, more: Balance| sum.checked_add(more).ok_or(Error::<T>::Overflow);
		session.settled = add(session.settled, charged)?;
		session.spent = add(session.spent, by_hot_key)?;
		session.liable_until = session.liable_until.max(self.until);
		let mut deposits = self.deposits;
		if known.is_none() {
			session.lanes = session.lanes.checked_add(1).ok_or(Error::<T>::NoSuchLane)?;
			session.lane_deposits = add(session.lane_deposits, self.lane_deposit)?;
			deposits = add(deposits, self.lane_deposit)?;
			let reason = HoldReason::LaneStorage.into();
			ensure!(
				deposits == 0 || T::Currency::can_hold(&reason, self.operator, deposits),
				Error::<T>::NoLaneDeposit
			);
		}
		let caller = session.caller.clone();
		let entry = self.sessions.get_mut(&voucher.session).ok_or(Error::<T>::UnknownSession)?;
		let sum = add(entry.charged, charged)?;

		*entry = Charged { session, charged: sum, changed: true };
		self.deposits = deposits;
		let lane =
			Lane { sequence: settled.sequence, settled: settled.charge, agreement: agreement_hash };
		self.lanes.insert((voucher.session, voucher.lane), lane);
		Ok(Redeemed {
			session: voucher.session,
			lane: voucher.lane,
			caller,
			agreement: voucher.agreement,
			agreement_hash,
			voucher_sequence: voucher.sequence,
			acknowledged_root: voucher.acknowledged_root,
			terms,
			first_sequence: before.sequence.saturating_add(1),
			sequence: settled.sequence,
			charged,
			items: taken.items,
			rejected: taken.rejected,
		})
	}

	/// A session of the operator's node, as it is by now.
	fn session(&mut self, id: SessionId) -> Result<SessionOf<T>, Error<T>> {
		if let Some(known) = self.sessions.get(&id) {
			return Ok(known.session.clone());
		}
		let session = Pallet::<T>::session(id)?;
		ensure!(session.node == *self.operator, Error::<T>::NotSessionNode);
		let known = Charged { session: session.clone(), charged: 0, changed: false };
		self.sessions.insert(id, known);
		Ok(session)
	}

	/// A lane as it is by now, if anything of it was ever settled.
	fn lane(&self, session: SessionId, lane: LaneId) -> Option<Lane> {
		let known = self.lanes.get(&(session, lane)).copied();
		known.or_else(|| Lanes::<T>::get(session, lane))
	}

	/// Checks that a voucher's calls are paid as of a block that the session has seen and that is over, so that
	/// nothing in force in it changes any more, and that it is not too late to redeem it.
	fn check_times(&self, voucher: &Voucher, session: &SessionOf<T>) -> Result<(), Error<T>> {
		let as_of = BlockNumberFor::<T>::from(voucher.agreement.as_of);
		ensure!(session.opened_at <= as_of && as_of < self.now, Error::<T>::WrongAsOf);
		// As long as was promised when the session was opened, whatever the window is by now.
		let window = session.settle_until.saturating_sub(session.expires_at);
		let last = BlockNumberFor::<T>::from(voucher.valid_until).saturating_add(window);
		ensure!(self.now <= last, Error::<T>::SettledTooLate);
		Ok(())
	}

	/// Who is behind a voucher's calls, if that goes with what it says.
	fn terms(&mut self, voucher: &Voucher) -> Result<Rc<LaneTerms<AccountId>>, Error<T>> {
		let Agreement { model, version, price_version, as_of, .. } = voucher.agreement;
		let looked_up =
			self.terms.entry((model, version, price_version, as_of)).or_insert_with(|| {
				let (call, changed_at) =
					T::Models::terms_as_of(model, version, price_version, as_of)?;
				T::Revenue::lane_terms(call, changed_at, as_of).map(Rc::new)
			});
		let terms = looked_up.clone()?;

		if let Some(changed_at) = terms.changed_at {
			let last = BlockNumberFor::<T>::from(changed_at).saturating_add(self.grace);
			let valid_until = BlockNumberFor::<T>::from(voucher.valid_until);
			ensure!(valid_until <= last, Error::<T>::OutlivesTerms);
		}
		voucher
			.agreement
			.check_own_price(&terms.call.price, terms.protocol_share, &terms.call.policy)
			.map_err(|_| Error::<T>::OwnPriceRefused)?;
		Ok(terms)
	}
}
