//! The callers' records of their calls, next to what the node has kept and the chain has settled and
//! paid out.

use crate::{
	load::{never_taken, Customer, End, History, Question},
	network::{key, CURATOR, DEVELOPER, OPERATOR},
	report::Sums,
	scenario::fee_paid,
	story::{protocol, Shop},
};
use anyhow::{ensure, Context, Result};
use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::{
	chain::finalized_blocks, events, settlements::of_events, At, Chain, EventRecord, LaneOutcome,
	SessionSettlements, Settlement,
};
use openledger_payer::audit::{Audit, Finding};
use openledger_payer_ledger::{Book, KeptStatement, LaneSlot};
use openledger_primitives::{
	info::ModelEarnings,
	lane::{request_hash, Agreement, CallRecord, RejectReason, SettledItem},
	Balance, BlockNumber, ContributionId, LaneId, Sequence, SessionId,
};
use serde_json::Value;
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
	sync::{Arc, Mutex, PoisonError},
	time::Duration,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

/// Records that the node is asked for at the same time.
const ASKED_AT_ONCE: usize = 8;

/// Reads the events of finalized blocks as they come: a chain forgets the state of old ones.
pub struct Ledger {
	events: Arc<Mutex<Vec<EventRecord>>>,
	read: watch::Receiver<BlockNumber>,
	task: JoinHandle<()>,
}

impl Ledger {
	/// Starts to read, at block `from`.
	pub fn follow(chain: &Chain, from: BlockNumber) -> Self {
		let (sender, read) = watch::channel(0);
		let events = Arc::<Mutex<Vec<EventRecord>>>::default();
		let (chain, of_task) = (chain.clone(), events.clone());
		let task = tokio::spawn(async move {
			let mut blocks = finalized_blocks(&chain, Some(from));
			while let Some(block) = blocks.next().await {
				let Ok(block) = block else { continue };
				// Whoever waits for a block that cannot be read says so.
				let Ok(events) = events::at(&chain, block.hash).await else { return };
				of_task.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
				sender.send_replace(block.number);
			}
		});
		Self { events, read, task }
	}

	/// Everything up to a block, once that is final.
	///
	/// # Errors
	/// If the time is up.
	pub async fn up_to(&mut self, block: BlockNumber, limit: Duration) -> Result<Vec<EventRecord>> {
		let read = timeout(limit, self.read.wait_for(|read| *read >= block)).await;
		read.with_context(|| format!("block {block} is not final within {limit:?}"))??;
		Ok(self.events.lock().unwrap_or_else(PoisonError::into_inner).clone())
	}
}

impl Drop for Ledger {
	fn drop(&mut self) {
		self.task.abort();
	}
}

type CallPlace = (SessionId, LaneId, Sequence);

/// Outcome of all calls.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
	/// Questions that were answered.
	pub answered: u64,
	/// Calls that the callers have statements of, and what those come to, in planck.
	pub stated: u64,
	/// See [`Self::stated`].
	pub charged: Balance,
	/// Calls that the chain has settled, and what it has charged for them, in planck.
	pub settled: u64,
	/// See [`Self::settled`].
	pub paid: Balance,
	/// Runs of calls that were settled by their sums.
	pub runs: usize,
	/// Records, runs and lanes that came a second time, and were rejected.
	pub late: usize,
	/// Number of times that a question was asked again.
	pub again: u64,
	/// Questions whose answer broke off and was charged.
	pub broken: u64,
	/// Answers without a statement, and statements that were not settled.
	pub lost: u64,
	/// Statements of one question beyond the first, and settlements of one statement beyond the
	/// first.
	pub double: u64,
	/// Settled calls that no caller has a statement of.
	pub unstated: u64,
}

impl fmt::Display for Outcome {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { answered, stated, charged, settled, paid, runs, late, again, broken, .. } = self;
		write!(
			formatter,
			"{answered} answers, {again} retries, {broken} broken off, {stated} statements over \
			 {charged} planck; {settled} settled ({runs} runs, {late} rejected copies) over {paid} \
			 planck; lost {}, double {}, unstated {}",
			self.lost, self.double, self.unstated
		)
	}
}

/// The things to be compared.
pub struct Books<'a> {
	/// The chain.
	pub chain: &'a Chain,
	/// The model and its node.
	pub shop: &'a Shop,
	/// Who called.
	pub customers: &'a [Customer],
	/// Their histories.
	pub histories: &'a [History],
	/// The chain's events meanwhile.
	pub events: &'a [EventRecord],
	/// Balance that the developer could spend before, in planck.
	pub developer: Balance,
}

impl Books<'_> {
	/// Compares everything.
	///
	/// # Errors
	/// If anything does not agree.
	pub async fn compare(&self) -> Result<Outcome> {
		let mut outcome = Outcome::default();
		let mut kept = BTreeMap::new();
		for (number, customer) in self.customers.iter().enumerate() {
			let (session, statements) = self.session(customer).await?;
			self.questions(number, &statements, &mut outcome)?;
			self.balance(customer, session).await?;
			kept.insert(session, statements);
		}
		self.settlements(&kept, &mut outcome)?;
		let Outcome { lost, double, unstated, .. } = outcome;
		ensure!((lost, double, unstated) == (0, 0, 0), "{outcome}");
		ensure!((outcome.stated, outcome.charged) == (outcome.settled, outcome.paid), "{outcome}");
		self.records(kept.values().flatten()).await?;
		self.payouts(&outcome).await?;
		Ok(outcome)
	}

	/// A customer's only session, and the statements of its calls.
	async fn session(&self, customer: &Customer) -> Result<(SessionId, Vec<KeptStatement>)> {
		customer.settle_down(self.shop).await?;
		let payer = &customer.payer;
		let (sessions, lanes) = payer.treasury.look(|ledger| {
			let lanes = ledger.books().all().flat_map(Book::lanes);
			let lanes: BTreeMap<_, _> =
				lanes.map(|(number, lane)| (number, lane.clone())).collect();
			(ledger.books().sessions().cloned().collect::<Vec<_>>(), lanes)
		});
		let [session] = sessions.as_slice() else {
			anyhow::bail!("{} sessions instead of one", sessions.len());
		};
		ensure!(payer.proofs.count() == 0, "a proof against the node");
		let kept = payer.treasury.statements(session.id).await?;
		ensure!(kept.iter().all(|kept| kept.rejected.is_none()), "a statement that does not hold");
		for (lane, known) in &lanes {
			let of_lane = kept.iter().filter(|kept| kept.call().0 == *lane);
			let stated: Balance = of_lane.map(|kept| kept.receipt.statement.newest().charge).sum();
			ensure!(stated == known.acknowledged(), "lane {lane} acknowledges another sum");
			if let Some(open) = &known.open {
				let (node, sequence) = (session.node.clone(), open.sequence);
				let slot = LaneSlot { node, session: session.id, lane: *lane, sequence };
				let is_left = never_taken(payer, self.shop, &slot).await;
				ensure!(is_left, "a call of lane {lane} is open still: {open:?}");
			}
		}
		let on_chain = self.chain.session(session.id, At::Finalized).await?;
		let on_chain = on_chain.context("the session is gone")?;
		for lane in on_chain.lanes {
			let known = lanes.get(&lane.lane);
			let known =
				known.map(|known| (known.acknowledged(), known.agreement.map(|of| of.hash())));
			let paid = (lane.settled, Some(lane.agreement));
			ensure!(known == Some(paid), "lane {} paid {lane:?} of {known:?}", lane.lane);
		}
		Ok((session.id, kept))
	}

	/// Every question that was answered has one statement, and no question two.
	fn questions(
		&self,
		customer: usize,
		kept: &[KeptStatement],
		outcome: &mut Outcome,
	) -> Result<()> {
		let mut of_call: BTreeMap<(LaneId, Sequence), Vec<&KeptStatement>> = BTreeMap::new();
		for kept in kept {
			of_call.entry(kept.call()).or_default().push(kept);
		}
		let mut claimed = 0;
		for history in self.histories.iter().filter(|history| history.customer == customer) {
			for Question { body, slots, end } in &history.asked {
				// A call that was not taken leaves its place to another.
				let calls: BTreeSet<_> =
					slots.iter().map(|slot| (slot.lane, slot.sequence)).collect();
				let statements = calls.iter().filter_map(|call| of_call.get(call)).flatten();
				let own = statements.filter(|kept| is_about(kept, body)).count();
				claimed += own;
				let own = u64::try_from(own)?;
				outcome.double += own.saturating_sub(1);
				match end {
					End::Answered => outcome.answered += 1,
					End::Broken => outcome.broken += 1,
					End::Unknown => continue,
				}
				outcome.lost += u64::from(own == 0);
			}
			outcome.again += history.again;
		}
		ensure!(claimed == kept.len(), "statements of what nobody asked");
		Ok(())
	}

	/// The customer had what it has, has on hold, has paid for calls and for extrinsics.
	async fn balance(&self, customer: &Customer, session: SessionId) -> Result<()> {
		let account = customer.keypair.account();
		let paid = self.events.iter().filter_map(|record| fee_paid(&record.event));
		let fees: Balance = paid.filter(|(who, _)| *who == account).map(|(_, fee)| fee).sum();
		let settled = self.chain.session(session, At::Finalized).await?;
		let settled = settled.context("the session is gone")?.settled;
		let now = self.chain.account(&account, At::Finalized).await?;
		let all = now.free + now.reserved + settled + fees;
		ensure!(all == customer.before, "{all} planck instead of {}", customer.before);
		Ok(())
	}

	/// Every statement is settled, once, and nothing else is.
	fn settlements(
		&self,
		kept: &BTreeMap<SessionId, Vec<KeptStatement>>,
		outcome: &mut Outcome,
	) -> Result<()> {
		let mut times: BTreeMap<CallPlace, u64> = BTreeMap::new();
		for (session, statements) in kept {
			for statement in statements {
				let (lane, sequence) = statement.call();
				let again = times.insert((*session, lane, sequence), 0);
				ensure!(again.is_none(), "two statements of call {sequence}");
				outcome.stated += 1;
				outcome.charged += statement.receipt.statement.newest().charge;
			}
			let settlements = self.of_session(*session);
			outcome.late += only_copies(&settlements)?;
			for (_, Settlement { header, items, .. }) in &settlements.lanes {
				for item in items {
					let (first, calls) = match item {
						SettledItem::Call(call) => (call.record.sequence, 1),
						SettledItem::Run(run) => (run.first_sequence, u64::from(run.totals.calls)),
					};
					let range = (*session, header.lane, first)
						..=(*session, header.lane, item.last_sequence());
					let mut stated = 0;
					for (_, times) in times.range_mut(range) {
						*times += 1;
						stated += 1;
					}
					outcome.runs += usize::from(matches!(item, SettledItem::Run(_)));
					outcome.settled += calls;
					outcome.unstated += calls.saturating_sub(stated);
					outcome.lost += stated.saturating_sub(calls);
				}
			}
			outcome.paid += settlements.charged();
			check_audit(&Audit::new(statements, &settlements))?;
		}
		for settled in times.into_values() {
			outcome.lost += u64::from(settled == 0);
			outcome.double += settled.saturating_sub(1);
		}
		Ok(())
	}

	/// What was settled of a session.
	fn of_session(&self, session: SessionId) -> SessionSettlements {
		let mut found = SessionSettlements::default();
		for events in self.events.chunk_by(|one, next| one.block == next.block) {
			if let Some(first) = events.first() {
				found.take(session, first.block, events);
			}
		}
		found
	}

	/// The node has kept each call as it stated it, and knows that it is settled.
	async fn records(&self, kept: impl Iterator<Item = &KeptStatement>) -> Result<()> {
		let http = reqwest::Client::new();
		let asking = kept.map(|kept| {
			let statement = kept.receipt.statement.newest();
			let (session, lane, sequence) = (statement.session, statement.lane, statement.sequence);
			let url = format!("{}/v1/records/{session}/{lane}/{sequence}", self.shop.home.url());
			let request = http.get(&url);
			async move {
				let answer = request.send().await?.error_for_status()?.text().await?;
				let answer: Value = serde_json::from_str(&answer)?;
				let part = |name: &str| answer.get(name).cloned().unwrap_or_default();
				ensure!(part("status") == "settled", "{url}: {answer}");
				ensure!(part("charge") == statement.charge.to_string(), "{url}: {answer}");
				let record: CallRecord = serde_json::from_value(part("record"))?;
				let agreement: Agreement = serde_json::from_value(part("agreement"))?;
				let stated = (statement.record(), statement.agreement);
				ensure!((record, agreement) == stated, "{url}: {answer} is not {statement:?}");
				anyhow::Ok(())
			}
		});
		stream::iter(asking).buffer_unordered(ASKED_AT_ONCE).try_collect::<()>().await
	}

	/// Everybody has earned, by the chain's state, what the settlements paid out.
	async fn payouts(&self, outcome: &Outcome) -> Result<()> {
		let chain = self.chain;
		let mut owed: BTreeMap<ContributionId, Balance> = BTreeMap::new();
		let mut curator = 0;
		let mut model = ModelEarnings::default();
		let mut carried = 0;
		for outcome in of_events(self.events) {
			let LaneOutcome::Settled(settlement) = outcome else { continue };
			self.shop.check(&settlement.header)?;
			// Every part of every payment, out of the events alone.
			let sums = Sums::of_lane(&settlement, &self.shop.release.contributions)?;
			sums.check()?;
			for (contribution, earned) in &sums.data {
				*owed.entry(contribution.id).or_default() += earned;
			}
			curator += sums.curators.values().sum::<Balance>();
			carried += sums.carried;
			model.calls += settlement.items.iter().map(calls_of).sum::<u64>();
			model.charged += sums.charged;
			model.developer += sums.developer;
			model.data += sums.for_data;
			model.node += sums.node;
			model.royalties += sums.royalties;
			model.protocol += sums.protocol;
		}
		ensure!((model.calls, model.charged) == (outcome.settled, outcome.paid), "{model:?}");
		let on_chain = chain.model_earnings(self.shop.model, At::Finalized).await?;
		ensure!(on_chain == model, "the model's totals are {on_chain:?} instead of {model:?}");

		let developer = key(DEVELOPER)?.account();
		let earnings = |account| async move { chain.earnings(&account, At::Finalized).await };
		let earned = earnings(developer.clone()).await?.developer;
		ensure!(earned == model.developer, "the developer's earnings are {earned} planck");
		let balance = chain.free_balance(&developer, At::Finalized).await?;
		ensure!(balance == self.developer + earned, "the developer has {balance} planck");
		let earned = earnings(key(OPERATOR)?.account()).await?.node;
		ensure!(earned == model.node, "the node's earnings are {earned} planck");
		let earned = earnings(protocol()).await?.protocol;
		ensure!(earned == model.protocol, "the protocol's earnings are {earned} planck");
		for contribution in &self.shop.release.contributions {
			let owed = owed.get(&contribution.id).copied().unwrap_or_default();
			let account = key(&contribution.contributor)?.account();
			let pending = chain.pending(&account, 0, 16, At::Finalized).await?;
			let pending: Balance = pending.payouts.iter().map(|payout| payout.amount).sum();
			ensure!(pending == owed, "{pending} planck wait for {}", contribution.contributor);
		}
		let pending = chain.pending_curator(&key(CURATOR)?.account(), At::Finalized).await?;
		ensure!(pending == curator, "{pending} planck wait for the curator");
		let data = owed.values().sum::<Balance>() + curator;
		let all = i128::try_from(data)? + carried;
		ensure!(all == i128::try_from(model.data)?, "the data part is off");
		Ok(())
	}
}

/// Calls of an item.
fn calls_of(item: &SettledItem) -> u64 {
	match item {
		SettledItem::Call(_) => 1,
		SettledItem::Run(run) => run.totals.calls.into(),
	}
}

/// Checks that only what was settled before was rejected: a node that was killed sends again what may have
/// arrived. How much that was.
fn only_copies(settlements: &SessionSettlements) -> Result<usize> {
	let mut copies = 0;
	for (_, lane, rejection) in settlements.rejected() {
		let is_copy = rejection.reason() == RejectReason::SequenceNotRising;
		ensure!(is_copy, "rejected of lane {lane}: {rejection:?}");
		copies += 1;
	}
	for (_, lane, reason) in &settlements.refused {
		ensure!(reason.name == "VoucherNotNewer", "lane {lane} was rejected: {reason}");
		copies += 1;
	}
	Ok(copies)
}

/// Checks that everything was settled as it was stated.
fn check_audit(audit: &Audit) -> Result<()> {
	let agrees = |finding: Finding| matches!(finding, Finding::Agrees | Finding::Together);
	let wrong = audit.calls.iter().find(|call| !agrees(call.finding));
	ensure!(wrong.is_none(), "{wrong:?}");
	let wrong = audit.runs.iter().find(|run| run.finding != Finding::Agrees);
	ensure!(wrong.is_none(), "{wrong:?}");
	Ok(())
}

/// Returns `true` if a statement is about this request.
fn is_about(kept: &KeptStatement, body: &[u8]) -> bool {
	let hash = kept.salt.map(|salt| request_hash(salt.as_fixed_bytes(), body));
	hash == Some(kept.receipt.statement.newest().request_hash)
}
