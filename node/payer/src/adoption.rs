//! Going on with what was signed and is not known here any more: the state is lost, or an older one was put
//! back.
//!
//! A node keeps the last voucher of each lane. What it shows of a lane counts if the payer's own key has signed
//! that voucher; nothing else that it says is believed. A session is taken over only if somebody has named it:
//! another state of the same account may be using it.

use std::{collections::BTreeMap, time::Duration};

use futures::{stream, StreamExt, TryStreamExt};
use openledger_chain_client::{ss58, At};
use openledger_payer_ledger::{AdoptError, StoreError};
use openledger_primitives::{
	info::{NodeInfo, SessionInfo},
	price::PriceSchedule,
	AccountId, LaneId, SessionId, MAX_LANES,
};
use openledger_protocol::LaneStateBody;
use tokio::time::timeout;
use tracing::{debug, error, info, warn};

use crate::{janitor::UpkeepError, node::api::NoLane, parts::Parts, recovery};

/// A session's lanes are used one after the other, from the first one on: after so many that were not, there are
/// no others.
const UNUSED: u32 = 4;
/// Nodes that are asked at the same time.
const PARALLEL: usize = 8;
/// The time in which one node is asked about its lanes, before the rest is left for the next round.
const FOR_ONE_NODE: Duration = Duration::from_secs(30);

/// The outcome of taking a lane over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
	/// The lane goes on from where its node has it.
	Over,
	/// Nothing shows that more was signed on it than is known here.
	Not,
	/// That is not known yet.
	NotYet,
}

/// Asks a node for a lane, and takes it over if more was signed on it than is known here.
pub(crate) async fn adopt(
	parts: &Parts,
	node: &NodeInfo,
	session: SessionId,
	lane: LaneId,
) -> Result<Taken, StoreError> {
	match state_of(parts, node, session, lane).await {
		Ok(state) => take(parts, node, &state).await,
		Err(error) => {
			debug!(session, lane, %error, "a lane's state cannot be had");
			Ok(match error {
				NoLane::NotNow(_) => Taken::NotYet,
				NoLane::Refused(_) => Taken::Not,
			})
		}
	}
}

/// Takes over the lanes of which the chain has settled a later voucher than is known here: those of one session,
/// or of all. Lanes of which nothing shows where they go on are used no more.
pub(crate) async fn adopt_forgotten(
	parts: &Parts,
	of: Option<SessionId>,
) -> Result<(), StoreError> {
	let mut forgotten: BTreeMap<AccountId, Vec<(SessionId, LaneId)>> = BTreeMap::new();
	parts.treasury.look(|ledger| {
		let books = ledger.books().all();
		for book in books.filter(|book| of.is_none_or(|id| book.session().id == id)) {
			let lanes = book.lanes().filter(|(_, lane)| lane.is_forgotten() && !lane.closed);
			let of_node = lanes.map(|(lane, _)| (book.session().id, lane));
			forgotten.entry(book.session().node.clone()).or_default().extend(of_node);
		}
	});
	forgotten.retain(|_, lanes| !lanes.is_empty());
	let asking = stream::iter(forgotten).map(|(operator, lanes)| async move {
		match timeout(FOR_ONE_NODE, ask_about(parts, &operator, lanes)).await {
			Ok(asked) => asked,
			Err(_) => {
				debug!(node = %ss58(&operator), "a node takes too long to say what its lanes are");
				Ok(())
			}
		}
	});
	asking.buffer_unordered(PARALLEL).try_collect().await
}

/// Asks a node about lanes of which a later voucher was settled.
async fn ask_about(
	parts: &Parts,
	operator: &AccountId,
	lanes: Vec<(SessionId, LaneId)>,
) -> Result<(), StoreError> {
	let node = match recovery::node_of(parts, operator).await {
		Ok(node) => node,
		Err(reason) => {
			debug!(node = %ss58(operator), %reason, "a node's lanes cannot be had");
			return Ok(());
		}
	};
	for (session, lane) in lanes {
		if adopt(parts, &node, session, lane).await? == Taken::Not {
			parts.treasury.at(session, |book| book.close_lane(lane)).await?;
		}
	}
	Ok(())
}

/// Takes over a session of the account that is on chain and not in the ledger, with its lanes. Returns `false` if
/// its lanes could not be had yet.
pub(crate) async fn take_over(parts: &Parts, id: SessionId) -> Result<bool, UpkeepError> {
	let Some(info) = parts.network.session(id, At::Best).await? else {
		warn!(session = id, "a session that was to be taken over is not on chain");
		return Ok(true);
	};
	if info.caller != parts.network.account() {
		warn!(session = id, caller = %ss58(&info.caller), "a session is not this account's");
		return Ok(true);
	}
	let is_known = parts.treasury.look(|ledger| ledger.books().session(id).is_some());
	if !is_known {
		parts.treasury.update(|ledger| ledger.take_over(&info)).await?;
		info!(session = id, node = %ss58(&info.node), "session taken over");
	}
	Ok(take_lanes(parts, &info).await?)
}

/// Takes over all lanes of a session. Returns `false` if its node could not be asked about them.
async fn take_lanes(parts: &Parts, info: &SessionInfo) -> Result<bool, StoreError> {
	let session = info.id;
	let node = match recovery::node_of(parts, &info.node).await {
		Ok(node) => node,
		Err(reason) => {
			warn!(session, %reason, "the lanes of a session are not known yet");
			return Ok(false);
		}
	};
	let settled = info.lanes.iter().map(|lane| lane.lane).max();
	let mut unused = 0_u32;
	for lane in 0..MAX_LANES {
		if unused >= UNUSED && settled.is_none_or(|settled| lane > settled) {
			break;
		}
		let state = match state_of(parts, &node, session, lane).await {
			Ok(state) => state,
			Err(error) => {
				warn!(session, lane, %error, "the lanes of a session are not known yet");
				return Ok(false);
			}
		};
		unused = match state.last {
			Some(_) => 0,
			None => unused.saturating_add(1),
		};
		take(parts, &node, &state).await?;
	}
	Ok(true)
}

/// The state of a lane, as its node has it.
async fn state_of(
	parts: &Parts,
	node: &NodeInfo,
	session: SessionId,
	lane: LaneId,
) -> Result<LaneStateBody, NoLane> {
	let state = parts.api.lane(&node.endpoint, session, lane).await?;
	match (state.session, state.lane) == (session, lane) {
		true => Ok(state),
		false => Err(NoLane::Refused("it is of another lane".into())),
	}
}

/// Takes a lane over in this state, if the payer's own signature shows it.
async fn take(parts: &Parts, node: &NodeInfo, state: &LaneStateBody) -> Result<Taken, StoreError> {
	let (session, lane) = (state.session, state.lane);
	let Some(last) = &state.last else { return Ok(Taken::Not) };
	let agreement = last.voucher.newest().agreement;
	let price: PriceSchedule = match parts.network.lane_terms(&agreement).await {
		Ok(Some(terms)) => terms.price,
		Ok(None) => return Ok(Taken::Not),
		Err(error) => {
			warn!(%error, "the chain cannot be asked");
			return Ok(Taken::NotYet);
		}
	};
	match parts.treasury.adopt(session, state, &node.receipt_key, &price).await {
		Ok(()) => {
			info!(session, lane, node = %ss58(&node.operator), "lane taken over from its node");
			Ok(Taken::Over)
		}
		Err(AdoptError::Store(error)) => Err(error),
		Err(error) => {
			debug!(session, lane, %error, "a lane is not taken over");
			if matches!(error, AdoptError::Denied) {
				error!(
					session, lane, node = %ss58(&node.operator),
					"a node charges a call of which it had said that it was not charged: it gets no more calls",
				);
			}
			Ok(match error {
				AdoptError::InFlight | AdoptError::Remembered => Taken::NotYet,
				_ => Taken::Not,
			})
		}
	}
}
