//! The chains that the binary knows. Their genesis is that of the runtime's presets: here they only
//! get a name, and the properties that wallets read.

use openledger_runtime::WASM_BINARY;
use sc_service::{ChainType, GenericChainSpec, Properties};
use std::path::PathBuf;

/// A chain specification without extensions of its own.
pub type ChainSpec = GenericChainSpec;

/// The specification called `id`: `dev`, `local`, which is also the default, or else the path of a
/// JSON file.
pub fn load(id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
	Ok(Box::new(match id {
		"dev" => development()?,
		"" | "local" => local_testnet()?,
		path => ChainSpec::from_json_file(PathBuf::from(path)).map_err(|error| {
			format!("{path:?} is neither dev nor local, and cannot be read as a file: {error}")
		})?,
	}))
}

/// The properties by which wallets show amounts and addresses rightly.
fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "OPEN".into());
	properties.insert("tokenDecimals".into(), 18.into());
	properties.insert("ss58Format".into(), openledger_primitives::SS58_PREFIX.into());
	properties
}

fn wasm() -> Result<&'static [u8], String> {
	WASM_BINARY.ok_or_else(|| {
		"this binary was built without the Wasm runtime (SKIP_WASM_BUILD); only chains from a \
		 specification file are available"
			.into()
	})
}

fn development() -> Result<ChainSpec, String> {
	Ok(ChainSpec::builder(wasm()?, None)
		.with_name("OpenLedger Development")
		.with_id("openledger_dev")
		.with_protocol_id("openledger-dev")
		.with_chain_type(ChainType::Development)
		.with_genesis_config_preset_name(sp_genesis_builder::DEV_RUNTIME_PRESET)
		.with_properties(properties())
		.build())
}

fn local_testnet() -> Result<ChainSpec, String> {
	Ok(ChainSpec::builder(wasm()?, None)
		.with_name("OpenLedger Local Testnet")
		.with_id("openledger_local")
		.with_protocol_id("openledger-local")
		.with_chain_type(ChainType::Local)
		.with_genesis_config_preset_name(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET)
		.with_properties(properties())
		.build())
}
