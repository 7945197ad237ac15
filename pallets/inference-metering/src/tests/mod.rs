//! Tests of the extrinsics: what they do, and each error.

mod adversary;
mod calls;
mod commitments;
mod disputes;
mod disputing;
mod lanes;
mod listing;
mod nodes;
mod random;
mod roots;
mod sessions;
mod settlement;
mod try_state;

use crate::mock::*;

/// Runs `test` on a chain with a model, a node that serves it, and a funded caller, and checks the
/// invariants afterwards.
fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		prepare();
		test();
		check_invariants();
	});
}
