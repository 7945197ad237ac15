//! Models that descend from others.

use super::*;
use openledger_primitives::MAX_LINEAGE;

const NAMES: [&str; 6] = ["m0", "m1", "m2", "m3", "m4", "m5"];

fn derive(owner: AccountId, name: &'static str, parent: ModelId) -> ModelId {
	Registration { owner, name, parent: Some((parent, 10)), ..Default::default() }.id()
}

fn purge(model: ModelId) {
	assert_ok!(ModelRegistry::purge_model(developer(), model, 9));
}

fn lineage(model: ModelId) -> Vec<(ModelId, AccountId)> {
	let terms = last_terms(model, 0, 0).unwrap();
	terms.lineage.into_iter().map(|above| (above.model, above.payee)).collect()
}

#[test]
fn is_told_nearest_first() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let middle = derive(OTHER, "middle", root);
		System::assert_last_event(
			Event::ModelDerived { model: middle, parent: root, royalty: Permill::from_percent(10) }
				.into(),
		);
		let leaf = Registration { parent: Some((middle, 100)), ..Default::default() }.id();
		assert_eq!(lineage(leaf), vec![(middle, OTHER), (root, DEVELOPER)]);
		let terms = last_terms(leaf, 0, 0).unwrap();
		assert_eq!(terms.lineage[0].royalty, Permill::one());
		assert_eq!(terms.lineage[1].royalty, Permill::from_percent(10));
		assert_eq!(lineage(root), vec![]);
		assert_eq!(Models::<Test>::get(root).unwrap().children, 1);
	});
}

#[test]
fn has_four_levels_at_most() {
	run(|| {
		let mut id = Registration { name: NAMES[0], ..Default::default() }.id();
		for name in &NAMES[1..5] {
			id = derive(DEVELOPER, name, id);
		}
		assert_eq!(lineage(id).len(), MAX_LINEAGE as usize);
		let next = Registration { parent: Some((id, 1)), ..Default::default() };
		assert_noop!(next.send(), Error::<Test>::LineageTooDeep);
	});
}

#[test]
fn needs_a_parent_that_is_there() {
	run(|| {
		let orphan = Registration { parent: Some((0, 1)), ..Default::default() };
		assert_noop!(orphan.clone().send(), Error::<Test>::UnknownParent);
		let id = Registration { name: "parent", ..Default::default() }.id();
		retire(id);
		assert_noop!(orphan.clone().send(), Error::<Test>::ParentRetired);
		pass(20);
		purge(id);
		assert_noop!(orphan.send(), Error::<Test>::UnknownParent);
	});
}

#[test]
fn stops_when_a_parent_has_all_the_children_there_can_be() {
	new_test_ext().execute_with(|| {
		let id = Registration { name: "parent", ..Default::default() }.id();
		Models::<Test>::mutate(id, |model| model.as_mut().unwrap().children = u32::MAX);
		let child = Registration { parent: Some((id, 1)), ..Default::default() };
		assert_noop!(child.send(), Error::<Test>::OutOfIds);
	});
}

#[test]
fn checks_what_every_registration_needs() {
	run(|| {
		let id = registered();
		let same_name = Registration { parent: Some((id, 1)), ..Default::default() };
		assert_noop!(same_name.send(), Error::<Test>::NameTaken);
		let poor =
			Registration { owner: POOR, name: "poor", parent: Some((id, 1)), ..Default::default() };
		assert_noop!(poor.send(), TokenError::FundsUnavailable);
		assert_eq!(Models::<Test>::get(id).unwrap().children, 0);
	});
}

#[test]
fn a_purged_parent_is_still_paid() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(OTHER, "child", root);
		let childs_deposit = held(&OTHER);
		retire(root);
		pass(20);
		purge(root);
		// Its owner has everything back but for the name; the child pays for what is left.
		assert_eq!(held(&DEVELOPER), resting(&DEVELOPER));
		assert_eq!(held(&OTHER), childs_deposit);
		assert!(!ModelRegistry::exists(root));
		assert_eq!(Tombstones::<Test>::get(root).unwrap().children, 1);
		assert_eq!(lineage(child), vec![(root, DEVELOPER)]);
	});
}

#[test]
fn each_level_above_is_paid_for() {
	run(|| {
		let root = Registration { name: "m0", ..Default::default() }.id();
		let one = derive(DEVELOPER, "m1", root);
		let two = derive(DEVELOPER, "m2", one);
		let bytes = |id| Models::<Test>::get(id).unwrap().deposit.bytes as usize;
		let tombstone = crate::TombstoneOf::<Test>::max_encoded_len();
		assert_eq!(bytes(one), bytes(root) + tombstone);
		assert_eq!(bytes(two), bytes(root) + 2 * tombstone);
	});
}

#[test]
fn the_last_of_a_line_clears_up() {
	run(|| {
		let mut ids = vec![Registration { name: NAMES[0], ..Default::default() }.id()];
		for name in &NAMES[1..5] {
			ids.push(derive(DEVELOPER, name, *ids.last().unwrap()));
		}
		let second = derive(OTHER, NAMES[5], ids[1]);
		for id in &ids {
			retire(*id);
		}
		pass(20);
		for id in &ids[..4] {
			purge(*id);
			ModelRegistry::do_try_state().unwrap();
		}
		assert_eq!(Tombstones::<Test>::iter().count(), 4);
		assert_eq!(lineage(second), vec![(ids[1], DEVELOPER), (ids[0], DEVELOPER)]);
		purge(ids[4]);
		// What the other branch descends from stays.
		assert_eq!(Tombstones::<Test>::iter_keys().count(), 2);
		assert_eq!(Tombstones::<Test>::get(ids[1]).unwrap().children, 1);
		assert_eq!(lineage(second).len(), 2);

		assert_ok!(ModelRegistry::retire_model(other(), second));
		pass(20);
		assert_ok!(ModelRegistry::purge_model(other(), second, 0));
		assert_eq!(Tombstones::<Test>::iter_keys().count(), 0);
		let owners = [DEVELOPER, OTHER];
		assert!(owners.iter().all(|owner| held(owner) == resting(owner)));
	});
}

#[test]
fn royalties_go_to_the_parents_payee() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(OTHER, "child", root);
		assert_ok!(ModelRegistry::set_payee(developer(), root, Some(PAYEE)));
		assert_eq!(lineage(child), vec![(root, PAYEE)]);
		// Also of a parent that is retired, and gone.
		retire(root);
		assert_ok!(ModelRegistry::set_payee(developer(), root, Some(POOR)));
		assert_eq!(lineage(child), vec![(root, POOR)]);
		let parties = Models::<Test>::get(root).unwrap().parties;
		pass(20);
		purge(root);
		assert_eq!(lineage(child), vec![(root, POOR)]);
		assert_eq!(Tombstones::<Test>::get(root).unwrap().parties, parties);
	});
}

#[test]
fn follows_a_parent_to_its_new_owner() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(DEVELOPER, "child", root);
		// Even if it is retired.
		retire(root);
		assert_ok!(ModelRegistry::offer_model(developer(), root, OTHER));
		assert_ok!(ModelRegistry::accept_model(other(), root, Balance::MAX));
		assert_eq!(lineage(child), vec![(root, OTHER)]);
		pass(20);
		assert_ok!(ModelRegistry::purge_model(other(), root, 0));
		assert_eq!(lineage(child), vec![(root, OTHER)]);
	});
}
