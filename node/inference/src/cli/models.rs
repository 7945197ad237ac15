//! Models by what people call them.

use anyhow::bail;
use openledger_chain_client::{At, Chain};
use openledger_primitives::{info::ModelInfo, ModelId};

/// The number of models that an error names.
const NAMED: u32 = 20;

/// The model of that name or, where no model has that name, of that number.
pub(super) async fn find(chain: &Chain, model: &str) -> anyhow::Result<ModelInfo> {
	let id = match chain.model_by_name(model, At::Best).await? {
		Some(id) => Some(id),
		None => model.strip_prefix('#').unwrap_or(model).parse::<ModelId>().ok(),
	};
	let info = match id {
		Some(id) => chain.model(id, At::Best).await?,
		None => None,
	};
	if let Some(info) = info {
		return Ok(info);
	}
	let models = chain.models(0, NAMED, At::Best).await?;
	if models.is_empty() {
		bail!("no model is registered on the chain at {}", chain.url());
	}
	let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
	bail!("there is no model `{model}` on this chain; there are: {}", names.join(", "));
}
