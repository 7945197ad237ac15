//! Looking through all calls on chain, however many there are.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{info::RequestInfo, ModelId, RequestId, MAX_PAGE};

use super::chain::RequestChain;
use crate::view::ChainUnavailable;

/// The most pages of calls of one model that are looked through at a time.
pub(super) const PAGES: usize = 16;

/// The progress of looking through all calls. Where they are more than are looked at at a time, the
/// next look goes on where the last one stopped, so that those that came first do not hide the
/// others.
#[derive(Default)]
pub(super) struct Rounds {
	/// The id to go on at, for each model.
	next: BTreeMap<ModelId, RequestId>,
	/// The models of which all calls were seen.
	whole: BTreeSet<ModelId>,
	/// The calls that were seen.
	seen: BTreeSet<RequestId>,
}

impl Rounds {
	/// The calls of a model that wait for an answer, or as many of them as are looked at at a time.
	///
	/// # Errors
	/// If the chain cannot be asked.
	pub async fn look(
		&mut self,
		chain: &dyn RequestChain,
		model: ModelId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable> {
		let page_size = usize::try_from(MAX_PAGE).unwrap_or(usize::MAX);
		let mut found = Vec::new();
		let mut from = self.next.get(&model).copied().unwrap_or(0);
		let mut whole = false;
		for _ in 0..PAGES {
			let page = chain.requests(model, from).await?;
			whole = page.len() < page_size;
			from = page.last().map_or(from, |last| last.id.saturating_add(1));
			found.extend(page);
			if whole {
				break;
			}
		}
		self.seen.extend(found.iter().map(|request| request.id));
		match whole {
			true => {
				self.whole.insert(model);
				self.next.remove(&model);
			}
			false => {
				self.next.insert(model, from);
			}
		}
		Ok(found)
	}

	/// Does not look at a model.
	pub fn pass(&mut self, model: ModelId) {
		self.whole.insert(model);
	}

	/// All calls that there are, if each of these models' were seen since the last time. Then it begins
	/// anew.
	pub fn end(
		&mut self,
		mut models: impl Iterator<Item = ModelId>,
	) -> Option<BTreeSet<RequestId>> {
		let whole = models.all(|model| self.whole.contains(&model));
		whole.then(|| std::mem::take(self).seen)
	}
}
