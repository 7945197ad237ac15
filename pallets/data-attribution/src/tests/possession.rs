//! Whoever commits to data has to show that they have it: what is drawn, when, and what becomes of who cannot.

use crate::{
	mock::*, Chance, ContributionStatus, Contributions, Datanets, Draws, Error, Event, HoldReason,
	Possession, Reservations, RootOwner,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use openledger_primitives::{
	contribution::{Submission, FORMAT_UNSPECIFIED},
	data_tree::RangeProof,
	AccountId, ContributionId, DatanetId, Hash,
};
use sp_runtime::{DispatchResult, Permill};

/// Submits without showing anything.
fn submit(who: &AccountId, datanet: DatanetId, submission: Submission) -> ContributionId {
	let contribution = crate::NextContributionId::<Test>::get();
	assert_ok!(DataAttribution::submit_contribution(signed(who), datanet, submission));
	contribution
}

fn show_by(who: &AccountId, contribution: ContributionId, proof: RangeProof) -> DispatchResult {
	DataAttribution::show_possession(signed(who), contribution, proof)
}

fn accept(contribution: ContributionId) -> DispatchResult {
	DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1)
}

fn lapse(contribution: ContributionId) -> DispatchResult {
	DataAttribution::lapse_contribution(signed(&DAVE), contribution)
}

fn drawn(contribution: ContributionId) -> Option<u32> {
	let entry = Contributions::<Test>::get(contribution).unwrap();
	DataAttribution::drawn_leaf(contribution, &entry).map(|drawn| drawn.leaf)
}

fn reserve(who: &AccountId, number: u64) -> Hash {
	let commitment = DataAttribution::commitment(root(number), who);
	assert_ok!(DataAttribution::reserve_root(signed(who), commitment));
	commitment
}

#[test]
fn what_is_shown_is_drawn_after_the_submission() {
	run(|| {
		let datanet = datanet();
		let id = submit(&ALICE, datanet, submission(5));
		let draw = 1 + DrawDelay::get();
		let entry = Contributions::<Test>::get(id).unwrap();
		assert_eq!(entry.possession, Possession::Owed(draw));
		assert_eq!(RootOwner::<Test>::get(root(5)), None);
		pass(DrawDelay::get() - 1);
		assert_eq!(drawn(id), None);
		let proof_of = |leaf: u64| {
			let stream = data(5);
			let hashes = openledger_primitives::data_tree::leaf_hashes(&stream, None);
			let length = 256.min(1_000 - 256 * leaf as u32);
			RangeProof::new(&stream, None, &hashes, 256 * leaf, length).unwrap()
		};
		assert_noop!(show_by(&ALICE, id, proof_of(0)), Error::<Test>::NotDrawn);
		assert_noop!(accept(id), Error::<Test>::NotShown);

		Part::set(2);
		pass(1);
		let leaf = drawn(id).unwrap();
		assert_ne!(leaf, 0, "one that is not the first says more");
		let shown = DataAttribution::contribution_info(id).unwrap();
		assert_eq!(shown.drawn.map(|drawn| drawn.offset), Some(256 * u64::from(leaf)));
		assert_eq!(shown.shown_at, None);
		// No other leaf will do, nor another one's data, nor somebody else's word.
		for other in (0..4).filter(|other| *other != leaf) {
			let wrong = show_by(&ALICE, id, proof_of(other.into()));
			assert_noop!(wrong, Error::<Test>::PossessionNotShown);
		}
		let proof = proof_of(leaf.into());
		assert_noop!(show_by(&BOB, id, proof.clone()), Error::<Test>::NotContributor);
		assert_noop!(show_by(&ALICE, 9, proof.clone()), Error::<Test>::UnknownContribution);
		let mut other = proof.clone();
		other.bytes[0] ^= 1;
		assert_noop!(show_by(&ALICE, id, other), Error::<Test>::PossessionNotShown);
		pass(ShowPeriod::get() - 1);
		assert_ok!(show_by(&ALICE, id, proof.clone()));
		System::assert_last_event(Event::PossessionShown { contribution: id, leaf }.into());
		let now = System::block_number();
		assert_eq!(Contributions::<Test>::get(id).unwrap().shown_at(), Some(now));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(id));
		assert_eq!(Draws::<Test>::iter_keys().count(), 0);
		assert_eq!(DataAttribution::contribution_info(id).unwrap().drawn, None);
		assert_noop!(show_by(&ALICE, id, proof), Error::<Test>::NothingToShow);
		assert_ok!(accept(id));
	});
}

#[test]
fn every_block_until_the_draw_has_its_part_in_it() {
	let leaves = |parts: [u64; 3]| {
		new_test_ext().execute_with(|| {
			let datanet = datanet();
			let ids = [5, 6, 7, 8].map(|number| submit(&ALICE, datanet, submission(number)));
			for part in parts {
				Part::set(part);
				pass(1);
			}
			(Chance::<Test>::get(), ids.map(|id| drawn(id).unwrap()))
		})
	};
	let (chance, as_it_was) = leaves([1, 1, 1]);
	// One draw, but one leaf for each who waits for it.
	assert!(as_it_was.iter().any(|leaf| *leaf != as_it_was[0]), "{as_it_was:?}");
	for other in [[2, 1, 1], [1, 2, 1], [1, 1, 2]] {
		assert_ne!(leaves(other).0, chance);
	}
}

#[test]
fn who_has_one_leaf_shows_no_root_by_saying_that_there_are_few() {
	run(|| {
		let datanet = datanet();
		let stream: Vec<u8> = data(5).into_iter().chain(data(6)).take(1_200).collect();
		let whole = openledger_primitives::data_tree::root(&stream, None).unwrap();
		let hashes = openledger_primitives::data_tree::leaf_hashes(&stream, None);
		// Bob has the last of five leaves, and says that it is the second of two.
		let last = RangeProof::new(&stream, None, &hashes, 1_024, 176).unwrap();
		let copy = Submission { root: whole.root, size: 256 + 176, ..submission(5) };
		let ids: Vec<_> = (0..8).map(|_| submit(&BOB, datanet, copy.clone())).collect();
		pass(DrawDelay::get());
		for id in ids {
			let shown = show_by(&BOB, id, last.clone());
			assert_eq!(shown, Err(Error::<Test>::PossessionNotShown.into()));
		}
		assert_eq!(RootOwner::<Test>::get(whole.root), None);
	});
}

#[test]
fn private_data_is_shown_with_its_salt() {
	run(|| {
		let datanet = datanet();
		let id = submit(&ALICE, datanet, private_submission(5));
		let right = proof(id, 5);
		assert_eq!(right.salts.len(), 1);
		let mut public = right.clone();
		public.salts = Default::default();
		assert_eq!(show_by(&ALICE, id, public), Err(Error::<Test>::PossessionNotShown.into()));
		assert_ok!(show(id, 5));
		assert_ok!(accept(id));
	});
}

#[test]
fn a_root_that_was_guessed_or_copied_is_worth_nothing_without_the_data() {
	run(|| {
		let (theirs, own) = (datanet(), datanet());
		// Bob sees Alice's root before it is in a block, is quicker, and curates himself.
		let thief = submit(&BOB, own, submission(5));
		let author = submit(&ALICE, theirs, submission(5));
		assert_noop!(accept(thief), Error::<Test>::NotShown);
		// He cannot show it, and is in nobody's way.
		let anothers = proof(thief, 6);
		assert_eq!(show_by(&BOB, thief, anothers), Err(Error::<Test>::PossessionNotShown.into()));
		assert_ok!(show(author, 5));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(author));
		assert_ok!(accept(author));
		// Not even with what she has shown: he has to show another leaf than she had to.
		pass(DrawDelay::get() + ShowPeriod::get() - 1);
		assert_noop!(lapse(thief), Error::<Test>::TooEarly);
		pass(1);
		let late = proof(thief, 5);
		assert_noop!(show_by(&BOB, thief, late), Error::<Test>::TooLate);
		assert_ok!(lapse(thief));
		System::assert_last_event(Event::ContributionLapsed { contribution: thief }.into());
		// He gets his bond back, and no claim.
		assert_eq!(held(HoldReason::Contribution, &BOB), 0);
		assert_eq!(Balances::balance(&BOB), ENDOWMENT);
		assert_eq!(Reservations::<Test>::iter_keys().count(), 0);
		assert_eq!(Draws::<Test>::iter_keys().count(), 0);
		assert_noop!(lapse(thief), Error::<Test>::UnknownContribution);
		assert_noop!(lapse(author), Error::<Test>::NotPending);
	});
}

#[test]
fn rolling_reservations_take_nothing_from_what_was_accepted() {
	run(|| {
		let (theirs, own) = (datanet(), datanet());
		let deposit = ReservationDeposit::get();
		let protocol = || Balances::balance(&PROTOCOL) - EXISTENTIAL_DEPOSIT;
		// Bob has a reservation at all times of what he guesses that Alice will bring.
		let mut commitment = reserve(&BOB, 5);
		for round in 1..=3 {
			pass(ReservationPeriod::get());
			commitment = reserve(&BOB, 5);
			assert_eq!(protocol(), round * deposit);
		}
		pass(ReservationPeriod::get() - DrawDelay::get());
		let author = bring(&ALICE, theirs, 5).unwrap();
		assert_ok!(accept(author));
		publish(theirs);

		// He has the older claim for some blocks more, and nothing to show for it.
		let thief = submit(&BOB, own, submission(5));
		assert_eq!(Reservations::<Test>::get(commitment).unwrap().used_by, Some(thief));
		let since = |id| Contributions::<Test>::get(id).unwrap().since;
		assert!(since(thief) < since(author));
		pass(DrawDelay::get() + ShowPeriod::get());
		assert_ok!(lapse(thief));
		System::assert_has_event(
			Event::ReservationRemoved { commitment, forfeited: deposit }.into(),
		);
		assert_eq!(protocol(), 4 * deposit);
		assert_eq!(Balances::balance(&BOB), ENDOWMENT - 4 * deposit);
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(author));
	});
}

#[test]
fn who_takes_the_root_of_an_accepted_one_over_slashes_nobody() {
	run(|| {
		let (theirs, own) = (datanet(), datanet());
		// Both have the data, and Bob has reserved it earlier.
		reserve(&BOB, 5);
		pass(1);
		let author = bring(&ALICE, theirs, 5).unwrap();
		assert_ok!(accept(author));
		let release = publish(theirs);
		pay(90, Permill::zero(), &[], &[fixed(theirs, release, 1)]).unwrap();
		let by = bring(&BOB, own, 5).unwrap();
		System::assert_has_event(Event::RootTakenOver { contribution: author, by }.into());
		assert_ok!(accept(by));

		// What is said of hers takes an accusation like any other, with a deposit.
		let reason = crate::AccusationReason::Duplicate(by);
		assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), author, reason));
		assert_eq!(held(HoldReason::Accusation, &CAROL), ContributionBond::get());
		let entry = Contributions::<Test>::get(author).unwrap();
		assert_eq!(entry.status, ContributionStatus::Accepted);
		assert_eq!(entry.bond, ContributionBond::get());
		pay(90, Permill::zero(), &[], &[fixed(theirs, release, 1)]).unwrap();
		let pending = DataAttribution::pending(&ALICE, 0, 9).payouts;
		assert_eq!(pending.iter().map(|payout| payout.amount).sum::<u128>(), 180);
	});
}

#[test]
fn the_deposit_of_a_reservation_comes_back_when_the_data_is_shown() {
	run(|| {
		let datanet = datanet();
		let commitment = reserve(&ALICE, 5);
		pass(ReservationPeriod::get() - 1);
		let id = submit(&ALICE, datanet, submission(5));
		// It stays for as long as there is something to show, and is of no use for another one.
		pass(DrawDelay::get());
		let remove = || DataAttribution::remove_reservation(signed(&DAVE), commitment);
		assert_noop!(remove(), Error::<Test>::ReservationInForce);
		assert_noop!(
			DataAttribution::reserve_root(signed(&DAVE), commitment),
			Error::<Test>::ReservationExists
		);
		let transfer = DataAttribution::transfer_contribution(signed(&ALICE), id, BOB);
		assert_noop!(transfer, Error::<Test>::NotShown);
		assert_ok!(show(id, 5));
		System::assert_has_event(Event::ReservationRemoved { commitment, forfeited: 0 }.into());
		assert_eq!(held(HoldReason::Reservation, &ALICE), 0);
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT);
		assert_eq!(Contributions::<Test>::get(id).unwrap().since, 1);
	});
}

#[test]
fn a_reservation_is_used_once() {
	run(|| {
		let datanet = datanet();
		reserve(&ALICE, 5);
		pass(1);
		let first = submit(&ALICE, datanet, submission(5));
		let second = submit(&ALICE, datanet, submission(5));
		let since = |id| Contributions::<Test>::get(id).unwrap().since;
		assert_eq!((since(first), since(second)), (1, 2));
		// Who withdraws it before it was shown has not used it.
		assert_ok!(DataAttribution::withdraw_contribution(signed(&ALICE), first));
		let deposit = ReservationDeposit::get();
		assert_eq!(Balances::balance(&PROTOCOL), EXISTENTIAL_DEPOSIT + deposit);
		assert_eq!(Draws::<Test>::iter_values().map(|draw| draw.waiting).sum::<u32>(), 1);
		assert_ok!(show(second, 5));
	});
}

#[test]
fn who_shows_first_has_it_of_those_who_came_in_one_block() {
	run(|| {
		let (one, other) = (datanet(), datanet());
		let early = submit(&ALICE, one, submission(5));
		let late = submit(&BOB, other, submission(5));
		assert_ok!(show(late, 5));
		assert_eq!(show(early, 5), Err(Error::<Test>::RootTaken.into()));
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(late));
	});
}

#[test]
fn what_has_no_format_owns_no_root_and_takes_none() {
	run(|| {
		let datanet = datanet();
		let unspecified = || Submission { format: FORMAT_UNSPECIFIED, ..submission(5) };
		let commitment = reserve(&BOB, 5);
		pass(1);
		let anything = submit(&BOB, datanet, unspecified());
		let entry = Contributions::<Test>::get(anything).unwrap();
		assert_eq!((entry.since, entry.possession), (2, Possession::Unprovable));
		assert_eq!(Reservations::<Test>::get(commitment).unwrap().used_by, None);
		assert_eq!(RootOwner::<Test>::get(root(5)), None);
		assert_noop!(
			show_by(
				&BOB,
				anything,
				RangeProof {
					bytes: Default::default(),
					salts: Default::default(),
					hashes: Default::default(),
				}
			),
			Error::<Test>::NothingToShow
		);
		// It is accepted as it is, or lapses, and Alice has her root all the same.
		let author = bring(&ALICE, datanet, 5).unwrap();
		assert_eq!(RootOwner::<Test>::get(root(5)), Some(author));
		assert_ok!(accept(anything));
		let undecided = submit(&BOB, datanet, unspecified());
		pass(PendingPeriod::get() - 1);
		assert_noop!(lapse(undecided), Error::<Test>::TooEarly);
		pass(1);
		assert_ok!(lapse(undecided));
		assert_eq!(Reservations::<Test>::iter_values().filter(|entry| entry.kept).count(), 0);
		assert_eq!(Datanets::<Test>::get(datanet).unwrap().contributions, 2);
	});
}
