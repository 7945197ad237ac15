//! Proofs and trees. Each proof is checked against the root that its bytes name, and against the one that it leads to:
//! without the second, a fuzzer would have to find a hash to come any further.

use super::{fits, read, Input};
use openledger_primitives::{
	data_tree::{self, DataRoot, DataSeed, RangeProof, LEAF_BYTES, MAX_RANGE},
	lane::Voucher,
	lane_list::{
		acknowledged_root, Acknowledged, AggregateProof, LaneList, LaneSnapshot, LookupProof,
		Settled, Totals,
	},
	mountain,
	release::{release_root, LogLeaf, ReleaseLog, ReleaseProof},
	stream, tree, Balance, Hash, Sequence,
};

/// Checks a run against what its lane has settled and its voucher acknowledges.
pub(super) fn check_run(proof: &AggregateProof, lane: &Settled, voucher: &Acknowledged) {
	fits(proof);
	let _ = proof.verify(lane, voucher);
	let Some(root) = acknowledged_root(proof.count, &proof.peaks) else { return };
	let Ok(totals) = proof.verify(lane, &Acknowledged { root, ..*voucher }) else { return };
	assert!(totals.calls > 0 && totals.calls_with_entries == 0);
	assert!(lane.charge.checked_add(totals.charge).is_some_and(|sum| sum <= voucher.charge));
	assert!(lane.sequence < proof.last().sequence && proof.last().sequence < voucher.sequence);
}

pub(super) fn run(input: &mut Input) -> Option<()> {
	let (proof, (sequence, charge), voucher) =
		read::<(AggregateProof, (Sequence, Balance), Voucher)>(input)?;
	let acknowledged = voucher.acknowledges();
	check_run(&proof, &Settled { sequence, charge }, &acknowledged);
	// A voucher that acknowledges all that can be.
	let all = Acknowledged { sequence: Sequence::MAX, charge: Balance::MAX, ..acknowledged };
	check_run(&proof, &Settled::default(), &all);
	Some(())
}

pub(super) fn lookup(input: &mut Input) -> Option<()> {
	let (proof, sequence, root) = read::<(LookupProof, Sequence, Hash)>(input)?;
	fits(&proof);
	let _ = proof.verify(sequence, &root);
	let root = acknowledged_root(proof.count, &proof.peaks)?;
	if let Ok(Some(leaf)) = proof.verify(sequence, &root) {
		assert_eq!(leaf.sequence, sequence);
	}
	Some(())
}

fn one_call() -> Totals {
	Totals { calls: 1, charge: 1, ..Totals::default() }
}

/// Adds a call, which changes a list or fails.
fn append(list: &mut LaneList) {
	let before = list.clone();
	let sequence = list.last().map_or(0, |last| last.sequence).saturating_add(1);
	match list.append(sequence, Hash::zero(), &one_call()) {
		Ok(leaf) => {
			assert_eq!((list.count(), list.last()), (before.count() + 1, Some(&leaf)));
			assert_ne!(list.root(), before.root());
		}
		Err(_) => assert_eq!(*list, before),
	}
}

pub(super) fn snapshot(input: &mut Input) -> Option<()> {
	let (snapshot, root) = read::<(LaneSnapshot, Hash)>(input)?;
	fits(&snapshot);
	let _ = snapshot.restore(&root);
	let count = snapshot.last.map_or(0, |last| last.totals.calls);
	let root = acknowledged_root(count, &snapshot.peaks)?;
	let mut list = snapshot.restore(&root).ok()?;
	assert_eq!(list.root(), root);
	append(&mut list);
	Some(())
}

pub(super) fn list(input: &mut Input) -> Option<()> {
	let mut list = read::<LaneList>(input)?;
	assert_eq!(acknowledged_root(list.count(), list.peaks()), Some(list.root()));
	append(&mut list);
	Some(())
}

pub(super) fn release(input: &mut Input) -> Option<()> {
	let (proof, leaf, root) = read::<(ReleaseProof, LogLeaf, Hash)>(input)?;
	fits(&proof);
	let _ = proof.verify(&root, &leaf);
	let root = release_root(proof.count, &proof.peaks)?;
	let _ = proof.verify(&root, &leaf);
	Some(())
}

pub(super) fn release_log(input: &mut Input) -> Option<()> {
	let (mut log, leaf) = read::<(ReleaseLog, LogLeaf)>(input)?;
	fits(&log);
	let before = log.clone();
	match log.append(&leaf) {
		Ok(place) => assert_eq!((place, log.count()), (before.count(), before.count() + 1)),
		Err(_) => assert_eq!(log, before),
	}
	let _ = log.root();
	Some(())
}

/// Root that a proof leads to.
fn root_behind(proof: &RangeProof, data: &DataRoot, offset: u64, length: u32) -> Option<Hash> {
	let shown = data.leaves_of(offset, length).ok()?;
	let mut salts = proof.salts.iter();
	let opened = (shown.first..shown.after)
		.zip(proof.bytes.chunks(usize::try_from(LEAF_BYTES).ok()?))
		.map(|(index, bytes)| (index, data_tree::leaf(bytes, salts.next())))
		.collect::<Vec<_>>();
	tree::root_from(shown.count, &opened, &proof.hashes)
}

pub(super) fn range(input: &mut Input) -> Option<()> {
	let (proof, data, offset, length) = read::<(RangeProof, DataRoot, u64, u32)>(input)?;
	fits(&proof);
	let _ = (proof.verify(&data, offset, length), data.drawn(&data.root, offset));
	let root = root_behind(&proof, &data, offset, length)?;
	if let Ok(bytes) = proof.verify(&DataRoot { root, ..data }, offset, length) {
		assert_eq!(u32::try_from(bytes.len()), Ok(length));
	}
	Some(())
}

/// A range of a stream that is made of the bytes, shown and checked.
pub(super) fn shown_range(input: &mut Input) -> Option<()> {
	let (private, offset, length) = read::<(u8, u16, u16)>(input)?;
	let documents = input.split(|byte| *byte == 0 || *byte == u8::MAX);
	let stream = stream::canonical(documents).ok()?;
	let seed = (private % 2 == 1).then_some(DataSeed([private; 32]));
	let data = data_tree::root(&stream, seed.as_ref()).ok()?;
	let size = u64::try_from(stream.len()).ok()?;
	let offset = u64::from(offset) % size;
	let most = (size - offset).min(MAX_RANGE.into());
	let length = u32::try_from(1 + u64::from(length) % most).ok()?;

	let hashes = data_tree::leaf_hashes(&stream, seed.as_ref());
	let proof = RangeProof::new(&stream, seed.as_ref(), &hashes, offset, length);
	let proof = proof.expect("what is there can be shown");
	let begin = usize::try_from(offset).ok()?;
	let shown = &stream[begin..begin + usize::try_from(length).ok()?];
	assert_eq!(proof.verify(&data, offset, length), Ok(shown));
	assert_eq!(root_behind(&proof, &data, offset, length), Some(data.root));
	Some(())
}

pub(super) fn tree(input: &mut Input) -> Option<()> {
	let (count, opened, hashes) = read::<(u32, Vec<(u32, Hash)>, Vec<Hash>)>(input)?;
	let root = tree::root_from(count, &opened, &hashes);
	let indices = opened.iter().map(|(index, _)| *index).collect::<Vec<_>>();
	let needed = tree::needed(count, &indices);
	// As many hashes as are needed lead to a root, and no other number does.
	assert_eq!(root.is_some(), needed.is_some_and(|needed| needed.len() == hashes.len()));
	Some(())
}

pub(super) fn range_of_mountains(input: &mut Input) -> Option<()> {
	let (count, peaks, leaves, hashes) =
		read::<(u32, Vec<Hash>, Vec<(u32, Hash)>, Vec<Hash>)>(input)?;
	let holds = mountain::holds(count, &peaks, &leaves, &hashes);
	let indices = leaves.iter().map(|(index, _)| *index).collect::<Vec<_>>();
	let needed = mountain::needed(count, &indices);
	assert!(!holds || needed.is_some_and(|needed| needed.len() == hashes.len()));
	let root = mountain::root(b"fuzz", count, &peaks);
	assert_eq!(root.is_some(), u32::try_from(peaks.len()) == Ok(count.count_ones()));
	Some(())
}
