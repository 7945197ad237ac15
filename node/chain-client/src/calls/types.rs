//! Arguments of extrinsics that only one pallet knows. Encoded as the pallet has them, which is
//! compared with the runtime's metadata whenever a call is made.

use codec::{Decode, Encode};
use openledger_primitives::{info::ServedInfo, MAX_SERVED};
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The models that an inference node serves, each with how many calls of it at a time.
pub type ServedModels = BoundedVec<ServedInfo, ConstU32<MAX_SERVED>>;

/// What an account lets another one do for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ProxyKind {
	/// Everything.
	#[codec(index = 0)]
	Any,
	/// What can neither pay somebody else, nor tie anything up, nor give anything up.
	#[codec(index = 1)]
	NonTransfer,
	/// Rejecting the announcements of other proxies.
	#[codec(index = 2)]
	CancelProxy,
	/// Spending the account's balance on model calls.
	#[codec(index = 3)]
	Caller,
	/// Running an inference node, but for taking its bond back and naming another receipt key.
	#[codec(index = 4)]
	Operator,
	/// What a curator does from day to day.
	#[codec(index = 5)]
	Curator,
	/// Collecting what the account has earned.
	#[codec(index = 6)]
	Claims,
}
