//! Actions of curators, contributors and their reporters.

use crate::{
	common::{bounded, submission},
	market::{Deed, Market, Then},
	people::{contributor, curator, person, poor},
	script::{Kind, Step},
};
use openledger_primitives::{
	contribution::Submission, AccountId, Balance, ContributionId, DatanetId, Hash, ReleaseId,
	Weight,
};
use openledger_runtime::{Runtime, System};
use pallet_data_attribution::{
	Accusation, AccusationReason, AccusationStage, Accusations, Admissions, Call, Claimed,
	Contribution, ContributionStatus, Contributions, CuratorEarnings, Datanet, Datanets,
	DirectEarnings, Pallet, Releases, Reservations,
};
use sp_runtime::Permill;

type Entry = Contribution<AccountId, u32>;
type Charge = Accusation<AccountId, u32>;

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

fn earned(id: ContributionId, entry: &Entry) -> bool {
	DirectEarnings::<Runtime>::get(id) > 0 || (!slashed(entry) && !owing(id, entry).is_empty())
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
		let serial = self.next_serial();
		let taken = contributions().last().map(|(_, entry)| entry.root);
		let new = (Hash::from_low_u64_le(serial.into()), None);
		let (root, account) = match value {
			u16::MAX => (taken.unwrap_or_default(), None),
			value if value.is_multiple_of(4) => {
				self.reserved.pop().map_or(new, |(root, account)| (root, Some(account)))
			}
			_ => new,
		};
		let uri = format!("https://data.example/{serial}");
		let submission = submission(root, value.into(), &uri);
		// Of a format that there is not, at times.
		let format = if value == 1 { u8::MAX } else { submission.format };
		(Submission { format, ..submission }, account)
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
			Deed::by(step.by(to), Call::accept_curator { datanet })
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
	let accused = |id| Accusations::<Runtime>::contains_key(id);

	match step.kind {
		Kind::AcceptContribution => {
			let contribution = that(&|_, entry| pending(entry));
			let weight = weight(step.value);
			Deed::by(its_curator(contribution), Call::accept_contribution { contribution, weight })
		}
		Kind::RejectContribution => {
			let contribution = that(&|_, entry| pending(entry));
			Deed::by(its_curator(contribution), Call::reject_contribution { contribution })
		}
		Kind::WithdrawContribution => {
			let contribution = that(&|_, entry| pending(entry));
			Deed::by(owner(contribution), Call::withdraw_contribution { contribution })
		}
		Kind::SetWeight => {
			let contribution = that(&|_, entry| accepted(entry));
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
			let contribution = that(&|id, entry| !slashed(entry) && !accused(id));
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
			let root = Hash::from_low_u64_le(market.next_serial().into());
			let account = contributor(step.pick);
			let commitment = match step.value {
				// Somebody's, if there is one.
				0 => Reservations::<Runtime>::iter_keys().min().unwrap_or_default(),
				_ => Pallet::<Runtime>::commitment(root, &account),
			};
			let call = Call::reserve_root { commitment };
			Deed::by(step.by(account.clone()), call)?.then(Then::Reserved(root, account))
		}
		Kind::RemoveReservation => {
			let mut reservations = Reservations::<Runtime>::iter().collect::<Vec<_>>();
			reservations.sort_by_key(|(commitment, _)| *commitment);
			let over = reservations.iter().filter(|(_, entry)| entry.expires_at <= now);
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
	let that = |fits: &dyn Fn(ContributionId, &Entry, Option<Charge>) -> bool| {
		let fit = all
			.iter()
			.filter(|(id, entry)| fits(*id, entry, Accusations::<Runtime>::get(id)))
			.map(|(id, _)| *id);
		step.pick(fit, all.iter().map(|(id, _)| *id), NO_CONTRIBUTION)
	};
	let find = |id| all.iter().find(|(other, _)| *other == id).map(|(_, entry)| entry);
	let stage = |charge: Option<Charge>| charge.map(|charge| charge.stage);
	let curator_of = |id| {
		let datanet = find(id).and_then(|entry| Datanets::<Runtime>::get(entry.datanet));
		datanet.map_or_else(|| curator(step.pick), |datanet| datanet.curator().unwrap().clone())
	};
	let owner = |id| {
		let owner = find(id).map(|entry| entry.contributor.clone());
		owner.unwrap_or_else(|| contributor(step.pick))
	};

	match step.kind {
		Kind::AccuseContribution => {
			let contribution =
				that(&|_, entry, charge| !pending(entry) && !slashed(entry) && charge.is_none());
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
			let contribution = that(&|id, _, charge| {
				charge.is_some_and(|charge| {
					matches!(
						charge.stage,
						AccusationStage::Reported(until) | AccusationStage::Escalated(until)
							if now < until
					) && charge.accuser != curator_of(id)
				})
			});
			let call = Call::confirm_accusation { contribution };
			Deed::by(step.by(curator_of(contribution)), call)
		}
		Kind::ContestAccusation => {
			let contribution = that(
				&|_, _, charge| matches!(stage(charge), Some(AccusationStage::Confirmed(until)) if now < until),
			);
			let call = Call::contest_accusation { contribution };
			Deed::by(step.by(owner(contribution)), call)
		}
		Kind::ExecuteSlash => {
			let contribution = that(
				&|_, _, charge| matches!(stage(charge), Some(AccusationStage::Confirmed(until)) if until <= now),
			);
			Deed::by(person(step.pick), Call::execute_slash { contribution })
		}
		Kind::ResolveAccusation => {
			let contribution = that(&|_, _, charge| charge.is_some());
			let guilty = step.value.is_multiple_of(2);
			let accuser = Accusations::<Runtime>::get(contribution).map(|charge| charge.accuser);
			let accuser = accuser.unwrap_or_else(|| person(step.pick));
			let call = Call::resolve_accusation { contribution, accuser, guilty };
			Deed::of_governance(step, call)
		}
		Kind::EscalateAccusation => {
			let contribution =
				that(&|_, _, charge| matches!(stage(charge), Some(AccusationStage::Reported(_))));
			let accuser = Accusations::<Runtime>::get(contribution).map(|charge| charge.accuser);
			let who = accuser.unwrap_or_else(|| person(step.pick));
			Deed::by(step.by(who), Call::escalate_accusation { contribution })
		}
		Kind::DropAccusation => {
			let contribution = that(&|_, _, charge| match stage(charge) {
				Some(AccusationStage::Reported(_)) => true,
				Some(AccusationStage::Escalated(until) | AccusationStage::Contested(until)) => {
					until <= now
				}
				_ => false,
			});
			let accuser = Accusations::<Runtime>::get(contribution).map(|charge| charge.accuser);
			let who = accuser.unwrap_or_else(|| person(step.pick));
			Deed::by(step.by(who), Call::drop_accusation { contribution })
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
			let contribution = that(&|id, entry| slashed(entry) && !owing(id, entry).is_empty());
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
