//! The ledger, operation by operation, without a disk.

mod adopt;
mod keys;
mod lanes;
mod ledger;
mod node_side;
mod numbers;
mod random;
mod trust;
mod uncharged;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{
	answer::{unattributed, Evidence},
	info::{LaneInfo, SessionInfo},
	lane::{Agreement, Statement},
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, Sequence, SessionId, Signature,
	MAX_LANES,
};
use openledger_protocol::x402::Receipt;

use crate::{
	types::{Change, Contents},
	Begun, Book, Budget, CallTerms, Correction, Fate, IntentKind, Lane, LaneSlot, Ledger, Meta,
	Oversettled, Session, Shortfall, Signers,
};

const ALICE: [u8; 32] = [1; 32];
/// The block in which the session of the tests was opened.
const OPENED_AT: BlockNumber = 6;

fn node(number: u8) -> AccountId {
	[number; 32].into()
}

fn empty() -> Ledger {
	empty_of(ALICE.into())
}

fn empty_of(caller: AccountId) -> Ledger {
	let genesis_hash = Hash::zero();
	Ledger::restore(Contents {
		meta: Meta { genesis_hash, caller, closed: 0, baseline: 0 },
		sessions: BTreeMap::new(),
		lanes: BTreeMap::new(),
		intents: BTreeMap::new(),
		barred: BTreeMap::new(),
		totals: BTreeMap::new(),
		trust: BTreeMap::new(),
	})
}

/// The part of a ledger that belongs on disk.
pub(crate) fn contents(ledger: &Ledger) -> Contents {
	let sessions = ledger.books().sessions().map(|session| (session.id, session.clone()));
	let lanes = ledger.books().all().flat_map(|book| {
		let id = book.session().id;
		book.lanes().map(move |(lane, state)| ((id, lane), state.clone()))
	});
	Contents {
		meta: ledger.meta().clone(),
		sessions: sessions.collect(),
		lanes: lanes.collect(),
		intents: ledger.funds().intents().clone(),
		barred: ledger.nodes().barred().clone(),
		totals: ledger.totals().clone(),
		trust: ledger.nodes().trusted().clone(),
	}
}

/// An agreement as of the tests' best block.
fn agreement(model: ModelId) -> Agreement {
	Agreement {
		model,
		version: 0,
		price_version: 0,
		as_of: 10,
		evidence: Evidence::Open,
		own_price: None,
	}
}

fn agreed(model: ModelId, allowance: Balance) -> CallTerms {
	CallTerms {
		agreement: agreement(model),
		list_price: PriceSchedule::default(),
		input_tokens: 1,
		max_output_tokens: 1,
		allowance,
		request_hash: Hash::zero(),
		salt: Hash::zero(),
		valid_until: 100,
		receipt_key: node(9),
	}
}

fn receipt(slot: &LaneSlot, model: ModelId, charge: Balance) -> Receipt {
	let evidence = Evidence::Open;
	let answer = unattributed(&[0; 32], &Hash::zero(), b"Paris", Hash::zero(), evidence).unwrap();
	let statement = Statement {
		genesis_hash: Hash::zero(),
		session: slot.session,
		lane: slot.lane,
		agreement: agreement(model),
		sequence: slot.sequence,
		tokens: Tokens::new(2, 3),
		charge,
		request_hash: Hash::zero(),
		response_hash: answer.hash(),
		attribution: Default::default(),
		extension: None,
	};
	// Who has signed it was looked at before.
	let signature = Signature::Sr25519(Default::default());
	Receipt { statement: statement.into(), signature, header: answer.header }
}

/// A lane as far as the chain has settled it.
fn settled_lane(lane: LaneId, sequence: Sequence, settled: Balance) -> LaneInfo {
	LaneInfo { lane, sequence, settled, agreement: agreement(3).hash() }
}

fn info(ledger: &Ledger, id: SessionId, lanes: Vec<LaneInfo>) -> SessionInfo {
	let session = ledger.books().session(id).unwrap();
	let caller = &ledger.meta().caller;
	SessionInfo {
		id,
		caller: caller.clone(),
		node: session.node.clone(),
		signer: caller.clone(),
		deposit: session.deposit,
		settled: 0,
		spending_limit: session.deposit,
		opened_at: OPENED_AT,
		expires_at: session.expires_at,
		closes_at: None,
		lanes,
	}
}

/// Compares a session with the chain, and judges by it.
fn look(ledger: &mut Ledger, id: SessionId, seen: Option<&SessionInfo>) -> Vec<Oversettled> {
	let (_, mut found) = ledger.observe(id, seen, 0);
	found.extend(ledger.reckon(id, 0).1);
	found
}

/// A ledger with a session of `deposit` with node 2.
fn with_session(deposit: Balance) -> Ledger {
	with_session_of(ALICE.into(), deposit)
}

fn with_session_of(caller: AccountId, deposit: Balance) -> Ledger {
	let mut ledger = empty_of(caller);
	let budget = Budget::new(deposit, Some(deposit));
	let open = IntentKind::Open { expires_at: 1_000, first: 0 };
	ledger.deposits().plan(&node(2), deposit, open, 5, &budget).unwrap();
	ledger.deposits().submitted(&node(2));
	ledger.deposits().opened(&node(2), 7, deposit, 1_000, OPENED_AT);
	ledger
}

/// Changes the session of the tests.
fn book<C: IntoIterator<Item = Change>>(
	ledger: &mut Ledger,
	change: impl FnOnce(&mut Book) -> C,
) -> Vec<Change> {
	ledger.books_mut().at(7, change)
}

fn release(ledger: &mut Ledger, slot: &LaneSlot, taken: bool) -> Vec<Change> {
	ledger.books_mut().at(slot.session, |book| book.release(slot, taken))
}

fn refuse(ledger: &mut Ledger, slot: &LaneSlot, correction: Correction) -> Vec<Change> {
	ledger.books_mut().at(slot.session, |book| book.refuse(slot, correction))
}

fn hold(ledger: &mut Ledger, slot: &LaneSlot) -> bool {
	ledger.books_mut().get_mut(slot.session).is_some_and(|book| book.hold(slot))
}

fn lane<'a>(ledger: &'a Ledger, slot: &LaneSlot) -> &'a Lane {
	ledger.books().lane(slot).unwrap()
}

fn begin(ledger: &mut Ledger, amount: Balance, budget: &Budget) -> Result<Begun, Shortfall> {
	ledger.begin(&node(2), agreed(3, amount), 10, budget).map(|(begun, _)| begun)
}
