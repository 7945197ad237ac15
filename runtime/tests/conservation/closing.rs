//! Everybody settles, closes, claims and leaves.
//!
//! Afterwards nothing is on hold but what the documentation says stays: the deposits of datanets and
//! their releases, which models refer to, and those of the contributions that they have. The pot of data attribution has its existential deposit and
//! what releases carry because it did not divide; the pot of the revenue split has its existential
//! deposit.

use crate::{
	common::{govern, holds, spare_key, wealth, EXISTENTIAL_DEPOSIT},
	data::{charges, contributions, datanets, owing, storage_deposit},
	lane_book::LaneBook,
	market::Market,
	metering::{nodes, sessions},
	models::models,
	people::{caller, operator, person},
	requests::{outcomes, requests},
	script::{By, Kind, Step},
};
use codec::Encode;
use frame_support::traits::{fungible::Inspect, Get};
use openledger_primitives::{AccountId, Balance};
use openledger_runtime::{
	configs::parameters::{self, dynamic_params::bonds, RuntimeParameters},
	Balances, DataAttribution, RevenueSplit, Runtime, RuntimeHoldReason, System,
};
use pallet_data_attribution::{
	AccusationStage, Call as Data, ContributionStatus, Contributions, CuratorEarnings, HoldReason,
	Possession, SlashedEarnings,
};
use pallet_inference_metering::{
	Call as Metering, Error as MeteringError, ReportCommitments, Sessions, Status,
};
use pallet_inference_requests::Call as Requests;
use pallet_model_registry::Call as Models;
use pallet_revenue_split::{Accrued, Call as Revenue};
use std::collections::BTreeMap;

/// More than anybody waits for at the end: a year.
const LONG: u32 = 366 * 28_800;

/// Fails with a message unless the statement holds.
fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
	if holds {
		Ok(())
	} else {
		Err(message())
	}
}

impl Market {
	/// Lets everybody leave, and checks what is left.
	pub fn close(&mut self) -> Result<(), String> {
		self.enter(1);
		self.settle_all();
		self.end_requests()?;
		self.close_sessions()?;
		self.decide_accusations()?;
		self.claim_all()?;
		self.take_back_bonds()?;
		self.withdraw_commitments();
		self.remove_nodes()?;
		self.remove_models()?;
		self.pay_accrued();
		self.finish()?;
		// Roots leave by themselves, some in every block.
		self.wait(LONG)?;
		while pallet_inference_metering::Roots::<Runtime>::iter_keys().next().is_some() {
			self.wait(1)?;
		}
		self.check_what_stays()
	}

	/// Begins a block that comes so much later.
	fn enter(&mut self, blocks: u32) {
		crate::common::begin_block(System::block_number() + blocks);
	}

	/// Finishes the block and begins one that comes so much later.
	fn go_on(&mut self, blocks: u32) -> Result<(), String> {
		self.finish()?;
		self.enter(blocks);
		Ok(())
	}

	/// Gives an account what it needs to exist.
	fn help(&mut self, account: &AccountId) {
		let dest = account.clone().into();
		let call = pallet_balances::Call::transfer_allow_death { dest, value: EXISTENTIAL_DEPOSIT };
		self.must(&person(0u8), call);
	}

	/// Nodes settle what they can: some of it may be too old, or the money gone.
	fn settle_all(&mut self) {
		for round in 0..400 {
			let is_due = |book: &LaneBook| {
				let session = Sessions::<Runtime>::get(book.session);
				let settle_until = session.map_or(0, |session| session.settle_until);
				book.is_waiting() && System::block_number() <= settle_until
			};
			if !self.lanes.values().any(is_due) {
				break;
			}
			// By sums, and call by call.
			let value = if round % 2 == 0 { 4 } else { 7 };
			self.take(&Step { kind: Kind::SettleLanes, pick: 0, value, by: By::Right });
		}
	}

	/// Half of the sessions are closed by their nodes, the others are left behind, or closed after
	/// notice by anybody.
	fn close_sessions(&mut self) -> Result<(), String> {
		for (session, entry) in sessions() {
			if entry.closes_at.is_none() && session % 3 == 1 {
				self.must(&entry.caller, Metering::request_close { session });
			} else if session % 3 == 0 {
				self.must(&entry.node, Metering::close_session { session });
			}
		}
		self.go_on(LONG * 2)?;
		for (session, _) in sessions() {
			self.must(&person(session as usize), Metering::close_session { session });
		}
		Ok(())
	}

	/// Calls on chain that nobody answered come to an end, by hand or by the sweep.
	fn end_requests(&mut self) -> Result<(), String> {
		self.go_on(1_300)?;
		for (request, _) in requests() {
			if request % 2 == 0 {
				self.must(&person(request as usize), Requests::expire_call { request });
			}
		}
		// The sweep looks at a number of slots in each block only, and much time has passed in one.
		let next = pallet_inference_requests::NextSlot::<Runtime>::get();
		let behind = next.map_or(0, |slot| System::block_number().saturating_sub(slot));
		if behind < 200 * pallet_inference_requests::MAX_SLOTS_SWEPT {
			// Blocks in which the validators' session changes have no time for it.
			for _ in 0..behind / pallet_inference_requests::MAX_SLOTS_SWEPT + 8 {
				if requests().is_empty() {
					break;
				}
				self.go_on(1)?;
			}
			ensure(requests().is_empty(), || "the sweep has left requests".into())?;
		}
		for (request, _) in requests() {
			self.must(&person(request as usize), Requests::expire_call { request });
		}
		for (request, outcome) in outcomes() {
			self.must(&outcome.caller, Requests::forget_outcome { request });
		}
		Ok(())
	}

	/// Every accusation comes to an end: by governance, by being carried out, or dropped.
	fn decide_accusations(&mut self) -> Result<(), String> {
		for (contribution, accuser, charge) in charges() {
			let anybody = person(contribution as usize);
			let entry = Contributions::<Runtime>::get(contribution).expect("it is accused");
			if entry.status == ContributionStatus::Slashed {
				// By another verdict of these.
				self.must(&anybody, Data::drop_accusation { contribution, accuser });
				continue;
			}
			// All periods are over.
			match charge.stage {
				AccusationStage::Reported(_) => {
					self.must(&anybody, Data::drop_accusation { contribution, accuser });
				}
				AccusationStage::Confirmed(_) => {
					self.must(&anybody, Data::suspend_contribution { contribution, accuser });
				}
				AccusationStage::Escalated(_) | AccusationStage::Contested(_)
					if contribution % 3 == 0 =>
				{
					self.must(&anybody, Data::drop_accusation { contribution, accuser });
				}
				AccusationStage::Escalated(_) | AccusationStage::Contested(_) => {
					let (accuser, guilty) = (Some(accuser), contribution % 2 == 0);
					let call = Data::resolve_accusation { contribution, accuser, guilty };
					let decided = crate::common::govern(call);
					ensure(decided.is_ok(), || format!("{contribution}: {decided:?}"))?;
				}
			}
		}
		Ok(())
	}

	/// Everybody is paid what they have earned from data, and the protocol what slashed contributions
	/// have.
	fn claim_all(&mut self) -> Result<(), String> {
		for (contribution, entry) in contributions() {
			let since = SlashedEarnings::<Runtime>::get(contribution);
			let mut payee = entry.payee().clone();
			if entry.beneficiary.is_some() && contribution % 4 == 0 {
				self.must(
					&entry.contributor,
					Data::set_beneficiary { contribution, beneficiary: None },
				);
				payee = entry.contributor.clone();
			}
			if wealth(&payee) == 0 {
				self.help(&payee);
			}
			let owed = owing(contribution, &entry);
			let direct = pallet_data_attribution::DirectEarnings::<Runtime>::get(contribution);
			if entry.is_forfeited() {
				let first = (since > 0 && owed.is_empty()).then_some(&[][..]);
				for part in first.into_iter().chain(owed.chunks(16)) {
					let releases = crate::common::bounded(part.iter().copied());
					let anybody = person(contribution as usize);
					self.must(&anybody, Data::sweep_slashed { contribution, releases });
				}
				if direct > 0 {
					let releases = Default::default();
					self.must(&entry.contributor, Data::claim { contribution, releases });
				}
				continue;
			}
			if since > 0 {
				// It was taken down, and restored.
				let (anybody, releases) = (person(contribution as usize), Default::default());
				self.must(&anybody, Data::sweep_slashed { contribution, releases });
			}
			let first = (direct > 0 && owed.is_empty()).then_some(&[][..]);
			for part in first.into_iter().chain(owed.chunks(16)) {
				let releases = crate::common::bounded(part.iter().copied());
				let before = wealth(&payee);
				if contribution % 2 == 0 {
					self.must(&entry.contributor, Data::claim { contribution, releases });
				} else {
					self.must(&person(1u8), Data::claim_for { contribution, releases });
				}
				ensure(wealth(&payee) > before, || format!("{payee} was not paid"))?;
			}
		}
		let earners = CuratorEarnings::<Runtime>::iter_keys().map(|(account, _)| account);
		let mut curators = earners.collect::<Vec<_>>();
		curators.sort();
		// Once for every sixteen datanets.
		for datanets in curators.chunk_by(|one, next| one == next) {
			for account in datanets.iter().step_by(16) {
				if wealth(account) == 0 {
					self.help(account);
				}
				let account = account.clone();
				self.must(&person(2u8), Data::claim_curator_for { account });
			}
		}
		Ok(())
	}

	/// Contributors stop and take their bonds back; curators take theirs for whom they let in.
	fn take_back_bonds(&mut self) -> Result<(), String> {
		for (contribution, entry) in contributions() {
			match entry.status {
				ContributionStatus::Pending if contribution % 2 == 0 => {
					self.must(&entry.contributor, Data::withdraw_contribution { contribution });
				}
				ContributionStatus::Pending if matches!(entry.possession, Possession::Owed(_)) => {
					self.must(&person(4u8), Data::lapse_contribution { contribution });
				}
				ContributionStatus::Pending => {
					let datanet = pallet_data_attribution::Datanets::<Runtime>::get(entry.datanet)
						.expect("it has a datanet");
					let curator = datanet.curator().expect("it has a curator");
					self.must(curator, Data::reject_contribution { contribution });
				}
				ContributionStatus::Accepted => {
					self.must(&entry.contributor, Data::stop_contribution { contribution });
				}
				ContributionStatus::Stopped(_) | ContributionStatus::Slashed => (),
			}
		}
		for (datanet, entry) in datanets() {
			let mut let_in =
				pallet_data_attribution::Admissions::<Runtime>::iter_key_prefix(datanet)
					.collect::<Vec<_>>();
			let_in.sort();
			for account in let_in {
				let curator = entry.curator().expect("it has a curator");
				self.must(curator, Data::disallow_contributor { datanet, account });
			}
		}
		self.go_on(LONG)?;
		for (contribution, entry) in contributions() {
			if entry.bond > storage_deposit() {
				self.must(&entry.contributor, Data::withdraw_bond { contribution });
			}
		}
		let reserved = pallet_data_attribution::Reservations::<Runtime>::iter_keys();
		for commitment in reserved.collect::<Vec<_>>() {
			self.must(&person(3u8), Data::remove_reservation { commitment });
		}
		Ok(())
	}

	/// Who has committed to a report, and has not come with it, gives that up. Nobody does for another.
	fn withdraw_commitments(&mut self) {
		let all = ReportCommitments::<Runtime>::iter_keys().collect::<Vec<_>>();
		for (reporter, commitment) in all {
			let call = Metering::withdraw_commitment { commitment };
			let refused = self.send(&spare_key(9), call.clone());
			assert_eq!(refused, Err(MeteringError::<Runtime>::NotCommitted.into()));
			self.must(&reporter, call);
		}
	}

	/// Operators leave. Those who were jailed come back for that, or are removed.
	fn remove_nodes(&mut self) -> Result<(), String> {
		// Governance asks for more than one of those in jail has put up.
		let jailed = nodes().into_iter().find(|(_, node)| matches!(node.status, Status::Jailed(_)));
		if let Some((_, node)) = jailed {
			let more = bonds::Parameters::MinBond(bonds::MinBond, Some(node.bond + 1));
			let key_value = RuntimeParameters::Bonds(more);
			govern(pallet_parameters::Call::set_parameter { key_value }).map_err(|error| {
				let told: &'static str = error.into();
				told.to_string()
			})?;
		}
		for (operator, node) in nodes() {
			if matches!(node.status, Status::Jailed(_)) {
				if node.bond < parameters::MinBond::get() {
					let call = Metering::remove_node { operator };
					self.must(&person(4u8), call);
					continue;
				}
				self.must(&operator, Metering::unjail {});
			}
			if !matches!(node.status, Status::Unbonding(_)) {
				self.must(&operator, Metering::start_unbonding {});
			}
		}
		self.go_on(LONG)?;
		for (operator, _) in nodes() {
			self.must(&operator, Metering::withdraw_bond {});
		}
		// With no node, nobody opens a session.
		let call = Metering::open_session {
			node: operator(0u8),
			deposit: EXISTENTIAL_DEPOSIT * 1_000,
			signer: caller(0u8),
			expires_at: System::block_number() + 100,
		};
		let refused = self.send(&caller(0u8), call);
		ensure(refused == Err(MeteringError::<Runtime>::UnknownNode.into()), || {
			format!("a session without a node: {refused:?}")
		})
	}

	/// Developers retire and purge their models, and their names rest.
	fn remove_models(&mut self) -> Result<(), String> {
		for (model, entry) in models() {
			if entry.retired_at.is_none() {
				self.must(&entry.owner, Models::retire_model { model });
			}
		}
		self.go_on(LONG)?;
		for (model, entry) in models() {
			// In parts, as long as there are parts.
			while pallet_model_registry::Models::<Runtime>::contains_key(model) {
				self.must(&entry.owner, Models::purge_model { model, limit: 3 });
			}
		}
		self.go_on(LONG)?;
		for name in pallet_model_registry::RestingNames::<Runtime>::iter_keys().collect::<Vec<_>>()
		{
			self.must(&person(6u8), Models::release_name { name });
		}
		Ok(())
	}

	/// Who could not be paid is helped to exist, and is.
	fn pay_accrued(&mut self) {
		let mut owed = Accrued::<Runtime>::iter_keys().collect::<Vec<_>>();
		owed.sort();
		for account in owed {
			if wealth(&account) == 0 {
				self.help(&account);
			}
			self.must(&person(5u8), Revenue::pay_accrued { account });
		}
	}

	fn check_what_stays(&self) -> Result<(), String> {
		let deposits: Balance = datanets().iter().map(|(_, datanet)| datanet.deposit).sum();
		let bonds: Balance = contributions().iter().map(|(_, entry)| entry.bond).sum();
		let most = storage_deposit();
		ensure(contributions().iter().all(|(_, entry)| entry.bond <= most), || "a bond".into())?;
		let held = |reason: HoldReason, amount| (RuntimeHoldReason::from(reason).encode(), amount);
		let mut stays: BTreeMap<_, _> =
			[held(HoldReason::Datanet, deposits), held(HoldReason::Contribution, bonds)].into();
		stays.retain(|_, amount| *amount > 0);
		let left = holds();
		ensure(left == stays, || format!("on hold: {left:?}"))?;

		let carried: Balance = pallet_data_attribution::Releases::<Runtime>::iter()
			.map(|(_, _, release)| release.index.carry)
			.sum();
		let accounted = pallet_data_attribution::Accounted::<Runtime>::get();
		ensure(accounted == carried, || format!("{carried} is carried, {accounted} is owed"))?;
		for (pot, expected) in [
			(DataAttribution::pot(), EXISTENTIAL_DEPOSIT + carried + self.gifts[0]),
			(RevenueSplit::pot(), EXISTENTIAL_DEPOSIT + self.gifts[1]),
		] {
			let has = Balances::balance(&pot);
			ensure(has == expected, || format!("the pot {pot} has {has} instead of {expected}"))?;
		}
		// Whatever was earned was earned by somebody who was paid.
		let everybody: Balance = frame_system::Account::<Runtime>::iter_values()
			.map(|account| account.data.free + account.data.reserved)
			.sum();
		ensure(everybody + self.dust == self.issuance, || {
			format!("{everybody} of {} and {} of dust", self.issuance, self.dust)
		})?;
		self.check_storage()
	}

	/// Nothing is left in storage but what is documented to stay.
	fn check_storage(&self) -> Result<(), String> {
		use pallet_data_attribution as data;
		use pallet_inference_metering as metering;
		use pallet_inference_requests as requests;
		use pallet_model_registry as models;

		for (map, entries) in [
			("Models", models::Models::<Runtime>::iter_keys().count()),
			("ModelIdByName", models::ModelIdByName::<Runtime>::iter_keys().count()),
			("Versions", models::Versions::<Runtime>::iter_keys().count()),
			("Prices", models::Prices::<Runtime>::iter_keys().count()),
			("Tombstones", models::Tombstones::<Runtime>::iter_keys().count()),
			("RestingNames", models::RestingNames::<Runtime>::iter_keys().count()),
			("Admissions", data::Admissions::<Runtime>::iter_keys().count()),
			("Accusations", data::Accusations::<Runtime>::iter_keys().count()),
			("Reservations", data::Reservations::<Runtime>::iter_keys().count()),
			("DirectEarnings", data::DirectEarnings::<Runtime>::iter_keys().count()),
			("SlashedEarnings", data::SlashedEarnings::<Runtime>::iter_keys().count()),
			("Draws", data::Draws::<Runtime>::iter_keys().count()),
			("CuratorEarnings", data::CuratorEarnings::<Runtime>::iter_keys().count()),
			("Nodes", metering::Nodes::<Runtime>::iter_keys().count()),
			("PreviousKeys", metering::PreviousKeys::<Runtime>::iter_keys().count()),
			("ServedBy", metering::ServedBy::<Runtime>::iter_keys().count()),
			("Sessions", metering::Sessions::<Runtime>::iter_keys().count()),
			("Lanes", metering::Lanes::<Runtime>::iter_keys().count()),
			("Roots", metering::Roots::<Runtime>::iter_keys().count()),
			("RootQueue", metering::RootQueue::<Runtime>::iter_keys().count()),
			("Disputed", metering::Disputed::<Runtime>::iter_keys().count()),
			("Equivocations", metering::Equivocations::<Runtime>::iter_keys().count()),
			("ReportCommitments", metering::ReportCommitments::<Runtime>::iter_keys().count()),
			("Requests", requests::Requests::<Runtime>::iter_keys().count()),
			("Inputs", requests::Inputs::<Runtime>::iter_keys().count()),
			("Outcomes", requests::Outcomes::<Runtime>::iter_keys().count()),
			("ByModel", requests::ByModel::<Runtime>::iter_keys().count()),
			("Deadlines", requests::Deadlines::<Runtime>::iter_keys().count()),
			("Accrued", Accrued::<Runtime>::iter_keys().count()),
		] {
			ensure(entries == 0, || format!("{entries} entries are left in {map}"))?;
		}
		Ok(())
	}
}
