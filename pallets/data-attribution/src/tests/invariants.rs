//! `try_state` notices what must never be.

use crate::{
	mock::*, Accounted, Checkpoint, Claimed, ContributionStatus, Contributions, ContributionsOf,
	Datanets, DirectEarnings, NextContributionId, NextDatanetId, Releases, RootOwner,
};
use frame_support::traits::{fungible::Mutate, Hooks};
use sp_runtime::Permill;

fn change_contribution(
	change: impl FnOnce(&mut crate::Contribution<openledger_primitives::AccountId>),
) {
	Contributions::<Test>::mutate(0, |entry| change(entry.as_mut().unwrap()));
}

fn change_datanet(change: impl FnOnce(&mut crate::Datanet<openledger_primitives::AccountId>)) {
	Datanets::<Test>::mutate(0, |entry| change(entry.as_mut().unwrap()));
}

fn change_release(change: impl FnOnce(&mut crate::Release)) {
	Releases::<Test>::mutate(0, 1, |entry| change(entry.as_mut().unwrap()));
}

#[test]
fn each_breach_is_noticed() {
	let breaches: [(&str, fn()); 22] = [
		("a contribution's id was not given out", || NextContributionId::<Test>::put(0)),
		("a contribution does not own its root", || RootOwner::<Test>::insert(root(0), 1)),
		("a contribution is not in its contributor's index", || {
			ContributionsOf::<Test>::remove(ALICE, 0u64.to_be_bytes())
		}),
		("exactly accepted contributions have weights", || {
			change_contribution(|entry| entry.status = ContributionStatus::Pending)
		}),
		("checkpoints are out of order", || {
			change_contribution(|entry| {
				entry.checkpoints.force_push(Checkpoint { from_release: 1, weight: 9 })
			})
		}),
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

#[test]
fn the_configuration_is_sound() {
	<DataAttribution as Hooks<_>>::integrity_test();
}
