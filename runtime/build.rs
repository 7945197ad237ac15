//! Builds the runtime a second time, as the Wasm blob that the chain runs.

fn main() {
	#[cfg(feature = "std")]
	{
		// Lints run as a wrapper of the workspace's compiler (`scripts/lib.sh`). The blob is built by another
		// compiler, maybe of another version, and needs no second round of them.
		std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
		let builder = substrate_wasm_builder::WasmBuilder::init_with_defaults();
		// The symbol and the decimals of OPEN, as wallets show them: they are part of the hash.
		#[cfg(feature = "metadata-hash")]
		let builder = builder.enable_metadata_hash("OPEN", 18);
		builder.build();
	}
}
