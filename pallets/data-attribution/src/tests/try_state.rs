//! `try_state` notices what must never be.

use crate::{
	mock::*, Accounted, Accusation, AccusationReason, AccusationStage, Accusations, Admission,
	Admissions, Checkpoint, Claimed, ContributionStatus, Contributions, ContributionsOf,
	CuratorEarnings, DatanetIdByName, Datanets, DirectEarnings, NextContributionId, NextDatanetId,
	ReleaseLogs, Releases, Reservation, Reservations, RootOwner, SlashedEarnings,
};
use codec::{Decode, Encode};
use frame_support::traits::fungible::Mutate;
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

fn accuse(contribution: u64) {
	let accusation = Accusation {
		accuser: BOB,
		deposit: 1,
		reason: AccusationReason::Fraud,
		stage: AccusationStage::Contested(9),
	};
	Accusations::<Test>::insert(contribution, accusation);
}

fn reserve(at: u32, expires_at: u32) {
	let entry = Reservation { payer: BOB, deposit: 1, at, expires_at, kept: true };
	Reservations::<Test>::insert(root(1), entry);
}

#[test]
fn each_breach_is_noticed() {
	let breaches: [(&str, fn()); 67] = [
		("a contribution's id was not given out", || NextContributionId::<Test>::put(0)),
		("a contribution owns another one's root", || RootOwner::<Test>::insert(root(0), 1)),
		("a contribution does not own its root", || {
			RootOwner::<Test>::remove(root(submitted(&CAROL, 0)))
		}),
		("a slashed contribution has a root", || {
			let fraud = AccusationReason::Fraud;
			DataAttribution::accuse_contribution(signed(&CAROL), 0, fraud).unwrap();
			DataAttribution::resolve_accusation(RuntimeOrigin::root(), 0, CAROL, true).unwrap();
			RootOwner::<Test>::insert(root(0), 0)
		}),
		("a root was taken over from a later contribution", || {
			change_contribution(|entry| entry.displaced = Some(0))
		}),
		("a root was taken over from another one's", || {
			Contributions::<Test>::mutate(1, |entry| entry.as_mut().unwrap().displaced = Some(0))
		}),
		("a root was taken over from one that is pending still", || {
			let (before, after) = (submitted(&CAROL, 0), submitted(&CAROL, 0));
			let root = root(before);
			Contributions::<Test>::mutate(after, |entry| {
				let entry = entry.as_mut().unwrap();
				entry.displaced = Some(before);
				entry.root = root;
				entry.status = ContributionStatus::Accepted;
			})
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
			let pending = submitted(&CAROL, 0);
			Contributions::<Test>::mutate(pending, |entry| {
				entry.as_mut().unwrap().standing = History::new(1, Standing::Accepted)
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
		("a contributor's hold differs from the bonds", || {
			change_contribution(|entry| entry.bond += 1)
		}),
		("a datanet's id was not given out", || NextDatanetId::<Test>::put(0)),
		("a datanet's weight is wrong", || change_datanet(|entry| entry.next_total_weight += 1)),
		("a datanet's count is wrong", || change_datanet(|entry| entry.next_contributions += 1)),
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
		("an accusation of nothing that can be slashed", || accuse(9)),
		("an accuser's hold differs from the deposits", || accuse(0)),
		("a reservation ends before it began", || reserve(3, 2)),
		("a hold differs from the deposits for reservations", || reserve(3, 3)),
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
		("earnings of what is not slashed are the protocol's", || {
			SlashedEarnings::<Test>::insert(0, 1)
		}),
		("earnings of nothing are stored", || {
			let fraud = AccusationReason::Fraud;
			DataAttribution::accuse_contribution(signed(&CAROL), 0, fraud).unwrap();
			DataAttribution::resolve_accusation(RuntimeOrigin::root(), 0, CAROL, true).unwrap();
			SlashedEarnings::<Test>::insert(0, 0)
		}),
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
