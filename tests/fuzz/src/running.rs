//! Running scripts and calls on a chain on which the market has been opened.

use crate::{
	bytes::script,
	common::{begin_block, check_state, finish_block, send},
	market::Market,
	people::person,
};
use codec::{Decode, DecodeLimit};
use openledger_runtime::{RuntimeCall, System};
use sp_core::storage::StateVersion;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use std::sync::OnceLock;

/// Depth to which calls are decoded, as in an extrinsic.
const DEPTH: u32 = 256;
/// Calls in a block.
const IN_A_BLOCK: usize = 4;
/// Most calls of one run.
const MAX_CALLS: usize = 64;

/// A chain after the opening of the market, as it is kept between runs.
struct Opened {
	nodes: Vec<(Vec<u8>, (Vec<u8>, i32))>,
	root: sp_core::H256,
	market: Market,
}

/// A chain on which the market was opened. Opening it takes much longer than what is done on it, so that each run begins
/// with a copy.
fn opened() -> (TestExternalities, Market) {
	static OPENED: OnceLock<Opened> = OnceLock::new();
	let opened = OPENED.get_or_init(|| {
		let mut chain = crate::common::chain();
		let market = chain.execute_with(Market::open).expect("the market opens");
		chain.commit_all().expect("the state is sound");
		let (nodes, root) = chain.into_raw_snapshot();
		Opened { nodes, root, market }
	});
	let nodes = opened.nodes.clone();
	let chain = TestExternalities::from_raw_snapshot(nodes, opened.root, StateVersion::V1);
	(chain, opened.market.clone())
}

/// Runs a script of the market. See the module `bytes` for how bytes say one.
///
/// # Panics
///
/// If a call panics, if one that fails has changed anything, or if an invariant is broken after a block.
pub fn calls(bytes: &[u8]) {
	let script = script(bytes);
	let (mut chain, mut market) = opened();
	for block in &script.blocks {
		let done = chain.execute_with(|| market.run(block));
		done.unwrap_or_else(|broken| panic!("{broken}\nafter {block:?}"));
		chain.commit_all().expect("the state is sound");
	}
	if script.closes {
		chain.execute_with(|| market.close()).unwrap_or_else(|broken| panic!("{broken}"));
	}
}

/// Returns `true` for calls that anybody may try on a chain whose invariants are checked: not for those of pallets that
/// may change whatever they like, or hold money by other means.
fn is_checked(call: &RuntimeCall) -> bool {
	matches!(
		call,
		RuntimeCall::Balances(_)
			| RuntimeCall::ModelRegistry(_)
			| RuntimeCall::DataAttribution(_)
			| RuntimeCall::InferenceMetering(_)
			| RuntimeCall::RevenueSplit(_)
			| RuntimeCall::InferenceRequests(_)
	)
}

/// Sends calls: a byte for who does, and the call as it is encoded, until something is no call.
///
/// # Panics
///
/// As [`calls`].
pub fn raw(bytes: &[u8]) {
	let mut input = bytes;
	let mut sent = Vec::new();
	while sent.len() < MAX_CALLS {
		let Ok(sender) = u8::decode(&mut input) else { break };
		let Ok(call) = RuntimeCall::decode_with_depth_limit(DEPTH, &mut input) else { break };
		if is_checked(&call) {
			sent.push((sender, call));
		}
	}
	if sent.is_empty() {
		return;
	}
	let (mut chain, _) = opened();
	for block in sent.chunks(IN_A_BLOCK) {
		chain.execute_with(|| {
			begin_block(System::block_number() + 1);
			for (sender, call) in block {
				let mut who = person(*sender);
				// Governance may do what it likes.
				if who == Alice.to_account_id() {
					who = Bob.to_account_id();
				}
				// It may be refused; then nothing has changed.
				let _ = send(&who, call.clone());
			}
			finish_block();
			check_state().unwrap_or_else(|broken| panic!("{broken}\nafter {block:?}"));
		});
		chain.commit_all().expect("the state is sound");
	}
}
