//! A node's word on one of its lanes: the answer to `GET /v1/sessions/{session}/{lane}`.
//!
//! It tells what the lane's next voucher has to name, and has what a caller needs that lost its own state, or
//! has an older one: the last voucher, with the caller's own signature, and the list of calls that it
//! acknowledges. So the caller believes nothing but itself, and the node's signature for the one call that came
//! after.

use openledger_primitives::{
	lane::{Agreement, VersionedVoucher},
	lane_list::{LaneError, LaneList, LaneSnapshot},
	serde_balance, AccountId, Balance, LaneId, ModelId, PriceVersion, Sequence, SessionId,
	Signature, VersionId,
};
use serde::{Deserialize, Serialize};

use crate::x402::{camel, signature, Receipt};

/// The body of the answer. Amounts are in planck, and in JSON they are decimal strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneStateBody {
	/// The session.
	pub session: SessionId,
	/// The lane.
	pub lane: LaneId,
	/// The model that the lane is for, if the node knows of a call of it.
	pub model: Option<ModelId>,
	/// The version of the model.
	pub version: Option<VersionId>,
	/// The price version.
	pub price_version: Option<PriceVersion>,
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// The sequence that the next voucher has to have.
	pub next_sequence: Sequence,
	/// The cost of the lane's calls.
	#[serde(with = "serde_balance")]
	pub charged: Balance,
	/// The most that the call may cost which is being served, if there is one.
	#[serde(with = "optional_balance")]
	pub in_flight: Option<Balance>,
	/// The session's deposit.
	#[serde(with = "serde_balance")]
	pub deposit: Balance,
	/// The part of it that neither the node nor the chain counts as spent.
	#[serde(with = "serde_balance")]
	pub deposit_left: Balance,
	/// The agreement that the lane's calls are made under, if the node has the lane's list.
	#[serde(default, with = "camel::optional_agreement")]
	pub agreement: Option<Agreement>,
	/// The last voucher that was taken, if the node has the lane's list.
	#[serde(default)]
	pub last: Option<LastVoucher>,
}

/// The last voucher that a node has taken on a lane, and all that the caller needs to sign the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVoucher {
	/// The caller's promise.
	#[serde(with = "camel::VersionedPromise")]
	pub voucher: VersionedVoucher,
	/// The caller's own signature over it.
	#[serde(with = "signature")]
	pub signature: Signature,
	/// The list of calls that the voucher acknowledges: those before its own.
	#[serde(with = "camel::scale")]
	pub snapshot: LaneSnapshot,
	/// The statement of its own call, if that was charged.
	pub statement: Option<Receipt>,
}

impl LastVoucher {
	/// Returns `true` if `signer` signed the voucher.
	pub fn is_signed_by(&self, signer: &AccountId) -> bool {
		self.voucher.verify(&self.signature, signer)
	}

	/// The list of calls that the voucher acknowledges. Its own call is not in it.
	///
	/// # Errors
	/// If the snapshot is not of that list.
	pub fn list(&self) -> Result<LaneList, LaneError> {
		let voucher = self.voucher.newest();
		let list = self.snapshot.restore(&voucher.acknowledged_root)?;
		if list.totals().charge != voucher.acknowledged {
			return Err(LaneError::Totals);
		}
		if list.last().is_some_and(|last| last.sequence >= voucher.sequence) {
			return Err(LaneError::Sequence);
		}
		Ok(list)
	}
}

/// Amounts in JSON, or none.
mod optional_balance {
	use super::{serde_balance, Balance};
	use serde::{Deserialize, Deserializer, Serialize, Serializer};

	#[derive(Serialize, Deserialize)]
	struct Wire(#[serde(with = "serde_balance")] Balance);

	pub(super) fn serialize<S: Serializer>(
		amount: &Option<Balance>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		amount.map(Wire).serialize(serializer)
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<Balance>, D::Error> {
		let amount = Option::<Wire>::deserialize(deserializer)?;
		Ok(amount.map(|Wire(amount)| amount))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{self, Key, Scheme};
	use openledger_primitives::{lane::Voucher, lane_list::Totals, Hash};
	use serde_json::{json, Value};

	/// A lane of four calls, of which the last voucher acknowledges the first three.
	fn body() -> LaneStateBody {
		let (mut list, mut nodes) = (LaneList::default(), std::collections::BTreeMap::new());
		for sequence in 1..=3 {
			let visit = |level, index, hash: &Hash| {
				nodes.insert((level, index), *hash);
			};
			let call = Totals { calls: 1, charge: 1 << 65, ..Totals::default() };
			list.append_visited(sequence, Hash::repeat_byte(4), &call, visit).unwrap();
		}
		let snapshot = LaneSnapshot::new(&list, |level, index| nodes.get(&(level, index)).copied());
		let voucher = Voucher {
			sequence: 5,
			acknowledged: list.totals().charge,
			acknowledged_root: list.root(),
			..testing::voucher()
		};
		let caller = Key::new("//Alice", Scheme::Sr25519);
		LaneStateBody {
			session: 9,
			lane: 1,
			model: Some(3),
			version: Some(1),
			price_version: Some(2),
			sequence: 5,
			next_sequence: 6,
			charged: 4 << 65,
			in_flight: None,
			deposit: 1 << 100,
			deposit_left: (1 << 100) - (4 << 65),
			agreement: Some(testing::agreement()),
			last: Some(LastVoucher {
				voucher: voucher.into(),
				signature: caller.sign_message(&voucher),
				snapshot: snapshot.unwrap(),
				statement: Some(testing::receipt()),
			}),
		}
	}

	#[test]
	fn all_of_it_survives_the_way() {
		let body = body();

		let json = serde_json::to_value(&body).unwrap();

		assert_eq!(json["charged"], (4_u128 << 65).to_string());
		assert_eq!(json["in_flight"], Value::Null);
		assert_eq!(json["next_sequence"], 6);
		assert_eq!(json["agreement"]["priceVersion"], 2);
		assert_eq!(json["last"]["voucher"]["format"], "v3");
		assert_eq!(json["last"]["voucher"]["acknowledged"], (3_u128 << 65).to_string());
		assert!(json["last"]["snapshot"].as_str().unwrap().starts_with("0x01"));
		assert_eq!(json["last"]["statement"]["statement"]["format"], "v2");
		assert_eq!(serde_json::from_value::<LaneStateBody>(json).unwrap(), body);
		let empty = LaneStateBody { agreement: None, last: None, in_flight: Some(7), ..body };
		let json = serde_json::to_value(&empty).unwrap();
		assert_eq!((&json["in_flight"], &json["last"]), (&json!("7"), &Value::Null));
		assert_eq!(serde_json::from_value::<LaneStateBody>(json).unwrap(), empty);
	}

	#[test]
	fn the_list_is_the_one_that_the_caller_has_signed_for() {
		let last = body().last.unwrap();
		assert!(last.is_signed_by(&Key::new("//Alice", Scheme::Sr25519).account()));
		assert!(!last.is_signed_by(&Key::new("//Bob", Scheme::Sr25519).account()));

		assert_eq!(last.list().unwrap().count(), 3);

		let with = |change: fn(&mut Voucher)| {
			let mut voucher = last.voucher.newest();
			change(&mut voucher);
			LastVoucher { voucher: voucher.into(), ..last.clone() }.list().unwrap_err()
		};
		assert_eq!(with(|voucher| voucher.acknowledged_root = Hash::zero()), LaneError::Peaks);
		assert_eq!(with(|voucher| voucher.acknowledged += 1), LaneError::Totals);
		assert_eq!(with(|voucher| voucher.sequence = 3), LaneError::Sequence);
	}

	#[test]
	fn a_snapshot_that_is_cut_off_or_has_more_is_not_read() {
		let json = serde_json::to_value(body()).unwrap();
		let snapshot = json["last"]["snapshot"].as_str().unwrap().to_owned();
		for wrong in
			[&snapshot[..snapshot.len() - 2], &format!("{snapshot}00"), &snapshot[2..], "0x"]
		{
			let mut json = json.clone();
			json["last"]["snapshot"] = json!(wrong);
			assert!(serde_json::from_value::<LaneStateBody>(json).is_err(), "{wrong}");
		}
	}
}
