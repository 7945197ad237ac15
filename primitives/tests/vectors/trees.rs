//! The tree itself.

use crate::{expect, hex};
use openledger_primitives::{tree, Hash};
use serde_json::{json, Value};

fn leaves(count: u32) -> Vec<Hash> {
	(0..count).map(|n| sp_io::hashing::blake2_256(&n.to_le_bytes()).into()).collect()
}

fn list(hashes: &[Hash]) -> Vec<String> {
	hashes.iter().map(hex).collect()
}

/// Some sets of leaves, as far as there are so many.
fn sets(count: u32) -> Vec<Vec<u32>> {
	let all = [vec![0], vec![1], vec![0, 1], vec![1, 2], vec![2, 3, 4], vec![0, 4], vec![1, 6, 12]];
	let last = count.checked_sub(1).map(|last| vec![last]);
	all.into_iter().chain(last).filter(|set| set.iter().all(|index| *index < count)).collect()
}

fn case(count: u32) -> Value {
	let leaves = leaves(count);
	let mut tree = tree::TreeBuilder::default();
	for leaf in &leaves {
		tree.push(*leaf).unwrap();
	}
	let proofs: Vec<_> = sets(count)
		.into_iter()
		.map(|indices| json!({ "hashes": list(&tree::prove(&leaves, &indices).unwrap()), "indices": indices }))
		.collect();
	json!({
		"leaves": list(&leaves),
		"peaks": list(tree.peaks()),
		"root": hex(tree.root()),
		"proofs": proofs,
	})
}

fn refusal(name: &str, count: u32, indices: &[u32], hashes: Vec<Hash>) -> Value {
	let leaves = leaves(8);
	let opened: Vec<_> = indices.iter().map(|at| (*at, leaves[*at as usize % 8])).collect();
	assert_ne!(tree::root_from(count, &opened, &hashes), tree::root(&leaves), "{name}");
	json!({
		"name": name,
		"root": hex(tree::root(&leaves).unwrap()),
		"count": count,
		"opened": opened.iter().map(|(at, leaf)| json!([at, hex(leaf)])).collect::<Vec<_>>(),
		"hashes": list(&hashes),
	})
}

#[test]
fn trees() {
	let proof = |indices: &[u32]| tree::prove(&leaves(8), indices).unwrap();
	let with = |mut hashes: Vec<Hash>, more: Hash| {
		hashes.push(more);
		hashes
	};
	let refused = [
		refusal("one hash too many", 8, &[3], with(proof(&[3]), Hash::zero())),
		refusal("one hash too few", 8, &[3], proof(&[3])[..2].to_vec()),
		refusal("another place", 8, &[2], proof(&[3])),
		refusal("a count of another shape", 4, &[3], proof(&[3])),
		refusal("a place beyond the count", 8, &[8], proof(&[0])),
		refusal("no leaves", 8, &[], vec![]),
		refusal("leaves that do not rise", 8, &[3, 2], proof(&[2, 3])),
		refusal("a leaf twice", 8, &[3, 3], proof(&[3])),
		refusal("no tree", 0, &[0], vec![]),
	];
	let cases: Vec<_> = [0, 1, 2, 3, 4, 5, 7, 8, 13, 16].into_iter().map(case).collect();
	expect(
		"trees.json",
		"roots and proofs over the hashes of 32-bit numbers",
		json!({ "cases": cases, "refused": refused }),
	);
}
