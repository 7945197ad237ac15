//! Files of earlier versions.
//!
//! A voucher named no version of its model then, and a sum was made up of parts, one for each version
//! and price. Such a voucher settles nothing any more. So a file is brought up only once all its calls
//! are at their end; the vouchers are dropped, and the sums keep what their proofs need.

use codec::{Decode, Encode};
use openledger_primitives::{
	aggregate::{Aggregate, MergedAttribution},
	Balance, Hash, PriceVersion, Sequence, VersionId, Weight,
};
use redb::ReadableTable;

use super::{
	error::StoreError,
	tables::{decode, OpenCall, Tables},
	types::{CallId, SessionState, StoredAggregate},
};

/// A part of a sum: the calls of one version at one price.
#[derive(Encode, Decode)]
pub(super) struct OlderEntry {
	pub(super) version: VersionId,
	pub(super) price_version: PriceVersion,
	pub(super) calls: u32,
	pub(super) input_tokens: u64,
	pub(super) output_tokens: u64,
}

/// A [`StoredAggregate`].
#[derive(Encode, Decode)]
pub(super) struct OlderAggregate {
	pub(super) first: Sequence,
	pub(super) calls: u32,
	pub(super) up_to: Sequence,
	pub(super) entries: Vec<OlderEntry>,
	pub(super) attribution: MergedAttribution,
	pub(super) unattributed: Weight,
	pub(super) root: Hash,
	pub(super) voucher: Sequence,
}

impl From<OlderAggregate> for StoredAggregate {
	fn from(older: OlderAggregate) -> Self {
		let sum = |tokens: fn(&OlderEntry) -> u64| {
			older.entries.iter().map(tokens).fold(0, u64::saturating_add)
		};
		let aggregate = Aggregate {
			up_to: older.up_to,
			calls: older.calls,
			input_tokens: sum(|entry| entry.input_tokens),
			output_tokens: sum(|entry| entry.output_tokens),
			attribution: older.attribution,
			unattributed: older.unattributed,
			root: older.root,
		};
		Self { first: older.first, aggregate, voucher: older.voucher }
	}
}

/// A [`SessionState`].
#[derive(Encode, Decode)]
pub(super) struct OlderSession {
	pub(super) charged: Balance,
	pub(super) in_flight: Balance,
}

/// Writes everything as it is written now.
///
/// # Errors
/// [`StoreError::Unsettled`] if calls wait for settlement, or for the outcome of one.
pub(super) fn bring_up(tables: &mut Tables<'_>) -> Result<(), StoreError> {
	let open = tables.open_calls()?;
	let calls = open.iter().filter(|(_, open)| *open != OpenCall::Accepted).count();
	if calls > 0 {
		return Err(StoreError::Unsettled { calls });
	}
	tables.vouchers.retain(|_, _| false)?;
	tables.sent.retain(|_, _| false)?;

	let mut sums = Vec::new();
	for entry in tables.aggregates.iter()? {
		let (key, value) = entry?;
		let older: OlderAggregate = decode("aggregates", value.value())?;
		sums.push((key.value(), StoredAggregate::from(older)));
	}
	for (key, sum) in sums {
		tables.aggregates.insert(key, sum.encode().as_slice())?;
	}

	let mut sessions = Vec::new();
	for entry in tables.sessions.iter()? {
		let (session, value) = entry?;
		let older: OlderSession = decode("sessions", value.value())?;
		sessions.push((session.value(), older));
	}
	for (session, OlderSession { charged, in_flight }) in sessions {
		// All its calls are of one caller: what else there may be was never checked.
		let first = CallId { session, lane: 0, sequence: 0 };
		let payer = tables.first_call(first)?.map(|call| call.payer);
		tables.put_session(session, &SessionState { charged, in_flight, payer });
	}
	Ok(())
}
