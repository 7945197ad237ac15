//! Data trees: exactly the bytes that are there are proven, in one form only.

use super::*;
use proptest::{collection::vec, prelude::*};

fn stream(length: usize) -> Vec<u8> {
	(0..length).map(|at| u8::try_from(at.wrapping_mul(31) % 251).unwrap()).collect()
}

fn seed() -> DataSeed {
	DataSeed([7; 32])
}

#[test]
fn a_stream_has_a_size() {
	assert_eq!(root(b"", None), Err(DataError::Size));
	assert_eq!(root(b"a", None).unwrap().leaves(), Some(1));
	assert_eq!(root(&stream(256), None).unwrap().leaves(), Some(1));
	assert_eq!(root(&stream(257), None).unwrap().leaves(), Some(2));
	let data = |size| DataRoot { root: Hash::zero(), size, private: false };
	assert_eq!(data(MAX_STREAM).leaves(), Some(1 << 28));
	assert_eq!(data(MAX_STREAM + 1).leaves(), None);
	assert_eq!(data(MAX_STREAM + 1).leaves_of(0, 1), Err(DataError::Size));
	assert_eq!(data(0).leaves_of(0, 1), Err(DataError::Size));
}

#[test]
fn too_much_is_counted_and_refused() {
	let mut builder = DataRootBuilder::new(None);
	builder.size = MAX_STREAM;
	builder.push(b"a");
	assert!(builder.leaf.is_empty());
	assert_eq!(builder.finish(), Err(DataError::Size));
}

#[test]
fn ranges_lie_inside() {
	let data = root(&stream(1_000), None).unwrap();
	let refused = [(0, 0), (0, 513), (1_000, 1), (999, 2), (u64::MAX, 1), (u64::MAX - 511, 512)];
	for (offset, length) in refused {
		assert_eq!(data.leaves_of(offset, length), Err(DataError::Range), "{offset} {length}");
	}
	let shown = |first, after, bytes, before| ShownLeaves { count: 4, first, after, bytes, before };
	assert_eq!(data.leaves_of(255, 512), Ok(shown(0, 3, 768, 255)));
	assert_eq!(data.leaves_of(256, 512), Ok(shown(1, 3, 512, 0)));
	assert_eq!(data.leaves_of(999, 1), Ok(shown(3, 4, 232, 231)));
}

#[test]
fn a_seed_is_not_printed() {
	assert!(!format!("{:?}", seed()).contains('7'));
}

/// The hashes that a range takes: in a stream of 1 GB, and in the largest.
#[test]
fn proofs_are_as_short_as_the_bounds_say() {
	let hashes = |count, first, leaves| {
		let indices: Vec<_> = (first..first + leaves).collect();
		tree::needed(count, &indices).unwrap().len()
	};
	// 2^30 bytes are 2^22 leaves; the middle is the worst place.
	let (gigabyte, middle) = (1 << 22, 1 << 21);
	assert_eq!(hashes(gigabyte, 5, 1), 22);
	assert_eq!(hashes(gigabyte, middle - 1, 2), 42);
	assert_eq!(hashes(gigabyte, middle - 2, 3), 41);
	let few = (0..1 << 12).filter(|first| hashes(gigabyte, *first, 3) <= 26).count();
	assert!(few >= (1 << 12) - (1 << 7), "{few}");
	let largest = u32::try_from(MAX_STREAM / u64::from(LEAF_BYTES)).unwrap();
	assert_eq!(hashes(largest, largest / 2 - 1, 2), usize::try_from(MAX_RANGE_HASHES).unwrap());
}

#[test]
fn salts_hide_equal_leaves() {
	let zeros = vec![0; 512];
	let (public, private) = (leaf_hashes(&zeros, None), leaf_hashes(&zeros, Some(&seed())));

	assert_eq!(public[0], public[1]);
	assert_ne!(private[0], private[1]);
	assert!(public.iter().all(|leaf| !private.contains(leaf)));
}

#[test]
fn what_is_drawn_depends_on_the_draw_and_the_contribution() {
	let data = root(&stream(40_000), None).unwrap();
	let drawn =
		|seed: u8, contribution| data.drawn(&Hash::repeat_byte(seed), contribution).unwrap();

	assert_eq!(drawn(1, 5), drawn(1, 5));
	let leaves: std::collections::BTreeSet<_> =
		(0..100).map(|number| drawn(number % 10, (number / 10).into()).leaf).collect();
	assert!(leaves.len() > 50, "{leaves:?}");
	assert_eq!(DataRoot { size: 0, ..data }.drawn(&Hash::zero(), 0), None);
	assert_eq!(DataRoot { size: MAX_STREAM + 1, ..data }.drawn(&Hash::zero(), 0), None);
}

#[test]
fn nobody_shows_the_last_leaf_of_a_stream_that_they_call_shorter() {
	let stream = stream(1_200);
	let data = root(&stream, None).unwrap();
	let hashes = leaf_hashes(&stream, None);
	let last = RangeProof::new(&stream, None, &hashes, 1_024, 176).unwrap();
	// The last of five leaves is as well the second of two under the same root.
	let shorter = DataRoot { size: 256 + 176, ..data };
	assert_eq!(last.verify(&shorter, 256, 176), Ok(&stream[1_024..]));

	for number in 0..20 {
		let DrawnLeaf { offset, length, .. } =
			shorter.drawn(&Hash::repeat_byte(number), number.into()).unwrap();
		assert!(last.verify(&shorter, offset, length).is_err());
	}
}

#[test]
fn leaves_that_are_drawn_have_a_place_that_no_much_shorter_stream_has() {
	let data = |leaves: u64| DataRoot { root: Hash::zero(), size: 256 * leaves, private: false };
	let drawable = |leaves| data(leaves).drawable();
	assert_eq!([1, 2, 3, 4, 5, 8, 9].map(drawable), [1, 1, 2, 2, 4, 4, 8].map(Some));
	assert_eq!(drawable(1 << 28), Some(1 << 27));
	let beside = |leaves: u64, leaf: u32| {
		tree::needed(u32::try_from(leaves).unwrap(), &[leaf]).unwrap().len()
	};
	for leaves in 2u64..70 {
		let depth = leaves.next_power_of_two().trailing_zeros() as usize;
		for leaf in 0..drawable(leaves).unwrap() {
			assert_eq!(beside(leaves, leaf), depth, "{leaf} of {leaves}");
		}
	}
}

proptest! {
	#[test]
	fn exactly_what_is_there_is_proven(
		length in 1usize..3_000,
		at in any::<prop::sample::Index>(),
		range in 1u32..=512,
		private: bool,
		change in any::<prop::sample::Index>(),
	) {
		let stream = stream(length);
		let seed = private.then(seed);
		let data = root(&stream, seed.as_ref()).unwrap();
		let hashes = leaf_hashes(&stream, seed.as_ref());
		let offset = at.index(length);
		let range = range.min(u32::try_from(length - offset).unwrap());
		let place = u64::try_from(offset).unwrap();
		let bytes = &stream[offset..offset + usize::try_from(range).unwrap()];

		let mut proof = RangeProof::new(&stream, seed.as_ref(), &hashes, place, range).unwrap();

		prop_assert_eq!(proof.verify(&data, place, range), Ok(bytes));
		prop_assert!(proof.encoded_size() <= RangeProof::max_encoded_len());
		prop_assert_eq!(&RangeProof::decode(&mut proof.encode().as_slice()), &Ok(proof.clone()));
		// Another stream, or the other kind of leaves.
		let other = DataRoot { root: Hash::repeat_byte(1), ..data };
		prop_assert_eq!(proof.verify(&other, place, range), Err(DataError::Root));
		let other = DataRoot { private: !private, ..data };
		prop_assert_eq!(proof.verify(&other, place, range), Err(DataError::Salts));
		// A size that lies shows nothing that is not there.
		for size in [data.size + 256, data.size + 1, data.size.saturating_sub(256), data.size - 1] {
			let lie = proof.verify(&DataRoot { size, ..data }, place, range);
			if let Ok(shown) = lie {
				prop_assert_eq!(shown, bytes, "{}", size);
			}
		}
		// Another byte, salt, hash; one more and one less.
		let changed = change.index(proof.bytes.len());
		proof.bytes[changed] ^= 1;
		prop_assert_eq!(proof.verify(&data, place, range), Err(DataError::Root));
		proof.bytes[changed] ^= 1;
		if private {
			proof.salts[0][15] ^= 1;
			prop_assert_eq!(proof.verify(&data, place, range), Err(DataError::Root));
			proof.salts[0][15] ^= 1;
		}
		if let Some(hash) = proof.hashes.pop() {
			prop_assert_eq!(proof.verify(&data, place, range), Err(DataError::Root));
			proof.hashes.try_push(hash).unwrap();
		}
		proof.hashes.try_push(Hash::zero()).unwrap();
		prop_assert_eq!(proof.verify(&data, place, range), Err(DataError::Root));
		proof.hashes.pop();
		proof.bytes.pop();
		prop_assert_eq!(proof.verify(&data, place, range), Err(DataError::Length));
	}

	/// The leaf that is drawn can be shown, whatever the size, and is one whole leaf.
	#[test]
	fn what_is_drawn_can_be_shown(length in 1usize..2_000, chance: [u8; 32], id: u64, private: bool) {
		let stream = stream(length);
		let seed = private.then(seed);
		let data = root(&stream, seed.as_ref()).unwrap();
		let DrawnLeaf { leaf, offset, length } = data.drawn(&chance.into(), id).unwrap();

		let hashes = leaf_hashes(&stream, seed.as_ref());
		let proof = RangeProof::new(&stream, seed.as_ref(), &hashes, offset, length).unwrap();
		let shown = proof.verify(&data, offset, length).unwrap();
		prop_assert_eq!(Some(shown), stream.chunks(256).nth(leaf as usize));
	}

	#[test]
	fn pieces_change_nothing(length in 1usize..2_000, sizes in vec(1usize..600, 1..10), private: bool) {
		let stream = stream(length);
		let seed = private.then(seed);
		let mut builder = DataRootBuilder::new(seed.clone());
		let (mut rest, mut sizes) = (stream.as_slice(), sizes.iter().cycle());
		while !rest.is_empty() {
			let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
			builder.push(piece);
			rest = after;
		}
		let hashes = leaf_hashes(&stream, seed.as_ref());
		let expected = DataRoot {
			root: tree::root(&hashes).unwrap(),
			size: stream.len() as u64,
			private,
		};
		prop_assert_eq!(builder.finish(), Ok(expected));
		prop_assert_eq!(root(&stream, seed.as_ref()), Ok(expected));
	}

	/// Whatever bytes a stranger sends: an error, or the truth.
	#[test]
	fn any_bytes_are_refused_or_true(
		bytes in vec(any::<u8>(), 0..900), offset in 0u64..2_000, length in 0u32..600,
	) {
		let stream = stream(1_500);
		let data = root(&stream, None).unwrap();
		if let Ok(proof) = RangeProof::decode(&mut bytes.as_slice()) {
			if let Ok(shown) = proof.verify(&data, offset, length) {
				let offset = usize::try_from(offset).unwrap();
				prop_assert_eq!(shown, &stream[offset..offset + shown.len()]);
			}
		}
	}
}
