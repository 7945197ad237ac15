//! A lane as its node keeps it, and tells it to whoever has lost it.

use openledger_primitives::{
	answer::{prompt_root, unattributed, AnswerSalts},
	lane::{Statement, VersionedStatement, Voucher},
	lane_list::{LaneList, LaneSnapshot},
	price::Tokens,
	signing::Signed,
};
use openledger_protocol::{LaneStateBody, LastVoucher};
use sp_core::{sr25519, Pair};

use super::*;

/// The caller's key, a hot key of its, the node's receipt key, or anybody's.
pub(super) fn key(number: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[number; 32])
}

pub(super) fn account(number: u8) -> AccountId {
	AccountId::new(key(number).public().0)
}

pub(super) fn sign(key: u8, message: &impl Signed) -> Signature {
	self::key(key).sign(&message.signing_payload()).into()
}

/// The voucher for what was begun, as [`SignedVoucher`](crate::SignedVoucher) makes it.
pub(super) fn voucher(begun: &Begun) -> Voucher {
	let (slot, agreed) = (&begun.slot, &begun.call.agreed);
	Voucher {
		genesis_hash: Hash::zero(),
		session: slot.session,
		lane: slot.lane,
		agreement: agreed.agreement,
		sequence: slot.sequence,
		acknowledged: begun.acknowledged,
		acknowledged_root: begun.acknowledged_root,
		authorised: begun.authorised,
		request_hash: agreed.request_hash,
		valid_until: agreed.valid_until,
		extension: None,
	}
}

/// The statement of a call for so many tokens of an answer, not signed yet.
pub(super) fn statement(voucher: &Voucher, charge: Balance, tokens: Tokens) -> Receipt {
	let (hash, evidence) = (&voucher.request_hash, voucher.agreement.evidence);
	let prompt = prompt_root(&AnswerSalts::new(&[0; 32], hash), b"Where?").unwrap();
	let answer = unattributed(&[0; 32], hash, b"Paris", prompt, evidence).unwrap();
	let statement = Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens,
		charge,
		request_hash: voucher.request_hash,
		response_hash: answer.hash(),
		attribution: Default::default(),
		extension: None,
	};
	let signature = Signature::Sr25519(Default::default());
	Receipt { statement: statement.into(), signature, header: answer.header }
}

/// The node's books of one lane.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeLane {
	pub list: LaneList,
	nodes: BTreeMap<(u32, u32), Hash>,
	/// The last voucher that was taken, the list that it acknowledges, and the statement of its call.
	pub last: Option<(Voucher, LaneSnapshot, Option<Receipt>)>,
}

impl NodeLane {
	/// Takes a voucher whose call is not charged. One that does not acknowledge the list is not kept.
	pub fn take(&mut self, voucher: Voucher) {
		if voucher.acknowledged_root != self.list.root() {
			self.last = None;
			return;
		}
		let stored = |level, index| self.nodes.get(&(level, index)).copied();
		let snapshot = LaneSnapshot::new(&self.list, stored).unwrap();
		self.last = Some((voucher, snapshot, None));
	}

	/// Takes a voucher and charges its call. Returns `false` if the list has a later one already.
	pub fn charge(&mut self, voucher: Voucher, receipt: &Receipt) -> bool {
		let mut charged = self.clone();
		charged.take(voucher);
		let VersionedStatement::V2(statement) = &receipt.statement;
		let visit = |level, index, hash: &Hash| {
			charged.nodes.insert((level, index), *hash);
		};
		let (hash, totals) = (receipt.statement.hash(), statement.totals());
		let appended = charged.list.append_visited(voucher.sequence, hash, &totals, visit).is_ok();
		if let Some((_, _, statement)) = &mut charged.last {
			*statement = Some(receipt.clone());
		}
		if appended {
			*self = charged;
		}
		appended
	}

	/// The node's word on the lane, with the last voucher signed by `caller`, and the statement by `receipt`.
	pub fn state(&self, caller: u8, receipt: u8) -> LaneStateBody {
		let (voucher, snapshot, statement) = self.last.clone().unwrap();
		let statement = statement.map(|stated| Receipt {
			signature: sign(receipt, stated.statement.newest()),
			..stated
		});
		LaneStateBody {
			session: voucher.session,
			lane: voucher.lane,
			model: Some(voucher.agreement.model),
			version: Some(voucher.agreement.version),
			price_version: Some(voucher.agreement.price_version),
			sequence: voucher.sequence,
			next_sequence: voucher.sequence + 1,
			charged: self.list.totals().charge,
			in_flight: None,
			deposit: 1_000,
			deposit_left: 0,
			agreement: Some(voucher.agreement),
			last: Some(LastVoucher {
				voucher: voucher.into(),
				signature: sign(caller, &voucher),
				snapshot,
				statement,
			}),
		}
	}
}
