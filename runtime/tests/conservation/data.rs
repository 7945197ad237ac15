//! Actions of curators, contributors and their reporters.

use crate::{
	common::{bounded, data_root, number_at, proof, submission},
	market::{Deed, Market, Then},
	people::{contributor, curator, person, poor},
	script::{Kind, Step},
};
use openledger_primitives::{
	contribution::{Submission, FORMAT_UNSPECIFIED},
	AccountId, Balance, ContributionId, DatanetId, Hash, ReleaseId, Weight, OPEN,
};
use openledger_runtime::{Runtime, System};
use pallet_data_attribution::{
	Accusation, AccusationReason, AccusationStage, Accusations, Admissions, Call, Claimed, Config,
	Contribution, ContributionStatus, Contributions, CuratorEarnings, Datanet, Datanets,
	DirectEarnings, Pallet, Possession, Releases, Reservations,
};
use sp_runtime::Permill;

type Entry = Contribution<AccountId, u32>;
pub type Charge = Accusation<AccountId, u32>;

/// A datanet and a contribution that never were.
const NO_DATANET: DatanetId = 9_999;
const NO_CONTRIBUTION: ContributionId = 999_999;

/// All contributions, by id.
pub fn contributions() -> Vec<(ContributionId, Entry)> {
	let mut all = Contributions::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
}

/// All datanets, by id.
pub fn datanets() -> Vec<(DatanetId, Datanet<AccountId, u32>)> {
	let mut all = Datanets::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
}

/// All accusations, by contribution and accuser.
pub fn charges() -> Vec<(ContributionId, AccountId, Charge)> {
	let mut all = Accusations::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
	all
}

/// The releases that owe something to a contribution.
pub fn owing(id: ContributionId, entry: &Entry) -> Vec<ReleaseId> {
	let latest =
		Datanets::<Runtime>::get(entry.datanet).map_or(0, |datanet| datanet.latest_release);
	(1..=latest)
		.filter(|release| {
			let weight = entry.weight_at(*release);
			let index = Releases::<Runtime>::get(entry.datanet, release).map(|state| state.index);
			let claimed = Claimed::<Runtime>::get(id, release);
			weight > 0 && index.and_then(|index| index.owed(weight, claimed)).is_some_and(|x| x > 0)
		})
		.collect()
}

/// Part of a stopped contribution's bond that stays, in planck.
pub fn storage_deposit() -> Balance {
	<Runtime as pallet_data_attribution::Config>::ContributionDeposit::get()
}

fn slashed(entry: &Entry) -> bool {
	entry.status == ContributionStatus::Slashed
}

fn pending(entry: &Entry) -> bool {
	entry.status == ContributionStatus::Pending
}

fn accepted(entry: &Entry) -> bool {
	entry.status == ContributionStatus::Accepted
}

fn unshown(entry: &Entry) -> bool {
	matches!(entry.possession, Possession::Owed(_))
}

fn earned(id: ContributionId, entry: &Entry) -> bool {
	let releases = !entry.is_forfeited() && !owing(id, entry).is_empty();
	DirectEarnings::<Runtime>::get(id) > 0 || releases
}

/// From nothing, over anything, to what is too much for anybody.
fn weight(value: u16) -> Weight {
	match value {
		u16::MAX => Weight::MAX,
		value => Weight::from(value) * Weight::from(value % 7 + 1),
	}
}

impl Market {
	/// A data set. Its root is new, or, at times, reserved before, or somebody's already.
	fn submission(&mut self, value: u16) -> (Submission, Option<AccountId>) {
		let new = (self.next_serial().into(), None);
		let taken = contributions().last().map(|(_, entry)| number_at(&entry.uri));
		let (number, account) = match value {
			u16::MAX => (taken.unwrap_or_default(), None),
			value if value.is_multiple_of(4) => {
				self.reserved.pop().map_or(new, |(number, account)| (number, Some(account)))
			}
			_ => new,
		};
		let submission = submission(number);
		let size = if value == 0 { 0 } else { submission.size };
		// Of a format that there is not, or that shows nothing, at times.
		let format = match value {
			1 => u8::MAX,
			value if value % 16 == 9 => FORMAT_UNSPECIFIED,
			_ => submission.format,
		};
		(Submission { format, size, ..submission }, account)
	}
}

/// Who may contribute to a datanet, `by` chance.
fn admitted(datanet: DatanetId, step: &Step) -> AccountId {
	match Datanets::<Runtime>::get(datanet) {
		Some(entry) if !entry.open => {
			let mut let_in =
				Admissions::<Runtime>::iter_key_prefix(datanet).collect::<Vec<AccountId>>();
			let_in.extend(entry.curator().cloned());
			let_in.sort();
			let_in[step.place() % let_in.len()].clone()
		}
		_ => contributor(step.place()),
	}
}

/// The call of a step that is about data.
pub fn deed(market: &mut Market, step: &Step) -> Option<Deed> {
	about_datanets(market, step)
		.or_else(|| about_contributions(market, step))
		.or_else(|| about_accusations(step))
		.or_else(|| about_earnings(step))
}

fn about_datanets(market: &mut Market, step: &Step) -> Option<Deed> {
	let datanets = datanets();
	let that = |fits: &dyn Fn(DatanetId, &Datanet<AccountId, u32>) -> bool| {
		let fit = datanets.iter().filter(|(id, entry)| fits(*id, entry)).map(|(id, _)| *id);
		step.pick(fit, datanets.iter().map(|(id, _)| *id), NO_DATANET)
	};
	let find = |id| datanets.iter().find(|(other, _)| *other == id).map(|(_, entry)| entry);
	let of = |id| {
		step.by(find(id)
			.map_or_else(|| curator(step.pick), |datanet| datanet.curator().unwrap().clone()))
	};
	let taken = || datanets.first().map(|(_, datanet)| datanet.name.clone());

	match step.kind {
		Kind::CreateDatanet => {
			let name = market.name(step.value, taken());
			Deed::by(step.by(curator(step.pick)), Call::create_datanet { name })
		}
		Kind::CreateDatanetWith => {
			let name = market.name(step.value, taken());
			let open = step.value.is_multiple_of(2);
			// Up to 31%, of which 30 are allowed.
			let curator_share = Permill::from_percent(u32::from(step.value % 32));
			let call = Call::create_datanet_with { name, open, curator_share };
			Deed::by(step.by(curator(step.pick)), call)
		}
		Kind::PublishRelease => {
			let datanet = that(&|_, datanet| datanet.changed && datanet.next_total_weight > 0);
			Deed::by(of(datanet), Call::publish_release { datanet })
		}
		Kind::SetOpen => {
			let datanet = that(&|_, _| true);
			let open = find(datanet).is_some_and(|datanet| datanet.open);
			// As it is, at times.
			let open = open == step.value.is_multiple_of(4);
			Deed::by(of(datanet), Call::set_open { datanet, open })
		}
		Kind::AllowContributor => {
			let datanet = that(&|_, datanet| !datanet.open);
			let account = contributor(step.place());
			Deed::by(of(datanet), Call::allow_contributor { datanet, account })
		}
		Kind::DisallowContributor => {
			let let_in =
				|id| Admissions::<Runtime>::iter_key_prefix(id).min().filter(|_| step.value > 0);
			let datanet = that(&|id, _| let_in(id).is_some());
			let account = let_in(datanet).unwrap_or_else(|| person(step.place()));
			Deed::by(of(datanet), Call::disallow_contributor { datanet, account })
		}
		Kind::LowerCuratorShare => {
			let datanet = that(&|_, datanet| !datanet.curator_share.is_zero());
			let share = find(datanet).map_or(Permill::zero(), |datanet| datanet.curator_share);
			// By nothing, if `value` is 0.
			let curator_share = share - Permill::from_parts(u32::from(step.value) * 10).min(share);
			Deed::by(of(datanet), Call::lower_curator_share { datanet, curator_share })
		}
		Kind::OfferCurator => {
			let datanet = that(&|_, _| true);
			let to = curator(step.place());
			Deed::by(of(datanet), Call::offer_curator { datanet, to })
		}
		Kind::WithdrawCuratorOffer => {
			let datanet = that(&|_, datanet| datanet.offered_to.is_some());
			Deed::by(of(datanet), Call::withdraw_curator_offer { datanet })
		}
		Kind::AcceptCurator => {
			let datanet = that(&|_, datanet| datanet.offered_to.is_some());
			let to = find(datanet).and_then(|datanet| datanet.offered_to.clone());
			let to = to.unwrap_or_else(|| curator(step.place()));
			// For less than it costs, at times.
			let max_deposit = if step.value == 0 { OPEN / 10 } else { 1_000_000 * OPEN };
			Deed::by(step.by(to), Call::accept_curator { datanet, max_deposit })
		}
		Kind::RemoveDatanet => {
			let datanet = that(&|id, datanet| {
				let let_in = Admissions::<Runtime>::iter_key_prefix(id).next().is_some();
				datanet.contributions == 0 && datanet.latest_release == 0 && !let_in
			});
			Deed::by(of(datanet), Call::remove_datanet { datanet })
		}
		Kind::SubmitContribution => {
			let datanet = that(&|_, _| true);
			let (submission, account) = market.submission(step.value);
			let who = account.unwrap_or_else(|| admitted(datanet, step));
			let call = Call::submit_contribution { datanet, submission };
			Deed::by(step.by(who), call)
		}
		Kind::SubmitContributions => {
			let datanet = that(&|_, _| true);
			let count = if step.value == 0 { 0 } else { 1 + step.value % 4 };
			let mut who = None;
			let submissions = bounded((0..count).map(|number| {
				let value = step.value.saturating_add(number);
				let (submission, account) = market.submission(value);
				who = who.take().or(account);
				submission
			}));
			let who = who.unwrap_or_else(|| admitted(datanet, step));
			Deed::by(step.by(who), Call::submit_contributions { datanet, submissions })
		}
		_ => None,
	}
}

fn about_contributions(market: &mut Market, step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let all = contributions();
	let that = |fits: &dyn Fn(ContributionId, &Entry) -> bool| {
		let fit = all.iter().filter(|(id, entry)| fits(*id, entry)).map(|(id, _)| *id);
		step.pick(fit, all.iter().map(|(id, _)| *id), NO_CONTRIBUTION)
	};
	let find = |id| all.iter().find(|(other, _)| *other == id).map(|(_, entry)| entry);
	let owner = |id| {
		let owner = find(id).map(|entry| entry.contributor.clone());
		step.by(owner.unwrap_or_else(|| contributor(step.pick)))
	};
	let its_curator = |id| {
		let datanet = find(id).and_then(|entry| Datanets::<Runtime>::get(entry.datanet));
		step.by(datanet
			.map_or_else(|| curator(step.pick), |datanet| datanet.curator().unwrap().clone()))
	};
	let accused = |id| Accusations::<Runtime>::iter_key_prefix(id).next().is_some();
	let decidable = |entry: &Entry| pending(entry) && !unshown(entry);

	match step.kind {
		Kind::ShowPossession => {
			let period: u32 = <Runtime as Config>::ShowPeriod::get();
			let drawn = |entry: &Entry| match entry.possession {
				Possession::Owed(draw) => (draw..draw + period).contains(&now),
				Possession::Unprovable | Possession::Shown(_) => false,
			};
			let contribution = that(&|_, entry| drawn(entry));
			// Somebody else's data, at times.
			let number = match step.value {
				0 => 0,
				_ => find(contribution).map_or(0, |entry| number_at(&entry.uri)),
			};
			let proof = proof(number);
			Deed::by(owner(contribution), Call::show_possession { contribution, proof })
		}
		Kind::LapseContribution => {
			let over = |entry: &Entry| {
				now >= match entry.possession {
					Possession::Owed(draw) => draw + <Runtime as Config>::ShowPeriod::get(),
					Possession::Shown(from) => from + <Runtime as Config>::PendingPeriod::get(),
					Possession::Unprovable => {
						entry.since + <Runtime as Config>::PendingPeriod::get()
					}
				}
			};
			let contribution = that(&|_, entry| pending(entry) && over(entry));
			Deed::by(person(step.pick), Call::lapse_contribution { contribution })
		}
		Kind::AcceptContribution => {
			let contribution = that(&|_, entry| decidable(entry));
			let weight = weight(step.value);
			Deed::by(its_curator(contribution), Call::accept_contribution { contribution, weight })
		}
		Kind::RejectContribution => {
			let contribution = that(&|_, entry| decidable(entry));
			Deed::by(its_curator(contribution), Call::reject_contribution { contribution })
		}
		Kind::WithdrawContribution => {
			let contribution = that(&|_, entry| pending(entry));
			Deed::by(owner(contribution), Call::withdraw_contribution { contribution })
		}
		Kind::SetWeight => {
			let contribution = that(&|_, entry| accepted(entry) && entry.taken_down.is_none());
			let weight = weight(step.value);
			Deed::by(its_curator(contribution), Call::set_weight { contribution, weight })
		}
		Kind::StopContribution => {
			let contribution = that(&|_, entry| accepted(entry));
			Deed::by(owner(contribution), Call::stop_contribution { contribution })
		}
		Kind::WithdrawContributionBond => {
			let contribution = that(&|id, entry| {
				let free = |until| until <= now && entry.bond > storage_deposit() && !accused(id);
				matches!(entry.status, ContributionStatus::Stopped(until) if free(until))
			});
			Deed::by(owner(contribution), Call::withdraw_bond { contribution })
		}
		Kind::TransferContribution => {
			let contribution =
				that(&|id, entry| !slashed(entry) && !unshown(entry) && !accused(id));
			// To somebody who does not exist, at times.
			let to = match step.value % 8 {
				0 => poor(step.pick),
				_ => contributor(step.place()),
			};
			Deed::by(owner(contribution), Call::transfer_contribution { contribution, to })
		}
		Kind::SetBeneficiary => {
			let contribution = that(&|_, _| true);
			let beneficiary = match step.value % 4 {
				0 => None,
				_ => Some(poor(step.place())),
			};
			Deed::by(owner(contribution), Call::set_beneficiary { contribution, beneficiary })
		}
		Kind::ReserveRoot => {
			let number = market.next_serial().into();
			let account = contributor(step.pick);
			let commitment = match step.value {
				// Somebody's, if there is one.
				0 => Reservations::<Runtime>::iter_keys().min().unwrap_or_default(),
				_ => Pallet::<Runtime>::commitment(data_root(number), &account),
			};
			let call = Call::reserve_root { commitment };
			Deed::by(step.by(account.clone()), call)?.then(Then::Reserved(number, account))
		}
		Kind::RemoveReservation => {
			let mut reservations = Reservations::<Runtime>::iter().collect::<Vec<_>>();
			reservations.sort_by_key(|(commitment, _)| *commitment);
			let over = reservations
				.iter()
				.filter(|(_, entry)| entry.expires_at <= now && entry.used_by.is_none());
			let commitment = step.pick(
				over.map(|(commitment, _)| *commitment),
				reservations.iter().map(|(commitment, _)| *commitment),
				Hash::zero(),
			);
			Deed::by(person(step.pick), Call::remove_reservation { commitment })
		}
		_ => None,
	}
}

fn about_accusations(step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let all = contributions();
	let find = |id| all.iter().find(|(other, _)| *other == id).map(|(_, entry)| entry);
	let curator_of = |id| {
		let datanet = find(id).and_then(|entry| Datanets::<Runtime>::get(entry.datanet));
		datanet.map_or_else(|| curator(step.pick), |datanet| datanet.curator().unwrap().clone())
	};
	let owner = |id| {
		let owner = find(id).map(|entry| entry.contributor.clone());
		owner.unwrap_or_else(|| contributor(step.pick))
	};
	let that = |fits: &dyn Fn(&Entry) -> bool| {
		let fit = all.iter().filter(|(_, entry)| fits(entry)).map(|(id, _)| *id);
		step.pick(fit, all.iter().map(|(id, _)| *id), NO_CONTRIBUTION)
	};
	let standing =
		|entry: &Entry| accepted(entry) || matches!(entry.status, ContributionStatus::Stopped(_));
	// An accusation that is as wanted: of which contribution, and whose.
	let one = |fits: &dyn Fn(ContributionId, &AccountId, &Charge) -> bool| {
		let charges = charges();
		let positions = || 0..charges.len();
		let fit = positions().filter(|at| {
			let (id, accuser, charge) = &charges[*at];
			fits(*id, accuser, charge)
		});
		let at = step.pick(fit, positions(), usize::MAX);
		charges.get(at).map_or_else(
			|| (NO_CONTRIBUTION, person(step.pick)),
			|(id, accuser, _)| (*id, accuser.clone()),
		)
	};
	let open = |id| find(id).is_some_and(standing);

	match step.kind {
		Kind::AccuseContribution => {
			let contribution = that(&standing);
			let reason = match step.value % 8 {
				0 => AccusationReason::Duplicate(contribution),
				1 | 2 => AccusationReason::Duplicate(all.first().map_or(0, |(id, _)| *id)),
				_ => AccusationReason::Fraud,
			};
			let (owner, curator) = (owner(contribution), curator_of(contribution));
			let reporter = (step.place()..)
				.map(person)
				.find(|person| *person != owner && *person != curator)
				.expect("there are others");
			let call = Call::accuse_contribution { contribution, reason };
			Deed::by(step.by(reporter), call)
		}
		Kind::ConfirmAccusation => {
			let (contribution, accuser) = one(&|id, accuser, charge| {
				matches!(
					charge.stage,
					AccusationStage::Reported(until) | AccusationStage::Escalated(until)
						if now < until
				) && *accuser != curator_of(id)
					&& open(id)
			});
			let who = step.by(curator_of(contribution));
			Deed::by(who, Call::confirm_accusation { contribution, accuser })
		}
		Kind::ContestAccusation => {
			let (contribution, accuser) = one(
				&|id, _, charge| matches!(charge.stage, AccusationStage::Confirmed(until) if now < until && open(id)),
			);
			let call = Call::contest_accusation { contribution, accuser };
			Deed::by(step.by(owner(contribution)), call)
		}
		Kind::SuspendContribution => {
			let (contribution, accuser) = one(
				&|id, _, charge| matches!(charge.stage, AccusationStage::Confirmed(until) if until <= now && open(id)),
			);
			Deed::by(person(step.pick), Call::suspend_contribution { contribution, accuser })
		}
		Kind::ResolveAccusation => {
			let (contribution, accuser) = one(&|id, _, _| open(id));
			let guilty = step.value.is_multiple_of(2);
			// About nobody's accusation, at times.
			let accuser = (step.value % 8 != 2).then_some(accuser);
			let call = Call::resolve_accusation { contribution, accuser, guilty };
			Deed::of_governance(step, call)
		}
		Kind::EscalateAccusation => {
			let (contribution, accuser) = one(&|id, _, charge| {
				matches!(charge.stage, AccusationStage::Reported(_)) && open(id)
			});
			Deed::by(step.by(accuser), Call::escalate_accusation { contribution })
		}
		Kind::DropAccusation => {
			let (contribution, accuser) = one(&|id, _, charge| match charge.stage {
				_ if !open(id) => true,
				AccusationStage::Reported(_) => true,
				AccusationStage::Escalated(until) | AccusationStage::Contested(until) => {
					until <= now
				}
				AccusationStage::Confirmed(_) => false,
			});
			let who = step.by(accuser.clone());
			Deed::by(who, Call::drop_accusation { contribution, accuser })
		}
		Kind::TakeDown => {
			let contribution = that(&|entry| standing(entry) && entry.taken_down.is_none());
			Deed::of_governance(step, Call::take_down { contribution })
		}
		Kind::Restore => {
			let contribution = that(&|entry| standing(entry) && entry.taken_down.is_some());
			Deed::of_governance(step, Call::restore { contribution })
		}
		_ => None,
	}
}

fn about_earnings(step: &Step) -> Option<Deed> {
	let all = contributions();
	let that = |fits: &dyn Fn(ContributionId, &Entry) -> bool| {
		let fit = all.iter().filter(|(id, entry)| fits(*id, entry)).map(|(id, _)| *id);
		step.pick(fit, all.iter().map(|(id, _)| *id), NO_CONTRIBUTION)
	};
	let find = |id| all.iter().find(|(other, _)| *other == id).map(|(_, entry)| entry);
	let releases = |id| {
		let releases = find(id).map(|entry| owing(id, entry)).unwrap_or_default();
		// One that there is not, at times.
		bounded(releases.into_iter().chain((step.value == 0).then_some(500)))
	};
	let a_curator = || {
		let earners = CuratorEarnings::<Runtime>::iter_keys().map(|(account, _)| account);
		let mut owed = earners.collect::<Vec<_>>();
		owed.sort();
		owed.dedup();
		let place = step.place().checked_rem(owed.len());
		place.map_or_else(|| curator(step.pick), |place| owed[place].clone())
	};

	match step.kind {
		Kind::Claim => {
			let contribution = that(&earned);
			let owner = find(contribution).map(|entry| entry.contributor.clone());
			let who = step.by(owner.unwrap_or_else(|| contributor(step.pick)));
			Deed::by(who, Call::claim { contribution, releases: releases(contribution) })
		}
		Kind::ClaimFor => {
			let contribution = that(&earned);
			let call = Call::claim_for { contribution, releases: releases(contribution) };
			Deed::by(person(step.pick), call)
		}
		Kind::SweepSlashed => {
			let contribution =
				that(&|id, entry| entry.is_forfeited() && !owing(id, entry).is_empty());
			let call = Call::sweep_slashed { contribution, releases: releases(contribution) };
			Deed::by(person(step.pick), call)
		}
		Kind::ClaimCurator => Deed::by(step.by(a_curator()), Call::claim_curator {}),
		Kind::ClaimCuratorFor => {
			let account = step.by(a_curator());
			Deed::by(person(step.pick), Call::claim_curator_for { account })
		}
		_ => None,
	}
}
