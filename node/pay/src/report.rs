//! The report on where the money is: for `/spend`, and for people.

use std::{collections::BTreeMap, fmt};

use openledger_chain_client::ss58;
use openledger_payer::Payer;
use openledger_payer_ledger::{Budget, Session, Standing, Totals};
use openledger_primitives::{AccountId, Balance};
use openledger_protocol::units::format_amount;
use serde_json::{json, Value};

/// The state of a payer's money at one time.
#[derive(Clone, Debug)]
pub struct Report {
	account: AccountId,
	network: String,
	budget: Budget,
	standing: Standing,
	models: BTreeMap<String, Totals>,
	nodes: BTreeMap<AccountId, Totals>,
	sessions: Vec<(Session, Balance)>,
	barred: BTreeMap<AccountId, String>,
	unresolved: usize,
	under_way: usize,
	proofs: usize,
}

impl Report {
	/// The state of a payer's money now.
	pub fn of(payer: &Payer) -> Self {
		let lists = payer.market.lists();
		let name = |id| {
			let listed = lists.models.values().find(|listing| listing.model.id == id);
			listed.map_or_else(|| format!("#{id}"), |listing| listing.model.name.clone())
		};
		let (budget, network) = (*payer.treasury.budget(), payer.network.name());
		let proofs = payer.proofs.count();
		payer.treasury.look(|ledger| {
			let books = ledger.books();
			let mut models: BTreeMap<String, Totals> = BTreeMap::new();
			let mut nodes: BTreeMap<AccountId, Totals> = BTreeMap::new();
			for ((model, node), totals) in ledger.totals() {
				let of_model = models.entry(name(*model)).or_default();
				*of_model = of_model.plus(*totals);
				let of_node = nodes.entry(node.clone()).or_default();
				*of_node = of_node.plus(*totals);
			}
			let sessions = books.all().map(|book| (book.session().clone(), book.left()));
			Self {
				account: ledger.meta().caller.clone(),
				network,
				budget,
				standing: ledger.standing(),
				models,
				nodes,
				sessions: sessions.collect(),
				barred: ledger.nodes().barred().clone(),
				unresolved: books.unresolved().count(),
				under_way: books.busy_lanes(),
				proofs,
			}
		})
	}

	fn all(&self) -> Totals {
		self.models.values().fold(Totals::default(), |sum, totals| sum.plus(*totals))
	}

	/// As JSON, with amounts in planck as decimal strings.
	pub fn to_json(&self) -> Value {
		let standing = &self.standing;
		let totals = |totals: &Totals| {
			json!({
				"calls": totals.calls,
				"broken": totals.broken,
				"input_tokens": totals.input_tokens,
				"output_tokens": totals.output_tokens,
				"spent": totals.charged.to_string(),
			})
		};
		let named = |key: &str, name: String, of: &Totals| {
			let mut entry = totals(of);
			if let Some(entry) = entry.as_object_mut() {
				entry.insert(key.to_owned(), name.into());
			}
			entry
		};
		let session = |(session, left): &(Session, Balance)| {
			json!({
				"session": session.id,
				"node": ss58(&session.node),
				"deposit": session.deposit.to_string(),
				"left": left.to_string(),
				"expires_at": session.expires_at,
				"closes_at": session.closes_at,
				"in_use": !session.retired,
			})
		};
		let barred =
			|(node, reason): (&AccountId, &String)| json!({ "node": ss58(node), "reason": reason });
		json!({
			"account": ss58(&self.account),
			"network": self.network,
			"unit": "planck",
			"budget": self.budget.limit.to_string(),
			"budget_left": self.budget.left(standing.committed).to_string(),
			"committed": standing.committed.to_string(),
			"spent": standing.charged.to_string(),
			"reserved": standing.reserved.to_string(),
			"in_sessions": standing.deposited.to_string(),
			"calls": {
				"served": self.all().calls,
				"broken": self.all().broken,
				"under_way": self.under_way,
				"unresolved": self.unresolved,
			},
			"models": self.models.iter()
				.map(|(name, of)| named("model", name.clone(), of)).collect::<Vec<_>>(),
			"nodes": self.nodes.iter()
				.map(|(node, of)| named("node", ss58(node), of)).collect::<Vec<_>>(),
			"sessions": self.sessions.iter().map(session).collect::<Vec<_>>(),
			"barred": self.barred.iter().map(barred).collect::<Vec<_>>(),
			"proofs": self.proofs,
		})
	}
}

/// For people.
impl fmt::Display for Report {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let mut row = |name: &str, value: String| writeln!(formatter, "{name:<14} {value}");
		let standing = &self.standing;
		let all = self.all();
		row("account", ss58(&self.account))?;
		row("spent", format!("{} for {} calls", format_amount(standing.charged), all.calls))?;
		row(
			"set aside",
			format!("{} for calls without a statement yet", format_amount(standing.reserved)),
		)?;
		row("in sessions", format_amount(standing.deposited))?;
		row(
			"budget",
			format!(
				"{}, {} left",
				format_amount(self.budget.limit),
				format_amount(self.budget.left(standing.committed))
			),
		)?;
		for (model, totals) in &self.models {
			row(
				"model",
				format!(
					"{model}: {} for {} calls, {} tokens in, {} out",
					format_amount(totals.charged),
					totals.calls,
					totals.input_tokens,
					totals.output_tokens
				),
			)?;
		}
		for (session, left) in &self.sessions {
			let state = match (session.closes_at, session.retired) {
				(Some(block), _) => format!("can be closed at block {block}"),
				(None, true) => "not used any more".to_owned(),
				(None, false) => format!("until block {}", session.expires_at),
			};
			row(
				"session",
				format!(
					"{} with {}: {} of {} left, {state}",
					session.id,
					ss58(&session.node),
					format_amount(*left),
					format_amount(session.deposit)
				),
			)?;
		}
		for (node, reason) in &self.barred {
			row("not paid", format!("{}: {reason}", ss58(node)))?;
		}
		if self.proofs > 0 {
			row("proofs", self.proofs.to_string())?;
		}
		Ok(())
	}
}
