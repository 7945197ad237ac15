//! What settling costs in blocks that are built here, next to transfers.

use crate::{
	account::Account,
	chain::{Chain, Cost},
	goals::{self, Figure},
	lanes::{settle, Lane, Session, Terms},
	market::{self, PRICE, TOKENS},
	runs::Runs,
	sizes,
};
use anyhow::{ensure, Context, Result};
use openledger_primitives::{Balance, LaneId, ModelId, OPEN};
use openledger_runtime::{Runtime, RuntimeCall};
use pallet_data_attribution::{NextContributionId, NextDatanetId};
use pallet_inference_metering::{Lanes, NextSessionId};
use pallet_model_registry::NextModelId;
use sp_runtime::MultiAddress;
use std::collections::BTreeMap;

/// Calls of a run: what is settled by sums.
const RUN: u32 = 1_000_000;
/// Calls of a batch that is settled one by one.
const BATCH: u32 = 256;
/// Lanes that are settled at once, and calls of each.
const LANES: u32 = 64;
const EACH: u32 = 4;
/// What each session has for single calls and batches, and for each of its lanes that is settled by sums,
/// in planck.
const DEPOSIT: Balance = 1_000 * OPEN;
const DEPOSIT_OF_SUMS: Balance = 700 * OPEN;
/// Sessions last for so many blocks.
const LASTS: u32 = 100_000;

/// What is to be measured.
#[derive(clap::Args)]
pub struct Options {
	/// Extrinsics of each kind that are measured in a round. Those that settle more than one call are
	/// measured with a tenth of it.
	#[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=500))]
	extrinsics: u32,
	/// Number of contributors of the larger of the two datanets.
	#[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..))]
	contributors: u32,
	/// Rounds. Each kind is measured once in each of them; the fastest counts.
	#[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10))]
	runs: u32,
}

/// An extrinsic that settles calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
	One,
	Batch,
	LanesOfOneSession,
	LanesOfManySessions,
	Run,
}

impl Work {
	const ALL: [Self; 5] =
		[Self::One, Self::Batch, Self::LanesOfOneSession, Self::LanesOfManySessions, Self::Run];

	fn calls(self) -> u32 {
		match self {
			Self::One => 1,
			Self::Batch => BATCH,
			Self::LanesOfOneSession | Self::LanesOfManySessions => LANES * EACH,
			Self::Run => RUN,
		}
	}

	fn name(self) -> String {
		match self {
			Self::One => "1 call".into(),
			Self::Batch => format!("{BATCH} calls of a lane"),
			Self::LanesOfOneSession => format!("{LANES} lanes of a session, {EACH} calls each"),
			Self::LanesOfManySessions => format!("lanes of {LANES} sessions, {EACH} calls each"),
			Self::Run => "a million calls by their sums".into(),
		}
	}
}

/// A model and everyone behind it, and the lanes that pay for it.
struct Market {
	contributors: u32,
	operator: Account,
	terms: Terms,
	alone: Lane,
	batch: Lane,
	of_one: Vec<Lane>,
	of_many: Vec<Lane>,
	/// Lanes of which one run is settled, and the next one will be.
	summed: Vec<Lane>,
	/// Lanes of which both are.
	done: Vec<Lane>,
}

impl Market {
	/// Sets one up, with a session of each of the callers, and lanes for so many settlements by sums.
	fn open(
		chain: &mut Chain,
		contributors: u32,
		callers: &[Account],
		(runs, sums): (&Runs, u32),
	) -> Result<Self> {
		let (curator, developer) = (Account::named("//Charlie")?, Account::named("//Alice")?);
		let operator = Account::named(&format!("//Bob//{contributors}"))?;
		let (datanet, first, model): (_, _, ModelId) = chain.read(|| {
			(
				NextDatanetId::<Runtime>::get(),
				NextContributionId::<Runtime>::get(),
				NextModelId::<Runtime>::get(),
			)
		});
		let paid = std::slice::from_ref(&operator);
		let mut steps = vec![market::fund(&Account::named("//Bob")?, paid, 10_000 * OPEN)];
		steps.extend(market::submit_data(&curator, datanet, first, contributors)?);
		chain.apply(steps)?;
		chain.pass(market::draw_delay())?;
		let mut steps = market::release_data(&curator, datanet, first, contributors)?;
		steps.push(market::register_model(&developer, datanet)?);
		steps.push(market::register_node(&operator, model)?);
		chain.apply(steps)?;

		let expires_at = chain.number() + LASTS;
		let next = chain.read(NextSessionId::<Runtime>::get);
		let sessions: Vec<_> = (next..)
			.zip(callers)
			.map(|(id, caller)| Session { id, caller: caller.clone() })
			.collect();
		let deposit = deposit(sums);
		let open = |caller| market::open_sessions(caller, paid, deposit, expires_at);
		chain.apply(callers.iter().map(open).collect())?;

		let terms = Terms { genesis_hash: chain.genesis_hash(), model, as_of: chain.number() };
		let session = sessions.first().context("no session")?;
		let lanes = LaneId::try_from(LANES)?;
		// One a session, and then another one.
		let numbers = lanes + 3..LaneId::MAX;
		let summed =
			numbers.flat_map(|number| sessions.iter().map(move |of| Lane::new(of, number)));
		let mut market = Self {
			contributors,
			operator,
			terms,
			alone: Lane::new(session, 0),
			batch: Lane::new(session, 1),
			of_one: (2..lanes + 2).map(|number| Lane::new(session, number)).collect(),
			of_many: sessions.iter().map(|session| Lane::new(session, lanes + 2)).collect(),
			summed: summed.take(usize::try_from(sums)?).collect(),
			done: Vec::new(),
		};
		market.warm_up(chain, runs)?;
		Ok(market)
	}

	/// Settles something of each lane: what is measured is not the first time.
	fn warm_up(&mut self, chain: &mut Chain, runs: &Runs) -> Result<()> {
		let mut calls = Vec::new();
		for work in Work::ALL.into_iter().filter(|work| *work != Work::Run) {
			calls.push(self.settlement(work, runs)?);
		}
		for lanes in self.summed.chunks_mut(usize::try_from(LANES)?) {
			let lanes = lanes.iter_mut().map(|lane| lane.run(&self.terms, runs));
			calls.push(settle(lanes.collect::<Result<_>>()?)?);
		}
		chain.apply(vec![(self.operator.clone(), calls)])
	}

	/// The next settlement of a kind.
	fn settlement(&mut self, work: Work, runs: &Runs) -> Result<RuntimeCall> {
		let terms = &self.terms;
		let several = |lanes: &mut [Lane]| {
			lanes.iter_mut().map(|lane| lane.itemised(terms, EACH)).collect::<Result<Vec<_>>>()
		};
		settle(match work {
			Work::One => vec![self.alone.itemised(terms, 1)?],
			Work::Batch => vec![self.batch.itemised(terms, BATCH)?],
			Work::LanesOfOneSession => several(&mut self.of_one)?,
			Work::LanesOfManySessions => several(&mut self.of_many)?,
			Work::Run => {
				let mut lane = self.summed.pop().context("no lane is left")?;
				let settlement = lane.run(terms, runs)?;
				self.done.push(lane);
				vec![settlement]
			}
		})
	}

	/// Checks that the chain has settled all that it was sent.
	fn check(&self, chain: &mut Chain) -> Result<()> {
		let lanes = [&self.alone, &self.batch].into_iter().chain(&self.of_one).chain(&self.of_many);
		let lanes = lanes.chain(&self.summed).chain(&self.done);
		for lane in lanes {
			let (session, number) = lane.place();
			let known = chain.read(|| Lanes::<Runtime>::get(session, number));
			let settled = known.map(|known| (known.sequence, known.settled));
			ensure!(settled == Some(lane.settled()), "{known:?} was settled");
		}
		Ok(())
	}

	/// The sizes of what one batch says.
	fn sizes(&mut self, chain: &mut Chain) -> Result<Vec<Figure>> {
		let settlement = self.batch.itemised(&self.terms, BATCH)?;
		let call = settle(vec![settlement.clone()])?;
		chain.apply(vec![(self.operator.clone(), vec![call])])?;
		sizes::figures(&settlement, &chain.read(sizes::events))
	}
}

/// Measures, and prints what came out, and which goals were missed.
pub fn run(options: &Options) -> Result<()> {
	let Options { extrinsics, contributors, runs: rounds } = *options;
	let few = (extrinsics / 10).max(1);
	eprintln!("setting up: a list of two million calls");
	let runs = Runs::new(&PRICE, TOKENS, RUN, 2)?;
	eprintln!("setting up: a model of 1 contributor, a model of {contributors}");
	let mut chain = Chain::new()?;
	let callers = Account::several("caller", LANES)?;
	// A session with each of two nodes, and fees.
	let funds = 2 * deposit(few * rounds) + 10 * OPEN;
	chain.apply(vec![market::fund(&Account::named("//Ferdie")?, &callers, funds)])?;
	let sums = (&runs, few * rounds);
	let mut markets = [
		Market::open(&mut chain, 1, &callers, sums)?,
		Market::open(&mut chain, contributors, &callers, sums)?,
	];

	let sender = Account::named("//Eve")?;
	let mut transfer = Cost::most();
	let mut costs: BTreeMap<(Work, u32), Cost> = BTreeMap::new();
	for round in 1..=rounds {
		eprintln!("round {round} of {rounds}");
		let calls = (0..extrinsics).map(|_| transfer_call(&callers)).collect::<Result<_>>()?;
		transfer = transfer.least(chain.measure(&sender, calls)?);
		for work in Work::ALL {
			let count = if work == Work::One { extrinsics } else { few };
			// One after the other, so that both have the same machine.
			for market in &mut markets {
				let calls = (0..count).map(|_| market.settlement(work, &runs));
				let calls = calls.collect::<Result<_>>()?;
				let cost = chain.measure(&market.operator, calls)?;
				let least = costs.entry((work, market.contributors)).or_insert_with(Cost::most);
				*least = least.least(cost);
			}
		}
	}

	print_header();
	print("transfer_keep_alive", 1, transfer, transfer);
	for ((work, contributors), cost) in &costs {
		let people = if *contributors == 1 {
			"1 contributor".into()
		} else {
			format!("{contributors} contributors")
		};
		print(&format!("{}, {people}", work.name()), work.calls(), *cost, transfer);
	}
	println!();
	let mut figures = compared(&costs, transfer, contributors)?;
	for market in &markets {
		market.check(&mut chain)?;
	}
	let [market, _] = &mut markets;
	figures.extend(market.sizes(&mut chain)?);
	let missed = goals::print(&figures);
	if missed > 0 {
		println!("\n{missed} missed; times are to be compared on a machine that does nothing else");
	}
	Ok(())
}

/// What each session has, in planck: more than its calls cost if so many lanes are settled by sums.
fn deposit(sums: u32) -> Balance {
	DEPOSIT + DEPOSIT_OF_SUMS * Balance::from(sums / LANES + 1)
}

/// A transfer to an account that exists.
fn transfer_call(accounts: &[Account]) -> Result<RuntimeCall> {
	let dest = MultiAddress::Id(accounts.first().context("nobody")?.id());
	Ok(pallet_balances::Call::transfer_keep_alive { dest, value: OPEN / 1_000 }.into())
}

/// The times, next to their goals.
fn compared(
	costs: &BTreeMap<(Work, u32), Cost>,
	transfer: Cost,
	contributors: u32,
) -> Result<Vec<Figure>> {
	let of = |work, contributors| {
		costs.get(&(work, contributors)).copied().context("it was not measured")
	};
	let calls = |work: Work| f64::from(work.calls());
	let mut figures = Vec::new();
	for (work, of_calls, most) in [
		(Work::Batch, calls(Work::Batch), 1.0 / 50.0),
		(Work::LanesOfOneSession, calls(Work::LanesOfOneSession), 1.0 / 8.0),
		(Work::LanesOfManySessions, calls(Work::LanesOfManySessions), 1.0 / 8.0),
		(Work::Run, 1.0, 3.0),
	] {
		let ratio = of(work, 1)?.micros / transfer.micros / of_calls;
		let each = if of_calls == 1.0 { "all of them" } else { "a call" };
		figures.push(Figure::with_goal(
			format!("{}: {each}", work.name()),
			ratio,
			"transfers",
			most,
		));
	}
	for work in [Work::Batch, Work::Run] {
		let ratio = of(work, contributors)?.micros / of(work, 1)?.micros;
		let what = format!("{}: {contributors} contributors against 1", work.name());
		figures.push(Figure::with_goal(what, ratio, "times", 1.02));
	}
	Ok(figures)
}

fn print_header() {
	println!(
		"{:<62} {:>11} {:>11} {:>9} {:>9} {:>11} {:>9}",
		"extrinsic", "µs each", "µs a call", "× time", "a call", "weight µs", "× weight"
	);
}

/// One line: times in microseconds, ratios to a transfer, per extrinsic and per call.
fn print(name: &str, calls: u32, cost: Cost, transfer: Cost) {
	let ratio = cost.micros / transfer.micros;
	let each = f64::from(calls);
	println!(
		"{name:<62} {:>11.1} {:>11.3} {:>9.3} {:>9.4} {:>11.1} {:>9.3}",
		cost.micros,
		cost.micros / each,
		ratio,
		ratio / each,
		cost.weight_micros,
		cost.weight_micros / transfer.weight_micros,
	);
}
