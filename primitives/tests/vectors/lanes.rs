//! Lists of lanes, and runs that are settled by their sums.

use crate::{expect, hex, scale};
use openledger_primitives::{
	lane_list::{
		acknowledged_root, Acknowledged, AggregateProof, LaneLeaf, LaneList, LaneSnapshot, Settled,
		Totals,
	},
	Hash,
};
use serde_json::{json, Value};
use std::collections::BTreeMap;

struct Kept {
	list: LaneList,
	leaves: Vec<LaneLeaf>,
	nodes: BTreeMap<(u32, u32), Hash>,
	calls: Vec<(u64, Hash, Totals)>,
}

/// Calls whose sequences have gaps; the fourth, where there is one, has entries.
fn kept(count: u32) -> Kept {
	let (mut list, mut leaves, mut nodes, mut calls) =
		(LaneList::default(), vec![], BTreeMap::new(), vec![]);
	for at in 0..u64::from(count) {
		let call = Totals {
			calls: 1,
			charge: u128::from(at + 1) << 64,
			input_tokens: 100 + at,
			cached_tokens: at,
			retrieved_tokens: 2 * at,
			output_tokens: 7,
			calls_with_entries: u32::from(at == 3),
		};
		let (sequence, statement) = (at + at / 2 + 1, Hash::from_low_u64_be(at));
		let leaf = list
			.append_visited(sequence, statement, &call, |level, index, hash| {
				nodes.insert((level, index), *hash);
			})
			.unwrap();
		leaves.push(leaf);
		calls.push((sequence, statement, call));
	}
	Kept { list, leaves, nodes, calls }
}

pub(crate) fn totals(totals: &Totals) -> Value {
	json!({
		"calls": totals.calls,
		"charge": totals.charge.to_string(),
		"input_tokens": totals.input_tokens,
		"cached_tokens": totals.cached_tokens,
		"retrieved_tokens": totals.retrieved_tokens,
		"output_tokens": totals.output_tokens,
		"calls_with_entries": totals.calls_with_entries,
	})
}

fn case(count: u32) -> Value {
	let Kept { list, leaves, nodes, calls } = kept(count);
	let snapshot =
		LaneSnapshot::new(&list, |level, index| nodes.get(&(level, index)).copied()).unwrap();
	assert_eq!(snapshot.restore(&list.root()), Ok(list.clone()));
	let calls: Vec<_> = calls
		.iter()
		.zip(&leaves)
		.map(|((sequence, statement, call), leaf)| {
			json!({
				"sequence": sequence,
				"statement": hex(statement),
				"call": totals(call),
				"leaf": scale(leaf),
				"hash": hex(leaf.hash()),
			})
		})
		.collect();
	json!({
		"calls": calls,
		"peaks": list.peaks().iter().map(hex).collect::<Vec<_>>(),
		"root": hex(list.root()),
		"snapshot": scale(&snapshot),
	})
}

fn lane_before(kept: &Kept, next: u32) -> Settled {
	let from = next.checked_sub(1).map(|from| kept.leaves[from as usize]);
	Settled {
		sequence: from.map_or(0, |from| from.sequence),
		charge: from.map_or(0, |from| from.totals.charge),
	}
}

fn run(
	name: &str,
	(count, next, to): (u32, u32, u32),
	change: impl Fn(&mut AggregateProof, &mut Settled, &mut Acknowledged),
) -> Value {
	let kept = kept(count);
	let mut proof = AggregateProof::new(
		count,
		kept.list.peaks(),
		(next, to),
		|at| kept.leaves.get(at as usize).copied(),
		|level, index| kept.nodes.get(&(level, index)).copied(),
	)
	.unwrap();
	let mut lane = lane_before(&kept, next);
	let mut voucher = Acknowledged {
		sequence: kept.list.last().unwrap().sequence + 1,
		charge: kept.list.totals().charge,
		root: acknowledged_root(count, kept.list.peaks()).unwrap(),
	};
	change(&mut proof, &mut lane, &mut voucher);
	json!({
		"name": name,
		"settled": { "sequence": lane.sequence, "charge": lane.charge.to_string() },
		"acknowledged": {
			"sequence": voucher.sequence,
			"charge": voucher.charge.to_string(),
			"root": hex(voucher.root),
		},
		"proof": scale(&proof),
		"pays": proof.verify(&lane, &voucher).ok().map(|run| totals(&run)),
	})
}

#[test]
fn lanes() {
	let cases: Vec<_> = [0, 1, 2, 3, 4, 7, 8, 11].into_iter().map(case).collect();
	let nothing = |_: &mut AggregateProof, _: &mut Settled, _: &mut Acknowledged| ();
	let runs = [
		run("the only call", (1, 0, 0), nothing),
		run("all before the one with entries", (11, 0, 2), nothing),
		run("the one with entries", (11, 3, 3), nothing),
		run("a run over the one with entries", (11, 2, 5), nothing),
		run("all after it", (11, 4, 10), nothing),
		run("one call", (11, 5, 5), nothing),
		run("over the peaks", (11, 7, 8), nothing),
		run("a sequence settled that no call of the list has", (11, 4, 10), |_, lane, _| {
			lane.sequence += 1;
			lane.charge -= 1;
		}),
		run("settled for more before", (11, 4, 10), |_, lane, _| lane.charge += 1),
		run("settled beyond the next", (11, 4, 10), |proof, lane, _| {
			lane.sequence = proof.next.sequence
		}),
		run("settled before the one before", (11, 4, 10), |_, lane, _| lane.sequence -= 1),
		run("a run of what is settled", (11, 0, 2), |_, lane, _| lane.sequence = 2),
		run("no leaf before, though there is one", (11, 4, 10), |proof, _, _| proof.from = None),
		run("a leaf before the first", (11, 0, 2), |proof, _, _| proof.from = Some(proof.next)),
		run("an end before the beginning", (11, 4, 10), |proof, _, _| proof.to = proof.from),
		run("one call twice", (11, 4, 10), |proof, _, _| proof.to = Some(proof.next)),
		run("beyond the voucher", (11, 4, 10), |proof, _, voucher| {
			voucher.sequence = proof.last().sequence
		}),
		run("another root", (11, 4, 10), |_, _, voucher| voucher.root = Hash::zero()),
		run("another count", (11, 4, 9), |proof, _, _| proof.count = 10),
		run("another peak", (11, 4, 10), |proof, _, _| proof.peaks[0] = Hash::zero()),
		run("a peak less", (11, 4, 10), |proof, _, _| {
			proof.peaks.pop();
		}),
		run("a hash more", (11, 4, 10), |proof, _, _| proof.hashes.try_push(Hash::zero()).unwrap()),
		run("a hash less", (11, 4, 10), |proof, _, _| {
			proof.hashes.pop();
		}),
		run("a planck more", (11, 4, 9), |proof, _, _| {
			proof.to.as_mut().unwrap().totals.charge += 1
		}),
		run("a token less", (11, 4, 9), |proof, _, _| {
			proof.to.as_mut().unwrap().totals.output_tokens -= 1
		}),
		run("another statement", (11, 4, 9), |proof, _, _| proof.next.statement = Hash::zero()),
	];
	let paid = runs.iter().filter(|run| !run["pays"].is_null()).count();
	assert_eq!(paid, 6);
	expect(
		"lanes.json",
		"lists of a lane's calls, and runs that are settled by their sums",
		json!({ "cases": cases, "runs": runs }),
	);
}
