//! Finding out from nodes what became of calls, and settling up for them.

use std::{collections::BTreeMap, time::Duration};

use futures::{stream, StreamExt};
use openledger_payer_ledger::{Correction, LaneSlot, OpenCall, StoreError};
use openledger_primitives::{info::NodeInfo, AccountId, Hash, SessionId};
use openledger_protocol::{
	sanitise::{sanitised, SHOWN},
	units::format_amount,
};
use tokio::time::timeout;
use tracing::{debug, error, info};

use crate::{clerk::Unacceptable, node::api::StatementStatus, parts::Parts};

/// Nodes that are asked at the same time.
const PARALLEL: usize = 8;
/// The time in which one node is asked about its calls, before the rest is left for the next round: no
/// node holds up the others.
const FOR_ONE_NODE: Duration = Duration::from_secs(30);

/// The fate of a voucher that its node had refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
	/// It was taken after all.
	Taken,
	/// It was not, so far.
	NotTaken,
	/// The node does not say.
	Unsaid,
	/// The node's statement of it does not hold.
	False(String),
}

/// Asks about calls whose outcome is unknown, and about vouchers that were refused where it can be
/// known by now if they were taken.
pub(crate) async fn ask_all(parts: &Parts) {
	ask(parts, |_| true).await;
	let best = parts.market.best();
	let forgotten = parts.treasury.update(|ledger| ledger.books_mut().forget_untaken(best));
	if let Err(error) = forgotten.await {
		error!(%error, "what can be taken no more could not be forgotten");
	}
}

/// Asks about the calls of one session.
pub(crate) async fn ask_of(parts: &Parts, session: SessionId) {
	ask(parts, |slot| slot.session == session).await;
}

async fn ask(parts: &Parts, is_wanted: impl Fn(&LaneSlot) -> bool) {
	let best = parts.market.best();
	let mut calls: BTreeMap<AccountId, Vec<LaneSlot>> = BTreeMap::new();
	parts.treasury.look(|ledger| {
		let parked = ledger.books().unresolved().map(|(slot, _)| slot);
		let refused = ledger.books().all().flat_map(|book| book.decided(best));
		for slot in parked.chain(refused).filter(is_wanted) {
			calls.entry(slot.node.clone()).or_default().push(slot);
		}
	});
	let asking = stream::iter(calls).for_each_concurrent(PARALLEL, |(node, calls)| async move {
		let asked = timeout(FOR_ONE_NODE, ask_node(parts, &node, calls)).await;
		let reason = match asked {
			Ok(Ok(())) => return,
			Ok(Err(reason)) => reason,
			Err(_) => "it takes too long to answer".into(),
		};
		debug!(%node, %reason, "what became of a node's calls is not known yet");
	});
	asking.await;
}

async fn ask_node(parts: &Parts, node: &AccountId, calls: Vec<LaneSlot>) -> Result<(), String> {
	let NodeInfo { endpoint, .. } = node_of(parts, node).await?;
	for slot in calls {
		let Some(held) = parts.treasury.hold(&slot) else { continue };
		let asked = match &held.call {
			Some(call) => resolve(parts, &endpoint, &slot, call).await,
			// Its voucher was refused.
			None => decide(parts, &endpoint, &slot).await,
		};
		if let Err(error) = asked {
			debug!(session = slot.session, lane = slot.lane, %error, "outcome still unknown");
		}
	}
	Ok(())
}

/// A node, if it may be asked.
///
/// # Errors
/// The reason why not.
pub(crate) async fn node_of(parts: &Parts, node: &AccountId) -> Result<NodeInfo, String> {
	let node = parts.network.node(node).await.map_err(|error| error.to_string())?;
	let node = node.ok_or("the node is not registered any more")?;
	match parts.market.may_ask(&node) {
		true => Ok(node),
		false => Err(format!("{} is no address to be asked", sanitised(&node.endpoint, SHOWN))),
	}
}

/// Asks what became of a call whose outcome is unknown.
async fn resolve(
	parts: &Parts,
	endpoint: &str,
	slot: &LaneSlot,
	call: &OpenCall,
) -> Result<(), String> {
	let released = match parts.api.statement(endpoint, slot).await {
		StatementStatus::Served(response) => {
			return match parts.clerk.take(slot, call, *response, None, call.fate()).await {
				Ok(None) => Ok(()),
				Ok(Some(charge)) => {
					info!(
						session = slot.session, lane = slot.lane, charge = %format_amount(charge),
						"a call whose outcome was unknown was charged",
					);
					Ok(())
				}
				// It is kept as a proof.
				Err(Unacceptable::False(_)) => Ok(()),
				Err(Unacceptable::Store(error)) => Err(error.to_string()),
			};
		}
		StatementStatus::NotCharged => true,
		// By its node's word, as if it had refused the voucher: that is remembered, and the lane goes on.
		// Otherwise a node that starts again would cost a lane for minutes for each call it was serving.
		StatementStatus::NotTaken if call.can_be_taken(parts.market.best()) => {
			let before = slot.sequence.saturating_sub(1);
			let correction = Correction { sequence: Some(before) };
			let refused = parts.treasury.at(slot.session, |book| book.refuse(slot, correction));
			return refused.await.map_err(|error| error.to_string());
		}
		StatementStatus::NotTaken => false,
		StatementStatus::NotNow(reason) => return Err(reason),
	};
	let released = parts.treasury.at(slot.session, |book| book.release(slot, released));
	released.await.map_err(|error| error.to_string())
}

/// Asks what became of a voucher that was refused, and that cannot be taken any more. Others with its
/// sequence may be.
async fn decide(parts: &Parts, endpoint: &str, slot: &LaneSlot) -> Result<(), String> {
	let best = parts.market.best();
	match take_up(parts, endpoint, slot, &[]).await {
		// If the chain has settled it all the same, that is evidence.
		Ok(Refused::NotTaken) => {
			let given_up = parts.treasury.at(slot.session, |book| book.give_up(slot, best));
			given_up.await.map_err(|error| error.to_string())
		}
		Ok(Refused::Unsaid) => Err("the node does not say".into()),
		Ok(Refused::Taken | Refused::False(_)) => Ok(()),
		Err(error) => Err(error.to_string()),
	}
}

/// Asks what became of a voucher that was refused, and takes its statement if it was taken after all,
/// because somebody has brought it again. One for a request in `disbelieved` is not taken: a node that
/// refuses a voucher and charges it in the same breath is not believed.
pub(crate) async fn take_up(
	parts: &Parts,
	endpoint: &str,
	slot: &LaneSlot,
	disbelieved: &[Hash],
) -> Result<Refused, StoreError> {
	let response = match parts.api.statement(endpoint, slot).await {
		StatementStatus::Served(response) => *response,
		StatementStatus::NotCharged => {
			parts.treasury.at(slot.session, |book| book.pass(slot)).await?;
			return Ok(Refused::Taken);
		}
		StatementStatus::NotTaken => return Ok(Refused::NotTaken),
		StatementStatus::NotNow(_) => return Ok(Refused::Unsaid),
	};
	if disbelieved.contains(&response.extra.statement.newest().request_hash) {
		return Ok(Refused::NotTaken);
	}
	match parts.clerk.take_up(slot, response).await {
		Ok(true) => Ok(Refused::Taken),
		Ok(false) => Ok(Refused::NotTaken),
		Err(Unacceptable::False(reason)) => Ok(Refused::False(reason)),
		Err(Unacceptable::Store(error)) => Err(error),
	}
}
