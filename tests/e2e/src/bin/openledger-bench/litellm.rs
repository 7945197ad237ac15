//! LiteLLM's proxy, with as much of its metering as runs without a database: the master key, a price
//! for each token and what follows from it, and budgets of the deployment and of the provider.

use anyhow::{Context, Result};
use openledger_e2e::scenario::MODEL;
use std::{fs, path::Path, time::Duration};
use tokio::process::Command;

use crate::{
	options::Options,
	server::{free_address, Server},
};

/// The key that callers have to show.
pub const KEY: &str = "sk-bench";
/// It takes its time.
const START: Duration = Duration::from_secs(180);

/// Starts it in front of the backend.
///
/// # Errors
/// If it does not start.
pub async fn start(
	folder: &Path,
	program: &Path,
	options: &Options,
	backend: &Server,
) -> Result<Server> {
	let address = free_address()?;
	let config = folder.join("litellm.yaml");
	let text = format!(
		"model_list:\n\
		 - model_name: {MODEL}\n\
		 \x20 litellm_params:\n\
		 \x20   model: openai/{MODEL}\n\
		 \x20   api_base: http://{backend}/v1\n\
		 \x20   api_key: none\n\
		 \x20   input_cost_per_token: 0.000001\n\
		 \x20   output_cost_per_token: 0.000002\n\
		 \x20   max_budget: 1000000\n\
		 \x20   budget_duration: 30d\n\
		 router_settings:\n\
		 \x20 provider_budget_config:\n\
		 \x20   openai:\n\
		 \x20     budget_limit: 1000000\n\
		 \x20     time_period: 30d\n\
		 general_settings:\n\
		 \x20 master_key: {KEY}\n",
		backend = backend.address,
	);
	fs::write(&config, text).context("writing LiteLLM's configuration")?;
	let mut command = Command::new(program);
	command
		.arg("--config")
		.arg(&config)
		.args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
		.args(["--num_workers", &options.workers.to_string()])
		// As its manual advises for service.
		.env("LITELLM_LOG", "ERROR")
		.env("LITELLM_MODE", "PRODUCTION")
		// It would ask the world for the prices of other models.
		.env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
		.env("NO_PROXY", "127.0.0.1");
	Server::start("litellm", &mut command, folder, address, "/health/liveliness", START).await
}
