//! Waiting for what the chain settles, and for anything else that happens on it.

use anyhow::{Context, Result};
use futures::StreamExt;
use openledger_chain_client::{
	chain::finalized_blocks, events, settlements::of_events, At, Block, Chain, EventRecord,
	LaneOutcome, Settlement,
};
use openledger_primitives::{
	lane::{SettledCall, SettledItem, SettledLane},
	BlockNumber, SessionId,
};
use std::time::Duration;
use tokio::time::timeout;

/// A settled call, in a finalized block.
#[derive(Clone, Debug)]
pub struct FinalCall {
	/// The block.
	pub block: Block,
	/// What it has in common with the other calls of its lane.
	pub lane: SettledLane,
	/// The call.
	pub call: SettledCall,
}

/// Waits until `count` calls are settled one by one in finalized blocks from `from` upwards, in the order of
/// the chain.
///
/// # Errors
/// If a record is rejected, or the time is up.
pub async fn settled_calls(
	chain: &Chain,
	from: BlockNumber,
	count: usize,
	limit: Duration,
) -> Result<Vec<FinalCall>> {
	let settled = settled_lanes(chain, from, count, limit).await?;
	let calls = settled.into_iter().flat_map(|(block, settlement)| {
		let Settlement { header, items, .. } = settlement;
		items.into_iter().filter_map(move |item| match item {
			SettledItem::Call(call) => Some(FinalCall { block, lane: header.clone(), call }),
			SettledItem::Run(_) => None,
		})
	});
	Ok(calls.collect())
}

/// Waits until `count` calls are settled one by one in finalized blocks from `from` upwards. The settlements of
/// their lanes, in the order of the chain.
///
/// # Errors
/// If anything is rejected, or the time is up.
pub async fn settled_lanes(
	chain: &Chain,
	from: BlockNumber,
	count: usize,
	limit: Duration,
) -> Result<Vec<(Block, Settlement)>> {
	let (mut settled, mut calls) = (Vec::new(), 0);
	let waiting = async {
		let mut blocks = finalized_blocks(chain, Some(from));
		while calls < count {
			let block = blocks.next().await.context("the stream of finalized blocks ended")??;
			for outcome in of_events(&events::at(chain, block.hash).await?) {
				let settlement = match outcome {
					LaneOutcome::Settled(settlement) if settlement.rejected.is_empty() => {
						settlement
					}
					other => anyhow::bail!("something was rejected: {other:?}"),
				};
				let is_call = |item: &&SettledItem| matches!(item, SettledItem::Call(_));
				calls += settlement.items.iter().filter(is_call).count();
				settled.push((block, *settlement));
			}
		}
		Ok(())
	};
	let waited = timeout(limit, waiting).await;
	match waited {
		Ok(outcome) => outcome?,
		Err(_) => anyhow::bail!("not {count} calls were settled and final within {limit:?}"),
	}
	Ok(settled)
}

/// The settlements of a session's calls, one by one, in the finalized blocks from `from` upwards: lane and
/// sequence of each.
///
/// # Errors
/// If the chain cannot be read.
pub async fn settlements(
	chain: &Chain,
	from: BlockNumber,
	session: SessionId,
) -> Result<Vec<(u16, u64)>> {
	let newest = chain.block(At::Finalized).await?.number;
	let mut settled = Vec::new();
	for number in from..=newest {
		let hash = chain.block_hash(number).await?.context("a final block is missing")?;
		for outcome in of_events(&events::at(chain, hash).await?) {
			let LaneOutcome::Settled(settlement) = outcome else { continue };
			let header = &settlement.header;
			if header.session == session {
				let sequences = settlement.items.iter().map(SettledItem::last_sequence);
				settled.extend(sequences.map(|sequence| (header.lane, sequence)));
			}
		}
	}
	Ok(settled)
}

/// Waits until something happens in a finalized block from `from` upwards, and finds what `pick`
/// wants of it.
///
/// # Errors
/// If the time is up.
pub async fn awaited<T>(
	chain: &Chain,
	from: BlockNumber,
	what: &str,
	limit: Duration,
	mut pick: impl FnMut(EventRecord) -> Option<T>,
) -> Result<T> {
	let waiting = async {
		let mut blocks = finalized_blocks(chain, Some(from));
		loop {
			let block = blocks.next().await.context("the stream of finalized blocks ended")??;
			if let Some(found) =
				events::at(chain, block.hash).await?.into_iter().find_map(&mut pick)
			{
				return Ok(found);
			}
		}
	};
	let waited = timeout(limit, waiting).await;
	waited.with_context(|| format!("not final within {limit:?}: {what}"))?
}
