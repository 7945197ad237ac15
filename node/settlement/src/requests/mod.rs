//! Calls that are requested through the chain.
//!
//! Anybody with nothing but a wallet can call a model with an extrinsic: the prompt is on chain, what
//! the call may cost at most is on hold, and the answer comes back on chain. At every finalized block
//! the task here looks which of those calls are for this node, and for each of them, once at a time:
//!
//! 1. it is read and prepared, so that nothing is claimed that would not be answered;
//! 2. it is claimed, if it names nobody: the operator's deposit is on hold then until the answer;
//! 3. the answer is made by the model's usual backend, with no more tokens than the caller's hold
//!    pays for and no more text than the chain takes;
//! 4. it is written down, with the note that it is being sent;
//! 5. it is sent with a statement that the receipt key has signed, in a transaction that is too old for any block by
//!    the call's deadline, or the end of the claim.
//!
//! Where there is no answer, the reason is said on chain: of a call that names this node, or that it has claimed,
//! always; of others only if it is about the call itself, and no other node has said the same. A transaction that
//! says so costs no fee, and a claim that is given up a part of its deposit.
//!
//! A call is paid by what was in force when it was requested, and so it is answered at the version of the model
//! that was in force then. A node that serves another one by now leaves it alone, or declines if it is named.
//!
//! After a crash, or where the outcome of a transaction is not known, the chain is asked first: what
//! is answered waits there no more, and nothing is sent while an earlier transaction may still enter
//! a block. What cannot be answered in time is not answered: the caller gets everything back;
//! where the chain itself does not see to that, a node that could have answered does, a while later.

mod answer;
mod chain;
mod input;
mod rounds;
mod watcher;
mod when;

pub use self::{
	chain::{Delivery, Heights, RequestChain, RequestLink, Told},
	watcher::{Catalogue, CatalogueEntry, Watcher},
};

/// The calls that are answered, of those that are requested on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChainCalls {
	/// Those that name this node.
	#[default]
	Named,
	/// Those that name this node, and those that name nobody and that it can claim.
	Any,
	/// None.
	Off,
}
