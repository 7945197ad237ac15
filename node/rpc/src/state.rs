//! The state that the methods read.

use crate::Error;
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// A client, asked for the state of one block at a time.
pub(crate) struct State<C, Block> {
	client: Arc<C>,
	_block: PhantomData<fn() -> Block>,
}

impl<C, Block> State<C, Block> {
	pub fn new(client: Arc<C>) -> Self {
		Self { client, _block: PhantomData }
	}
}

impl<C, Block> State<C, Block>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
{
	/// The runtime API with the hash of the block to ask it about: `at`, or the best block.
	///
	/// # Errors
	/// [`Error::UnknownBlock`] if this node has no block `at`.
	pub fn at(&self, at: Option<Block::Hash>) -> Result<(ApiRef<'_, C::Api>, Block::Hash), Error> {
		let hash = match at {
			None => self.client.info().best_hash,
			Some(hash) => {
				let header = self.client.header(hash).map_err(|e| Error::Runtime(e.to_string()))?;
				header.ok_or_else(|| Error::UnknownBlock(format!("{hash:?}")))?;
				hash
			}
		};
		Ok((self.client.runtime_api(), hash))
	}
}
