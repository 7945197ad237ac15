//! Who may contribute to a datanet, what its curator takes, and who that is.

use crate::{mock::*, Admissions, Datanets, Error, Event, HoldReason, ReleaseLogs, Releases};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use openledger_primitives::{AccountId, DatanetId};
use sp_runtime::{DispatchResult, Permill, TokenError};

fn submit(who: &AccountId, datanet: DatanetId, number: u64) -> DispatchResult {
	DataAttribution::submit_contribution(signed(who), datanet, submission(number))
}

#[test]
fn genesis_makes_sure_that_the_pot_exists() {
	new_test_ext().execute_with(|| assert_eq!(pot_balance(), EXISTENTIAL_DEPOSIT));
}

#[test]
fn a_datanet_may_be_closed_and_have_a_curators_share() {
	run(|| {
		let share = Permill::from_percent(30);
		let create = |share| {
			DataAttribution::create_datanet_with(signed(&CURATOR), name("med/x-rays"), false, share)
		};
		assert_noop!(create(Permill::from_percent(31)), Error::<Test>::CuratorShareTooHigh);
		assert_ok!(create(share));
		System::assert_last_event(
			Event::DatanetCreated {
				datanet: 0,
				curator: CURATOR,
				name: name("med/x-rays"),
				open: false,
				curator_share: share,
			}
			.into(),
		);
		assert_noop!(create(share), Error::<Test>::NameTaken);
		let entry = Datanets::<Test>::get(0).unwrap();
		assert_eq!((entry.open, entry.curator_share), (false, share));
	});
}

#[test]
fn a_closed_datanet_admits_its_curator_and_who_was_let_in() {
	run(|| {
		let datanet = datanet_with(false, 0);
		assert_noop!(submit(&ALICE, datanet, 1), Error::<Test>::NotAdmitted);
		assert_ok!(submit(&CURATOR, datanet, 1));
		assert_ok!(DataAttribution::allow_contributor(signed(&CURATOR), datanet, ALICE));
		System::assert_last_event(Event::ContributorAllowed { datanet, account: ALICE }.into());
		assert_eq!(held(HoldReason::Admission, &CURATOR), AdmissionDeposit::get());
		assert_ok!(submit(&ALICE, datanet, 2));

		// What was paid down comes back, whatever the deposit is by now.
		AdmissionDeposit::set(1);
		assert_ok!(DataAttribution::disallow_contributor(signed(&CURATOR), datanet, ALICE));
		System::assert_last_event(Event::ContributorDisallowed { datanet, account: ALICE }.into());
		assert_eq!(held(HoldReason::Admission, &CURATOR), 0);
		assert!(!Admissions::<Test>::contains_key(datanet, ALICE));
		assert_noop!(submit(&ALICE, datanet, 3), Error::<Test>::NotAdmitted);

		assert_ok!(DataAttribution::set_open(signed(&CURATOR), datanet, true));
		System::assert_last_event(Event::AccessChanged { datanet, open: true }.into());
		assert_ok!(submit(&ALICE, datanet, 3));
	});
}

#[test]
fn only_the_curator_decides_who_is_let_in() {
	run(|| {
		let allow = |who: &AccountId, datanet, account: &AccountId| {
			DataAttribution::allow_contributor(signed(who), datanet, account.clone())
		};
		let disallow = |who: &AccountId, datanet, account: &AccountId| {
			DataAttribution::disallow_contributor(signed(who), datanet, account.clone())
		};
		let set_open =
			|who: &AccountId, datanet, open| DataAttribution::set_open(signed(who), datanet, open);
		assert_noop!(allow(&CURATOR, 0, &ALICE), Error::<Test>::UnknownDatanet);
		assert_noop!(disallow(&CURATOR, 0, &ALICE), Error::<Test>::UnknownDatanet);
		assert_noop!(set_open(&CURATOR, 0, true), Error::<Test>::UnknownDatanet);
		let datanet = datanet_with(false, 0);
		assert_noop!(allow(&ALICE, datanet, &ALICE), Error::<Test>::NotCurator);
		assert_noop!(disallow(&ALICE, datanet, &ALICE), Error::<Test>::NotCurator);
		assert_noop!(set_open(&ALICE, datanet, true), Error::<Test>::NotCurator);
		assert_noop!(set_open(&CURATOR, datanet, false), Error::<Test>::AccessUnchanged);
		assert_noop!(disallow(&CURATOR, datanet, &ALICE), Error::<Test>::NoAdmission);
		assert_ok!(allow(&CURATOR, datanet, &ALICE));
		assert_noop!(allow(&CURATOR, datanet, &ALICE), Error::<Test>::AlreadyAdmitted);
		AdmissionDeposit::set(ENDOWMENT);
		assert_noop!(allow(&CURATOR, datanet, &BOB), TokenError::FundsUnavailable);
	});
}

#[test]
fn a_curator_can_only_take_less_and_only_later() {
	run(|| {
		let datanet = datanet_with(true, 20);
		let lower = |who: &AccountId, datanet, percent| {
			let share = Permill::from_percent(percent);
			DataAttribution::lower_curator_share(signed(who), datanet, share)
		};
		assert_noop!(lower(&CURATOR, 9, 1), Error::<Test>::UnknownDatanet);
		assert_noop!(lower(&ALICE, datanet, 1), Error::<Test>::NotCurator);
		assert_noop!(lower(&CURATOR, datanet, 20), Error::<Test>::CuratorShareNotLower);
		accepted(&ALICE, datanet, 1);
		publish(datanet);
		assert_ok!(lower(&CURATOR, datanet, 5));
		let five = Permill::from_percent(5);
		System::assert_last_event(
			Event::CuratorShareLowered { datanet, curator_share: five }.into(),
		);
		// A lower share alone is worth a release.
		assert_eq!(publish(datanet), 2);
		let share = |release| Releases::<Test>::get(datanet, release).unwrap().curator_share;
		assert_eq!((share(1), share(2)), (Permill::from_percent(20), five));
	});
}

#[test]
fn the_curators_role_changes_hands_in_two_steps() {
	run(|| {
		let datanet = datanet_with(false, 20);
		assert_ok!(DataAttribution::allow_contributor(signed(&CURATOR), datanet, CAROL));
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, BOB));
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, ALICE));
		System::assert_last_event(Event::CuratorOffered { datanet, to: ALICE }.into());
		assert_noop!(
			DataAttribution::accept_curator(signed(&BOB), datanet, ENDOWMENT),
			Error::<Test>::NotOffered
		);
		DatanetDeposit::set(7);
		assert_ok!(DataAttribution::accept_curator(signed(&ALICE), datanet, ENDOWMENT));
		System::assert_last_event(
			Event::CuratorChanged { datanet, from: CURATOR, to: ALICE }.into(),
		);
		assert_eq!(held(HoldReason::Datanet, &CURATOR), 0);
		assert_eq!(held(HoldReason::Datanet, &ALICE), 7);
		assert_noop!(
			DataAttribution::accept_curator(signed(&ALICE), datanet, ENDOWMENT),
			Error::<Test>::NoOffer
		);
		assert_noop!(
			DataAttribution::set_open(signed(&CURATOR), datanet, true),
			Error::<Test>::NotCurator
		);
		// Who paid for an admission gets the deposit back, whoever ends it.
		assert_eq!(held(HoldReason::Admission, &CURATOR), AdmissionDeposit::get());
		assert_ok!(DataAttribution::disallow_contributor(signed(&ALICE), datanet, CAROL));
		assert_eq!(held(HoldReason::Admission, &CURATOR), 0);
		assert_eq!(Balances::balance(&CURATOR), ENDOWMENT);
	});
}

#[test]
fn a_former_curator_can_end_what_they_paid_for() {
	run(|| {
		let datanet = datanet_with(false, 20);
		let allow = |who: &AccountId, account: &AccountId| {
			DataAttribution::allow_contributor(signed(who), datanet, account.clone())
		};
		let disallow = |who: &AccountId, account: &AccountId| {
			DataAttribution::disallow_contributor(signed(who), datanet, account.clone())
		};
		assert_ok!(allow(&CURATOR, &CAROL));
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, ALICE));
		assert_ok!(DataAttribution::accept_curator(signed(&ALICE), datanet, ENDOWMENT));
		assert_ok!(allow(&ALICE, &DAVE));
		assert_noop!(disallow(&CURATOR, &DAVE), Error::<Test>::NotCurator);
		assert_noop!(disallow(&CURATOR, &BOB), Error::<Test>::NotCurator);
		assert_ok!(disallow(&CURATOR, &CAROL));
		System::assert_last_event(Event::ContributorDisallowed { datanet, account: CAROL }.into());
		assert_eq!(Balances::balance(&CURATOR), ENDOWMENT);
		assert!(!Admissions::<Test>::contains_key(datanet, CAROL));
		assert_eq!(held(HoldReason::Admission, &ALICE), AdmissionDeposit::get());
		assert_noop!(disallow(&CURATOR, &CAROL), Error::<Test>::NotCurator);
	});
}

#[test]
fn offers_of_the_curators_role_need_the_curator() {
	run(|| {
		let offer = |who: &AccountId, datanet, to: &AccountId| {
			DataAttribution::offer_curator(signed(who), datanet, to.clone())
		};
		let withdraw = |who: &AccountId, datanet| {
			DataAttribution::withdraw_curator_offer(signed(who), datanet)
		};
		assert_noop!(offer(&CURATOR, 0, &ALICE), Error::<Test>::UnknownDatanet);
		assert_noop!(withdraw(&CURATOR, 0), Error::<Test>::UnknownDatanet);
		assert_noop!(
			DataAttribution::accept_curator(signed(&ALICE), 0, ENDOWMENT),
			Error::<Test>::UnknownDatanet
		);
		let datanet = datanet();
		assert_noop!(offer(&ALICE, datanet, &ALICE), Error::<Test>::NotCurator);
		assert_noop!(offer(&CURATOR, datanet, &CURATOR), Error::<Test>::SameAccount);
		assert_noop!(withdraw(&ALICE, datanet), Error::<Test>::NotCurator);
		assert_noop!(withdraw(&CURATOR, datanet), Error::<Test>::NoOffer);
		assert_ok!(offer(&CURATOR, datanet, &POOR));
		assert_noop!(
			DataAttribution::accept_curator(signed(&POOR), datanet, ENDOWMENT),
			TokenError::FundsUnavailable
		);
		assert_ok!(withdraw(&CURATOR, datanet));
		System::assert_last_event(Event::CuratorOfferWithdrawn { datanet }.into());
		assert_noop!(
			DataAttribution::accept_curator(signed(&POOR), datanet, ENDOWMENT),
			Error::<Test>::NoOffer
		);
	});
}

#[test]
fn who_takes_a_role_over_says_what_it_may_cost() {
	run(|| {
		let datanet = datanet();
		let id = accepted(&ALICE, datanet, 1);
		publish(datanet);
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), datanet, BOB));
		let expected = DatanetDeposit::get() + ReleaseDeposit::get();
		// The seller publishes some more before Bob's transaction is in a block.
		for weight in 2..5 {
			assert_ok!(DataAttribution::set_weight(signed(&CURATOR), id, weight));
			publish(datanet);
		}
		let accept = |most| DataAttribution::accept_curator(signed(&BOB), datanet, most);
		assert_noop!(accept(expected), Error::<Test>::DepositAboveLimit);
		let now = expected + 3 * ReleaseDeposit::get();
		assert_noop!(accept(now - 1), Error::<Test>::DepositAboveLimit);
		assert_ok!(accept(now));
		assert_eq!(held(HoldReason::Datanet, &BOB), now);
	});
}

#[test]
fn a_datanet_of_which_nothing_came_can_be_removed() {
	run(|| {
		let remove =
			|who: &AccountId, datanet| DataAttribution::remove_datanet(signed(who), datanet);
		assert_noop!(remove(&CURATOR, 0), Error::<Test>::UnknownDatanet);
		let datanet = datanet_with(false, 10);
		assert_noop!(remove(&ALICE, datanet), Error::<Test>::NotCurator);
		assert_ok!(DataAttribution::allow_contributor(signed(&CURATOR), datanet, ALICE));
		assert_noop!(remove(&CURATOR, datanet), Error::<Test>::DatanetInUse);
		assert_ok!(DataAttribution::disallow_contributor(signed(&CURATOR), datanet, ALICE));

		// Not as long as there is a contribution, in whatever state.
		let id = accepted(&CURATOR, datanet, 1);
		let pending = submitted(&CURATOR, datanet);
		assert_ok!(DataAttribution::reject_contribution(signed(&CURATOR), pending));
		assert_noop!(remove(&CURATOR, datanet), Error::<Test>::DatanetInUse);
		assert_ok!(DataAttribution::stop_contribution(signed(&CURATOR), id));
		assert_noop!(remove(&CURATOR, datanet), Error::<Test>::DatanetInUse);
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&CURATOR), id));
		assert!(ReleaseLogs::<Test>::contains_key(datanet));
		DatanetDeposit::set(1);
		assert_ok!(remove(&CURATOR, datanet));
		System::assert_last_event(Event::DatanetRemoved { datanet }.into());
		assert_eq!(held(HoldReason::Datanet, &CURATOR), 0);
		assert!(!ReleaseLogs::<Test>::contains_key(datanet));
		let submitted = submit(&CURATOR, datanet, 1);
		assert_eq!(submitted, Err(Error::<Test>::UnknownDatanet.into()));
		// The name is free, and the number is not given out again.
		let name = name(&format!("med/{datanet}"));
		assert_ok!(DataAttribution::create_datanet(signed(&ALICE), name));
		assert!(Datanets::<Test>::contains_key(datanet + 1));

		let (released, ..) = released(&[(ALICE, 1)]);
		assert_noop!(remove(&CURATOR, released), Error::<Test>::DatanetInUse);
	});
}
