//! The market: what is known beside the chain, and how steps become calls.

use crate::{
	common::{
		begin_block, check_pots, check_state, commitment_to, dispatch, dust, finish_block, send,
		EXISTENTIAL_DEPOSIT,
	},
	data,
	lane_book::LaneBook,
	lanes::Proven,
	metering, models, money,
	payments::{fulfilled_calls, recomputed, settled_lanes, Ledger},
	people::person,
	reports, requests,
	script::{Batch, BlockOf, By, Entry, Kind, Step, NOTHING},
};
use frame_support::{dispatch::DispatchResult, traits::GetCallMetadata};
use frame_system::ensure_signed;
use openledger_primitives::{AccountId, Balance, BlockNumber, LaneId, Sequence, SessionId};
use openledger_runtime::{
	Balances, DataAttribution, RevenueSplit, Runtime, RuntimeCall, RuntimeOrigin, System,
};
use pallet_inference_metering::ReportCommitments;
use std::collections::BTreeMap;

/// Numbers of calls that succeeded and failed, and why they failed last, by pallet and call.
pub type Tally = BTreeMap<(&'static str, &'static str), Outcomes>;

/// The outcomes of the calls of one kind.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
	pub succeeded: u32,
	pub failed: u32,
	pub errors: BTreeMap<&'static str, u32>,
}

/// A call, ready to be sent.
pub struct Deed {
	pub origin: RuntimeOrigin,
	pub call: RuntimeCall,
	pub then: Then,
}

/// The fact to be remembered if a call succeeds.
pub enum Then {
	Nothing,
	/// A call on chain was answered.
	Fulfilled,
	/// Lanes were settled: these with nothing wrong on purpose.
	SettledLanes(Vec<(SessionId, LaneId)>),
	/// An account has reserved the root of a number's data set.
	Reserved(u64, AccountId),
	/// Somebody was given something.
	Gave(AccountId, Balance),
}

impl Deed {
	/// A call that `who` signs.
	pub fn by(who: AccountId, call: impl Into<RuntimeCall>) -> Option<Self> {
		Some(Self { origin: RuntimeOrigin::signed(who), call: call.into(), then: Then::Nothing })
	}

	/// A call of governance, unless somebody else tries it.
	pub fn of_governance(step: &Step, call: impl Into<RuntimeCall>) -> Option<Self> {
		let origin = match step.by {
			By::Right => RuntimeOrigin::root(),
			By::Person(number) => RuntimeOrigin::signed(person(number)),
		};
		Some(Self { origin, call: call.into(), then: Then::Nothing })
	}

	/// The same, and something is to be remembered.
	pub fn then(self, then: Then) -> Option<Self> {
		Some(Self { then, ..self })
	}
}

impl Step {
	/// Who does it, if it is the right of `right`.
	pub fn by(&self, right: AccountId) -> AccountId {
		match self.by {
			By::Right => right,
			By::Person(number) => person(number),
		}
	}

	/// `value` as a place in a list.
	pub fn place(&self) -> usize {
		self.value.into()
	}

	/// `value` as an amount, with an odd end, in planck.
	pub fn amount(&self) -> Balance {
		Balance::from(self.value) * EXISTENTIAL_DEPOSIT + Balance::from(self.value)
	}

	/// One of those that `fit`, else one of all, and `nothing` if that is what was picked.
	pub fn pick<Id: Copy>(
		&self,
		fit: impl IntoIterator<Item = Id>,
		all: impl IntoIterator<Item = Id>,
		nothing: Id,
	) -> Id {
		if self.pick == NOTHING {
			return nothing;
		}
		let among = |ids: Vec<Id>| {
			let place = usize::from(self.pick).checked_rem(ids.len())?;
			ids.get(place).copied()
		};
		among(fit.into_iter().collect())
			.or_else(|| among(all.into_iter().collect()))
			.unwrap_or(nothing)
	}
}

/// Facts known beside the chain.
#[derive(Clone, Default)]
pub struct Market {
	/// Lanes, as their callers and nodes keep them.
	pub lanes: BTreeMap<(SessionId, LaneId), LaneBook>,
	/// What was settled of lanes, for disputes, the newest last.
	pub proven: Vec<Proven>,
	/// The last sequence that was settled of each lane.
	pub paid: BTreeMap<(SessionId, LaneId), Sequence>,
	/// How often lanes, records and runs were rejected, by reason.
	pub rejections: BTreeMap<String, u32>,
	/// How often settlements of lanes had what, see [`seen`](crate::seen).
	pub seen: BTreeMap<&'static str, u32>,
	/// Numbers of the data sets whose roots are reserved, and for whom.
	pub reserved: Vec<(u64, AccountId)>,
	/// The gifts of outsiders to the pot of data attribution and to that of the revenue split.
	pub gifts: [Balance; 2],
	/// Amount burned, in planck.
	pub dust: Balance,
	/// The issuance at the beginning, in planck.
	pub issuance: Balance,
	pub tally: Tally,
	serial: u32,
}

impl Market {
	/// On the chain as it is.
	pub fn new() -> Self {
		Self { issuance: Balances::total_issuance(), ..Default::default() }
	}

	/// A number that was not given out before.
	pub fn next_serial(&mut self) -> u32 {
		self.serial += 1;
		self.serial
	}

	/// Runs one block of a script.
	pub fn run(&mut self, block: &BlockOf) -> Result<(), String> {
		begin_block(System::block_number() + block.after);
		for entry in &block.entries {
			match entry {
				Entry::One(step) => self.take(step),
				Entry::Together(batch, steps) => self.take_together(*batch, steps),
			}
		}
		self.finish()
	}

	/// Passes so many blocks with nothing in them.
	pub fn wait(&mut self, blocks: BlockNumber) -> Result<(), String> {
		self.run(&BlockOf { after: blocks, entries: Vec::new() })
	}

	/// Finishes the block, and checks everything.
	pub fn finish(&mut self) -> Result<(), String> {
		recomputed(&settled_lanes(0));
		recomputed(&fulfilled_calls(0));
		finish_block();
		self.dust += dust();
		check_state()?;
		check_pots(self.gifts)?;
		let issuance = Balances::total_issuance();
		if issuance + self.dust != self.issuance {
			return Err(format!(
				"{} were issued, {issuance} are left, {} of dust",
				self.issuance, self.dust
			));
		}
		Ok(())
	}

	/// Takes a step, in a block.
	pub fn take(&mut self, step: &Step) {
		if let Some(deed) = self.prepare(step) {
			let events = System::event_count() as usize;
			let pays = matches!(deed.then, Then::SettledLanes(_) | Then::Fulfilled);
			let before = pays.then(Ledger::now);
			let result = dispatch(deed.origin, deed.call.clone());
			self.note(&deed.call, &result);
			if let (Ok(()), Some(before)) = (&result, before) {
				let paid = [settled_lanes(events), fulfilled_calls(events)].concat();
				let after = before.after(&paid);
				assert_eq!(Ledger::now(), after, "others were paid than the events say");
			}
			self.note_lanes(events);
			match (result, deed.then) {
				(Ok(()), then) => self.remember(then, events),
				(Err(_), Then::SettledLanes(lanes)) => self.give_up(&lanes),
				_ => (),
			}
		}
	}

	/// Sends a call outside of a script.
	pub fn send(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
		let call = call.into();
		let result = send(who, call.clone());
		self.note(&call, &result);
		result
	}

	fn take_together(&mut self, batch: Batch, steps: &[Step]) {
		let deeds = steps.iter().filter_map(|step| self.prepare(step)).collect::<Vec<_>>();
		let Some(origin) = deeds.first().map(|deed| deed.origin.clone()) else { return };
		// What goes to a pot in a batch would be forgotten.
		let deeds = deeds.into_iter().filter(|deed| !matches!(deed.then, Then::Gave(..)));
		let calls = deeds.map(|deed| deed.call).collect();
		let call = RuntimeCall::Utility(match batch {
			Batch::UpToFailure => pallet_utility::Call::batch { calls },
			Batch::All => pallet_utility::Call::batch_all { calls },
			Batch::Each => pallet_utility::Call::force_batch { calls },
		});
		let events = System::event_count() as usize;
		let result = dispatch(origin, call.clone());
		self.note(&call, &result);
		self.note_lanes(events);
	}

	/// Makes a call out of a step. None if it is something that is not done on chain.
	fn prepare(&mut self, step: &Step) -> Option<Deed> {
		if step.kind == Kind::Serve {
			self.serve(step);
			return None;
		}
		// The kinds are in the order of their pallets.
		if step.kind <= Kind::SetModelPayee {
			models::deed(self, step)
		} else if step.kind <= Kind::RemoveReservation {
			data::deed(self, step)
		} else if step.kind <= Kind::SetNodePayee {
			metering::deed(self, step)
		} else if step.kind <= Kind::ReportTwoStatements {
			let deed = reports::deed(self, step)?;
			self.commit_to(&deed, step);
			Some(deed)
		} else if step.kind <= Kind::ForgetOutcome {
			requests::deed(step)
		} else {
			money::deed(step)
		}
	}

	/// Commits to a report, as if long ago. Not always.
	fn commit_to(&mut self, report: &Deed, step: &Step) {
		let reporter = ensure_signed(report.origin.clone()).expect("reports are signed");
		if step.value % 11 == 7 {
			return;
		}
		let commitment = commitment_to(&reporter, &report.call);
		// Whoever has committed to it already has no need to.
		let _ = self.send(&reporter, pallet_inference_metering::Call::commit_report { commitment });
		ReportCommitments::<Runtime>::mutate(&reporter, commitment, |known| {
			if let Some(known) = known {
				known.at = 0;
			}
		});
	}

	/// Remembers what a call has done, whose events are those from the given one on.
	fn remember(&mut self, then: Then, events: usize) {
		match then {
			Then::Nothing | Then::Fulfilled => (),
			Then::SettledLanes(lanes) => self.give_up(&Self::refused(&lanes, events)),
			Then::Reserved(number, account) => self.reserved.push((number, account)),
			Then::Gave(to, amount) => {
				for (pot, gift) in
					[DataAttribution::pot(), RevenueSplit::pot()].iter().zip(&mut self.gifts)
				{
					if *pot == to {
						*gift += amount;
					}
				}
			}
		}
	}

	fn note(&mut self, call: &RuntimeCall, result: &DispatchResult) {
		let name = call.get_call_metadata();
		let outcomes = self.tally.entry((name.pallet_name, name.function_name)).or_default();
		match result {
			Ok(()) => outcomes.succeeded += 1,
			Err(error) => {
				outcomes.failed += 1;
				*outcomes.errors.entry((*error).into()).or_default() += 1;
			}
		}
	}
}
