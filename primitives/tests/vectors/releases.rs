//! Logs of datanets, and proofs that a contribution is in a release.

use crate::{expect, hex, scale};
use openledger_primitives::{
	release::{LogLeaf, ReleaseLog, ReleaseProof},
	Hash,
};
use serde_json::{json, Value};
use std::collections::BTreeMap;

type Nodes = BTreeMap<(u32, u32), Hash>;

/// The contribution that was accepted as the one with this number.
fn leaf(n: u64) -> LogLeaf {
	// Ids and blocks need not rise.
	LogLeaf { contribution: (7 * n) % 11, since: 1_000 * (n % 3), root: Hash::from_low_u64_be(n) }
}

fn log(count: u64) -> (ReleaseLog, Nodes) {
	let (mut log, mut nodes) = (ReleaseLog::default(), Nodes::new());
	for n in 0..count {
		log.append_visited(&leaf(n), |level, index, hash| {
			nodes.insert((level, index), *hash);
		})
		.unwrap();
	}
	(log, nodes)
}

fn prove(count: u64, place: u32) -> ReleaseProof {
	let (log, nodes) = log(count);
	ReleaseProof::new(&log, place, |level, index| nodes.get(&(level, index)).copied()).unwrap()
}

fn case(count: u64) -> Value {
	let (log, _) = log(count);
	let leaves: Vec<_> = (0..count)
		.map(|n| {
			let leaf = leaf(n);
			let proof = prove(count, n as u32);
			assert_eq!(proof.verify(&log.root(), &leaf), Ok(()));
			json!({
				"contribution": leaf.contribution,
				"since": leaf.since,
				"data_root": hex(leaf.root),
				"leaf": scale(&leaf),
				"hash": hex(leaf.hash()),
				"proof": scale(&proof),
			})
		})
		.collect();
	json!({
		"leaves": leaves,
		"peaks": log.peaks().iter().map(hex).collect::<Vec<_>>(),
		"root": hex(log.root()),
	})
}

/// A proof of the fifth contribution in a release of eleven, but for a change.
fn refusal(name: &str, change: impl Fn(&mut Hash, &mut LogLeaf, &mut ReleaseProof)) -> Value {
	let (mut root, mut leaf, mut proof) = (log(11).0.root(), leaf(4), prove(11, 4));
	change(&mut root, &mut leaf, &mut proof);
	assert!(proof.verify(&root, &leaf).is_err(), "{name}");
	json!({ "name": name, "root": hex(root), "leaf": scale(&leaf), "proof": scale(&proof) })
}

#[test]
fn releases() {
	let cases: Vec<_> = [0, 1, 2, 3, 4, 7, 8, 11].into_iter().map(case).collect();
	let refused = [
		refusal("the release before it was accepted", |root, _, _| *root = log(4).0.root()),
		refusal("another release", |root, _, _| *root = log(10).0.root()),
		refusal("no contributions", |root, _, _| *root = log(0).0.root()),
		refusal("another contribution", |_, leaf, _| leaf.contribution += 1),
		refusal("from an earlier block", |_, leaf, _| leaf.since -= 1),
		refusal("other data", |_, leaf, _| leaf.root = Hash::zero()),
		refusal("another place", |_, _, proof| proof.place = 5),
		refusal("a place in another tree", |_, _, proof| proof.place = 8),
		refusal("a place beyond the end", |_, _, proof| proof.place = 11),
		refusal("another count with as many peaks", |_, _, proof| proof.count = 13),
		refusal("another count", |_, _, proof| proof.count = 12),
		refusal("another peak", |_, _, proof| proof.peaks[1] = Hash::zero()),
		refusal("a peak less", |_, _, proof| {
			proof.peaks.pop();
		}),
		refusal("a hash more", |_, _, proof| proof.hashes.try_push(Hash::zero()).unwrap()),
		refusal("a hash less", |_, _, proof| {
			proof.hashes.pop();
		}),
		refusal("hashes in another order", |_, _, proof| proof.hashes[..].swap(0, 1)),
	];
	expect(
		"release.json",
		"logs of datanets, and proofs that a contribution is in a release",
		json!({ "cases": cases, "refused": refused }),
	);
}
