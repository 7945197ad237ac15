//! Checks before the first call: that the chain knows this node, and that what it is about to serve
//! is what the chain says it is.

use std::{net::SocketAddr, time::Duration};

use openledger_client::{ss58, At, Chain, ChainError, KeyError, Keypair};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	Hash, ModelId,
};
use thiserror::Error;
use tracing::{info, warn};

use super::{Catalogue, CatalogueEntry};
use crate::{
	backend::{Backend, LoadError, ModelSet},
	config::{Config, ConfigError, ModelConfig, ModelRef},
	store::StoreError,
};

/// Why the node does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
	/// The configuration cannot be used.
	#[error(transparent)]
	Config(#[from] ConfigError),
	/// The operator's key cannot be used.
	#[error(transparent)]
	Key(#[from] KeyError),
	/// The chain cannot be asked.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// The operator is not registered.
	#[error(
		"{operator} is not registered as an inference node on this chain; \
         run `openledger-inference register` first"
	)]
	NotRegistered {
		/// The account of the configured key, as an SS58 address.
		operator: String,
	},
	/// The chain expects statements to be signed by another key.
	#[error(
		"the node is registered with the receipt key {registered}, and this node signs with \
         {configured}; callers would refuse its statements"
	)]
	OtherReceiptKey {
		/// On chain, as an SS58 address.
		registered: String,
		/// The account of the configured key, as an SS58 address.
		configured: String,
	},
	/// The chain has no such model.
	#[error("the chain has no model {model}")]
	UnknownModel {
		/// As the configuration names it.
		model: String,
	},
	/// The node is not registered as one that serves this model.
	#[error(
		"the node is not registered as serving {model}: no call of it could be settled; \
         run `openledger-inference register` to add it"
	)]
	NotServed {
		/// Its name.
		model: String,
	},
	/// The weights are not those of the model.
	#[error(
		"the weights file of {model} has the hash {found:?}, and the chain says {expected:?}: \
         it is not this model, or another version of it"
	)]
	OtherWeights {
		/// The model's name.
		model: String,
		/// Of the file.
		found: Hash,
		/// On chain.
		expected: Hash,
	},
	/// A model cannot be loaded.
	#[error(transparent)]
	Load(#[from] LoadError),
	/// The store cannot be opened.
	#[error(transparent)]
	Store(#[from] StoreError),
	/// Nobody can connect.
	#[error("cannot listen on {address}: {error}")]
	Listen {
		/// The address.
		address: SocketAddr,
		/// Why not.
		error: std::io::Error,
	},
	/// Accepting connections failed.
	#[error("the server failed: {0}")]
	Serve(std::io::Error),
}

/// This node's registration, if it fits the key.
pub(super) async fn registration(
	chain: &Chain,
	operator: &Keypair,
) -> Result<NodeInfo, StartError> {
	let account = operator.account();
	// A registration that was made just now is not final yet.
	let node = chain.node(&account, At::Best).await?;
	let node = node.ok_or_else(|| StartError::NotRegistered { operator: ss58(&account) })?;
	if node.receipt_key != account {
		return Err(StartError::OtherReceiptKey {
			registered: ss58(&node.receipt_key),
			configured: ss58(&account),
		});
	}
	Ok(node)
}

/// The configured models, as they are on chain.
pub(super) async fn models(
	chain: &Chain,
	node: &NodeInfo,
	configured: &[ModelConfig],
) -> Result<Vec<ModelInfo>, StartError> {
	let mut models = Vec::with_capacity(configured.len());
	for config in configured {
		let info = model(chain, &config.name).await?;
		check_served(node, &info)?;
		if info.paused {
			warn!(model = %info.name, "the model is paused: its calls are refused for now");
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
	match node.models.contains(&model.id) {
		true => Ok(()),
		false => Err(StartError::NotServed { model: model.name.clone() }),
	}
}

/// Loads the models, and checks that they are what the chain says they are. `models` are those of
/// the configuration, in its order.
pub(super) async fn load(config: &Config, models: &[ModelInfo]) -> Result<Catalogue, StartError> {
	let loaded = ModelSet::load(&config.models).await?;
	let mut catalogue = Catalogue::new();
	for ((info, served), config) in models.iter().zip(loaded.iter()).zip(&config.models) {
		check_hashes(info, served.backend.as_ref())?;
		let timeout = Duration::from_secs(config.timeout_seconds.into());
		let backend = served.backend.clone();
		catalogue.insert(info.name.clone(), CatalogueEntry { id: info.id, backend, timeout });
		info!(model = %info.name, id = info.id, version = info.version, "model is served");
	}
	Ok(catalogue)
}

fn check_hashes(model: &ModelInfo, backend: &dyn Backend) -> Result<(), StartError> {
	let facts = backend.facts();
	if let Some(found) = facts.weights_hash {
		if found != model.weights_hash {
			let expected = model.weights_hash;
			return Err(StartError::OtherWeights { model: model.name.clone(), found, expected });
		}
	}
	let tokenizer = facts.tokenizer_hash;
	if tokenizer != model.tokenizer_hash {
		warn!(
			model = %model.name, ?tokenizer, on_chain = ?model.tokenizer_hash,
			"the tokenizer is not the one on chain: callers may count tokens differently",
		);
	}
	Ok(())
}

/// The ids of the models that are served.
pub(super) fn ids(models: &[ModelInfo]) -> Vec<ModelId> {
	models.iter().map(|model| model.id).collect()
}
