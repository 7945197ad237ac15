//! `try_state` notices what must never be.

use crate::{
	mock::*, Accounted, Accusation, AccusationReason, AccusationStage, Accusations, Admission,
	Admissions, Checkpoint, Claimed, ContributionStatus, Contributions, ContributionsOf,
	CuratorEarnings, DatanetIdByName, Datanets, DirectEarnings, Draw, Draws, HoldReason,
	NextContributionId, NextDatanetId, Possession, ReleaseLogs, Releases, Reservation,
	Reservations, RootOwner, SlashedEarnings, Stake,
};
use codec::{Decode, Encode};
use frame_support::traits::fungible::{Mutate, MutateHold};
use openledger_primitives::{contribution::Standing, history::History, release::ReleaseLog, Hash};
use sp_runtime::Permill;

fn change_contribution(change: impl FnOnce(&mut crate::ContributionOf<Test>)) {
	Contributions::<Test>::mutate(0, |entry| change(entry.as_mut().unwrap()));
}

fn change_datanet(change: impl FnOnce(&mut crate::DatanetOf<Test>)) {
	Datanets::<Test>::mutate(0, |entry| change(entry.as_mut().unwrap()));
}

fn change_release(change: impl FnOnce(&mut crate::Release)) {
	Releases::<Test>::mutate(0, 1, |entry| change(entry.as_mut().unwrap()));
}

/// A value that only odd bytes in storage can be.
fn odd<T: Decode>(bytes: impl Encode) -> T {
	T::decode(&mut bytes.encode().as_slice()).unwrap()
}

fn accuse(contribution: u64, stage: AccusationStage<u32>, stake: Option<u128>) {
	let accusation = Accusation {
		deposit: 0,
		reason: AccusationReason::Fraud,
		made_at: 1,
		stage,
		stake: stake.map(|amount| Stake { curator: CURATOR, amount }),
	};
	Accusations::<Test>::insert(contribution, BOB, accusation);
}

fn reserve(at: u32, expires_at: u32, used_by: Option<u64>) {
	let entry = Reservation { payer: BOB, deposit: 0, at, expires_at, kept: true, used_by };
	Reservations::<Test>::insert(root(1), entry);
}

/// Leaves something on hold that no entry says of what it is for.
fn leave_behind(reason: HoldReason) {
	Balances::hold(&reason.into(), &DAVE, EXISTENTIAL_DEPOSIT).unwrap();
}

/// A contribution whose data was not shown.
fn unshown() -> u64 {
	let id = NextContributionId::<Test>::get();
	DataAttribution::submit_contribution(signed(&CAROL), 0, submission(id)).unwrap();
	id
}

fn change(id: u64, change: impl FnOnce(&mut crate::ContributionOf<Test>)) {
	Contributions::<Test>::mutate(id, |entry| change(entry.as_mut().unwrap()));
}

#[test]
fn each_breach_is_noticed() {
	let breaches: [(&str, fn()); 92] = [
		("a contribution's id was not given out", || NextContributionId::<Test>::put(0)),
		("a contribution owns another one's root", || RootOwner::<Test>::insert(root(0), 1)),
		("a contribution does not own its root", || {
			RootOwner::<Test>::remove(root(submitted(&CAROL, 0)))
		}),
		("a slashed contribution has a root", || {
			DataAttribution::resolve_accusation(RuntimeOrigin::root(), 0, None, true).unwrap();
			RootOwner::<Test>::insert(root(0), 0)
		}),
		("a root is owned by what was not shown", || {
			let id = unshown();
			RootOwner::<Test>::insert(root(id), id)
		}),
		("a root was taken over by what counts from later", || {
			change_contribution(|entry| entry.displaced = Some(0))
		}),
		("a root was taken over from another one's", || {
			change(1, |entry| entry.displaced = Some(0))
		}),
		("a root was taken over from one that is pending still", || {
			let (before, after) = (submitted(&CAROL, 0), submitted(&CAROL, 0));
			let root = root(before);
			change(after, |entry| {
				entry.displaced = Some(before);
				entry.root = root;
				entry.since = 0;
				entry.status = ContributionStatus::Accepted;
			})
		}),
		("a contribution's format does not say what can be shown of it", || {
			RootOwner::<Test>::remove(root(0));
			change_contribution(|entry| entry.possession = Possession::Unprovable)
		}),
		("what was not shown was accepted", || {
			change_contribution(|entry| entry.possession = Possession::Owed(4));
			RootOwner::<Test>::remove(root(0));
		}),
		("a draw is not for those who wait for it", || {
			Draws::<Test>::insert(4, Draw { seed: None, waiting: 1 })
		}),
		("a draw is not for those who wait for it", || {
			unshown();
			Draws::<Test>::insert(4, Draw { seed: None, waiting: 2 })
		}),
		("a draw is not for those who wait for it", || Draws::<Test>::insert(4, Draw::default())),
		("a draw has come out too early", || {
			unshown();
			Draws::<Test>::insert(4, Draw { seed: Some(Hash::zero()), waiting: 1 })
		}),
		("somebody waits for a draw that does not come", || {
			unshown();
			Draws::<Test>::remove(4)
		}),
		("a reservation is used by nobody", || reserve(1, 9, Some(9))),
		("a reservation is used by another one's contribution", || reserve(1, 9, Some(0))),
		("a reservation is used by another one's contribution", || reserve(1, 9, Some(unshown()))),
		("what is taken down has another weight to come back to", || {
			DataAttribution::take_down(RuntimeOrigin::root(), 0).unwrap();
			change_contribution(|entry| entry.taken_down = Some(0))
		}),
		("a contribution's standing is not its status", || {
			DataAttribution::take_down(RuntimeOrigin::root(), 0).unwrap();
			change_contribution(|entry| entry.standing = History::new(1, Standing::Accepted))
		}),
		("a contribution's standing is not its status", || {
			change_contribution(|entry| entry.standing = History::new(1, Standing::TakenDown))
		}),
		("a contribution is not in its contributor's index", || {
			ContributionsOf::<Test>::remove(ALICE, 0u64.to_be_bytes())
		}),
		("exactly accepted contributions have weights", || {
			change_contribution(|entry| entry.status = ContributionStatus::Pending)
		}),
		("exactly accepted contributions are in the next release", || {
			change_contribution(|entry| entry.status = ContributionStatus::Stopped(1))
		}),
		("a slashed contribution has a bond", || {
			RootOwner::<Test>::remove(root(0));
			change_contribution(|entry| {
				entry.status = ContributionStatus::Slashed;
				entry.checkpoints.force_push(Checkpoint { from_release: 2, weight: 0 });
			})
		}),
		("checkpoints are out of order", || {
			change_contribution(|entry| {
				entry.checkpoints.force_push(Checkpoint { from_release: 1, weight: 9 })
			})
		}),
		("a contribution's history is out of order", || {
			let entries = vec![(1, Standing::Accepted), (1, Standing::Withheld)];
			change_contribution(|entry| entry.standing = odd(entries))
		}),
		("a contribution's standing is of a later block", || {
			change_contribution(|entry| entry.standing = History::new(2, Standing::Accepted))
		}),
		("a contribution's standing is not its status", || {
			change_contribution(|entry| entry.standing = History::default())
		}),
		("a contribution's standing is not its status", || {
			change_contribution(|entry| entry.standing = History::new(1, Standing::Slashed))
		}),
		("a contribution's standing is not its status", || {
			change(submitted(&CAROL, 0), |entry| {
				entry.standing = History::new(1, Standing::Accepted)
			})
		}),
		("a contribution is slashed no more", || {
			let entries = vec![(0, Standing::Slashed), (1, Standing::Accepted)];
			change_contribution(|entry| entry.standing = odd(entries))
		}),
		("exactly what was accepted has a place in a log", || {
			change_contribution(|entry| entry.place = None)
		}),
		("two leaves at one place of a log", || change_contribution(|entry| entry.place = Some(1))),
		("a log without a datanet", || ReleaseLogs::<Test>::insert(9, ReleaseLog::default())),
		("a contribution has a place beyond the end of its log", || {
			change_contribution(|entry| entry.place = Some(2))
		}),
		("a log has too few peaks, or too many", || {
			ReleaseLogs::<Test>::insert(0, odd::<ReleaseLog>((2u32, Vec::<Hash>::new())))
		}),
		("a log is not that of its contributions", || {
			let log = ReleaseLog::from_peaks(2, &[Hash::zero()]).unwrap();
			ReleaseLogs::<Test>::insert(0, log)
		}),
		("a log is not that of its contributions", || change_contribution(|entry| entry.since = 0)),
		("a release's root is not that of the log", || {
			change_release(|entry| entry.root = Hash::zero())
		}),
		("a contribution is in no log", || ReleaseLogs::<Test>::remove(0)),
		("a contribution without a datanet", || Datanets::<Test>::remove(0)),
		("a contribution claimed more than it earned", || Claimed::<Test>::insert(0, 1, 1_000)),
		("a root without a contribution", || RootOwner::<Test>::insert(root(9), 9)),
		("an index entry without a contribution", || {
			ContributionsOf::<Test>::insert(ALICE, 9u64.to_be_bytes(), ())
		}),
		("earnings without a contribution", || DirectEarnings::<Test>::insert(9, 1)),
		("earnings without a contribution", || SlashedEarnings::<Test>::insert(9, 1)),
		("a contributor's hold differs from the bonds", || {
			change_contribution(|entry| entry.bond += 1)
		}),
		("a contributor's hold differs from the bonds", || leave_behind(HoldReason::Contribution)),
		("a datanet's id was not given out", || NextDatanetId::<Test>::put(0)),
		("a datanet's weight is wrong", || change_datanet(|entry| entry.next_total_weight += 1)),
		("a datanet's count is wrong", || change_datanet(|entry| entry.next_contributions += 1)),
		("a datanet miscounts its contributions", || {
			change_datanet(|entry| entry.contributions += 1)
		}),
		("a datanet is not to be found by its name", || {
			change_datanet(|entry| entry.name = name("other"))
		}),
		("a name without a datanet", || DatanetIdByName::<Test>::insert(name("other"), 0)),
		("an admission without a datanet", || {
			Admissions::<Test>::insert(9, ALICE, Admission { payer: CURATOR, deposit: 1 })
		}),
		("a curator's hold differs from the deposits for admissions", || {
			Admissions::<Test>::insert(0, ALICE, Admission { payer: CURATOR, deposit: 1 })
		}),
		("a curator's hold differs from the deposits for admissions", || {
			leave_behind(HoldReason::Admission)
		}),
		("an accusation of nothing that can be slashed", || {
			accuse(9, AccusationStage::Reported(9), None)
		}),
		("an accusation of nothing that can be slashed", || {
			accuse(submitted(&CAROL, 0), AccusationStage::Reported(9), None)
		}),
		("exactly confirmed accusations have a curator's stake", || {
			accuse(0, AccusationStage::Contested(9), None)
		}),
		("exactly confirmed accusations have a curator's stake", || {
			accuse(0, AccusationStage::Escalated(9), Some(0))
		}),
		("an accuser's hold differs from the deposits", || {
			accuse(0, AccusationStage::Reported(9), None);
			Accusations::<Test>::mutate(0, BOB, |entry| entry.as_mut().unwrap().deposit = 1)
		}),
		("an accuser's hold differs from the deposits", || leave_behind(HoldReason::Accusation)),
		("a curator's hold differs from the stakes", || {
			accuse(0, AccusationStage::Confirmed(9), Some(1))
		}),
		("a curator's hold differs from the stakes", || leave_behind(HoldReason::Confirmation)),
		("a reservation ends before it began", || reserve(3, 2, None)),
		("a hold differs from the deposits for reservations", || {
			reserve(3, 3, None);
			Reservations::<Test>::mutate(root(1), |entry| entry.as_mut().unwrap().deposit = 1)
		}),
		("a hold differs from the deposits for reservations", || {
			leave_behind(HoldReason::Reservation)
		}),
		("a datanet's history is out of order", || {
			change_datanet(|entry| entry.curators = odd(vec![(1, CURATOR), (1, ALICE)]))
		}),
		("a datanet's history is out of order", || {
			change_datanet(|entry| entry.current = odd(vec![(0, 1), (1, 1)]))
		}),
		("a datanet has no curator", || {
			change_datanet(|entry| entry.curators = History::default())
		}),
		("a datanet has a curator of a later block", || {
			change_datanet(|entry| entry.curators = History::new(2, CURATOR))
		}),
		("a datanet has several releases announced", || {
			change_datanet(|entry| entry.current = odd(vec![(1, 1), (5, 2), (6, 3)]))
		}),
		("a release is announced after a later one", || {
			change_datanet(|entry| entry.current = odd(vec![(0, 2), (1, 1)]))
		}),
		("the newest release is neither current nor announced", || {
			change_datanet(|entry| entry.current = History::default())
		}),
		("the newest release is neither current nor announced", || {
			change_datanet(|entry| entry.current = odd(vec![(1, 1), (9, 2)]))
		}),
		("a datanet with releases has no current one", || {
			change_datanet(|entry| entry.current = odd(vec![(0, 0), (5, 1)]))
		}),
		("a release is missing", || Releases::<Test>::remove(0, 1)),
		("a curator's hold differs from the deposits", || {
			change_datanet(|entry| entry.deposit += 1)
		}),
		("a curator's hold differs from the deposits", || leave_behind(HoldReason::Datanet)),
		("a release has no datanet", || {
			Releases::<Test>::insert(0, 2, Releases::<Test>::get(0, 1).unwrap())
		}),
		("a release's weight is wrong", || change_release(|entry| entry.total_weight += 1)),
		("a release's count is wrong", || change_release(|entry| entry.contributions += 1)),
		("a release's index is not what it received", || {
			change_release(|entry| entry.received += 1)
		}),
		("what is owed is not what is accounted for", || {
			Accounted::<Test>::mutate(|sum| *sum += 1)
		}),
		("what is owed overflows", || CuratorEarnings::<Test>::insert(ALICE, 0, u128::MAX)),
		("a curator has earned of no datanet", || CuratorEarnings::<Test>::insert(ALICE, 9, 1)),
		("earnings of nothing are stored", || CuratorEarnings::<Test>::insert(ALICE, 0, 0)),
		("earnings of nothing are stored", || DirectEarnings::<Test>::insert(0, 0)),
		("earnings of nothing are stored", || SlashedEarnings::<Test>::insert(0, 0)),
		("the pot cannot pay", || {
			Balances::set_balance(&DataAttribution::pot(), EXISTENTIAL_DEPOSIT);
		}),
	];
	for (reason, breach) in breaches {
		new_test_ext().execute_with(|| {
			let (datanet, release, ids) = released(&[(ALICE, 3), (BOB, 4)]);
			let sources = [fixed(datanet, release, 1)];
			pay(1_000, Permill::from_percent(50), &[(ids[0], 1)], &sources).unwrap();
			DataAttribution::do_try_state().unwrap();
			breach();
			assert_eq!(DataAttribution::do_try_state(), Err(reason.into()), "{reason}");
		});
	}
}
