//! The set-up that benchmarks start from.

use crate::{
	pallet::*,
	types::{
		self, DisputedCalls, EquivocatedCalls, Lane, Node, PreviousKey, Proven, QueueEnds,
		QueuedRoot, Served, ServedModels, Session, SessionOf, Status,
	},
};
use alloc::vec::Vec;
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	Get, GetCallName,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	report::commitment,
	signing::{wrap, Signed},
	traits::{DataInspect, ModelInspect},
	AccountId, Balance, ContributionId, Hash, ModelId, Sequence, SessionId, Signature, Uri,
	MAX_SERVED, MAX_SOURCES,
};
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{
	traits::{Bounded, IdentifyAccount, Saturating, Zero},
	DispatchResult, MultiSigner,
};

pub(super) const KEY_TYPE: KeyTypeId = KeyTypeId(*b"bnch");

/// Enough for every deposit here.
pub(super) fn wealth<T: Config>() -> Balance {
	let largest = T::MinBond::get()
		.max(T::MinDeposit::get())
		.max(T::SessionDeposit::get())
		.max(T::Currency::minimum_balance());
	largest.saturating_mul(1_000_000)
}

pub(super) fn fund<T: Config>(account: &AccountId) -> DispatchResult {
	T::Currency::mint_into(account, wealth::<T>()).map(|_| ())
}

pub(super) fn funded<T: Config>(name: &'static str) -> Result<AccountId, BenchmarkError> {
	let account = account(name, 0, 0);
	fund::<T>(&account)?;
	Ok(account)
}

/// A key of its own, and the account that it signs for.
pub(super) fn key() -> (sr25519::Public, AccountId) {
	let key: sr25519::Public = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
	(key, MultiSigner::from(key).into_account())
}

/// A signature over the wrapped form, so that both forms are checked.
pub(super) fn sign(
	key: &sr25519::Public,
	message: &impl Signed,
) -> Result<Signature, BenchmarkError> {
	let payload = wrap(&message.signing_payload());
	let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, key, &payload);
	Ok(signature.ok_or("no key to sign with")?.into())
}

/// As many sources as a version can have, each a datanet of its own, with so many contributions.
pub(super) fn sources<T: Config>(
	contributions: u32,
) -> Result<(DataSources, Vec<ContributionId>), BenchmarkError> {
	let mut sources = DataSources::default();
	let mut all = Vec::new();
	for _ in 0..MAX_SOURCES {
		let (datanet, release, ids) = T::BenchmarkData::benchmark_release(contributions)?;
		let source = DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 };
		sources.try_push(source).map_err(|_| "too many sources")?;
		all.extend(ids);
	}
	Ok((sources, all))
}

pub(super) fn models<T: Config>(count: u32) -> Result<Vec<ModelId>, BenchmarkError> {
	let developer = funded::<T>("developer")?;
	let (sources, _) = sources::<T>(1)?;
	let register = |_| T::Models::benchmark_model(&developer, sources.clone());
	Ok((0..count).map(register).collect::<Result<_, _>>()?)
}

pub(super) fn served(models: Vec<ModelId>) -> Result<ServedModels, BenchmarkError> {
	let served = |model| Served { model, capacity: 1 };
	let models: Vec<_> = models.into_iter().map(served).collect();
	Ok(models.try_into().map_err(|_| "too many models")?)
}

pub(super) fn endpoint() -> Uri {
	let mut endpoint = b"https://".to_vec();
	endpoint.resize(openledger_primitives::MAX_URI as usize, b'a');
	endpoint.try_into().unwrap_or_default()
}

/// Registers a node of `operator`, or lets it serve more.
pub(crate) fn register<T: Config>(
	operator: &AccountId,
	models: impl IntoIterator<Item = ModelId>,
) -> DispatchResult {
	let mut node = match Nodes::<T>::get(operator) {
		Some(node) => node,
		None => {
			let bond = T::MinBond::get();
			let enough = bond.saturating_add(T::Currency::minimum_balance());
			T::Currency::mint_into(operator, enough)?;
			T::Currency::hold(&HoldReason::Bond.into(), operator, bond)?;
			Node {
				endpoint: endpoint(),
				payee: None,
				receipt_key: operator.clone(),
				key_since: Zero::zero(),
				bond,
				models: Default::default(),
				status: Status::Active,
				last_heartbeat: Zero::zero(),
				sessions: 0,
				settles_until: Zero::zero(),
				liable_until: Zero::zero(),
			}
		}
	};
	for model in models {
		let served = Served { model, capacity: 1 };
		node.models.try_push(served).map_err(|_| Error::<T>::Overflow)?;
	}
	Pallet::<T>::list(operator, &node.models);
	Nodes::<T>::insert(operator, node);
	Ok(())
}

/// A node of its own with as many models as it can serve, taken off the list.
pub(super) fn inactive<T: Config>(
	count: u32,
	status: Status<BlockNumberFor<T>>,
) -> Result<AccountId, BenchmarkError> {
	let operator = funded::<T>("operator")?;
	register::<T>(&operator, models::<T>(count)?)?;
	Nodes::<T>::mutate(&operator, |node| {
		if let Some(node) = node {
			Pallet::<T>::unlist(&operator, &node.models);
			node.status = status;
		}
	});
	Ok(operator)
}

/// Lets a reporter have committed to a report for long enough.
pub(super) fn commit<T: Config>(
	reporter: &AccountId,
	report: &Call<T>,
) -> Result<(), BenchmarkError> {
	fund::<T>(reporter)?;
	let (name, encoded) = (report.get_call_name(), report.encode());
	// The call's index is no part of it: its name is.
	let arguments = encoded.get(1..).unwrap_or_default();
	let hash = commitment(reporter, name, arguments);
	Pallet::<T>::do_commit_report(reporter.clone(), hash)?;
	let ripe = Pallet::<T>::now().saturating_add(T::ReportDelay::get());
	frame_system::Pallet::<T>::set_block_number(ripe);
	Ok(())
}

/// Opens a session that has settled something, and has `lanes` lanes.
pub(super) fn open<T: Config>(
	caller: &AccountId,
	node: &AccountId,
	signer: AccountId,
	lanes: u32,
) -> Result<SessionId, BenchmarkError> {
	let id = NextSessionId::<T>::get();
	let lane_deposits = T::LaneDeposit::get().saturating_mul(lanes.into());
	let lanes = u16::try_from(lanes).map_err(|_| "too many lanes")?;
	for lane in 0..lanes {
		let agreement = Hash::zero();
		Lanes::<T>::insert(id, lane, Lane { sequence: 1, settled: 0, agreement });
	}
	let expires_at = Pallet::<T>::now().saturating_add(T::MinDuration::get());
	let settle_until = expires_at.saturating_add(T::SettlementWindow::get());
	let deposit = wealth::<T>() / 2;
	let storage_deposit = T::SessionDeposit::get();
	T::Currency::hold(&HoldReason::Session.into(), caller, deposit.saturating_sub(1))?;
	T::Currency::hold(&HoldReason::SessionStorage.into(), caller, storage_deposit)?;
	if lane_deposits > 0 {
		T::Currency::hold(&HoldReason::LaneStorage.into(), node, lane_deposits)?;
	}
	let session: SessionOf<T> = Session {
		caller: caller.clone(),
		node: node.clone(),
		signer,
		deposit,
		settled: 1,
		spent: 0,
		spending_limit: Balance::MAX,
		pending_limit: None,
		storage_deposit,
		lane_deposits,
		opened_at: Zero::zero(),
		expires_at,
		settle_until,
		closes_at: None,
		lanes,
		liable_until: Zero::zero(),
	};
	Sessions::<T>::insert(id, session);
	NextSessionId::<T>::put(id.saturating_add(1));
	Nodes::<T>::mutate(node, |node| {
		if let Some(node) = node {
			node.sessions = node.sessions.saturating_add(1);
			node.settles_until = settle_until;
		}
	});
	Ok(id)
}

/// A session with so many lanes whose node has a receipt key of its own: the key, the caller, and the session.
pub(super) fn closing<T: Config>(
	lanes: u32,
) -> Result<(sr25519::Public, AccountId, SessionId), BenchmarkError> {
	let caller = funded::<T>("caller")?;
	let operator = funded::<T>("operator")?;
	register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
	let (key, receipts) = key();
	Nodes::<T>::mutate(&operator, |node| {
		if let Some(node) = node {
			node.receipt_key = receipts;
		}
	});
	let session = open::<T>(&caller, &operator, caller.clone(), lanes)?;
	Ok((key, caller, session))
}

/// Lets a node have equivocated about as many calls as are kept.
pub(super) fn fill_equivocations<T: Config>(operator: &AccountId) -> Result<(), BenchmarkError> {
	let mut known = EquivocatedCalls::new();
	for sequence in 0..types::MAX_EQUIVOCATIONS {
		known.try_insert((0, 0, sequence.into())).map_err(|_| "too many calls")?;
	}
	Equivocations::<T>::insert(operator, known);
	Ok(())
}

/// So many calls that were proven to be overcharged, and are refunded.
pub(super) fn disputed(count: u32) -> DisputedCalls {
	let mut disputed = DisputedCalls::new();
	for sequence in 0..count {
		let proven = Proven { overcharge: 1, refunded: 1, misreported: true };
		let _ = disputed.try_insert(Sequence::MAX.saturating_sub(sequence.into()), proven);
	}
	disputed
}

/// Fills the queue with roots that can be removed, and that are disputed as much as can be.
pub(crate) fn old_roots<T: Config>(count: u32) {
	let disputed = disputed(types::MAX_DISPUTED);
	let now = Pallet::<T>::now().max(10u32.into());
	frame_system::Pallet::<T>::set_block_number(now);
	let node: AccountId = account("node", 0, 0);
	for n in 0..u64::from(count) {
		// Of sessions of long ago.
		let key = (u64::MAX.saturating_sub(n), 0, 1);
		let until = Zero::zero();
		RootQueue::<T>::insert(n, QueuedRoot { key, until });
		let root = types::SettledRoot {
			agreement: Hash::zero(),
			root: Hash::zero(),
			items: 1,
			first_sequence: 1,
			last_sequence: 1,
			voucher_sequence: 1,
			acknowledged_root: Hash::zero(),
			charged: 0,
			node: node.clone(),
			caller: node.clone(),
			at: Zero::zero(),
			until,
		};
		Roots::<T>::insert(key, root);
		Disputed::<T>::insert(key, &disputed);
	}
	RootQueueEnds::<T>::put(QueueEnds { first: 0, next: count.into() });
}

/// A dispute that costs most to decide: the oldest of as many earlier keys as are kept has signed the
/// wrapped form, who is paid has no account yet, and there is room to note but one more dispute.
pub(super) struct Disputing {
	pub(super) key: sr25519::Public,
	pub(super) receipt_key: AccountId,
	pub(super) operator: AccountId,
	pub(super) reporter: AccountId,
}

pub(super) fn disputing<T: Config>(models: u32) -> Result<Disputing, BenchmarkError> {
	let operator = funded::<T>("operator")?;
	register::<T>(&operator, self::models::<T>(models)?)?;
	fund::<T>(&T::ProtocolAccount::get())?;
	let (key, receipt_key) = key();
	let earlier = |n| PreviousKey {
		key: if n == types::MAX_PREVIOUS_KEYS { receipt_key.clone() } else { operator.clone() },
		since: Zero::zero(),
		replaced_at: Zero::zero(),
		kept_until: Bounded::max_value(),
	};
	let history: Vec<_> = (1..=types::MAX_PREVIOUS_KEYS).map(earlier).collect();
	let history = history.try_into().map_err(|_| "too many keys")?;
	PreviousKeys::<T>::insert::<_, types::KeyHistoryOf<T>>(&operator, history);
	// Nobody can have made calls in a session that was never opened.
	NextSessionId::<T>::put(1);
	let reporter = account("reporter", 0, 0);
	Ok(Disputing { key, receipt_key, operator, reporter })
}
