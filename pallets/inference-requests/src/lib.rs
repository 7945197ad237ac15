//! # Inference requests
//!
//! Model calls for somebody who has a wallet and nothing else: the question goes into one extrinsic,
//! the answer comes with another, and stays in the state for a while.
//!
//! ## The life of a call
//!
//! 1. A caller asks with `request_call`: a model, the most that the call may cost, a deadline, and,
//!    if it matters who answers, an inference node. The most that it may cost is put on hold, with a
//!    deposit for the place that the request takes.
//! 2. A call that names nobody is open: a node that serves the model claims it with `claim_call`, before it
//!    does anything for it. Then it alone may answer, for [`Config::ClaimPeriod`] blocks. What it puts up for that is
//!    lost if it does not. A named node needs no claim.
//! 3. The node answers with `fulfil_call`, in a later block than that of the request, and with a statement that its
//!    receipt key has signed. The runtime prices the call by the schedule that was in force at the request, takes that
//!    out of the hold, and has it split in the same extrinsic among everyone who was behind the call in the block of
//!    the request: it is settled like the only call of a lane that was agreed on as of that block. The rest of
//!    the hold is free again. The event has the answer, with all that its payments
//!    [follow from](openledger_primitives::lane::FulfilledCall).
//! 4. A node that will not answer says why with `decline_call`. That ends a call that names it. An open one stays open
//!    to others.
//! 5. A call that nobody answers ends after its deadline, and a cancelled one after a notice. Either
//!    is swept automatically: all that is on hold is free again, and the caller has paid nothing but
//!    the fee of the request.
//!
//! Of a call that was answered, or declined by the node that it named, it is kept in `Outcomes` for
//! [`Config::AnswerPeriod`] blocks how it ended, with the answer as text. Its caller may have it removed before.
//!
//! ## Who can lose what
//!
//! A caller pays at most `max_charge`, at a price that was fixed at the request, to a node with a
//! bond that is active when it answers. The charge is computed by the runtime; an answer cannot count more
//! tokens of the prompt than the input has bytes, and one message's overhead by the version's template, and no more of
//! its own than it has bytes, and one. (Several messages in JSON have more bytes around them than templates add.)
//!
//! An answered call is kept for disputes like a settlement, [among those of
//! sessions](openledger_primitives::on_chain): whoever has a statement of the node that says something else brings it
//! against the node's bond. Whether an answer is good is not for the chain to say: who minds names a node that they
//! trust.
//!
//! Only who has claimed an open call can answer it, so an answer that is seen on its way into a block is worth nothing
//! to others. Who claims and does not answer loses the deposit of the claim, and cannot claim that call again; who
//! gives a claim up by declining loses [`Config::ClaimLoss`] of it. After [`MAX_CLAIMS`] claims that came to nothing a
//! call is as good as over, and anybody can end it. What is lost goes to the protocol: not to the caller, who
//! could ask what no node can answer, or, as an author of blocks, keep an answer back, and would be paid for it.
//!
//! A node that is at work when the caller cancels has [`Config::CancelNotice`] blocks left to
//! answer, and the whole time of its claim. Without them, a caller could read an answer while it waits for its block,
//! cancel, and keep the money. A node should answer well before the deadline for the same reason.
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
//! What became of a request waits in a slot in the same way ([`OUTCOME_SEARCH`] are looked at), and `forget_outcome`
//! does what the sweep does.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `NextRequestId` | - | 8 bytes | - | - |
//! | `Requests` | request | ≤ 489 bytes | the caller's deposit | answer, sweep, `decline_call`, `expire_call` |
//! | `CounterForRequests` | - | 4 bytes | - | - |
//! | `Inputs` | request | ≤ `MAX_REQUEST_INPUT` + 2 bytes | the caller's deposit, by the byte | with its request |
//! | `ByModel` | model, request | empty | the caller's deposit | with its request |
//! | `Outcomes` | request | ≤ 8,308 bytes | the rest of the caller's deposit, by the byte of the answer | sweep, `forget_outcome` |
//! | `CounterForOutcomes` | - | 4 bytes | - | - |
//! | `Deadlines` | block | ≤ 8 bytes for each of `MaxPerSlot` requests | the callers' deposits | with its requests |
//! | `NextSlot` | - | 4 bytes | - | the sweep, when nothing waits |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims;
#[cfg(test)]
mod mock;
mod outcomes;
mod queries;
mod requests;
mod sweep;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use openledger_primitives::on_chain::MAX_CLAIMS;
pub use pallet::*;
pub use types::{
	Claim, End, Outcome, Refusals, Request, RequestInput, RequestOutput, MAX_SLOTS_SWEPT,
	OUTCOME_SEARCH, SLOT_SEARCH,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::types::{bytes, length, Answer, OutcomeOf, RequestOf};
	use alloc::boxed::Box;
	use frame_support::{
		dispatch::Pays,
		pallet_prelude::*,
		traits::fungible::{Inspect, InspectHold, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		lane::{Attribution, FulfilledCall},
		on_chain::DeclineReason,
		traits::{ModelInspect, NodeInspect, RevenueDistributor},
		AccountId, Balance, Hash, ModelId, PriceVersion, RequestId, Signature, VersionId,
		MAX_SOURCES,
	};
	use sp_runtime::Permill;

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

		/// Amount held for each byte that a request's input or answer may take, in planck.
		#[pallet::constant]
		type DepositPerByte: Get<Balance>;

		/// Amount held on the operator's account for a claim, in planck.
		#[pallet::constant]
		type ClaimDeposit: Get<Balance>;

		/// Time in which only who has claimed a call can answer it, in blocks.
		#[pallet::constant]
		type ClaimPeriod: Get<BlockNumberFor<Self>>;

		/// Part of a claim's deposit that giving it up costs.
		#[pallet::constant]
		type ClaimLoss: Get<Permill>;

		/// For how long it is kept what became of a request, in blocks.
		#[pallet::constant]
		type AnswerPeriod: Get<BlockNumberFor<Self>>;

		/// The protocol's account, which is paid what claims lose. It should always exist.
		type ProtocolAccount: Get<AccountId>;

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
		/// The deposit for the place that requests take, and what became of them.
		#[codec(index = 1)]
		Storage,
		/// The deposits of claims.
		#[codec(index = 2)]
		Claim,
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

	/// What became of requests that were answered, or declined by the node that they named: for a while.
	#[pallet::storage]
	pub type Outcomes<T: Config> = CountedStorageMap<_, Twox64Concat, RequestId, OutcomeOf<T>>;

	/// The slots: which requests are over, and which outcomes are not kept any more, by which block.
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
		/// A call was answered, charged, and its charge was split. `released` was on hold for it and is free again;
		/// tokens and attribution are as the node reports them. `receipt_key` has signed the [statement of
		/// it](openledger_primitives::on_chain::call_statement). The answer is kept until block `until`, unless its
		/// caller has it removed before, and `deposit` is held for it.
		#[codec(index = 1)]
		CallFulfilled {
			request: RequestId,
			released: Balance,
			input_hash: Hash,
			output: RequestOutput,
			call: Box<FulfilledCall>,
			receipt_key: AccountId,
			signature: Signature,
			deposit: Balance,
			until: BlockNumberFor<T>,
		},
		/// The caller does not want to wait for the answer any longer. From block `cancelled_at` on it cannot
		/// be answered any more.
		#[codec(index = 2)]
		CallCancelled { request: RequestId, cancelled_at: BlockNumberFor<T> },
		/// A call ended without an answer, and everything on hold for its caller is free again. `refusals` says who
		/// would not answer, or did not.
		#[codec(index = 3)]
		CallExpired {
			request: RequestId,
			caller: AccountId,
			released: Balance,
			deposit: Balance,
			cancelled: bool,
			refusals: Refusals<AccountId>,
		},
		/// A call is `node`'s alone to answer until block `until` inclusive. `deposit` is held for that.
		#[codec(index = 4)]
		CallClaimed {
			request: RequestId,
			node: AccountId,
			deposit: Balance,
			until: BlockNumberFor<T>,
		},
		/// A node has not answered a call that it had claimed. `lost` went to the protocol.
		#[codec(index = 5)]
		ClaimForfeited { request: RequestId, node: AccountId, lost: Balance },
		/// A node will not answer a call. It is `over` if it was for that node. If the node had claimed it, `lost` of
		/// the claim's deposit went to the protocol, and the rest is free again.
		#[codec(index = 6)]
		CallDeclined {
			request: RequestId,
			node: AccountId,
			reason: DeclineReason,
			over: bool,
			lost: Balance,
		},
		/// It is not kept any more what became of a request. `deposit` is free again.
		#[codec(index = 7)]
		OutcomeForgotten { request: RequestId, caller: AccountId, deposit: Balance },
	}

	/// A reason why a call fails.
	#[pallet::error]
	pub enum Error<T> {
		/// There is nothing in the input.
		#[codec(index = 0)]
		EmptyInput,
		/// No such model.
		#[codec(index = 1)]
		UnknownModel,
		/// The model's owner has paused or retired it.
		#[codec(index = 2)]
		ModelNotCallable,
		/// The operator has no active inference node that serves the model.
		#[codec(index = 3)]
		ModelNotServed,
		/// The deadline is too near.
		#[codec(index = 4)]
		DeadlineTooSoon,
		/// The deadline is too far ahead.
		#[codec(index = 5)]
		DeadlineTooLate,
		/// A call costs more than that before its first token.
		#[codec(index = 6)]
		MaxChargeTooSmall,
		/// There are no ids left.
		#[codec(index = 7)]
		IdsExhausted,
		/// A deposit does not fit a balance.
		#[codec(index = 8)]
		Overflow,
		/// No such request, or it was answered, or ended.
		#[codec(index = 9)]
		UnknownRequest,
		/// The caller wants another inference node to answer.
		#[codec(index = 10)]
		NotNamedNode,
		/// The deadline has passed.
		#[codec(index = 11)]
		DeadlinePassed,
		/// The caller has cancelled the call.
		#[codec(index = 12)]
		Cancelled,
		/// The block of the request is not over: it is answered in a later one.
		#[codec(index = 13)]
		AnsweredTooSoon,
		/// The input or the output is too short for so many tokens.
		#[codec(index = 14)]
		TooManyTokens,
		/// An entry of the attribution is for nothing, a contribution is named twice, or all are more than the
		/// whole answer.
		#[codec(index = 15)]
		InvalidAttribution,
		/// The version or the price of the request was replaced in its very block.
		#[codec(index = 16)]
		NotInForce,
		/// The version of the request was replaced too long ago.
		#[codec(index = 17)]
		VersionExpired,
		/// The price of the request was replaced too long ago.
		#[codec(index = 18)]
		PriceExpired,
		/// The model was retired, and the time to pay for its calls is over.
		#[codec(index = 19)]
		ModelRetired,
		/// It is not known any more who was to be paid in the block of the request.
		#[codec(index = 20)]
		TermsForgotten,
		/// The model pays data, and none of its sources leads to a release.
		#[codec(index = 21)]
		NoPayableSource,
		/// The model registry has no terms for the call.
		#[codec(index = 22)]
		NoTerms,
		/// The charge does not fit a balance.
		#[codec(index = 23)]
		ChargeOverflow,
		/// The call costs more than the caller agreed to.
		#[codec(index = 24)]
		AboveMaxCharge,
		/// The charge was not split.
		#[codec(index = 25)]
		NotDistributed,
		/// Only the request's caller can cancel it.
		#[codec(index = 26)]
		NotRequestCaller,
		/// The caller has cancelled the call already.
		#[codec(index = 27)]
		AlreadyCancelled,
		/// The call can still be answered.
		#[codec(index = 28)]
		NotOver,
		/// The call names the node that is to answer it: it cannot be claimed.
		#[codec(index = 29)]
		NotOpen,
		/// Another node has claimed the call, and has time left.
		#[codec(index = 30)]
		AlreadyClaimed,
		/// The operator has no claim on the call, or its time is over.
		#[codec(index = 31)]
		NotClaimed,
		/// The operator has declined the call before, or had claimed it and did not answer.
		#[codec(index = 32)]
		AlreadyRefused,
		/// So many claims on the call came to nothing that nobody can claim it any more.
		#[codec(index = 33)]
		TooManyClaims,
		/// Enough nodes have said why they will not answer.
		#[codec(index = 34)]
		TooManyRefusals,
		/// The signature is not that of the node's receipt key over the statement of the call.
		#[codec(index = 35)]
		BadStatementSignature,
		/// It is not known what became of such a request: it was not answered, or too long ago.
		#[codec(index = 36)]
		UnknownOutcome,
		/// It is kept for the request's caller for a while.
		#[codec(index = 37)]
		StillKept,
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
		/// - `node`: the operator who is to answer. Without one the call is open: the first node that claims it may.
		/// - `input`: what is asked, for everybody to read. Text that begins with neither `{` nor `[` is one message of a
		///   user. JSON is a chat request: an object with `messages`, and with `max_tokens`, `temperature` and so on if
		///   they matter, as in OpenAI's chat API; `model` and `stream` in it count for nothing, and there are no
		///   tools. Any other text that begins with `{` or `[` is answered by no node, and costs nothing.
		/// - `max_charge`: the most that the call may cost, in planck. What it costs is computed from the price
		///   that is in force now.
		/// - `deadline`: the last block in which it can be answered, between [`Config::MinDeadline`] and
		///   [`Config::MaxDeadline`] blocks from now.
		///
		/// # Origin
		/// Signed, by the caller who pays.
		///
		/// # Deposit
		/// `max_charge`, and [`Config::DepositBase`] with [`Config::DepositPerByte`] for each byte of the longest
		/// answer, are held on the caller's account until the call is answered or ends. What the deposit is above the
		/// bytes of the answer that there is comes back with it, and the rest when the answer is not kept any more.
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
		#[pallet::weight(T::WeightInfo::request_call(bytes(input), SLOT_SEARCH))]
		pub fn request_call(
			origin: OriginFor<T>,
			model: ModelId,
			node: Option<AccountId>,
			input: RequestInput,
			max_charge: Balance,
			deadline: BlockNumberFor<T>,
		) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let bytes = bytes(&input);
			let passed = Self::do_request(caller, model, node, input, max_charge, deadline)?;
			Ok(Some(T::WeightInfo::request_call(bytes, passed)).into())
		}

		/// Answers a call, and is paid for it.
		///
		/// The version that was in force at the request has answered. The caller is charged for `input_tokens` and
		/// `output_tokens` by the price schedule of then, and those are paid who were to be paid then.
		///
		/// - `output`: the answer, which is kept for a while for everybody to read.
		/// - `input_tokens`: at most one for each byte of the input, and the overhead that the model's version declares
		///   for a message.
		/// - `attribution`: which contributions `output` came from, in basis points of the whole output.
		/// - `signature`: that of the node's receipt key over its statement of the call, which says the same: see
		///   [`call_statement`](openledger_primitives::on_chain::call_statement).
		///
		/// # Origin
		/// Signed, by the operator of the node that the caller has named, or that has claimed the call. It is active,
		/// and serves the model.
		///
		/// # Deposit
		/// What is held for the call and its place, but for the charge and the deposit for the answer, is released to the
		/// caller, and the deposit of the claim to the operator.
		///
		/// # Errors
		/// `UnknownRequest`, `DeadlinePassed`, `Cancelled`, `AnsweredTooSoon`, `NotNamedNode`, `NotClaimed`,
		/// `ModelNotServed`, `TooManyTokens`, `InvalidAttribution`; `UnknownModel`, `NotInForce`, `VersionExpired`,
		/// `PriceExpired`, `ModelRetired`, `TermsForgotten`, `NoPayableSource` or `NoTerms` if it cannot be paid;
		/// `ChargeOverflow`, `AboveMaxCharge`, `BadStatementSignature`, `NotDistributed`; those of the revenue split.
		///
		/// # Events
		/// `CallFulfilled`, with the answer.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::fulfil_call(
			bytes(output),
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
			signature: Signature,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let answer = Answer { output, input_tokens, output_tokens, attribution, signature };
			let weight = Self::do_fulfil(operator, request, answer)?;
			Ok(Some(weight).into())
		}

		/// Cancels a call.
		///
		/// It can still be answered for [`Config::CancelNotice`] blocks, and as long as a claim on it lasts, but not beyond
		/// its deadline; then everything on hold for it becomes free again. Nobody can claim it any more.
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
		/// deadline were full at the request. Before the deadline it ends a call that nobody can claim any more.
		///
		/// # Origin
		/// Signed, by anybody.
		///
		/// # Deposit
		/// Everything on hold for the call is released to its caller. The deposit of a claim on it goes to the protocol:
		/// its time is over.
		///
		/// # Errors
		/// `UnknownRequest`, `NotOver`.
		///
		/// # Events
		/// `ClaimForfeited`, if there was a claim; `CallExpired`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::expire_call())]
		pub fn expire_call(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_expire(request)
		}

		/// Claims an open call: for [`Config::ClaimPeriod`] blocks, but not beyond its deadline, nobody else can answer
		/// it.
		///
		/// If the claim before this one was not answered in time, that is forfeited.
		///
		/// # Origin
		/// Signed, by the operator of an active node that serves the model.
		///
		/// # Deposit
		/// [`Config::ClaimDeposit`] is held on the operator's account. It comes back with the answer, but for
		/// [`Config::ClaimLoss`] of it if the operator declines, and goes to the protocol if neither comes in time.
		///
		/// # Errors
		/// `UnknownRequest`, `DeadlinePassed`, `Cancelled`, `NotOpen`, `ModelNotServed`, `AlreadyClaimed`,
		/// `AlreadyRefused`, `TooManyClaims`; a token error if the operator does not have the deposit.
		///
		/// # Events
		/// `ClaimForfeited`, of another one; `CallClaimed`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::claim_call())]
		pub fn claim_call(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			Self::do_claim(ensure_signed(origin)?, request)
		}

		/// Says that a node will not answer a call, and why.
		///
		/// If the call names the node, it is over. If the node has claimed it, it is open to others again. Otherwise only
		/// the reason is noted with the call, of a few nodes, for its caller to read. The node cannot claim it any more.
		///
		/// # Origin
		/// Signed, by the operator of the node that the caller has named, or of one that has claimed the call, or of an
		/// active one that serves the model.
		///
		/// # Deposit
		/// `max_charge` of a call that is over is released to its caller, and the deposit for its place but for what is
		/// kept of it. That of a claim is released, but for [`Config::ClaimLoss`] of it, which goes to the protocol.
		///
		/// # Fee
		/// None, if it is noted: each node says it once, and of open calls only a few do.
		///
		/// # Errors
		/// `UnknownRequest`, `DeadlinePassed`, `Cancelled`, `NotNamedNode`, `ModelNotServed`, `AlreadyRefused`,
		/// `TooManyRefusals`.
		///
		/// # Events
		/// `CallDeclined`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::decline_call())]
		pub fn decline_call(
			origin: OriginFor<T>,
			request: RequestId,
			reason: DeclineReason,
		) -> DispatchResultWithPostInfo {
			Self::do_decline(ensure_signed(origin)?, request, reason)?;
			Ok(Pays::No.into())
		}

		/// Removes what is kept of a request that was answered or declined.
		///
		/// A sweep does the same by itself once [`Config::AnswerPeriod`] is over, when blocks have time left.
		///
		/// # Origin
		/// Signed, by the request's caller; after [`Config::AnswerPeriod`], by anybody.
		///
		/// # Deposit
		/// The rest of the deposit is released to the request's caller.
		///
		/// # Errors
		/// `UnknownOutcome`, `StillKept`.
		///
		/// # Events
		/// `OutcomeForgotten`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::forget_outcome())]
		pub fn forget_outcome(origin: OriginFor<T>, request: RequestId) -> DispatchResult {
			Self::do_forget(&ensure_signed(origin)?, request)
		}
	}
}
