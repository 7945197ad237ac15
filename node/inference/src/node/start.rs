//! Checks before the first call: that the chain knows this node, and that what it is about to serve
//! is what the chain says it is.

use std::{net::SocketAddr, time::Duration};

use openledger_books::StoreError;
use openledger_chain_client::{ss58, At, Chain, ChainError, KeyError};
use openledger_models::Backend;
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus},
	model::VersionDetails,
	AccountId, Hash, ModelId,
};
use openledger_settlement::requests::{Catalogue, CatalogueEntry};
use thiserror::Error;
use tracing::{info, warn};

use super::{keys, models, Keys, ModelError};
use crate::config::{ConfigError, ModelConfig, ModelRef};

/// A reason why the node does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The messages say what the fields are.
pub enum StartError {
	#[error(transparent)]
	Config(#[from] ConfigError),
	#[error(transparent)]
	Key(#[from] KeyError),
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(
		"{operator} has not named {delegate} as its proxy: sign `proxy.addProxy` with the operator's \
		 key, for the type `Operator` and without a delay"
	)]
	NoProxy { operator: String, delegate: String },
	#[error(
		"{operator} is not registered as an inference node on this chain; \
         run `openledger-inference register` first"
	)]
	NotRegistered { operator: String },
	/// The chain expects statements to be signed by another key.
	#[error(
		"the node is registered with the receipt key {registered}, and this node signs with \
         {configured}; callers would refuse its statements: run `openledger-inference register` to \
         change the key"
	)]
	OtherReceiptKey { registered: String, configured: String },
	#[error("the chain has no model {model}")]
	UnknownModel { model: String },
	#[error(
		"the node is not registered as serving {model}: nobody would find it here; \
         run `openledger-inference register` to add it"
	)]
	NotServed { model: String },
	/// The weights are not those of the model.
	#[error(
		"the weights file of {model} has the hash {found:?}, and the chain says {expected:?}: \
         it is not this model, or another version of it"
	)]
	OtherWeights { model: String, found: Hash, expected: Hash },
	/// The weights would answer without the adapter.
	#[error(
		"the version of {model} that is in force is an adapter for its weights, and weights that run in \
		 this process take none: have another server answer for it (`backend.openai`)"
	)]
	Adapter { model: String },
	/// The chain would not pay for calls at the node's own price.
	#[error(
		"the configured price of {model} cannot be charged: {reason}; correct `price`, or leave it out \
		 to charge the list price"
	)]
	OwnPrice { model: String, reason: &'static str },
	/// The chain would pay for no calls of the model at all.
	#[error(
		"the price of {model} cannot be compared: the chain pays for no calls of it ({reason})"
	)]
	NotPaid { model: String, reason: String },
	#[error(transparent)]
	Load(#[from] ModelError),
	#[error(transparent)]
	Store(#[from] StoreError),
	/// The store failed while the node ran. Its database takes nothing more until it is opened again.
	#[error(
		"the store cannot be written any more: {0}; look at the disk, and start the node again"
	)]
	StoreFailed(StoreError),
	#[error("cannot listen on {address}: {error}")]
	Listen { address: SocketAddr, error: std::io::Error },
	#[error("the server failed: {0}")]
	Serve(std::io::Error),
}

/// This node's registration, if it fits the keys. `payee` is the account that is configured to be paid.
pub(super) async fn registration(
	chain: &Chain,
	keys: &Keys,
	payee: Option<&AccountId>,
) -> Result<NodeInfo, StartError> {
	let account = keys.operator.account().clone();
	if !keys::may_run_a_node(chain, &keys.operator).await? {
		let delegate = ss58(&keys.operator.signer().account());
		return Err(StartError::NoProxy { operator: ss58(&account), delegate });
	}
	// A registration that was made just now is not final yet.
	let node = chain.node(&account, At::Best).await?;
	let node = node.ok_or_else(|| StartError::NotRegistered { operator: ss58(&account) })?;
	let receipt_key = keys.receipts.account();
	if node.receipt_key != receipt_key {
		return Err(StartError::OtherReceiptKey {
			registered: ss58(&node.receipt_key),
			configured: ss58(&receipt_key),
		});
	}
	if let Some(payee) = payee.filter(|payee| **payee != node.payee) {
		warn!(
			registered = %ss58(&node.payee), configured = %ss58(payee),
			"another account is paid than is configured; run `openledger-inference register`"
		);
	}
	if node.status != NodeStatus::Active {
		warn!(status = ?node.status, "the node takes no new sessions; those it has go on");
	}
	Ok(node)
}

/// The configured models, as they are on chain.
pub(super) async fn find_models(
	chain: &Chain,
	node: &NodeInfo,
	configured: &[ModelConfig],
) -> Result<Vec<ModelInfo>, StartError> {
	let mut models = Vec::with_capacity(configured.len());
	for config in configured {
		let info = model(chain, &config.name).await?;
		check_served(node, &info)?;
		if info.paused || info.retired_at.is_some() {
			warn!(model = %info.name, "the model is paused or retired: its calls are refused");
		}
		models.push(info);
	}
	Ok(models)
}

async fn model(chain: &Chain, name: &ModelRef) -> Result<ModelInfo, StartError> {
	let unknown = || StartError::UnknownModel { model: name.to_string() };
	let id = match name {
		ModelRef::Id(id) => *id,
		ModelRef::Name(name) => chain.model_by_name(name, At::Best).await?.ok_or_else(unknown)?,
	};
	chain.model(id, At::Best).await?.ok_or_else(unknown)
}

fn check_served(node: &NodeInfo, model: &ModelInfo) -> Result<(), StartError> {
	match node.models.iter().any(|served| served.model == model.id) {
		true => Ok(()),
		false => Err(StartError::NotServed { model: model.name.clone() }),
	}
}

/// A model that was loaded.
#[derive(Clone)]
pub(super) struct Loaded {
	/// As the configuration has it.
	config: ModelConfig,
	/// Its name on chain.
	name: String,
	entry: CatalogueEntry,
}

/// Loads the models, and checks that they are what the chain says they are. `models` are those of
/// the configuration, in its order. What was loaded before, and is still what it should be, is taken
/// as it is.
pub(super) async fn load(
	configured: &[ModelConfig],
	models: &[ModelInfo],
	before: &[Loaded],
) -> Result<Vec<Loaded>, StartError> {
	let mut loaded = Vec::with_capacity(configured.len());
	for (config, info) in configured.iter().zip(models) {
		// Where the chain has another version by now, the file may be another as well.
		let is_known = |known: &&Loaded| {
			let (facts, details) = (known.entry.backend.facts(), &info.details);
			known.config.loads_as(config) && facts.may_be(details.base_hash, details.adapter_hash)
		};
		let known = before.iter().find(is_known);
		let backend = match known {
			Some(known) => known.entry.backend.clone(),
			None => models::load(config).await?,
		};
		check_weights(info, backend.as_ref())?;
		if let Some(reason) = models::tokenizer_doubt(config, backend.facts(), info) {
			warn!(model = %info.name, %reason, "the tokenizer is not known to be the one on chain");
		}
		let timeout = Duration::from_secs(config.timeout_seconds.into());
		if known.is_none() {
			info!(model = %info.name, id = info.id, version = info.version, "model is served");
		}
		loaded.push(Loaded {
			config: config.clone(),
			name: info.name.clone(),
			entry: CatalogueEntry { id: info.id, backend, timeout },
		});
	}
	Ok(loaded)
}

/// The models that were loaded, by their names on chain.
pub(super) fn catalogue(loaded: &[Loaded]) -> Catalogue {
	loaded.iter().map(|loaded| (loaded.name.clone(), loaded.entry.clone())).collect()
}

fn check_weights(model: &ModelInfo, backend: &dyn Backend) -> Result<(), StartError> {
	let Some(found) = backend.facts().base_hash else { return Ok(()) };
	let VersionDetails { base_hash: expected, adapter_hash, .. } = model.details;
	let model = || model.name.clone();
	if found != expected {
		return Err(StartError::OtherWeights { model: model(), found, expected });
	}
	match adapter_hash {
		Some(_) => Err(StartError::Adapter { model: model() }),
		None => Ok(()),
	}
}

/// The ids of the models that are served.
pub(super) fn ids(models: &[ModelInfo]) -> Vec<ModelId> {
	models.iter().map(|model| model.id).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::config::Config;
	use openledger_models::testing::{Script, TestBackend};
	use openledger_testkit as testkit;
	use std::{path::Path, sync::Arc};

	fn configured(more: &str) -> Vec<ModelConfig> {
		let text = format!(
			"data_dir = \"d\"\nkey = \"stdin\"\n[[models]]\nname = \"echo\"\n{more}\n\
			 backend.candle.path = \"gone.gguf\"\n"
		);
		Config::parse(&text, Path::new("/")).expect("it is good").models
	}

	/// A model that was loaded for this configuration, when its file was still there.
	fn loaded(config: &ModelConfig) -> Loaded {
		let backend = Arc::new(TestBackend::new(Script::Say(vec![])));
		let entry = CatalogueEntry { id: testkit::MODEL, backend, timeout: Duration::ZERO };
		Loaded { config: config.clone(), name: "echo".into(), entry }
	}

	#[tokio::test]
	async fn what_has_not_changed_is_not_loaded_again() {
		let models = [testkit::model()];
		let config = configured("");
		let before = [loaded(&config[0])];
		let after = load(&config, &models, &before).await.expect("nothing is loaded");
		assert!(Arc::ptr_eq(&after[0].entry.backend, &before[0].entry.backend));
		assert_eq!(catalogue(&after).keys().collect::<Vec<_>>(), ["echo"]);

		let other = configured("queue = 5");
		let error = load(&other, &models, &before).await.err().expect("it has to be loaded");
		assert!(error.to_string().contains("gone.gguf"), "{error}");
		let mut newer = testkit::model();
		newer.details.base_hash = Hash::repeat_byte(1);
		let error = load(&config, &[newer], &before).await.err().expect("the file may be another");
		assert!(error.to_string().contains("gone.gguf"), "{error}");
	}

	#[test]
	fn weights_alone_are_not_served_as_a_version_with_an_adapter() {
		let backend = TestBackend::new(Script::Say(vec![]));
		let mut model = testkit::model();
		check_weights(&model, &backend).expect("they are the chain's");

		model.details.adapter_hash = Some(Hash::repeat_byte(1));
		let refused = check_weights(&model, &backend);
		assert!(matches!(refused, Err(StartError::Adapter { .. })), "{refused:?}");
		model.details.base_hash = Hash::repeat_byte(2);
		let refused = check_weights(&model, &backend);
		assert!(matches!(refused, Err(StartError::OtherWeights { .. })), "{refused:?}");
	}
}
