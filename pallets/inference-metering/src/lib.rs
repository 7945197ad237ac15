//! # Inference metering
//!
//! Operators of inference nodes, the sessions that callers pay them through, and the settlement of
//! paid model calls.
//!
//! ## The life of a paid call
//!
//! 1. An operator registers a node with a bond: where it listens, the key that signs its
//!    statements, and the models that it serves.
//! 2. A caller opens a session with it. The deposit is a hold on the caller's own account.
//! 3. Off chain, each call carries a [`Voucher`](openledger_primitives::voucher::Voucher) signed by
//!    the session's signer, and is answered with a
//!    [`Statement`](openledger_primitives::statement::Statement) signed by the node.
//! 4. The node settles: it hands in the newest voucher of a lane and the records of the calls that
//!    it pays for. The runtime prices every record by the model's schedule, takes the sum out of
//!    the hold, and has it split among everyone behind the calls, call by call.
//! 5. The session is closed, and what is left goes back to the caller.
//!
//! The [`meter`] module holds the rules by which records count against a voucher.
//!
//! ## Who can lose what
//!
//! A node can collect at most what the caller signed for, out of a deposit that nobody else can
//! touch; replays are impossible because a lane's sequence and its cumulative amount only grow and
//! a voucher names its chain. A caller can leave at most one call's allowance per lane unpaid: the
//! next voucher acknowledges the last charge, or the node stops serving. One bad record never sinks
//! its batch: it is rejected alone, and an event says why.
//!
//! ## Closing
//!
//! The node may close a session at once: it gives up what it has not settled. The caller asks for
//! it and gives the node [`Config::CloseNotice`] blocks in which to settle. A session that has
//! expired can be closed by anyone [`Config::SettlementWindow`] blocks later.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `Nodes` | operator | ≤ 600 bytes | the operator's bond | kept while the operator is bonded |
//! | `ServedBy` | model, operator | empty, ≤ 64 per operator | the operator's bond | `update_node` |
//! | `NextSessionId` | - | 8 bytes | - | - |
//! | `Sessions` | session | ≤ 150 bytes | the caller's deposit, at least `MinDeposit` | `close_session` |
//! | `Lanes` | session, lane | 24 bytes, ≤ `MAX_LANES` per session | the caller's deposit | `close_session` |
//!
//! ## Invariants (`try_state`)
//!
//! The sum of what sessions have left is on hold in their callers' accounts; bonds are on hold in
//! the operators' accounts; the lanes of a session add up to what it has settled; no session has
//! settled more than its deposit; `ServedBy` mirrors `Nodes`.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
pub mod meter;
#[cfg(test)]
mod mock;
mod queries;
mod settlement;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::types::{Lane, Node, ServedModels, Session};
	use alloc::collections::BTreeSet;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, InspectHold, Mutate, MutateHold},
			tokens::Precision,
		},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		record::{CallPayment, CallRecords, RejectReason},
		signing::Signed,
		traits::{ModelInspect, RevenueDistributor},
		voucher::Voucher,
		AccountId, Balance, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId, Signature,
		Uri, VersionId, MAX_LANES,
	};
	use sp_runtime::{traits::Zero, Saturating};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs from the runtime. Accounts and hashes are those of the signed
	/// messages, so they are not free to choose.
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

		/// Splits and pays what calls cost.
		type Revenue: RevenueDistributor<AccountId>;

		/// The least bond of an inference node, in planck.
		#[pallet::constant]
		type MinBond: Get<Balance>;

		/// The least deposit of a session, in planck. It pays for the session's place in storage.
		#[pallet::constant]
		type MinDeposit: Get<Balance>;

		/// The shortest time that a session may be opened for, in blocks.
		#[pallet::constant]
		type MinDuration: Get<BlockNumberFor<Self>>;

		/// The longest time that a session may be opened for, in blocks.
		#[pallet::constant]
		type MaxDuration: Get<BlockNumberFor<Self>>;

		/// How long a node may settle after the caller has asked to close, in blocks.
		#[pallet::constant]
		type CloseNotice: Get<BlockNumberFor<Self>>;

		/// How long a node may settle after a session has expired before anyone can close it, in
		/// blocks.
		#[pallet::constant]
		type SettlementWindow: Get<BlockNumberFor<Self>>;

		/// Weights of the extrinsics.
		type WeightInfo: WeightInfo;
	}

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// An operator's bond.
		#[codec(index = 0)]
		Bond,
		/// What is left of a session's deposit.
		#[codec(index = 1)]
		Session,
	}

	/// Inference nodes by their operator.
	#[pallet::storage]
	pub type Nodes<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, Node<AccountId>>;

	/// Which operators serve a model.
	#[pallet::storage]
	pub type ServedBy<T: Config> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Blake2_128Concat, AccountId, ()>;

	/// The id of the next session.
	#[pallet::storage]
	pub type NextSessionId<T: Config> = StorageValue<_, SessionId, ValueQuery>;

	/// Open sessions.
	#[pallet::storage]
	pub type Sessions<T: Config> =
		StorageMap<_, Twox64Concat, SessionId, Session<AccountId, BlockNumberFor<T>>>;

	/// The lanes of open sessions that have settled records.
	#[pallet::storage]
	pub type Lanes<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionId, Twox64Concat, LaneId, Lane, ValueQuery>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A node was registered.
		NodeRegistered {
			/// Its operator.
			operator: AccountId,
			/// What is held as its bond, in planck.
			bond: Balance,
		},
		/// A node's endpoint, key or models were replaced.
		NodeUpdated {
			/// Its operator.
			operator: AccountId,
		},
		/// A session was opened.
		SessionOpened {
			/// Its id.
			session: SessionId,
			/// Who pays.
			caller: AccountId,
			/// Who is paid.
			node: AccountId,
			/// What is held, in planck.
			deposit: Balance,
			/// From which block on the node must not serve calls.
			expires_at: BlockNumberFor<T>,
		},
		/// A call was charged and its charge was split.
		CallSettled {
			/// The session that paid.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence in the lane.
			sequence: Sequence,
			/// Who paid.
			caller: AccountId,
			/// The operator of the inference node that answered.
			node: AccountId,
			/// The owner of the model that answered.
			developer: AccountId,
			/// The model.
			model: ModelId,
			/// Its version.
			version: VersionId,
			/// The price schedule that was applied.
			price_version: PriceVersion,
			/// Tokens of the prompt.
			input_tokens: u32,
			/// Tokens of the answer.
			output_tokens: u32,
			/// What the call cost, in planck.
			charge: Balance,
			/// Salted hash of the request.
			request_hash: Hash,
			/// Salted hash of the answer.
			response_hash: Hash,
			/// How the charge was paid.
			payment: CallPayment,
		},
		/// A record had no effect.
		RecordRejected {
			/// The session.
			session: SessionId,
			/// The lane.
			lane: LaneId,
			/// The record's sequence.
			sequence: Sequence,
			/// Why.
			reason: RejectReason,
		},
		/// A voucher was redeemed.
		VoucherSettled {
			/// The session.
			session: SessionId,
			/// The lane.
			lane: LaneId,
			/// The sequence of the last record that counted.
			sequence: Sequence,
			/// How many records counted.
			accepted: u32,
			/// How many were rejected.
			rejected: u32,
			/// What they cost together, in planck.
			charged: Balance,
		},
		/// The caller has asked to close a session.
		CloseRequested {
			/// The session.
			session: SessionId,
			/// The block from which anyone can close it.
			closes_at: BlockNumberFor<T>,
		},
		/// A session was closed.
		SessionClosed {
			/// The session.
			session: SessionId,
			/// What went back to the caller, in planck.
			refunded: Balance,
		},
	}

	/// What went wrong.
	#[pallet::error]
	pub enum Error<T> {
		/// The operator has registered a node already; update it instead.
		AlreadyRegistered,
		/// No inference node is registered under this account.
		UnknownNode,
		/// The bond is below the least bond.
		BondTooSmall,
		/// The endpoint must be an `http://` or `https://` URL.
		InvalidEndpoint,
		/// A node has to serve at least one model.
		NoModels,
		/// A model is listed twice.
		DuplicateModel,
		/// No such model.
		UnknownModel,
		/// The model's owner has paused it.
		ModelPaused,
		/// The deposit is below the least deposit.
		DepositTooSmall,
		/// The session would expire too soon.
		ExpiryTooSoon,
		/// The session would expire too late.
		ExpiryTooLate,
		/// No such session, or it was closed.
		UnknownSession,
		/// Only the session's node can settle.
		NotSessionNode,
		/// Only the session's caller can ask to close it.
		NotSessionCaller,
		/// The voucher was signed for another chain.
		WrongChain,
		/// The voucher authorises less than it acknowledges.
		VoucherContradictsItself,
		/// The signature is not the session signer's over this voucher.
		BadSignature,
		/// The voucher's sequence is not above the lane's last settled one: it was settled already,
		/// or a newer one was.
		VoucherNotNewer,
		/// There are no records.
		NoRecords,
		/// The lane's number is not below `MAX_LANES`.
		NoSuchLane,
		/// Every record was rejected: there is nothing to pay, and nothing changed.
		NothingSettled,
		/// The caller has asked to close the session already.
		AlreadyClosing,
		/// The close notice, or the settlement window after expiry, has not passed yet.
		NotYetClosable,
		/// There are no ids left.
		IdsExhausted,
		/// A sum does not fit a balance.
		Overflow,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the caller as the operator of an inference node.
		///
		/// `endpoint` is the base URL of its HTTP API, `receipt_key` the account of the key that
		/// signs its statements. `bond` planck are held from the operator.
		///
		/// # Errors
		/// `AlreadyRegistered`, `BondTooSmall`, `InvalidEndpoint`, `NoModels`, `DuplicateModel`,
		/// `UnknownModel`, `ModelPaused`; a token error if the operator cannot put up the bond.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_node(models.len().try_into().unwrap_or(u32::MAX)))]
		pub fn register_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			receipt_key: AccountId,
			bond: Balance,
			models: ServedModels,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			ensure!(!Nodes::<T>::contains_key(&operator), Error::<T>::AlreadyRegistered);
			ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
			Self::check_endpoint(&endpoint)?;
			Self::check_models(&models)?;

			T::Currency::hold(&HoldReason::Bond.into(), &operator, bond)?;
			for model in &models {
				ServedBy::<T>::insert(model, &operator, ());
			}
			Nodes::<T>::insert(&operator, Node { endpoint, receipt_key, bond, models });
			Self::deposit_event(Event::NodeRegistered { operator, bond });
			Ok(())
		}

		/// Replaces a node's endpoint, receipt key and models.
		///
		/// Settle first: records of a model that the node no longer serves are rejected.
		///
		/// # Errors
		/// `UnknownNode`, `InvalidEndpoint`, `NoModels`, `DuplicateModel`, `UnknownModel`,
		/// `ModelPaused` (for models that were not served before).
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_node(models.len().try_into().unwrap_or(u32::MAX)))]
		pub fn update_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			receipt_key: AccountId,
			models: ServedModels,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			let node = Nodes::<T>::get(&operator).ok_or(Error::<T>::UnknownNode)?;
			Self::check_endpoint(&endpoint)?;
			Self::check_new_models(&models, &node.models)?;

			for model in &node.models {
				ServedBy::<T>::remove(model, &operator);
			}
			for model in &models {
				ServedBy::<T>::insert(model, &operator, ());
			}
			Nodes::<T>::insert(&operator, Node { endpoint, receipt_key, bond: node.bond, models });
			Self::deposit_event(Event::NodeUpdated { operator });
			Ok(())
		}

		/// Opens a session with the inference node of operator `node`.
		///
		/// `deposit` planck are held from the caller; only this node can be paid out of them, and
		/// only for calls whose vouchers `signer` has signed. From block `expires_at` on the node
		/// must not serve calls.
		///
		/// # Errors
		/// `UnknownNode`, `DepositTooSmall`, `ExpiryTooSoon`, `ExpiryTooLate`; a token error if the
		/// caller does not have the deposit.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::open_session())]
		pub fn open_session(
			origin: OriginFor<T>,
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			ensure!(Nodes::<T>::contains_key(&node), Error::<T>::UnknownNode);
			ensure!(deposit >= T::MinDeposit::get(), Error::<T>::DepositTooSmall);
			let now = frame_system::Pallet::<T>::block_number();
			let soonest = now.saturating_add(T::MinDuration::get());
			let latest = now.saturating_add(T::MaxDuration::get());
			ensure!(expires_at >= soonest, Error::<T>::ExpiryTooSoon);
			ensure!(expires_at <= latest, Error::<T>::ExpiryTooLate);
			let session = NextSessionId::<T>::get();
			let next = session.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;

			T::Currency::hold(&HoldReason::Session.into(), &caller, deposit)?;
			NextSessionId::<T>::put(next);
			Sessions::<T>::insert(
				session,
				Session {
					caller: caller.clone(),
					node: node.clone(),
					signer,
					deposit,
					settled: 0,
					expires_at,
					closes_at: None,
					lanes: 0,
				},
			);
			Self::deposit_event(Event::SessionOpened {
				session,
				caller,
				node,
				deposit,
				expires_at,
			});
			Ok(())
		}

		/// Redeems a voucher for the calls that it pays for.
		///
		/// Each record is priced by the schedule it names, split and recorded by itself. One that
		/// breaks a rule is rejected alone: see
		/// [`RejectReason`](openledger_primitives::record::RejectReason).
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionNode`, `WrongChain`, `VoucherContradictsItself`,
		/// `NoRecords`, `NoSuchLane`, `VoucherNotNewer`, `BadSignature`; `NothingSettled` if no
		/// record counted.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::settle(records.len().try_into().unwrap_or(u32::MAX)))]
		pub fn settle(
			origin: OriginFor<T>,
			voucher: Voucher,
			signature: Signature,
			records: CallRecords,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			let session = Sessions::<T>::get(voucher.session).ok_or(Error::<T>::UnknownSession)?;
			ensure!(session.node == operator, Error::<T>::NotSessionNode);
			let genesis_hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
			ensure!(voucher.genesis_hash == genesis_hash, Error::<T>::WrongChain);
			ensure!(voucher.allowance().is_some(), Error::<T>::VoucherContradictsItself);
			ensure!(!records.is_empty(), Error::<T>::NoRecords);
			ensure!(voucher.lane < MAX_LANES, Error::<T>::NoSuchLane);
			let known_lane = Lanes::<T>::contains_key(voucher.session, voucher.lane);
			let lane = Lanes::<T>::get(voucher.session, voucher.lane);
			ensure!(voucher.sequence > lane.sequence, Error::<T>::VoucherNotNewer);
			let lanes = if known_lane {
				session.lanes
			} else {
				session.lanes.checked_add(1).ok_or(Error::<T>::NoSuchLane)?
			};
			// Last, because it costs most.
			ensure!(voucher.verify(&signature, &session.signer), Error::<T>::BadSignature);

			let outcome = Self::price_records(&session, lane, &voucher, &records);
			for (sequence, reason) in &outcome.rejected {
				Self::deposit_event(Event::RecordRejected {
					session: voucher.session,
					lane: voucher.lane,
					sequence: *sequence,
					reason: *reason,
				});
			}
			ensure!(!outcome.accepted.is_empty(), Error::<T>::NothingSettled);

			let settled =
				session.settled.checked_add(outcome.charged).ok_or(Error::<T>::Overflow)?;
			Lanes::<T>::insert(voucher.session, voucher.lane, outcome.lane);
			let session = Session { settled, lanes, ..session };
			Sessions::<T>::insert(voucher.session, &session);
			let payments = Self::collect_and_split(&session, &outcome)?;
			Self::deposit_settled(&session, &voucher, &outcome, payments);
			Ok(())
		}

		/// Asks to close a session. The node has [`Config::CloseNotice`] blocks left to settle;
		/// from then on anyone can close it.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `AlreadyClosing`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::request_close())]
		pub fn request_close(origin: OriginFor<T>, session: SessionId) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			let open = Sessions::<T>::get(session).ok_or(Error::<T>::UnknownSession)?;
			ensure!(open.caller == caller, Error::<T>::NotSessionCaller);
			ensure!(open.closes_at.is_none(), Error::<T>::AlreadyClosing);

			let now = frame_system::Pallet::<T>::block_number();
			let closes_at = now.saturating_add(T::CloseNotice::get());
			Sessions::<T>::insert(session, Session { closes_at: Some(closes_at), ..open });
			Self::deposit_event(Event::CloseRequested { session, closes_at });
			Ok(())
		}

		/// Closes a session and gives what is left of its deposit back to the caller.
		///
		/// The node may do so at any time, and gives up what it has not settled. Anyone else may
		/// once the caller's notice has passed, or [`Config::SettlementWindow`] blocks after the
		/// session has expired.
		///
		/// # Errors
		/// `UnknownSession`, `NotYetClosable`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::close_session(MAX_LANES.into()))]
		pub fn close_session(
			origin: OriginFor<T>,
			session: SessionId,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let open = Sessions::<T>::get(session).ok_or(Error::<T>::UnknownSession)?;
			let now = frame_system::Pallet::<T>::block_number();
			let noticed = open.closes_at.is_some_and(|closes_at| closes_at <= now);
			let lapsed = open.expires_at.saturating_add(T::SettlementWindow::get()) <= now;
			ensure!(who == open.node || noticed || lapsed, Error::<T>::NotYetClosable);

			let refunded = open.remaining();
			T::Currency::release(
				&HoldReason::Session.into(),
				&open.caller,
				refunded,
				Precision::Exact,
			)?;
			Sessions::<T>::remove(session);
			// All of them: a session never has more lanes than the limit.
			let _ = Lanes::<T>::clear_prefix(session, MAX_LANES.into(), None);
			Self::deposit_event(Event::SessionClosed { session, refunded });
			Ok(Some(T::WeightInfo::close_session(open.lanes.into())).into())
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MinDuration::get() <= T::MaxDuration::get(), "no session could be opened");
			assert!(!T::CloseNotice::get().is_zero(), "a node needs time to settle");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		fn check_endpoint(endpoint: &Uri) -> Result<(), Error<T>> {
			let rest = endpoint
				.strip_prefix(b"http://".as_slice())
				.or_else(|| endpoint.strip_prefix(b"https://".as_slice()))
				.ok_or(Error::<T>::InvalidEndpoint)?;
			let printable = rest.iter().all(u8::is_ascii_graphic);
			ensure!(!rest.is_empty() && printable, Error::<T>::InvalidEndpoint);
			Ok(())
		}

		fn check_models(models: &ServedModels) -> Result<(), Error<T>> {
			Self::check_new_models(models, &ServedModels::default())
		}

		/// A model that is served already may stay, even if it has been paused since.
		fn check_new_models(models: &ServedModels, served: &ServedModels) -> Result<(), Error<T>> {
			ensure!(!models.is_empty(), Error::<T>::NoModels);
			let distinct = models.iter().collect::<BTreeSet<_>>();
			ensure!(distinct.len() == models.len(), Error::<T>::DuplicateModel);
			for model in models.iter().filter(|model| !served.contains(model)) {
				ensure!(T::Models::exists(*model), Error::<T>::UnknownModel);
				ensure!(!T::Models::is_paused(*model), Error::<T>::ModelPaused);
			}
			Ok(())
		}
	}
}
