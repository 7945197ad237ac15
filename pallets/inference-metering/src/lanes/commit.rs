//! Writing what was redeemed: sessions and lanes, the charge, the split, and a root a lane.

use super::{
	redeem::{Calls, Charged, Item, Redeemed, Redeemer, Rejected},
	Outcome,
};
use crate::{
	pallet::*,
	types::{count, RootKey, SettledRoot, SettledRootOf},
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	lane::{
		AttributionShare, LineageShare, SettledCall, SettledItem, SettledLane, SettledRun,
		SourceShare,
	},
	traits::{ItemCharge, LaneCharges, LanePayment, LaneTerms, NodeInspect, RevenueDistributor},
	tree, AccountId, Hash, Sequence,
};
use sp_core::Get;
use sp_runtime::{BoundedVec, DispatchError, DispatchResult};

/// A lane of which something was settled and paid.
pub(super) struct Committed {
	pub(super) header: SettledLane,
	pub(super) items: Vec<SettledItem>,
	pub(super) rejected: Vec<Rejected>,
	first_sequence: Sequence,
	agreement_hash: Hash,
}

impl<T: Config> Pallet<T> {
	/// Writes what was redeemed, charges it, and has it split. At least one lane was settled.
	pub(super) fn commit_lanes(
		redeemer: Redeemer<T>,
		outcomes: Vec<Outcome<Redeemed>>,
	) -> Result<Vec<Outcome<Committed>>, DispatchError> {
		let Redeemer { operator, until, deposits, sessions, lanes, .. } = redeemer;
		for ((session, number), lane) in lanes {
			Lanes::<T>::insert(session, number, lane);
		}
		for (id, charged) in sessions {
			if charged.changed {
				Self::charge_session(&charged)?;
				Sessions::<T>::insert(id, charged.session);
			}
		}
		if deposits > 0 {
			T::Currency::hold(&HoldReason::LaneStorage.into(), operator, deposits)?;
		}

		let payee = <Self as NodeInspect<_>>::payee(operator);
		let payments = T::Revenue::distribute_lanes(&charges(&outcomes, &payee))?;
		let mut payments = payments.into_iter();
		let mut committed = Vec::with_capacity(outcomes.len());
		for outcome in outcomes {
			committed.push(match outcome {
				Outcome::Settled(lane) => {
					let payment = payments.next().ok_or(DispatchError::Corruption)?;
					Outcome::Settled(paid(lane, operator, &payee, payment)?)
				}
				Outcome::Rejected { session, lane, reason } => {
					Outcome::Rejected { session, lane, reason }
				}
			});
		}
		// One a lane; anything else would leave events without their payments.
		ensure!(payments.next().is_none(), DispatchError::Corruption);

		let roots: Vec<_> = committed
			.iter()
			.filter_map(|outcome| match outcome {
				Outcome::Settled(lane) => Some(Self::root_of(lane, until)),
				Outcome::Rejected { .. } => None,
			})
			.collect();
		Self::keep_roots(roots)?;
		Ok(committed)
	}

	/// Takes what its lanes cost out of a session's hold.
	fn charge_session(charged: &Charged<T>) -> DispatchResult {
		if charged.charged == 0 {
			return Ok(());
		}
		// By force: the caller may have frozen the funds since for a purpose of their own, but these are
		// promised.
		T::Currency::transfer_on_hold(
			&HoldReason::Session.into(),
			&charged.session.caller,
			&T::Revenue::pot(),
			charged.charged,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
		.map(|_| ())
	}

	/// What is kept of a lane's settlement, with its key.
	fn root_of(lane: &Committed, until: BlockNumberFor<T>) -> (RootKey, SettledRootOf<T>) {
		let header = &lane.header;
		let root = SettledRoot {
			agreement: lane.agreement_hash,
			root: header.root,
			items: header.items,
			first_sequence: lane.first_sequence,
			last_sequence: header.sequence,
			voucher_sequence: header.voucher_sequence,
			acknowledged_root: header.acknowledged_root,
			charged: header.charged,
			node: header.node.clone(),
			caller: header.caller.clone(),
			at: Self::now(),
			until,
		};
		((header.session, header.lane, header.sequence), root)
	}
}

/// What is to be split, lane by lane.
fn charges<'a>(
	outcomes: &'a [Outcome<Redeemed>],
	payee: &'a AccountId,
) -> Vec<LaneCharges<'a, AccountId>> {
	let charge = |item: &'a Item| {
		let (calls, attribution): (u64, &[AttributionShare]) = match &item.calls {
			Calls::One(record) => (1, record.attribution.as_slice()),
			Calls::Run(run) => (run.totals.calls.into(), Default::default()),
		};
		ItemCharge { calls, charge: item.cost.charge, list_charge: item.cost.by_list, attribution }
	};
	outcomes
		.iter()
		.filter_map(|outcome| match outcome {
			Outcome::Settled(lane) => Some(LaneCharges {
				node: payee,
				model: lane.agreement.model,
				terms: &lane.terms,
				as_of: lane.agreement.as_of,
				items: lane.items.iter().map(charge).collect(),
			}),
			Outcome::Rejected { .. } => None,
		})
		.collect()
}

/// Puts together what was settled of a lane, and how it was paid.
fn paid(
	lane: Redeemed,
	operator: &AccountId,
	payee: &AccountId,
	LanePayment { items: payments, pools }: LanePayment,
) -> Result<Committed, DispatchError> {
	ensure!(payments.len() == lane.items.len(), DispatchError::Corruption);
	let mut items = Vec::with_capacity(payments.len());
	for (Item { cost, calls }, (parts, direct)) in lane.items.into_iter().zip(payments) {
		items.push(match calls {
			Calls::One(record) => {
				SettledItem::Call(SettledCall { record, charge: cost.charge, parts, direct })
			}
			Calls::Run(run) => SettledItem::Run(SettledRun {
				first_sequence: run.first_sequence,
				last_sequence: run.last_sequence,
				count: run.count,
				acknowledged_root: lane.acknowledged_root,
				totals: run.totals,
				parts,
			}),
		});
	}
	let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
	let LaneTerms { call, protocol_share, sources, .. } = &*lane.terms;
	let header = SettledLane {
		session: lane.session,
		lane: lane.lane,
		caller: lane.caller,
		node: operator.clone(),
		node_payee: payee.clone(),
		agreement: lane.agreement,
		developer_payee: call.payee.clone(),
		price: call.price,
		policy: call.policy,
		protocol_share: *protocol_share,
		lineage: bounded(call.lineage.iter().map(|parent| LineageShare {
			model: parent.model,
			payee: parent.payee.clone(),
			royalty: parent.royalty,
		}))?,
		sources: bounded(sources.iter().cloned().map(SourceShare::from))?,
		pools: bounded(pools.into_iter())?,
		sequence: lane.sequence,
		voucher_sequence: lane.voucher_sequence,
		acknowledged_root: lane.acknowledged_root,
		items: count(items.len()),
		rejected: count(lane.rejected.len()),
		charged: lane.charged,
		root: tree::root(&leaves).ok_or(DispatchError::Corruption)?,
	};
	Ok(Committed {
		header,
		items,
		rejected: lane.rejected,
		first_sequence: lane.first_sequence,
		agreement_hash: lane.agreement_hash,
	})
}

/// A list that is no longer than it can be; others keep to that as well.
fn bounded<Entry, Bound: Get<u32>>(
	entries: impl Iterator<Item = Entry>,
) -> Result<BoundedVec<Entry, Bound>, DispatchError> {
	BoundedVec::try_from(entries.collect::<Vec<_>>()).map_err(|_| DispatchError::Corruption)
}
