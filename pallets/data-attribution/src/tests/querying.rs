//! Answers to nodes and wallets.

use crate::{mock::*, AccusationReason, Releases};
use frame_support::assert_ok;
use openledger_primitives::{
	info::{ContributionInfo, ContributionState, DatanetInfo, ReleaseInfo, Scheduled},
	Hash,
};
use sp_runtime::Permill;

#[test]
fn datanets_and_releases() {
	run(|| {
		assert_eq!(DataAttribution::datanet_info(0), None);
		assert!(DataAttribution::datanets(0, 9).is_empty());
		let first = datanet_with(false, 20);
		let second = datanet();
		accepted(&CURATOR, first, 3);
		publish(first);
		accepted(&CURATOR, first, 4);
		publish(first);
		assert_ok!(DataAttribution::offer_curator(signed(&CURATOR), first, ALICE));
		pay(103, Permill::zero(), &[], &[fixed(first, 1, 1)]).unwrap();
		let info = DatanetInfo {
			id: first,
			name: "med/0".into(),
			curator: CURATOR,
			offered_to: Some(ALICE),
			curator_share: Permill::from_percent(20),
			open: false,
			latest_release: 2,
			current_release: Some(1),
			next_release: Some(Scheduled { from: 1 + ReleaseNotice::get(), value: 2 }),
			next_total_weight: 7,
			next_contributions: 2,
		};
		assert_eq!(DataAttribution::datanet_info(first), Some(info.clone()));
		assert_eq!(DataAttribution::datanet_by_name(b"med/0"), Some(first));
		assert_eq!(DataAttribution::datanet_by_name(b"med/9"), None);
		assert_eq!(DataAttribution::datanet_by_name(&[b'a'; 65]), None);
		let ids = |from, limit| {
			let page = DataAttribution::datanets(from, limit);
			page.into_iter().map(|info| info.id).collect::<Vec<_>>()
		};
		assert_eq!(ids(0, 9), vec![first, second]);
		assert_eq!(ids(0, 1), vec![first]);
		assert_eq!(ids(0, 0), vec![first]);
		assert_eq!(ids(1, 9), vec![second]);
		assert!(ids(2, 9).is_empty());

		let release = ReleaseInfo {
			datanet: first,
			release: 1,
			total_weight: 3,
			contributions: 1,
			root: Releases::<Test>::get(first, 1).unwrap().root,
			curator_share: Permill::from_percent(20),
			per_weight: 27,
			carry: 1,
			received: 82,
		};
		assert_eq!(DataAttribution::releases(first, 0, 1), vec![release]);
		assert_eq!(DataAttribution::releases(first, 2, 9).len(), 1);
		assert!(DataAttribution::releases(first, 3, 9).is_empty());
		assert!(DataAttribution::releases(9, 0, 9).is_empty());
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 21);
		assert_eq!(DataAttribution::pending_curator(&ALICE), 0);
	});
}

#[test]
fn which_release_is_paid_and_which_follows() {
	run(|| {
		let datanet = datanet();
		let told = || {
			let info = DataAttribution::datanet_info(datanet).unwrap();
			(info.current_release, info.next_release.map(|next| (next.value, next.from)))
		};
		assert_eq!(told(), (None, None));
		accepted(&ALICE, datanet, 1);
		publish(datanet);
		assert_eq!(told(), (Some(1), None));
		let notice = ReleaseNotice::get();
		accepted(&ALICE, datanet, 1);
		publish(datanet);
		assert_eq!(told(), (Some(1), Some((2, 1 + notice))));
		pass(notice - 1);
		// Another one takes the announced one's place, with a notice of its own.
		accepted(&ALICE, datanet, 1);
		publish(datanet);
		assert_eq!(told(), (Some(1), Some((3, 2 * notice))));
		pass(notice - 1);
		assert_eq!(told(), (Some(1), Some((3, 2 * notice))));
		// It is told in its block, though nothing was written then.
		pass(1);
		assert_eq!(told(), (Some(3), None));
	});
}

#[test]
fn contributions() {
	run(|| {
		assert_eq!(DataAttribution::contribution_info(0), None);
		let datanet = datanet();
		let id = submitted(&ALICE, datanet);
		let info = ContributionInfo {
			id,
			datanet,
			contributor: ALICE,
			beneficiary: ALICE,
			root: root(id),
			size: 1_000,
			uri: "ipfs://data".into(),
			format: 1,
			licence: Hash::repeat_byte(0x11),
			since: 1,
			shown_at: Some(1),
			drawn: None,
			withheld: false,
			slashed_at: None,
			state: ContributionState::Pending,
			next_weight: 0,
			bond: ContributionBond::get(),
		};
		assert_eq!(DataAttribution::contribution_info(id), Some(info));
		let state = || {
			let info = DataAttribution::contribution_info(id).unwrap();
			(info.state, info.next_weight, info.beneficiary)
		};
		assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), id, 5));
		assert_ok!(DataAttribution::set_beneficiary(signed(&ALICE), id, Some(BOB)));
		assert_eq!(state(), (ContributionState::Accepted, 5, BOB));
		let reason = AccusationReason::Fraud;
		assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), id, reason));
		assert_eq!(state(), (ContributionState::Accused, 5, BOB));
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), id));
		assert_ok!(DataAttribution::drop_accusation(signed(&CAROL), id, CAROL));
		assert_eq!(state(), (ContributionState::Stopped, 0, BOB));
		assert_ok!(DataAttribution::accuse_contribution(signed(&CAROL), id, reason));
		pass(3);
		assert_ok!(DataAttribution::resolve_accusation(RuntimeOrigin::root(), id, None, true));
		assert_eq!(state(), (ContributionState::Slashed, 0, BOB));
		let info = DataAttribution::contribution_info(id).unwrap();
		assert_eq!((info.since, info.slashed_at), (1, Some(4)));

		assert_ok!(DataAttribution::drop_accusation(signed(&DAVE), id, CAROL));
		let other = submitted(&ALICE, datanet);
		submitted(&BOB, datanet);
		let ids = |from, limit| {
			let page = DataAttribution::contributions(&ALICE, from, limit);
			page.into_iter().map(|info| info.id).collect::<Vec<_>>()
		};
		assert_eq!(ids(0, 9), vec![id, other]);
		assert_eq!(ids(0, 0), vec![id]);
		assert_eq!(ids(1, 9), vec![other]);
	});
}
