//! # Inference requests
//!
//! Model calls for somebody who has a wallet and nothing else: the question goes into one extrinsic,
//! the answer comes with another.
//!
//! ## The life of a call
//!
//! 1. A caller asks with `request_call`: a model, the most that the call may cost, a deadline, and,
//!    if it matters who answers, an inference node. The most that it may cost is put on hold, with a
//!    deposit for the place that the request takes.
//! 2. A node that serves the model, or the one that was named, answers with `fulfil_call` in a later block. The
//!    runtime prices the call by the schedule that was in force at the request, takes that out of
//!    the hold, and has it split in the same extrinsic among everyone who was behind the call in the block of
//!    the request: it is settled like the only call of a lane that was agreed on as of that block. The rest of
//!    the hold and the deposit are free again. The answer is in the event, with all that its payments
//!    [follow from](openledger_primitives::lane::FulfilledCall).
//! 3. A call that nobody answers ends after its deadline, and a cancelled one after a notice. Either
//!    is swept automatically: all that is on hold is free again, and the caller has paid nothing but
//!    the fee of the request.
//!
//! ## Who can lose what
//!
//! A caller pays at most `max_charge`, at a price that was fixed at the request, to a node with a
//! bond that is active when it answers. The charge is computed by the runtime; an answer cannot count more
//! tokens than its bytes can have. Whether an answer is good is not for the chain to say: who
//! minds names a node that they trust, because otherwise any active node that serves the model may
//! answer, also with what it saw another one send.
//!
//! A node that is at work when the caller cancels has [`Config::CancelNotice`] blocks left to
//! answer. Without them, a caller could read an answer while it waits for its block, cancel, and
//! keep the money. A node should answer well before the deadline for the same reason.
//!
//! Questions and answers are public: they are in the chain's blocks for good.
//!
//! ## Sweeping
//!
//! Each request waits in a slot, the list of a block's requests that are over by then. When a
//! block has time left, the slots up to its own are emptied, as far as that time and fixed limits
//! allow; the next block goes on where it stopped. A slot has room for [`Config::MaxPerSlot`]
//! requests; when one is full, the next of [`SLOT_SEARCH`] that is not takes the request. That only
//! moves the sweep: when a call can be answered and ended depends on its deadline alone. While
//! blocks are full the sweep waits, and `expire_call` does the same for one call.
//!
//! If all of these slots are full, the request waits in none, so that nobody can keep others from
//! asking by filling them. Everything about it is as with others, but that no sweep ends it: anybody
//! may with `expire_call`, its caller first of all.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `NextRequestId` | - | 8 bytes | - | - |
//! | `Requests` | request | ≤ 159 bytes | the caller's deposit | answer, sweep, `expire_call` |
//! | `CounterForRequests` | - | 4 bytes | - | - |
//! | `Inputs` | request | ≤ `MAX_REQUEST_INPUT` + 2 bytes | the caller's deposit, by the byte | with its request |
//! | `ByModel` | model, request | empty | the caller's deposit | with its request |
//! | `Deadlines` | block | ≤ 8 bytes for each of `MaxPerSlot` requests | the callers' deposits | with its requests |
//! | `NextSlot` | - | 4 bytes | - | the sweep, when nothing waits |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod queries;
mod requests;
mod sweep;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
	Request, RequestInput, RequestOutput, MAX_SLOTS_SWEPT, MOST_ADDED_TOKENS, SLOT_SEARCH,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::types::{length, Answer, RequestOf};
	use alloc::boxed::Box;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, InspectHold, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		lane::{Attribution, FulfilledCall},
		traits::{ModelInspect, NodeInspect, RevenueDistributor},
		AccountId, Balance, Hash, ModelId, PriceVersion, RequestId, VersionId, MAX_SOURCES,
	};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Types and parameters that the runtime provides.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId, Hash = Hash> {
		/// OPEN.
		type Currency: Inspect<AccountId, Balance = Balance>
			+ Mutate<AccountId>
			+ InspectHold<AccountId, Reason = Self::RuntimeHoldReason>
			+ MutateHold<AccountId>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// The model registry.
		type Models: ModelInspect<AccountId>;

		/// The inference nodes.
		type Nodes: NodeInspect<AccountId>;

		/// Splits and pays what calls cost.
		type Revenue: RevenueDistributor<AccountId>;

		/// Amount held for a request's entries, whatever its length, in planck.
		#[pallet::constant]
		type DepositBase: Get<Balance>;

		/// Amount held for each byte of a request's input, in planck.
		#[pallet::constant]
		type DepositPerByte: Get<Balance>;

		/// The least distance to the deadline of a new request, in blocks.
		#[pallet::constant]
		type MinDeadline: Get<BlockNumberFor<Self>>;

		/// The greatest distance to the deadline of a new request, in blocks. Prices and versions
		/// should be good for as long after they were replaced, or late answers cannot be paid.
		#[pallet::constant]
		type MaxDeadline: Get<BlockNumberFor<Self>>;

		/// Time in which a call can still be answered after its caller has cancelled it, in blocks.
		#[pallet::constant]
		type CancelNotice: Get<BlockNumberFor<Self>>;

		/// The most requests that can wait for the sweep of one block. It may grow, but not shrink while
		/// requests wait.
		#[pallet::constant]
		type MaxPerSlot: Get<u32>;

		/// Weights of the extrinsics and of the sweep.
		type WeightInfo: WeightInfo;

		/// The datanets, which benchmarks make models from.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkData: openledger_primitives::traits::DataInspect;
	}

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The most that requested calls may cost.
		#[codec(index = 0)]
		Call,
		/// The deposit for the place that requests take.
		#[codec(index = 1)]
		Storage,
	}

	/// The id of the next request.
	#[pallet::storage]
	pub type NextRequestId<T: Config> = StorageValue<_, RequestId, ValueQuery>;

	/// Calls that wait for their answer.
	#[pallet::storage]
	pub type Requests<T: Config> = CountedStorageMap<_, Twox64Concat, RequestId, RequestOf<T>>;

	/// Their questions.
	#[pallet::storage]
	pub type Inputs<T: Config> = StorageMap<_, Twox64Concat, RequestId, RequestInput>;

	/// The requests of each model. An id is given in big-endian bytes, so that they are in order.
	#[pallet::storage]
	pub type ByModel<T: Config> = StorageDoubleMap<_, Twox64Concat, ModelId, Identity, [u8; 8], ()>;

	/// The slots: which requests are over by which block.
	#[pallet::storage]
	pub type Deadlines<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<RequestId, T::MaxPerSlot>,
		ValueQuery,
	>;

	/// The slot that the sweep goes on with: all before it are empty. None if nothing waits.
	#[pallet::storage]
	pub type NextSlot<T: Config> = StorageValue<_, BlockNumberFor<T>>;

	/// Events of requests. Amounts are in planck, hashes are blake2-256.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	#[allow(missing_docs)] // A field that needs more than its name is in its event's description.
	pub enum Event<T: Config> {
		/// Somebody asks until block `deadline` inclusive: `node`, or anybody who serves the model. `deposit` is held
		/// for the request's place.
		#[codec(index = 0)]
		CallRequested {
			request: RequestId,
			caller: AccountId,
			model: ModelId,
			node: Option<AccountId>,
			version: VersionId,
			price_version: PriceVersion,
			max_charge: Balance,
			deposit: Balance,
			deadline: BlockNumberFor<T>,
			input_hash: Hash,
		},
		/// A call was answered, charged, and its charge was split. `released` was on hold and is free again;
		/// tokens and attribution are as the node reports them.
		#[codec(index = 1)]
		CallFulfilled {
			request: RequestId,
			released: Balance,
			input_hash: Hash,
			output: RequestOutput,
			call: Box<FulfilledCall>,
		},
		/// The caller does not want to wait for the answer any longer. From block `cancelled_at` on it cannot
		/// be answered any more.
		#[codec(index = 2)]
		CallCancelled { request: RequestId, cancelled_at: BlockNumberFor<T> },
		/// A call ended without an answer, and everything on hold is free again.
		#[codec(index = 3)]
		CallExpired {
			request: RequestId,
			caller: AccountId,
			released: Balance,
			deposit: Balance,
			cancelled: bool,
		},
	}

	/// A reason why a call fails.
	#[pallet::error]
	pub enum Error<T> {
		/// There is nothing in the input.
		EmptyInput,
		/// No such model.
		UnknownModel,
		/// The model's owner has paused or retired it.
		ModelNotCallable,
		/// The operator has no active inference node that serves the model.
		ModelNotServed,
		/// The deadline is too near.
		DeadlineTooSoon,
		/// The deadline is too far ahead.
		DeadlineTooLate,
		/// A call costs more than that before its first token.
		MaxChargeTooSmall,
		/// There are no ids left.
		IdsExhausted,
		/// A deposit does not fit a balance.
		Overflow,
		/// No such request, or it was answered, or ended.
		UnknownRequest,
		/// The caller wants another inference node to answer.
		NotNamedNode,
		/// The deadline has passed.
		DeadlinePassed,
		/// The caller has cancelled the call.
		Cancelled,
		/// The block of the request is not over: it is answered in a later one.
		AnsweredTooSoon,
		/// The output is too short for so many tokens.
		TooManyTokens,
		/// An entry of the attribution is for nothing, a contribution is named twice, or all are more than the
		/// whole answer.
		InvalidAttribution,
		/// The version or the price of the request was replaced in its very block.
		NotInForce,
		/// The version of the request was replaced too long ago.
		VersionExpired,
		/// The price of the request was replaced too long ago.
		PriceExpired,
		/// The model was retired, and the time to pay for its calls is over.
		ModelRetired,
		/// It is not known any more who was to be paid in the block of the request.
		TermsForgotten,
		/// The model pays data, and none of its sources leads to a release.
		NoPayableSource,
		/// The model registry has no terms for the call.
		NoTerms,
		/// The charge does not fit a balance.
		ChargeOverflow,
		/// The call costs more than the caller agreed to.
		AboveMaxCharge,
		/// The charge was not split.
		NotDistributed,
		/// Only the request's caller can cancel it.
		NotRequestCaller,
		/// The caller has cancelled the call already.
		AlreadyCancelled,
		/// The call can still be answered.
		NotOver,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::sweep(now, remaining)
		}

		fn integrity_test() {
			assert!(T::MinDeadline::get() <= T::MaxDeadline::get(), "nothing could be requested");
			assert!(T::MaxPerSlot::get() > 0, "a slot needs room");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Asks a model.
		///
		/// Where very many calls end at about the same time, this one may have to be ended with
		/// [`expire_call`](Pallet::expire_call).
		///
		/// - `node`: the operator who is to answer; without one, anybody who serves the model may.
		/// - `input`: what is asked, for everybody to read.
		/// - `max_charge`: the most that the call may cost, in planck. What it costs is computed from the price
		///   that is in force now.
		/// - `deadline`: the last block in which it can be answered, between [`Config::MinDeadline`] and
		///   [`Config::MaxDeadline`] blocks from now.
		///
		/// # Origin
		/// Signed, by the caller who pays.
		///
		/// # Deposit
		/// `max_charge`, and [`Config::DepositBase`] with [`Config::DepositPerByte`] for each byte of the input,
		/// are held on the caller's account until the call is answered or ends.
		///
		/// # Errors
		/// `EmptyInput`, `UnknownModel`, `ModelNotCallable`, `ModelNotServed` by the named node,
		/// `DeadlineTooSoon`, `DeadlineTooLate`, `MaxChargeTooSmall`, `IdsExhausted`, `Overflow`; a token error if
		/// the caller does not have the funds; `NoTerms` if the registry has nothing in force for the model, or
		/// another reason for which a call of now could not be paid: see [`fulfil_call`](Pallet::fulfil_call).
		///
		/// # Events
		/// `CallRequested`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::request_call(length(input), SLOT_SEARCH))]
		pub fn request_call(
			origin: OriginFor<T>,
			model: ModelId,
			node: Option<AccountId>,
			input: RequestInput,
			max_charge: Balance,
			deadline: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let bytes = length(&input);
			let passed = Self::do_request(caller, model, node, input, max_charge, deadline)?;
			Ok(Some(T::WeightInfo::request_call(bytes, passed)).into())
		}

		/// Answers a call, and is paid for it.
		///
		/// The version that was in force at the request has answered. The caller is charged for `input_tokens` and
		/// `output_tokens` by the price schedule of then, and those are paid who were to be paid then.
		///
		/// - `attribution`: which contributions `output` came from, in basis points of the whole output.
		///
		/// # Origin
		/// Signed, by the operator of a node that serves the model, or of the one that the caller has named.
		///
		/// # Deposit
		/// What is held for the call and its place, but for the charge, is released to the caller.
		///
		/// # Errors
		/// `UnknownRequest`, `DeadlinePassed`, `Cancelled`, `AnsweredTooSoon`, `NotNamedNode`, `ModelNotServed`,
		/// `TooManyTokens`, `InvalidAttribution`; `UnknownModel`, `NotInForce`, `VersionExpired`, `PriceExpired`,
		/// `ModelRetired`, `TermsForgotten`, `NoPayableSource` or `NoTerms` if it cannot be paid;
		/// `ChargeOverflow`, `AboveMaxCharge`, `NotDistributed`; those of the revenue split.
		///
		/// # Events
		/// `CallFulfilled`, with the answer.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::fulfil_call(
			length(output),
			length(attribution),
			MAX_SOURCES
		))]
		pub fn fulfil_call(
			origin: OriginFor<T>,
			request: RequestId,
			output: RequestOutput,
			input_tokens: u32,
			output_tokens: u32,
			attribution: Attribution,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let answer = Answer { output, input_tokens, output_tokens, attribution };
			let weight = Self::do_fulfil(operator, request, answer)?;
			Ok(Some(weight).into())
		}

		/// Cancels a call.
		///
		/// It can still be answered for [`Config::CancelNotice`] blocks, but not beyond its deadline; then
		/// everything on hold for it becomes free again.
		///
		/// # Origin
		/// Signed, by the request's caller.
		///
		/// # Errors
		/// `UnknownRequest`, `NotRequestCaller`, `AlreadyCancelled`, `DeadlinePassed`.
		///
		/// # Events
		/// `CallCancelled`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::cancel_call(SLOT_SEARCH))]
		pub fn cancel_call(origin: OriginFor<T>, request: RequestId) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let passed = Self::do_cancel(caller, request)?;
			Ok(Some(T::WeightInfo::cancel_call(passed)).into())
		}

		/// Ends a call that cannot be answered any more.
		///
		/// A sweep does the same by itself when blocks have time left, unless all the sweep's slots around the
		/// deadline were full at the request.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// Everything on hold for the call is released to its caller.
		///
		/// # Errors
		/// `UnknownRequest`, `NotOver`.
		///
		/// # Events
		/// `CallExpired`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::expire_call())]
		pub fn expire_call(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_expire(request)
		}
	}
}
