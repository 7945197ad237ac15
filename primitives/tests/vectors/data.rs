//! Trees over streams.

use crate::{expect, hex, pattern, scale};
use openledger_primitives::{
	data_tree::{leaf_hashes, root, DataRoot, DataSeed, DrawnLeaf, RangeProof},
	Hash,
};
use serde_json::{json, Value};

fn seed() -> DataSeed {
	DataSeed([0x5E; 32])
}

fn case(length: usize, private: bool, ranges: &[(u64, u32)]) -> Value {
	let (stream, seed) = (pattern(length), private.then(seed));
	let data = root(&stream, seed.as_ref()).unwrap();
	let hashes = leaf_hashes(&stream, seed.as_ref());
	let ranges: Vec<_> = ranges
		.iter()
		.map(|(offset, length)| {
			let proof = RangeProof::new(&stream, seed.as_ref(), &hashes, *offset, *length).unwrap();
			assert!(proof.verify(&data, *offset, *length).is_ok());
			json!({ "offset": offset, "length": length, "proof": scale(&proof) })
		})
		.collect();
	let draws = (0..3u8).map(|number| {
		let (draw, contribution) = (Hash::repeat_byte(number), u64::from(number) << 40 | 7);
		let DrawnLeaf { leaf, offset, length } = data.drawn(&draw, contribution).unwrap();
		json!({
			"draw": hex(draw),
			"contribution": contribution,
			"leaf": leaf,
			"offset": offset,
			"length": length,
		})
	});
	json!({
		"stream": hex(&stream),
		"seed": seed.map(|seed| hex(seed.0)),
		"leaves": hashes.iter().map(hex).collect::<Vec<_>>(),
		"root": hex(data.root),
		"ranges": ranges,
		"drawn": draws.collect::<Vec<_>>(),
	})
}

fn refusal(
	name: &str,
	change: impl Fn(&mut DataRoot, &mut u64, &mut u32, &mut RangeProof),
) -> Value {
	let stream = pattern(1_300);
	let mut data = root(&stream, None).unwrap();
	let (mut offset, mut length) = (300, 512);
	let mut proof =
		RangeProof::new(&stream, None, &leaf_hashes(&stream, None), offset, length).unwrap();
	change(&mut data, &mut offset, &mut length, &mut proof);
	assert!(proof.verify(&data, offset, length).is_err(), "{name}");
	json!({
		"name": name,
		"root": hex(data.root),
		"size": data.size,
		"private": data.private,
		"offset": offset,
		"length": length,
		"proof": scale(&proof),
	})
}

#[test]
fn data_trees() {
	let cases = [
		case(1, false, &[(0, 1)]),
		case(255, false, &[(0, 255)]),
		case(256, false, &[(0, 256), (255, 1)]),
		case(257, false, &[(0, 257), (256, 1), (255, 2)]),
		case(1_024, false, &[(0, 512), (255, 512), (512, 512)]),
		case(1_300, false, &[(300, 512), (788, 512), (1_299, 1)]),
		case(1_300, true, &[(300, 512), (0, 1), (1_280, 20)]),
	];
	let refused = [
		refusal("no bytes", |_, _, length, _| *length = 0),
		refusal("too many bytes", |_, offset, length, _| (*offset, *length) = (256, 513)),
		refusal("beyond the end", |_, offset, _, _| *offset = 789),
		refusal("an offset that wraps", |_, offset, _, _| *offset = u64::MAX),
		refusal("other leaves", |_, offset, _, _| *offset = 0),
		refusal("a size of nothing", |data, _, _, _| data.size = 0),
		refusal("a size with fewer leaves", |data, _, _, _| data.size = 1_024),
		refusal("a size with more leaves", |data, _, _, _| data.size = 2_100),
		refusal("a size that no stream has", |data, _, _, _| data.size = (1 << 36) + 1),
		refusal("leaves without salts for private data", |data, _, _, _| data.private = true),
		refusal("salts for public data", |_, _, _, proof| {
			proof.salts = vec![[0; 16]; 3].try_into().unwrap()
		}),
		refusal("another byte", |_, _, _, proof| proof.bytes[700] ^= 1),
		refusal("a byte less", |_, _, _, proof| {
			proof.bytes.pop();
		}),
		refusal("a hash less", |_, _, _, proof| {
			proof.hashes.pop();
		}),
		refusal("a hash more", |_, _, _, proof| proof.hashes.try_push(Default::default()).unwrap()),
		refusal("hashes in another order", |_, _, _, proof| proof.hashes[..].swap(0, 1)),
	];
	expect(
		"data-trees.json",
		"trees over streams, public and private, ranges of them, and which leaf is drawn",
		json!({ "cases": cases, "refused": refused }),
	);
}
