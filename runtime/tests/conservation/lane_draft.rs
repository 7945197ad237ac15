//! The settlement of one lane before it is signed, and all that can be wrong with it.

use crate::{
	common::{bounded, sign},
	lane_book::LaneBook,
	metering::{sessions, NO_SESSION},
	people::operator,
};
use openledger_primitives::{
	answer::Evidence,
	lane::{AttributionShare, CallRecord, LaneSettlement, Part, Voucher},
	lane_list::AggregateProof,
	price::PriceSchedule,
	AccountId, Hash, LaneId, MAX_LANES,
};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::{Lanes, Sessions};

/// A lane on which no calls are answered.
pub const UNUSED_LANE: LaneId = 0;

/// A part of what is settled.
#[derive(Clone, Debug)]
pub enum Piece {
	/// Calls one by one.
	Records(Vec<CallRecord>),
	/// Calls by their sums.
	Run(AggregateProof),
}

/// What is settled of a lane with one voucher, and who signs that.
#[derive(Clone, Debug)]
pub struct Draft {
	pub voucher: Voucher,
	/// What is signed, if that is something else.
	pub signed: Option<Voucher>,
	pub signer: AccountId,
	pub pieces: Vec<Piece>,
}

impl Draft {
	/// The records of all parts.
	fn records(&mut self) -> impl DoubleEndedIterator<Item = &mut CallRecord> {
		self.pieces.iter_mut().flat_map(|piece| match piece {
			Piece::Records(records) => records.iter_mut(),
			Piece::Run(_) => Default::default(),
		})
	}

	/// The first run.
	fn run(&mut self) -> Option<&mut AggregateProof> {
		self.pieces.iter_mut().find_map(|piece| match piece {
			Piece::Run(proof) => Some(proof),
			Piece::Records(_) => None,
		})
	}

	/// Signs it.
	pub fn settlement(self) -> LaneSettlement {
		let signature = sign(&self.signer, self.signed.as_ref().unwrap_or(&self.voucher));
		let parts = self.pieces.into_iter().map(|piece| match piece {
			Piece::Records(records) => Part::Records(bounded(records)),
			Piece::Run(proof) => Part::Run(proof),
		});
		LaneSettlement { voucher: self.voucher.into(), signature, parts: bounded(parts) }
	}
}

macro_rules! defects {
	($($(#[$doc:meta])* $name:ident,)+) => {
		/// A thing that is wrong with the settlement of a lane.
		#[derive(Clone, Copy, Debug, PartialEq, Eq)]
		pub enum Defect { $($(#[$doc])* $name,)+ }

		impl Defect {
			pub const ALL: &'static [Self] = &[$(Self::$name,)+];
		}
	};
}

defects! {
	/// There is nothing to settle.
	NoParts,
	NoSuchSession,
	/// The session is with another node.
	AnothersSession,
	OtherChain,
	/// The voucher says something that nobody knows.
	Extended,
	/// The voucher authorises less than it acknowledges.
	Contradiction,
	NoSuchLane,
	/// The lane is for other calls.
	OtherAgreement,
	/// A voucher that was settled.
	OldVoucher,
	/// The block that calls are paid as of was before the session.
	AsOfBefore,
	/// It is to come.
	AsOfToCome,
	/// The voucher ended long ago.
	HeldBack,
	/// The voucher never ends.
	Endless,
	/// Somebody else has signed.
	SignedByAnother,
	/// The node has chosen another block than the caller has signed for.
	AsOfChanged,
	NoSuchModel,
	NoSuchVersion,
	NoSuchPrice,
	/// The node charges more than the list price.
	DearerThanListed,
	/// The node charges so little that others would pay for it.
	AtOthersCost,
	/// More tokens were cached than there were.
	CachedAboveInput,
	/// A contribution is named twice.
	NamedTwice,
	/// Contributions are named for more than the whole answer.
	AboveWhole,
	/// A record says something that nobody knows.
	ExtendedRecord,
	/// A contribution is named that has nothing to do with it, in a sealed lane too.
	Named,
	/// A call costs far more than it did.
	TooDear,
	/// The voucher's own call does.
	OwnTooDear,
	/// The calls come in the wrong order.
	Reversed,
	/// A call comes that the voucher is not for.
	Beyond,
	/// A call comes twice.
	Twice,
	/// A call is said to have used less than it did.
	Less,
	/// The sums are a token more.
	TokenMore,
	/// The sums are a planck more.
	PlanckMore,
	/// The sums are a planck less.
	PlanckLess,
	/// The sums are of calls from the beginning on.
	FromTheBeginning,
	/// The sums are of all calls, of those with entries too.
	OverEntries,
	/// The sums are of calls that the voucher does not acknowledge.
	OwnCallInRun,
	/// The caller acknowledges another list.
	OtherList,
	/// The caller acknowledges less.
	AcknowledgesLess,
}

impl Defect {
	/// Lets something be wrong. Not all of it makes a difference to each lane.
	pub fn spoil(self, draft: &mut Draft, book: &LaneBook) {
		let now = System::block_number();
		let voucher = &mut draft.voucher;
		let opened_at = Sessions::<Runtime>::get(book.session).map_or(0, |found| found.opened_at);
		let is_new = !Lanes::<Runtime>::contains_key(book.session, book.lane);
		let price = book.price;
		match self {
			Self::NoParts => draft.pieces.clear(),
			Self::NoSuchSession => voucher.session = NO_SESSION,
			Self::AnothersSession => {
				let node = |id| Sessions::<Runtime>::get(id).map(|session| session.node);
				let mine = node(book.session);
				let other = sessions().into_iter().find(|(id, _)| node(*id) != mine);
				voucher.session = other.map_or(NO_SESSION, |(id, _)| id);
			}
			Self::OtherChain => voucher.genesis_hash = Hash::zero(),
			Self::Extended => voucher.extension = Some(Hash::zero()),
			Self::Contradiction => voucher.acknowledged = voucher.authorised + 1,
			Self::NoSuchLane => voucher.lane = MAX_LANES,
			Self::OtherAgreement if !is_new => {
				voucher.agreement.evidence = match voucher.agreement.evidence {
					Evidence::Open => Evidence::Sealed,
					Evidence::Sealed => Evidence::Open,
				};
			}
			Self::OldVoucher if is_new => voucher.sequence = 0,
			Self::OldVoucher => {
				*voucher = book.calls[0].voucher;
				draft.pieces = vec![book.records(0..1)];
			}
			Self::AsOfBefore if is_new => voucher.agreement.as_of = opened_at - 1,
			Self::AsOfToCome if is_new => voucher.agreement.as_of = now,
			Self::HeldBack => voucher.valid_until = 0,
			Self::Endless => voucher.valid_until = u32::MAX,
			Self::SignedByAnother | Self::OtherAgreement => draft.signer = operator(3u8),
			Self::AsOfChanged | Self::AsOfBefore | Self::AsOfToCome => {
				draft.signed = Some(*voucher);
				voucher.agreement.own_price = Some(price);
			}
			Self::NoSuchModel | Self::NoSuchVersion | Self::NoSuchPrice => {
				// On a lane that is for no other calls.
				voucher.lane = UNUSED_LANE;
				match self {
					Self::NoSuchModel => voucher.agreement.model = 9_999,
					Self::NoSuchVersion => voucher.agreement.version = 9_999,
					_ => voucher.agreement.price_version = 9_999,
				}
			}
			Self::DearerThanListed => {
				let per_call = price.per_call * 2 + 1;
				let dearer = PriceSchedule { per_call, ..price };
				voucher.agreement.own_price = Some(dearer);
			}
			Self::AtOthersCost => voucher.agreement.own_price = Some(PriceSchedule::default()),
			Self::OtherList => voucher.acknowledged_root = Hash::zero(),
			Self::AcknowledgesLess => {
				voucher.acknowledged = voucher.acknowledged.saturating_sub(1);
				voucher.authorised = voucher.acknowledged;
			}
			_ => self.spoil_calls(draft, book),
		}
	}

	fn spoil_calls(self, draft: &mut Draft, book: &LaneBook) {
		let share = |basis_points| AttributionShare { contribution: 0, basis_points };
		let newest = draft.voucher.sequence;
		let place = book.calls.iter().position(|call| call.voucher.sequence == newest);
		let newest_place = place.expect("the voucher is of the book");
		match self {
			Self::Reversed => {
				for piece in &mut draft.pieces {
					if let Piece::Records(records) = piece {
						records.reverse();
					}
				}
				draft.pieces.reverse();
			}
			Self::Beyond => {
				let mut record = book.calls[newest_place].statement.record();
				record.sequence = newest + 1;
				draft.pieces.push(Piece::Records(vec![record]));
			}
			Self::Twice => {
				let again = draft.pieces.clone();
				draft.pieces.extend(again);
				draft.pieces.truncate(8);
			}
			Self::FromTheBeginning if newest_place > 0 => {
				draft.pieces = vec![Piece::Run(book.run(newest_place, 0..newest_place))];
			}
			Self::OverEntries if book.due() < newest_place => {
				let places = book.due()..newest_place;
				draft.pieces = vec![Piece::Run(book.run(newest_place, places))];
			}
			Self::OwnCallInRun if book.due() < book.calls.len() => {
				// Of the list that the next voucher acknowledges.
				let places = book.due().min(newest_place)..newest_place + 1;
				draft.pieces = vec![Piece::Run(book.run(newest_place + 1, places))];
			}
			Self::TokenMore | Self::PlanckMore | Self::PlanckLess => {
				let Some(run) = draft.run() else { return };
				let totals = match &mut run.to {
					Some(to) => &mut to.totals,
					None => &mut run.next.totals,
				};
				match self {
					Self::TokenMore => totals.output_tokens += 1,
					Self::PlanckMore => totals.charge += 1,
					_ => totals.charge = totals.charge.saturating_sub(1),
				}
			}
			Self::OwnTooDear => {
				if let Some(record) = draft.records().next_back() {
					record.output_tokens += 1_000_000;
				}
			}
			_ => {
				let Some(record) = draft.records().next() else { return };
				match self {
					Self::CachedAboveInput => record.cached_tokens = record.input_tokens + 1,
					Self::NamedTwice => record.attribution = bounded([share(5), share(5)]),
					Self::AboveWhole => record.attribution = bounded([share(10_001)]),
					Self::ExtendedRecord => record.extension = Some(Hash::zero()),
					Self::Named => record.attribution = bounded([share(10_000)]),
					Self::TooDear => record.output_tokens += 1_000_000,
					_ => record.output_tokens = record.output_tokens.saturating_sub(1),
				}
			}
		}
	}
}
