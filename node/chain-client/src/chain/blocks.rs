//! Walking the finalized blocks.

use std::time::Duration;

use futures::{stream, stream::BoxStream, StreamExt};
use openledger_primitives::{BlockNumber, Hash};
use subxt::{config::substrate::SubstrateHeader, rpcs::client::RpcSubscription};
use tokio::time::{sleep, timeout};

use super::{At, Block, Chain, ChainError};

/// The longest wait for news before asking by oneself: a subscription may have died in silence.
const PATIENCE: Duration = Duration::from_secs(12);
/// The wait after an error.
const PAUSE: Duration = Duration::from_secs(1);

struct Walk {
	chain: Chain,
	/// The next block to hand out; not known before the first answer.
	next: Option<BlockNumber>,
	/// The newest finalized block that is known.
	finalized: Option<Block>,
	news: Option<RpcSubscription<SubstrateHeader<Hash>>>,
	failed: bool,
}

/// Walks over every finalized block once, in order and without gaps, from the number `from` upwards, or
/// from the newest one. The stream never ends. An error is a hiccup: the stream goes on where it was.
pub fn finalized_blocks(
	chain: &Chain,
	from: Option<BlockNumber>,
) -> BoxStream<'static, Result<Block, ChainError>> {
	let walk =
		Walk { chain: chain.clone(), next: from, finalized: None, news: None, failed: false };
	stream::unfold(walk, |mut walk| async move {
		let item = walk.step().await;
		walk.failed = item.is_err();
		Some((item, walk))
	})
	.boxed()
}

impl Walk {
	async fn step(&mut self) -> Result<Block, ChainError> {
		if self.failed {
			sleep(PAUSE).await;
		}
		loop {
			if let Some(finalized) = self.finalized {
				let next = self.next.unwrap_or(finalized.number);
				if next <= finalized.number {
					let block = Self::numbered(&self.chain, next, finalized).await?;
					self.next = Some(next.saturating_add(1));
					return Ok(block);
				}
				self.wait().await;
			}
			self.finalized = Some(self.chain.block(At::Finalized).await?);
		}
	}

	async fn numbered(
		chain: &Chain,
		number: BlockNumber,
		finalized: Block,
	) -> Result<Block, ChainError> {
		if number == finalized.number {
			return Ok(finalized);
		}
		let hash = chain.block_hash(number).await?;
		let hash = hash.ok_or_else(|| ChainError::UnknownBlock { block: number.to_string() })?;
		Ok(Block { number, hash })
	}

	/// Waits until something was finalized, or for as long as patience lasts.
	async fn wait(&mut self) {
		if self.news.is_none() {
			let subscribing = self.chain.connection().methods.chain_subscribe_finalized_heads();
			self.news = timeout(PATIENCE, subscribing).await.ok().and_then(Result::ok);
		}
		let Some(news) = &mut self.news else {
			return sleep(PAUSE).await;
		};
		match timeout(PATIENCE, news.next()).await {
			Ok(Some(Ok(_))) => {}
			Ok(_) => {
				self.news = None;
				sleep(PAUSE).await;
			}
			// Nothing was heard: the subscription may be dead without knowing it.
			Err(_) => self.news = None,
		}
	}
}
