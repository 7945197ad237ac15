//! The extrinsics that a node is filled with: transfers, and settlements of the calls of many callers.

use super::{
	client::{Client, Prepared},
	Options,
};
use crate::{
	account::Account,
	lanes::{settle, Lane, Session, Terms},
	market::{self, PRICE, TOKENS},
	runs::Runs,
};
use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_primitives::{lane::LaneSettlement, Balance, LaneId, MAX_LANES, OPEN};
use openledger_runtime::RuntimeCall;
use sp_runtime::MultiAddress;
use std::collections::BTreeMap;

/// Calls of a batch that is settled one by one.
const BATCH: u32 = 256;
/// Calls of each of several lanes.
const EACH: u32 = 4;
/// Runs of the list that lanes are settled with, one after the other.
const RUNS: u32 = 8;
/// Contributors of the model's data.
const CONTRIBUTORS: u32 = 10;
/// What operators have, and what a session has, in planck.
const BOND: Balance = 5_000 * OPEN;
const DEPOSIT: Balance = 1_000 * OPEN;
/// Sessions last for so many blocks.
const LASTS: u32 = 28_800;

/// A kind of extrinsics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
	/// Transfers between accounts.
	Transfer,
	/// Call by call, many calls of a lane.
	Batch,
	/// Call by call, a few calls of each of many sessions.
	Sessions,
	/// By their sums, of a lane.
	Run,
	/// By their sums, of each of many sessions.
	Runs,
}

impl Kind {
	/// All kinds, transfers first.
	pub const ALL: [Self; 5] = [Self::Transfer, Self::Batch, Self::Sessions, Self::Run, Self::Runs];
}

/// Someone who settles.
struct Operator {
	account: Account,
	sessions: Vec<Session>,
	/// The lanes of each kind, one a session.
	lanes: BTreeMap<Kind, Vec<Lane>>,
	/// The session whose turn it is.
	turn: usize,
	/// Lanes of each session that were given out.
	given: LaneId,
	/// Lanes whose runs are used up.
	done: Vec<Lane>,
}

/// Everything that extrinsics are made of.
pub struct Workload {
	terms: Terms,
	runs: Runs,
	run: u32,
	callers: Vec<Account>,
	operators: Vec<Operator>,
	/// The operator whose turn it is, or the caller, of transfers.
	turn: usize,
}

impl Workload {
	/// Sets up a model, operators that serve it, and a session of each caller with each of them.
	pub async fn open(client: &mut Client, options: &Options) -> Result<Self> {
		let is_new = client.chain().model(0, At::Best).await?.is_none();
		ensure!(is_new, "this chain has models already: start a development chain anew");
		let root = Account::named("//Alice")?;
		let callers = Account::several("caller", options.sessions)?;
		let accounts = Account::several("operator", options.operators)?;
		let funds = Balance::from(options.operators) * (DEPOSIT + OPEN) + 100 * OPEN;
		client
			.apply(vec![
				market::fund(&root, &accounts, BOND),
				market::fund(&Account::named("//Bob")?, &callers, funds),
			])
			.await?;
		let curator = Account::named("//Charlie")?;
		client.apply(market::submit_data(&curator, 0, 0, CONTRIBUTORS)?).await?;
		client.pass(market::draw_delay()).await?;
		client.apply(market::release_data(&curator, 0, 0, CONTRIBUTORS)?).await?;
		client.apply(vec![market::register_model(&root, 0)?]).await?;
		let register = |operator| market::register_node(operator, 0);
		client.apply(accounts.iter().map(register).collect::<Result<_>>()?).await?;
		let expires_at = client.chain().block(At::Best).await?.number + LASTS;
		let open = |caller| market::open_sessions(caller, &accounts, DEPOSIT, expires_at);
		client.apply(callers.iter().map(open).collect()).await?;

		let mut operators: Vec<_> = accounts.into_iter().map(Operator::new).collect();
		let sessions = u64::from(options.sessions) * u64::from(options.operators);
		for id in 0..sessions {
			let session = client.chain().session(id, At::Best).await?;
			let session = session.with_context(|| format!("session {id} was not opened"))?;
			let caller = callers.iter().find(|caller| caller.id() == session.caller);
			let caller = caller.context("somebody else's session")?.clone();
			let node = operators.iter_mut().find(|node| node.account.id() == session.node);
			node.context("a session with somebody else")?.sessions.push(Session { id, caller });
		}
		let terms = Terms {
			genesis_hash: client.chain().genesis_hash(),
			model: 0,
			as_of: client.chain().block(At::Best).await?.number,
		};
		let runs = Runs::new(&PRICE, TOKENS, options.run, RUNS)?;
		Ok(Self { terms, runs, run: options.run, callers, operators, turn: 0 })
	}

	/// What a kind is called.
	pub fn name(&self, kind: Kind) -> String {
		let (sessions, run) = (self.callers.len(), self.run);
		match kind {
			Kind::Transfer => "transfer_keep_alive".into(),
			Kind::Batch => format!("{BATCH} calls of a lane"),
			Kind::Sessions => format!("lanes of {sessions} sessions, {EACH} calls each"),
			Kind::Run => format!("{run} calls of a lane by their sums"),
			Kind::Runs => format!("lanes of {sessions} sessions, {run} calls by their sums"),
		}
	}

	/// Signs the next `count` extrinsics of a kind.
	pub async fn prepare(
		&mut self,
		client: &mut Client,
		kind: Kind,
		count: usize,
	) -> Result<Vec<Prepared>> {
		let mut prepared = Vec::with_capacity(count);
		for _ in 0..count {
			let (account, call, calls) = self.next(kind)?;
			prepared.push(client.sign(&account, call, calls).await?);
		}
		Ok(prepared)
	}

	/// The next extrinsic of a kind, who sends it, and how many calls it settles.
	fn next(&mut self, kind: Kind) -> Result<(Account, RuntimeCall, u64)> {
		self.turn = self.turn.wrapping_add(1);
		if kind == Kind::Transfer {
			let at = |turn: usize| self.callers.get(turn % self.callers.len());
			let (from, to) = at(self.turn).zip(at(self.turn.wrapping_add(1))).context("nobody")?;
			let dest = MultiAddress::Id(to.id());
			let value = OPEN / 1_000;
			let transfer = pallet_balances::Call::transfer_keep_alive { dest, value };
			return Ok((from.clone(), transfer.into(), 1));
		}
		let turn = self.turn % self.operators.len();
		let operator = self.operators.get_mut(turn).context("no operator")?;
		let lanes = operator.settle(kind, &self.terms, &self.runs)?;
		let each = match kind {
			Kind::Transfer => 1,
			Kind::Batch => BATCH,
			Kind::Sessions => EACH,
			Kind::Run | Kind::Runs => self.run,
		};
		let calls = u64::from(each).saturating_mul(u64::try_from(lanes.len())?);
		Ok((operator.account.clone(), settle(lanes)?, calls))
	}

	/// Checks that the chain has settled all that it was sent.
	pub async fn check(&self, client: &Client) -> Result<()> {
		for operator in &self.operators {
			let mut expected: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
			for lane in operator.lanes.values().flatten().chain(&operator.done) {
				let (session, number) = lane.place();
				if lane.settled() != Default::default() {
					expected.entry(session).or_default().insert(number, lane.settled());
				}
			}
			for (session, expected) in expected {
				let known =
					client.chain().session(session, At::Best).await?.context("no session")?;
				let lanes = known.lanes.iter();
				let lanes: BTreeMap<_, _> =
					lanes.map(|lane| (lane.lane, (lane.sequence, lane.settled))).collect();
				ensure!(
					expected == lanes,
					"session {session}: {lanes:?} instead of {expected:?}; if its deposit was used up, \
					 ask for fewer blocks, shorter runs or more sessions"
				);
			}
		}
		Ok(())
	}
}

impl Operator {
	fn new(account: Account) -> Self {
		let lanes = BTreeMap::new();
		Self { account, sessions: Vec::new(), lanes, turn: 0, given: 0, done: Vec::new() }
	}

	/// The next settlement of a kind.
	fn settle(&mut self, kind: Kind, terms: &Terms, runs: &Runs) -> Result<Vec<LaneSettlement>> {
		self.turn = self.turn.wrapping_add(1);
		let turn = self.turn % self.sessions.len();
		let lanes = self.lanes(kind)?;
		let of_turn = lanes.get_mut(turn).context("no lane")?;
		match kind {
			Kind::Transfer => Ok(Vec::new()),
			Kind::Batch => Ok(vec![of_turn.itemised(terms, BATCH)?]),
			Kind::Run => Ok(vec![of_turn.run(terms, runs)?]),
			Kind::Sessions => lanes.iter_mut().map(|lane| lane.itemised(terms, EACH)).collect(),
			Kind::Runs => lanes.iter_mut().map(|lane| lane.run(terms, runs)).collect(),
		}
	}

	/// The lanes of a kind, one a session, none of which has used up its runs.
	fn lanes(&mut self, kind: Kind) -> Result<&mut Vec<Lane>> {
		let lanes = self.lanes.entry(kind).or_default();
		let is_new = lanes.is_empty();
		let is_done = lanes.iter().any(|lane| lane.runs() >= RUNS as usize);
		if is_new || is_done {
			let number = self.given;
			ensure!(number < MAX_LANES, "all lanes are used: ask for fewer blocks");
			self.given += 1;
			let new = self.sessions.iter().map(|session| Lane::new(session, number)).collect();
			self.done.extend(std::mem::replace(lanes, new));
		}
		Ok(lanes)
	}
}
